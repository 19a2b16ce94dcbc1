"""The services of access, and what carries its notices."""

from __future__ import annotations

from datetime import timedelta

from govcloud.access.asking.blocked import Blocked
from govcloud.access.asking.queries import AskingQueries
from govcloud.access.asking.service import Asking
from govcloud.access.clocks.clock_rules import ClockPolicies
from govcloud.access.clocks.escalating import Escalating
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.clocks.waiting import Waiting
from govcloud.access.deciding.approving import Approving
from govcloud.access.ending.service import Ending
from govcloud.access.evidence.receipts import Receipts
from govcloud.access.life.service import GrantLife
from govcloud.access.notices.parts import Known, NoticeParts
from govcloud.access.parts import Parts as AccessParts
from govcloud.access.queries import AccessQueries
from govcloud.access.reports.service import AccessReports
from govcloud.access.service import Access
from govcloud.authorization.around.calendar_days import LiveCalendar
from govcloud.kernel.key_rotation import KeyRotation
from govcloud.kernel.keys import RECEIPTS
from govcloud.kernel.languages import words_in
from govcloud.kernel.signing import ES256
from govcloud.services import AccessServices, AuthorizationServices
from govcloud.wiring.ground import Ground, Reads


def wire_access(ground: Ground, reads: Reads, rights: AuthorizationServices, calendar: LiveCalendar) -> tuple[AccessServices, NoticeParts]:
    """Make the services of access, and the parts of its notices."""
    uow, read, keys, clock, settings = ground.uow, ground.read, ground.keys, ground.clock, ground.settings
    identity_queries, subsystem_queries = reads.identity, reads.subsystems
    authorization, authorization_queries = rights.authorization, rights.authorization_queries
    clock_policies = ClockPolicies(uow, read, clock)
    clocks = Clocks(clock_policies.current, calendar.current)
    access_queries = AccessQueries(read, identity_queries, subsystem_queries, authorization_queries, clock=clock, clocks=clocks)
    known = Known(identity_queries, subsystem_queries, authorization_queries)
    notices = NoticeParts.build(
        uow,
        read,
        ground.look,
        clock=clock,
        keys=keys,
        settings=settings,
        known=known,
        words=words_in,
        years=lambda: calendar.current().years,
    )
    receipt_keys = KeyRotation(uow, keys, timedelta(days=settings.signing_key_days), RECEIPTS, (ES256,))
    receipts = Receipts(uow, read, keys, receipt_keys, identity_queries, authorization_queries, settings.public_url)
    access_parts = AccessParts.build(
        uow, identity_queries, subsystem_queries, authorization, authorization_queries, clock=clock, clocks=clocks, receipts=receipts
    )
    access = Access(access_parts, authorization)
    asking_queries = AskingQueries(read, access_parts.facts, clock, clocks)
    services = AccessServices(
        access=access,
        access_queries=access_queries,
        approving=Approving.build(access_parts),
        asking=Asking(uow, access.submitting, access_parts.facts, asking_queries, keys),
        asking_queries=asking_queries,
        receipts=receipts,
        receipt_key_rotation=receipt_keys,
        blocked=Blocked(uow, clock, authorization_queries.apart, access_parts.placing.begin),
        grant_life=GrantLife(uow, access, authorization, clock),
        ending=Ending(uow, access, authorization, authorization_queries, clock),
        access_reports=AccessReports(read, access.facts, clock),
        clock_policies=clock_policies,
        clocks=clocks,
        escalating=Escalating(uow, clock, access_parts.opening, access_parts.rules),
        waiting=Waiting(read, identity_queries, authorization_queries, clocks, clock),
        notice_desk=notices.desk,
        notice_queries=notices.queries,
        announcing=notices.announcing,
        telling=notices.telling,
        notice_forgetting=notices.forgetting,
    )
    return services, notices
