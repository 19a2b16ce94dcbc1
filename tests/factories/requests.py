"""Requests for access in the small province: 王芳 asks for the housing register, with what a test wants otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from govcloud.access.commands import NewRequest, Submitted
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.scopes.scope import Scope
from tests.factories.world import XIHU, Person, World

if TYPE_CHECKING:
    from govcloud.services import Services

REGISTER = "housing:register:read"


def new_request(world: World, **given: Any) -> NewRequest:  # noqa: ANN401 - fields of NewRequest
    """Return a request that is in order: the register of 西湖区, ten days."""
    usual = {
        "item_id": world.items[REGISTER],
        "reason": "办理困难家庭救助，核对申请人住房情况",
        "days": 10,
        "scope": Scope((XIHU,)),
        "case_number": "XH-2026-0117",
    }
    return NewRequest(**{**usual, **given})


def ask(services: Services, world: World, who: Person | None = None, **given: Any) -> Submitted:  # noqa: ANN401 - the same
    """Submit such a request as 王芳 (or ``who``)."""
    return services.access.submit((who or world.wang).actor(), new_request(world, **given))


def granted(services: Services, world: World, **given: Any) -> UUID:  # noqa: ANN401 - the same
    """Submit a request, let 李强 approve it as asked, and return the grant.

    It is for another case than ``ask`` names, as what is held for a case already is not asked for again.
    """
    asked = ask(services, world, **{"case_number": "XH-2026-0100", **given})
    decided = services.access.approve(world.li.actor(), asked.line_id, 1)
    assert decided.grant_id is not None
    return decided.grant_id


def may_read(services: Services, person: Person, division: str = XIHU) -> bool:
    """Return whether the engine opens the register of ``division`` to a person, now."""
    question = Question(function=REGISTER, appointment_id=person.appointment_id, resource={"division": division})
    return services.authorization.decide(question).allowed
