"""What is bounded to rows or fields where nobody would keep to it: found when it is saved, and again before a level is lowered.

A decision never opens such a thing either (``Asking.keeps``): levels change after rules were saved. What is refused here would open
nothing, and whoever writes it would not learn of it before somebody complains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from govcloud.authorization.deciding.asking import SHOWN
from govcloud.authorization.deciding.policy import CompiledPolicy, all_of
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.document import ALLOW, PolicyDocument, RuleSpec
from govcloud.authorization.policies.scope_rules import compile_scope
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.kernel.errors import FieldError
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.levels import CHECK, FILTER
from govcloud.subsystems.views import FunctionView

_PLATFORM = "govcloud"


@dataclass(frozen=True, slots=True)
class Bounded:
    """The roles (names for people) whose rules name a function and bound its rows, or its fields."""

    rows: tuple[str, ...]
    fields: tuple[str, ...]


def needed_level(rule: RuleSpec) -> int:
    """Return the integration level that what a rule allows needs: 0 for everything, more where it is for some rows or fields only."""
    if rule.effect != ALLOW or subsystem_of(rule.function) == _PLATFORM:
        return 0
    if rule.fields != SHOWN:
        return FILTER
    # Of nobody in no place only what is for everybody and everything is left.
    return 0 if compile_scope(rule.scope_expr).of({}).whole else CHECK


def refuse_unkept(document: PolicyDocument, functions: Iterable[FunctionView]) -> None:
    """Refuse a policy with a rule on certain rows or fields of a function that is not connected closely enough to keep them.

    A rule on all functions of a subsystem is refused where it could open none of them; elsewhere it opens those that keep it. A function
    that the catalogue does not have yet is looked at when it is brought into service.

    Raises:
        PolicyError: names the functions with their levels, and what can be done.
    """
    known = list(functions)
    found = [finding for rule in document.rules if (finding := _unkept(rule, known)) is not None]
    if found:
        raise PolicyError(found)


def bounded_by_rules(policy: CompiledPolicy, functions: Collection[str]) -> Mapping[str, Bounded]:
    """Return for each of ``functions`` the roles whose rules name it and bound it; those without any are left out."""
    rows: dict[str, dict[str, None]] = {}
    fields: dict[str, dict[str, None]] = {}
    for rule in policy.rules[1:]:
        if rule.function in functions and (needed := needed_level(rule)):
            (fields if needed == FILTER else rows).setdefault(rule.function, {})[policy.roles[rule.role].name] = None
    return {code: Bounded(tuple(rows.get(code, ())), tuple(fields.get(code, ()))) for code in rows.keys() | fields.keys()}


def check_bounds_kept(role: str, field: str, policy: CompiledPolicy, functions: Sequence[FunctionView], fields: Fields) -> None:
    """Note in ``fields`` when a role that is given for certain rows opens functions of subsystems, and none keeps to rows.

    Where some do, the role is given, and opens those; a decision says of the others why they stay closed.
    """
    named = policy.functions_of(policy.closure.get(role, frozenset()))
    opened = [view for view in functions if not view.is_door and (view.code in named or all_of(view.code) in named)]
    opened = [view for view in opened if view.subsystem_code != _PLATFORM]
    if opened and all(view.integration_level < CHECK for view in opened):
        message = Message(
            "这个角色的功能（如 %(function)s，接入级别 L%(level)s）都不能把数据限定在所选范围内；"
            "请先把接入级别提高到 L%(needed)s，或授予不限范围的角色。",
            function=opened[0].code,
            level=opened[0].integration_level,
            needed=CHECK,
        )
        fields.fail(field, message, role)


def _unkept(rule: RuleSpec, functions: Sequence[FunctionView]) -> FieldError | None:
    needed = needed_level(rule)
    if not needed:
        return None
    about = [view for view in functions if not view.is_door and rule.function in {view.code, all_of(view.code)}]
    if not about or any(view.integration_level >= needed for view in about):
        return None
    message = Message(
        "功能 %(function)s 的接入级别为 L%(level)s，无法落实这条规则限定的数据或字段；"
        "请先把接入级别提高到 L%(needed)s，或改为不限数据和字段的规则。",
        function=about[0].code,
        level=about[0].integration_level,
        needed=needed,
    )
    return FieldError(f"roles.{rule.role}.rules", message, rule.function)
