"""Every service, made once and tied to the others: the part of the composition root that knows the domains.

A domain's services are made in the file of its name; what they build on stands in ``ground.py``. ``wire`` ties the knots between them.
"""

from __future__ import annotations

from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

from govcloud.audit.recorder import AuditRecorder
from govcloud.authorization.deciding.authorizer import EngineAuthorizer
from govcloud.authorization.rights.acknowledging import note_received
from govcloud.kernel.clock import Clock
from govcloud.kernel.connections import NOTICING
from govcloud.outbox.letters import Correspondence
from govcloud.outbox.queries import OutboxQueries
from govcloud.outbox.recorder import OutboxRecorder
from govcloud.outbox.webhooks import StandardWebhooks
from govcloud.reactions import subscribe_reactions
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.step_up import StepUpAuthorizer
from govcloud.subsystems.webhooks import Webhooks
from govcloud.wiring.access import wire_access
from govcloud.wiring.authorization import wire_authorization
from govcloud.wiring.deciding import base_calendar, surroundings, wire_deciding
from govcloud.wiring.ground import Ground, Reads, wire_kernel
from govcloud.wiring.identity import wire_identity
from govcloud.wiring.record import wire_record
from govcloud.wiring.signon import wire_signon
from govcloud.wiring.subsystems import wire_subsystems


def wire(settings: Settings, clock: Clock, master: bytes) -> Services:
    """Make every service and tie the knots between the domains; needs an application context."""
    ground = Ground(settings, clock, master)
    reads = Reads.on(ground)
    webhooks = Webhooks(reads.subsystems, ground.keys)
    deciding = wire_deciding(ground, reads)
    # The rules of sign-on are kept by a service that needs the unit of work itself.
    authorizer = StepUpAuthorizer(EngineAuthorizer(deciding.decider), lambda: signon.signon_policies.current())  # noqa: PLW0108
    ground.open(authorizer, (AuditRecorder(), OutboxRecorder(webhooks.destinations)))
    outbox = OutboxQueries(ground.read)
    authorization = wire_authorization(ground, deciding)
    access, notices = wire_access(ground, reads, authorization, deciding.calendar)
    signon, logout_notices = wire_signon(ground, reads, authorization, outbox)
    receivers: dict[str, Correspondence] = {
        "subsystem": StandardWebhooks(webhooks.endpoint, lambda: deciding.decider.facts.state().epoch, note_received),
        "client": logout_notices,
        "mail": notices.letters,
    }
    parts = (
        wire_kernel(ground),
        wire_identity(ground, reads, authorization, access),
        wire_subsystems(ground, reads, authorization, access),
        authorization,
        signon,
        access,
        wire_record(ground, outbox, receivers, notices.server),
    )
    services = Services(**{name: service for part in parts for name, service in vars(part).items()})
    subscribe_reactions(services)
    return services


def make_policies_beside(services: Services, settings: Settings) -> None:
    """Let a server compile new policies on threads of their own, each on a connection of its own."""
    engine = create_engine(settings.database_url, poolclass=NullPool, hide_parameters=True, connect_args=NOTICING)
    services.authorization.make_policies_beside(lambda: Session(engine))


__all__ = ["base_calendar", "make_policies_beside", "surroundings", "wire"]
