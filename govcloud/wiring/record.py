"""The services of the record and of the outbox."""

from __future__ import annotations

from collections.abc import Mapping

from govcloud.audit.queries import AuditQueries
from govcloud.audit.sequencer import Sequencer
from govcloud.audit.service import AuditTrail
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.letters import Correspondence
from govcloud.outbox.mail import MailServer
from govcloud.outbox.queries import OutboxQueries
from govcloud.services import RecordServices
from govcloud.wiring.ground import Ground


def wire_record(ground: Ground, outbox: OutboxQueries, receivers: Mapping[str, Correspondence], mail: MailServer | None) -> RecordServices:
    """Make them; ``receivers`` say by kind what is told to whom, ``mail`` is its server."""
    return RecordServices(
        audit=AuditTrail(ground.uow),
        audit_queries=AuditQueries(ground.read),
        sequencer=Sequencer(ground.uow),
        delivery=Delivery(ground.uow, receivers, mail),
        outbox_queries=outbox,
    )
