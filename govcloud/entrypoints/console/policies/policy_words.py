"""The words of policy drafts: states, effects, how a version came in, and differences line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.drafting import states
from govcloud.authorization.drafting.drafts import CONSOLE
from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect
from govcloud.authorization.drafting.shadowing import OTHER_ROWS
from govcloud.authorization.drafting.views import DraftView, GroupView
from govcloud.authorization.policies.comparing import Difference
from govcloud.authorization.policies.document import ALLOW, RuleSpec
from govcloud.entrypoints.console.rights.answer_words import REASONS
from govcloud.entrypoints.console.rights.authorization import role_choice, role_name
from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.words import StateWord

STATES: Mapping[str, StateWord] = {
    states.OPEN: StateWord(states.STATES[states.OPEN], "pencil"),
    states.SUBMITTED: StateWord(states.STATES[states.SUBMITTED], "clock", "primary"),
    states.APPROVED: StateWord(states.STATES[states.APPROVED], "circle-check", "success"),
    states.APPLIED: StateWord(states.STATES[states.APPLIED], "check"),
    states.DISCARDED: StateWord(states.STATES[states.DISCARDED], "ban"),
}
EFFECTS: Mapping[Effect, StateWord] = {
    Effect.GAINED: StateWord(Message("获得"), "plus", "success"),
    Effect.MAY_GAIN: StateWord(Message("视条件获得"), "plus", "success"),
    Effect.LOST: StateWord(Message("失去"), "ban", "danger"),
    Effect.MAY_LOSE: StateWord(Message("视条件失去"), "ban", "danger"),
    Effect.ALTERED: StateWord(Message("数据范围、字段或条件变化"), "pencil", "warning"),
}
#: What a list of people can be narrowed to.
KINDS: Mapping[str, tuple[Message, tuple[Effect, ...]]] = {
    "": (Message("全部"), ()),
    "gains": (Message("将获得"), GAINS),
    "losses": (Message("将失去"), LOSSES),
    "altered": (Message("有变化"), (Effect.ALTERED,)),
}
BASES: Mapping[str, StateWord] = {
    "installed": StateWord(Message("直接安装"), "server"),
    "approved": StateWord(Message("经第二人批准"), "circle-check", "success"),
    "emergency": StateWord(Message("紧急回退，未经第二人批准"), "triangle-alert", "danger"),
}
VERDICTS: Mapping[str, StateWord] = {
    "approve": StateWord(Message("批准"), "circle-check", "success"),
    "reject": StateWord(Message("退回"), "circle-x", "danger"),
}
ATTRIBUTES: Mapping[str, Message] = {
    "appointment_kind": Message("任职类型"),
    "label": Message("安全标记"),
    "position": Message("岗位"),
    "post": Message("职务"),
    "rank": Message("职级"),
}
_GRANT = "grant:"


def lines_of(difference: Difference) -> Iterator[tuple[bool, str]]:
    """Give a difference as lines: whether it comes in, and what it says."""
    yield from ((False, say(Message("角色 %(role)s", role=role_choice(role)))) for role in difference.roles_removed)
    yield from ((True, say(Message("角色 %(role)s", role=role_choice(role)))) for role in difference.roles_added)
    yield from ((False, _included(role, other)) for role, other in difference.inclusions_removed)
    yield from ((True, _included(role, other)) for role, other in difference.inclusions_added)
    yield from ((False, _rule(rule)) for rule in difference.rules_removed)
    yield from ((True, _rule(rule)) for rule in difference.rules_added)


def _included(role: str, other: str) -> str:
    """Return in one line that a role includes another."""
    return say(Message("角色 %(role)s 包含 %(included)s", role=role_choice(role), included=role_choice(other)))


def _rule(rule: RuleSpec) -> str:
    """Return a rule in one line, as people read it."""
    said = Message("允许") if rule.effect == ALLOW else Message("禁止")
    parts = [say(Message("角色 %(role)s %(effect)s %(function)s", role=role_choice(rule.role), effect=said, function=rule.function))]
    if rule.condition:
        parts.append(say(Message("条件 %(condition)s", condition=rule.condition)))
    if rule.scope_expr:
        parts.append(say(Message("数据范围 %(scope)s", scope=rule.scope_expr)))
    return say(Message("；")).join(parts)


def group_words(group: GroupView) -> str:
    """Return who is meant by a group: what they hold, and what else matters."""
    held = [
        say(Message("%(function)s 的临时权限", function=code.removeprefix(_GRANT))) if code.startswith(_GRANT) else role_name(code)
        for code in group.roles
    ]
    values = [say(Message("%(label)s：%(text)s", label=ATTRIBUTES[name], text=value)) for name, value in group.attributes.items()]
    return say(Message("、")).join((*held, *values))


def reason_words(code: str) -> str:
    """Return what a policy said in the shadow's list."""
    if code == OTHER_ROWS:
        return say(Message("允许，但数据范围不同"))
    return say(REASONS[Reason(code)]) if code in set(Reason) else code


def source_words(source: str) -> str:
    """Return where a text came from: the console's form, or the file that it names."""
    return say(Message("在管理控制台填写")) if source == CONSOLE else source


def maker_name(draft: DraftView, names: Mapping[UUID, str]) -> str:
    """Return who made a draft."""
    if draft.maker_id is None:
        return say(Message("运维命令行"))
    return names.get(draft.maker_id, "—")


def people_of(drafts: tuple[DraftView, ...]) -> Mapping[UUID, str]:
    """Return the names of those who made drafts."""
    return services().identity_queries.official_names({draft.maker_id for draft in drafts if draft.maker_id})
