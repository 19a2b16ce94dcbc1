"""What an administrator of a department may give and take directly: in the own subtree, within the ceiling, for a term, with a reason.

The engine has already said that the person stands in the subtree; what a rule of the policy cannot see is checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.commands import NewAssignment
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.errors import above_ceiling, outside_reach
from govcloud.authorization.models import OFFICER_ROLES
from govcloud.authorization.rights.ceilings import ADMIN_ROLE, CeilingFacts, is_bounded
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields


class Bounds:
    """Checks direct assignments by actors who are bounded by a department; everybody else passes."""

    def __init__(self, decider: Decider, ceilings: CeilingFacts) -> None:
        """Take the decider and the ceilings."""
        self._decider = decider
        self._ceilings = ceilings

    def check_giving(self, actor: Actor, new: NewAssignment, scope: Mapping[str, Any] | None, now: datetime, fields: Fields) -> None:
        """Check a role that ``actor`` is about to give; what is missing is noted in ``fields``.

        Raises:
            Denied: it reaches beyond the actor's departments, or lies above their ceiling.
        """
        if actor.official_id is not None and not new.reason.strip():
            fields.fail("reason", Message("请说明为什么要单独授予。"))
        if not is_bounded(self._decider, actor, now):
            return
        if new.until is None:
            fields.fail("until", Message("单独授予的角色必须有结束时间。"))
        self._within(new.official_id, new.appointment_id, new.role_code, now)
        path = (scope or {}).get("department_path")
        if path is not None and not self._under_own(actor, str(path), now):
            raise outside_reach(Message("所授角色的部门范围超出了您的管理范围。"))

    def check_taking(self, actor: Actor, official_id: UUID, appointment_id: UUID | None, role: str, now: datetime) -> None:
        """Check a role that ``actor`` is about to end.

        Raises:
            Denied: it holds beyond the actor's departments, or lies above their ceiling.
        """
        if is_bounded(self._decider, actor, now):
            self._within(official_id, appointment_id, role, now)

    def _within(self, official_id: UUID, appointment_id: UUID | None, role: str, now: datetime) -> None:
        """Refuse a role of the person (it would hold in other departments, too), and one that the ceiling does not have."""
        place = self._decider.place_of(official_id, appointment_id) if appointment_id else None
        if place is None:
            raise outside_reach(Message("部门管理员只能办理落在本部门某个任职上的角色，请指定任职。"))
        policy = self._decider.policy()
        open_here = self._ceilings.at(place.department_path, now).roles
        if role not in open_here or policy.closure.get(role, frozenset({role})) & set(OFFICER_ROLES):
            name = policy.roles[role].name if role in policy.roles else role
            raise above_ceiling(Message(name), place.department_name)

    def _under_own(self, actor: Actor, path: str, now: datetime) -> bool:
        if actor.official_id is None:
            return True
        own = self._decider.paths_of(actor.official_id, actor.appointment_id, ADMIN_ROLE, now)
        return any(path.startswith(mine) for mine in own)
