"""Roles that go with a position, and the duty rules that say so: who stands at a counter, reviews, keeps data or leads, in which line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.cli.seed.cast import COUNTER
from govcloud.cli.seed.catalogue import DOOR, PlannedSubsystem
from govcloud.cli.seed.datafiles import document
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.subsystems.levels import keeps_rows

#: Duty → its name for people and the positions that carry it.
_DUTIES = {
    "counter": ("窗口受理", (COUNTER, "帮办代办员")),
    "review": ("业务审核", ("业务审核员", "督查员")),
    "data": ("数据管理", ("数据管理员",)),
    "lead": ("业务负责", ("内设机构负责人", "分管负责人", "主要负责人")),
}
#: What a duty sees of the rows of a function, where that is not all: those who lead look at the case and not at the person.
_FIELDS = {("lead", "assistance:case:read"): {"mask": ["name"], "hide": ["id_number"]}}
_ANY_COUNTER = "any_counter"
_OWN_DIVISION = "own_division"
_SERVICE_PORTAL = "service_portal"
_LEVELS = ("province", "city", "county")
_REASON = "岗位职责所需"


def _rows(system: PlannedSubsystem) -> Mapping[str, str]:
    """Return the rows of a rule: those of one's division where the subsystem keeps to rows, all of them elsewhere."""
    return {"scope": _OWN_DIVISION} if keeps_rows(system.integration_level) else {}


class Duties:
    """The roles of a province and the rules that give them."""

    def __init__(self, subsystems: Sequence[PlannedSubsystem]) -> None:
        """Take the catalogue whose functions the roles open."""
        self._subsystems = subsystems
        self._kinds = {kind["kind"]: kind for kind in document("departments")["kinds"]}
        self._roles: dict[str, dict[str, Any]] = {}
        for system in subsystems:
            self._add_duties(system)
        self._roles[_ANY_COUNTER] = self._any_counter()

    def rules(self) -> Iterator[NewDutyRule]:
        """Return the rules that give each role to whoever serves in its positions, in departments of its line."""
        for kind, described in self._kinds.items():
            for duty, (name, positions) in _DUTIES.items():
                if f"{kind}_{duty}" in self._roles:
                    # Townships have teams of the same line, with other work.
                    levels = tuple(level for level in _LEVELS if level in described)
                    criteria = AppointmentCriteria(positions, levels=levels, business_lines=(described["line"],))
                    yield NewDutyRule(f"{kind}_{duty}", f"{described['line']}条线的{name}岗位", criteria, _REASON)
        yield NewDutyRule(_ANY_COUNTER, "各部门的窗口受理岗位", AppointmentCriteria(_DUTIES["counter"][1]), _REASON)

    @property
    def role_names(self) -> Mapping[str, str]:
        """Return every role by its code, with its name for people."""
        return {code: role["name"] for code, role in self._roles.items()}

    def policy_text(self) -> str:
        """Return the roles and their rules as a policy document (YAML) that extends the shipped one."""
        return yaml.safe_dump({"roles": self._roles}, allow_unicode=True, sort_keys=False, width=140)

    def _add_duties(self, system: PlannedSubsystem) -> None:
        """Let the duties of the owner's kind of department use what their positions need, on their own division's rows."""
        for duty, (name, positions) in _DUTIES.items():
            allowed = [function.code for function in system.functions if function.open or set(function.positions) & set(positions)]
            if not allowed:
                continue
            line = self._kinds[system.owner_kind]["line"]
            role = self._roles.setdefault(
                f"{system.owner_kind}_{duty}",
                {"name": f"{line}·{name}", "description": f"{line}条线{name}岗位，限本行政区划的数据", "rules": []},
            )
            label = f"{line}条线{name}岗位职责：{system.name}"
            partly = [code for code in allowed if (duty, code) in _FIELDS]
            whole = [code for code in allowed if code not in partly]
            role["rules"].append({"allow": [f"{system.code}:{DOOR}", *whole], **_rows(system), "label": label})
            role["rules"] += [
                {"allow": [code], "scope": _OWN_DIVISION, "fields": _FIELDS[duty, code], "label": f"{label}（部分字段）"} for code in partly
            ]

    def _any_counter(self) -> dict[str, Any]:
        """Return the role of everybody at a counter: the doors of subsystems with something open to all, and the service portal."""
        rules = []
        for system in self._subsystems:
            codes = [function.code for function in system.functions if function.open]
            if system.code == _SERVICE_PORTAL:
                codes += [function.code for function in system.functions if COUNTER in function.positions]
            if codes:
                label = f"各部门窗口岗位职责：{system.name}"
                rules.append({"allow": [f"{system.code}:{DOOR}", *codes], **_rows(system), "label": label})
        return {"name": "窗口通办", "description": "各部门窗口岗位，可进入面向窗口开放的子系统", "rules": rules}
