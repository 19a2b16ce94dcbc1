"""Rules of separation of duty in the small province: proposed by one officer, put in force by another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from govcloud.authorization.apart.inputs import NewException, NewRule
from tests.factories.world import SEED, Person, World

if TYPE_CHECKING:
    from govcloud.services import Services

REGISTER, CASES, ACCEPT = "housing:register:read", "assistance:case:read", "assistance:case:accept"


def second_officer(services: Services, world: World) -> Person:
    """Return another security administrator than 吴晓燕: 何伟, of the housing department."""
    hewei = world.people["HEWEI"]
    services.authorization.assign_role(SEED, hewei.official_id, "security_admin", hewei.appointment_id, reason="第二名安全管理员")
    return hewei


def new_rule(code: str, functions: tuple[str, ...], **given: Any) -> NewRule:  # noqa: ANN401 - fields of NewRule
    """Return a rule that is in order: of ``functions`` nobody holds more than one."""
    usual: dict[str, Any] = {"name": f"规则 {code}", "kind": "static", "reason": "经办与审核必须分离"}
    return NewRule(code=code, functions=functions, **{**usual, **given})


def in_force(services: Services, world: World, code: str, *functions: str, **given: Any) -> int:  # noqa: ANN401 - the same
    """Let two officers put a rule in force; return its version."""
    second = second_officer(services, world)
    draft_id = services.apart.propose_rule(world.security_admin.actor(), new_rule(code, functions, **given))
    return services.apart.approve_rule(second.actor(), draft_id, "同意")


def excepted(services: Services, world: World, who: Person, code: str, days: int = 30) -> UUID:
    """Let 吴晓燕 give somebody an exception for so many days."""
    new = NewException(who.official_id, code, services.clock.now() + timedelta(days=days), "人手不足，期间由处长复核")
    return services.apart.give_exception(world.security_admin.actor(), new)
