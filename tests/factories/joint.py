"""Requests of several lines, and many grants, in the small province: what a basket, a matter or a year of work leads to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import insert

from govcloud.access.asking.placing import WantedLine
from govcloud.access.commands import Decided
from govcloud.access.facts import Wanted
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.models import AccessGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from tests.factories.requests import REGISTER
from tests.factories.world import XIHU, World

if TYPE_CHECKING:
    from govcloud.services import Services

CASES = "assistance:case:read"
#: Who decides on what in the small province.
DECIDERS = {REGISTER: "LIQIANG", CASES: "ZHAOMIN"}


def ask_jointly(
    services: Services,
    world: World,
    *,
    mode: str = "atomic",
    starts_at: datetime | None = None,
    days: int = 5,
    functions: tuple[str, ...] = (REGISTER, CASES),
) -> dict[str, UUID]:
    """Put one request of several lines by 王芳 in; return the lines by function."""
    actor = world.wang.actor()
    with services.uow.begin(actor, "govcloud:request:submit", Target("access_request", "new")) as tx:
        hold_tree(tx.session)
        lock_official(tx.session, world.wang.official_id)
        facts = services.access.facts
        person = facts.acting(actor, tx.now)
        request = AccessRequest(
            id=new_id(),
            number=f"QX-TEST-{new_id().hex[-8:]}",
            requester_official_id=person.official_id,
            requester_appointment_id=person.appointment_id,
            beneficiary_official_id=person.official_id,
            beneficiary_appointment_id=person.appointment_id,
            reason="一件事联办",
            case_number="XH-2026-0117",
            matter_id=world.matter_id,
            mode=mode,
            starts_at=starts_at,
            created_at=tx.now,
        )
        tx.session.add(request)
        tx.session.flush()
        found = {}
        for function in functions:
            wanted = WantedLine(facts.catalogue_item(world.items[function]), Wanted(Scope((XIHU,)), days))
            found[function] = services.access.placing.place(tx, request, person, person, wanted).id
    return found


def approve(services: Services, world: World, function: str, line_id: UUID, *, version: int = 1) -> Decided:
    """Approve a line as whoever decides on the function."""
    return services.access.approve(world.people[DECIDERS[function]].actor(), line_id, version)


def many_grants(services: Services, world: World, officials: list[UUID], count: int) -> list[UUID]:
    """Add ``count`` open grants of the housing register to ``officials`` in turn, each of a request of its own."""
    ids = [new_id() for _ in range(count)]
    with services.uow.begin(world.li.actor(), "govcloud:grant:open", Target("function", REGISTER, department_path=_path(world))) as tx:
        rows = [
            {
                "id": key,
                "line_id": None,
                "official_id": officials[index % len(officials)],
                "appointment_id": None,
                "subsystem_code": "housing",
                "function": REGISTER,
                "owner_department_id": world.organisation.ids["housing"],
                "chain": str(new_id()),
                "scope": {"divisions": [XIHU]},
                "starts_at": tx.now,
                "ends_at": tx.now + timedelta(days=5),
                "opened_by": "system:test",
                "valid_from": tx.now,
            }
            for index, key in enumerate(ids)
        ]
        tx.session.execute(insert(AccessGrant), rows)
    return ids


def _path(world: World) -> str:
    return world.organisation.paths["housing"]


def line_of(services: Services, line_id: UUID) -> RequestLine:
    """Return a line as it stands."""
    return services.uow.read().get_one(RequestLine, line_id)
