"""How the pages of answers say them: what gives a function, what would mend a denial, how a rule fared, why a decision was kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import g, url_for

from govcloud.authorization.answers.entries import PersonEntry, State
from govcloud.authorization.answers.explanation import Explanation
from govcloud.authorization.answers.nearest import Remedy, RemedyKind
from govcloud.authorization.deciding.decisions import MESSAGES, Reason
from govcloud.entrypoints.console.rights.authorization import role_name
from govcloud.entrypoints.console.rights.rows_words import rows_words
from govcloud.kernel.messages import Message
from govcloud.web.attribute_words import attribute_words
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.moments import moment
from govcloud.web.standing import KINDS
from govcloud.web.words import StateWord

STATES: Mapping[State, StateWord] = {
    State.ALLOWED: StateWord(Message("可以"), "circle-check", "success"),
    State.CONDITIONAL: StateWord(Message("视情况"), "circle-alert", "warning"),
    State.DENIED: StateWord(Message("不可以"), "ban", "danger"),
}
KEPT: Mapping[str, StateWord] = {
    "denied": StateWord(Message("拒绝"), "ban", "danger"),
    "sensitive": StateWord(Message("允许 · 敏感"), "shield-alert", "warning"),
    "sampled": StateWord(Message("允许 · 抽样"), "circle-check", "success"),
}
MATCHED: Mapping[bool | None, StateWord] = {
    True: StateWord(Message("是"), "circle-check", "success"),
    False: StateWord(Message("否"), "x"),
    None: StateWord(Message("不能确定"), "circle-alert", "warning"),
}
#: Why a decision came out as it did, said of somebody; ``MESSAGES`` says it to them.
REASONS: Mapping[Reason, Message] = MESSAGES | {
    Reason.FORBIDDEN_BY_RULE: Message("有规则明确禁止此人使用这项功能。"),
    Reason.OUT_OF_SCOPE: Message("此人有这项功能的权限，但不包括这条数据所在的地区或部门。"),
    Reason.CONDITION_NOT_MET: Message("此人有这项功能的权限，但不满足使用条件。"),
    Reason.GRANT_REVOKED: Message("此人对这项功能的临时权限已被撤销。"),
    Reason.GRANT_SUSPENDED: Message("此人对这项功能的临时权限已被暂停。"),
    Reason.GRANT_EXPIRED: Message("此人对这项功能的临时权限已到期。"),
    Reason.GRANT_NOT_STARTED: Message("此人对这项功能的临时权限尚未开始。"),
    Reason.NO_PERMISSION: Message("此人的岗位没有这项功能的权限。"),
    Reason.INSUFFICIENT_USER_AUTHENTICATION: Message("此人有这项功能的权限，但它涉及敏感信息，而会话的身份核实强度不够或已过时。"),
    Reason.LABEL_TOO_LOW: Message("此人的安全标记低于这项功能或这条数据的安全标记。"),
}


def because_words(entry: PersonEntry) -> str:
    """Return what gives somebody the function."""
    return say(Message("、")).join(say(_because(code)) for code in entry.because)


def _because(code: str) -> Message:
    kind, _, rest = code.partition(":")
    match kind:
        case "role":
            return Message("角色：%(role)s", role=role_name(rest))
        case "duty":
            return Message("岗位规则：%(label)s", label=_duty(rest))
        case "grant":
            return Message("临时权限")
        case _:
            return Message("人人都有")


def _duty(rule_id: str) -> str:
    """Return the label of a duty rule, each looked up once a request."""
    known: dict[str, str] = g.setdefault("console_duty_labels", {})
    if rule_id not in known:
        found = services().authorization_queries.duties.rule(UUID(rule_id))
        known[rule_id] = found.duty.label if found else rule_id
    return known[rule_id]


@dataclass(frozen=True)
class RemedyWords:
    """One remedy as people read it, and the page that opens it, if there is one."""

    text: Message
    href: str = ""
    label: str = ""


def remedy_words(remedy: Remedy) -> RemedyWords:  # noqa: C901, PLR0911 - one return for each kind
    """Return a remedy in words."""
    match remedy.kind:
        case RemedyKind.REQUEST if remedy.item is not None:
            text = Message("申请“%(name)s”，最长 %(days)s 天。", name=remedy.item.name, days=remedy.item.max_days)
            return RemedyWords(text, url_for("portal.new_request", item=remedy.item.id), say(Message("打开申请")))
        case RemedyKind.OTHER_APPOINTMENT if remedy.subject is not None:
            place = {"department": remedy.subject.department_name, "position": remedy.subject.position}
            return RemedyWords(Message("此人以%(department)s %(position)s的任职可以使用，请切换任职。", **place))
        case RemedyKind.WAIT if remedy.at is not None:
            if remedy.until is None:
                return RemedyWords(Message("从 %(at)s 起可以使用。", at=moment(remedy.at)))
            return RemedyWords(Message("%(at)s 至 %(until)s 可以使用。", at=moment(remedy.at), until=moment(remedy.until)))
        case RemedyKind.MISSING:
            return RemedyWords(Message("规则“%(rule)s”还要知道：%(names)s。", rule=_rule(remedy), names=attribute_words(remedy.missing)))
        case RemedyKind.ROWS if remedy.rows is not None:
            if remedy.rows.whole:
                return RemedyWords(Message("不指明数据所在的部门时可以使用。"))
            return RemedyWords(Message("只能使用这些数据：%(rows)s。", rows=rows_words(remedy.rows)))
        case RemedyKind.LABEL:
            return RemedyWords(Message("安全标记须达到 %(needs)s，此人为 %(has)s。", needs=remedy.needs, has=remedy.has))
        case RemedyKind.LEVEL:
            values = {"rule": _rule(remedy), "needs": remedy.needs, "has": remedy.has}
            message = Message("规则“%(rule)s”限定了数据或字段，功能的接入级别须达到 L%(needs)s 才能落实，现为 L%(has)s。", **values)
            return RemedyWords(message)
        case RemedyKind.RULE:
            return RemedyWords(Message("规则“%(rule)s”明确禁止；须由安全管理员调整策略。", rule=_rule(remedy)))
        case _:
            return RemedyWords(Message("不满足规则“%(rule)s”的条件：%(condition)s", rule=_rule(remedy), condition=remedy.condition))


def _rule(remedy: Remedy) -> str:
    return remedy.rule or say(Message("未命名"))


@dataclass(frozen=True)
class Answered:
    """An explanation as the templates show it; ``reason`` is said of the person, not to them."""

    found: Explanation
    reason: Message
    remedies: tuple[RemedyWords, ...]
    rows: str


def answered(found: Explanation) -> Answered:
    """Return an explanation with its words, and which rows are open."""
    scope = found.decision.scope
    rows = rows_words(scope) if scope is not None else ""
    return Answered(found, REASONS[found.decision.code], tuple(remedy_words(remedy) for remedy in found.remedies), rows)


#: What the templates of answers look words up in.
TABLES: Mapping[str, object] = {
    "states": STATES,
    "matched": MATCHED,
    "kinds": KINDS,
    "role_name": role_name,
    "attribute_words": attribute_words,
}
