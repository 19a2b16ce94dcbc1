"""What the commands on duty rules take in, and the checks on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from govcloud.authorization.commands import DELEGATED_ROLES, INBORN_ROLES, REASON_MOST
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.models import OFFICER_ROLES
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import APPOINTMENT_KINDS, DEPARTMENT_LEVELS
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.inputs import CLIENT_ROLES

LABEL_MOST = 100
_MOST_VALUES = 50
_MOST_VALUE = 60


@dataclass(frozen=True, slots=True)
class NewDutyRule:
    """A duty rule to add: whoever meets ``criteria`` holds ``role_code`` in ``[starts_at, ends_at)`` (UTC; by default from now on).

    ``bound`` delegates the role over the appointment's own department; ``label`` is what people see as the cause.
    """

    role_code: str
    label: str
    criteria: AppointmentCriteria
    reason: str
    bound: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DutyChange:
    """What is to happen to the rules: one comes (``new``), one ends (``rule_id``), or one follows the other (both)."""

    new: NewDutyRule | None = None
    rule_id: UUID | None = None


def checked_rule(new: NewDutyRule, policy: CompiledPolicy, identity: IdentityQueries, now: datetime, fields: Fields) -> NewDutyRule:
    """Return the rule in its stored form; note in ``fields`` what is wrong with it.

    Args:
        new: what was asked for.
        policy: the policy in force, for its roles.
        identity: to look up the places that are named.
        now: the moment of the command.
        fields: takes the findings.
    """
    check_role(new.role_code, policy, fields)
    if new.role_code in DELEGATED_ROLES and not new.bound:
        fields.fail("bound", Message("这个角色只在部门范围内有意义，请勾选“限本部门及下级”。"), new.role_code)
    label = fields.text("label", new.label, most=LABEL_MOST)
    reason = fields.text("reason", new.reason, most=REASON_MOST, multiline=True)
    starts_at = now if new.starts_at is None else new.starts_at
    if starts_at < now:
        fields.fail("starts_at", Message("生效时间不能早于现在：已经作出的判定不能改写。"), starts_at.isoformat())
    if new.ends_at is not None and new.ends_at <= starts_at:
        fields.fail("ends_at", Message("结束时间必须晚于生效时间。"), new.ends_at.isoformat())
    criteria = _checked_criteria(new.criteria, identity, now, fields)
    return replace(new, label=label, reason=reason, starts_at=starts_at, criteria=criteria)


def check_role(code: str, policy: CompiledPolicy, fields: Fields) -> None:
    """Note when ``code`` is no role that a duty, or an administrator of a department, may give."""
    if code not in policy.roles:
        fields.fail("role_code", Message("没有这个角色。"), code)
    elif not may_be_given(code):
        fields.fail("role_code", Message("这个角色随身份而来，不能授予。"), code)
    elif policy.closure[code] & set(OFFICER_ROLES):
        fields.fail("role_code", Message("系统、安全、审计三员必须逐人任命，不能由规则产生，也不能由部门授予。"), code)


def may_be_given(code: str) -> bool:
    """Return whether people may hold the role at all: not what comes with what one is, nor what only clients are entrusted with."""
    return code not in INBORN_ROLES and code not in CLIENT_ROLES and ":" not in code


def _checked_criteria(criteria: AppointmentCriteria, identity: IdentityQueries, now: datetime, fields: Fields) -> AppointmentCriteria:
    checked = AppointmentCriteria(
        positions=_texts("positions", criteria.positions, fields),
        posts=_texts("posts", criteria.posts, fields),
        ranks=_texts("ranks", criteria.ranks, fields),
        kinds=_choices("kinds", criteria.kinds, APPOINTMENT_KINDS, fields),
        levels=_choices("levels", criteria.levels, DEPARTMENT_LEVELS, fields),
        business_lines=_texts("business_lines", criteria.business_lines, fields),
        department_id=criteria.department_id,
        division_code=criteria.division_code,
    )
    if criteria.everybody:
        fields.fail("positions", Message("至少填写一项条件：人人都有的权限属于“公职人员”角色。"))
    if criteria.department_id is not None and identity.department(criteria.department_id, now) is None:
        fields.fail("department_id", Message("没有这个部门。"), criteria.department_id)
    if criteria.division_code is not None and identity.division(criteria.division_code, now) is None:
        fields.fail("division_code", Message("没有这个行政区划。"), criteria.division_code)
    return checked


def _texts(field: str, values: Collection[str], fields: Fields) -> tuple[str, ...]:
    """Return the values trimmed, in a fixed order and each once, so that equal rules compare equal."""
    if len(values) > _MOST_VALUES:
        fields.fail(field, Message("最多 %(most)s 项。", most=_MOST_VALUES), len(values))
        return ()
    return tuple(sorted({fields.text(field, value, most=_MOST_VALUE) for value in values}))


def _choices(field: str, values: Collection[str], allowed: Collection[str], fields: Fields) -> tuple[str, ...]:
    return tuple(sorted({fields.choice(field, value, allowed) for value in values}))
