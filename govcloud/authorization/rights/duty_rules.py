"""The commands that add, change and end duty rules: standing roles for everybody in an appointment of some description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from govcloud.authorization.commands import REASON_MOST
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.enforcing import check_bounds_kept
from govcloud.authorization.deciding.facts import duty_of
from govcloud.authorization.epochs import DUTY, note_change
from govcloud.authorization.errors import duty_rule_over, no_such_duty_rule, own_benefit
from govcloud.authorization.events import DutyRuleAdded, DutyRuleChanged, DutyRuleEnded
from govcloud.authorization.locking import DUTIES, POLICY, hold, take
from govcloud.authorization.models import DutyRule
from govcloud.authorization.rights.duty_inputs import NewDutyRule, checked_rule
from govcloud.authorization.subjects.snapshot import instant
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import lasts_beyond
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields


class DutyRules:
    """The commands on duty rules."""

    def __init__(self, uow: UnitOfWork, decider: Decider) -> None:
        """Take the unit of work and the decider (for the roles of the policy in force, and where people serve)."""
        self._uow = uow
        self._decider = decider

    def add(self, actor: Actor, rules: Sequence[NewDutyRule]) -> list[UUID]:
        """Add rules; see ``Authorization.add_duty_rules``."""
        with self._uow.begin(actor, "govcloud:duty_rule:add", _target(rules)) as tx:
            _lock(tx)
            fields = Fields()
            checked = [self._checked(tx, new, fields.row(place) if len(rules) > 1 else fields) for place, new in enumerate(rules)]
            fields.done()
            standing = {_key(row): row.id for row in tx.session.scalars(select(DutyRule).where(lasts_beyond(DutyRule, tx.now)))}
            before, ids = len(standing), list[UUID]()
            for new in checked:
                self._refuse_own_benefit(tx, new)
                row = _row(tx, new)
                if _key(row) not in standing:
                    tx.session.add(row)
                    standing[_key(row)] = row.id
                    tx.record(_added(row))
                ids.append(standing[_key(row)])
            if len(standing) > before:
                note_change(tx, DUTY, reduces=False)
            return ids

    def change(self, actor: Actor, rule_id: UUID, new: NewDutyRule) -> UUID:
        """Let one rule follow another; see ``Authorization.change_duty_rule``."""
        with self._uow.begin(actor, "govcloud:duty_rule:change", _target([new], rule_id)) as tx:
            _lock(tx)
            old = _open(tx, rule_id)
            fields = Fields()
            checked = self._checked(tx, new, fields)
            fields.done()
            self._refuse_own_benefit(tx, checked)
            row = _row(tx, checked)
            if _key(row) == _key(old):
                return old.id
            _close(old, row.valid_from)
            tx.session.add(row)
            note_change(tx, DUTY, reduces=True)
            tx.record(
                DutyRuleChanged(
                    subject=f"duty_rule:{row.id}",
                    rule_id=row.id,
                    replaced_id=old.id,
                    role=row.role_code,
                    label=row.label,
                    criteria=_criteria(row),
                    bound=row.bound,
                    starts_at=row.valid_from,
                    ends_at=row.valid_to,
                    reason=row.reason,
                )
            )
            return row.id

    def end(self, actor: Actor, rule_id: UUID, reason: str, at: datetime | None = None) -> bool:
        """End a rule; see ``Authorization.end_duty_rule``."""
        with self._uow.begin(actor, "govcloud:duty_rule:end", Target("duty_rule", str(rule_id))) as tx:
            _lock(tx)
            row = tx.session.get(DutyRule, rule_id)
            if row is None:
                raise no_such_duty_rule(rule_id)
            fields = Fields()
            said = fields.text("reason", reason, most=REASON_MOST, multiline=True)
            moment = tx.now if at is None else at
            if moment < tx.now:
                fields.fail("at", Message("结束时间不能早于现在：已经作出的判定不能改写。"), moment.isoformat())
            fields.done()
            if row.valid_to is not None and row.valid_to <= moment:
                return False
            _close(row, moment)
            note_change(tx, DUTY, reduces=True)
            tx.record(
                DutyRuleEnded(
                    subject=f"duty_rule:{row.id}",
                    rule_id=row.id,
                    role=row.role_code,
                    label=row.label,
                    ends_at=row.valid_to or moment,
                    reason=said,
                )
            )
            return True

    def _checked(self, tx: Transaction, new: NewDutyRule, fields: Fields) -> NewDutyRule:
        policy = self._decider.policy()
        if new.bound:
            check_bounds_kept(new.role_code, "bound", policy, self._decider.subsystems.functions(), fields)
        return checked_rule(new, policy, self._decider.identity, tx.now, fields)

    def _refuse_own_benefit(self, tx: Transaction, new: NewDutyRule) -> None:
        """Refuse a rule that would give its author, who may not give roles to oneself, what the author does not hold already.

        Raises:
            Denied: the author's own appointment meets the criteria.
        """
        official_id = tx.actor.official_id
        if official_id is None:
            return
        duties = self._decider.duties()
        for subject in self._decider.identity.subjects_of(official_id, tx.now):
            held = any(
                role == new.role_code and window.live(instant(tx.now)) and (new.bound or window.department_path is None)
                for role, window in duties.held(subject)
            )
            if new.criteria.met_by(subject) and not held:
                raise own_benefit(subject.position)


def _lock(tx: Transaction) -> None:
    """Wait for whoever is at duty rules, so that their states are numbered in the order of commits, and keep the policy as it is.

    A policy that drops the role of a rule, or has it include an officer's, is installed before the rule is looked at, or after it.
    """
    hold(tx.session, POLICY)
    take(tx.session, DUTIES)


def _target(rules: Sequence[NewDutyRule], rule_id: UUID | None = None) -> Target:
    """Return what is acted on; a rule reaches over the province, so no department is named."""
    attributes = {"role": rules[0].role_code} if len(rules) == 1 else {}
    return Target("duty_rule", str(rule_id or "new"), attributes=attributes)


def _open(tx: Transaction, rule_id: UUID) -> DutyRule:
    """Return a rule that has not ended.

    Raises:
        NotFound: there is no such rule.
        Conflict: it has ended.
    """
    row = tx.session.get(DutyRule, rule_id)
    if row is None:
        raise no_such_duty_rule(rule_id)
    if row.valid_to is not None and row.valid_to <= tx.now:
        raise duty_rule_over(row.label)
    return row


def _close(row: DutyRule, at: datetime) -> None:
    """End the rule's window at ``at``, never later than it was to end; one that had not begun gets an empty window."""
    row.valid_to = max(min(at, row.valid_to or at), row.valid_from)


def _row(tx: Transaction, new: NewDutyRule) -> DutyRule:
    criteria = new.criteria
    return DutyRule(
        id=new_id(),
        role_code=new.role_code,
        label=new.label,
        positions=list(criteria.positions),
        posts=list(criteria.posts),
        ranks=list(criteria.ranks),
        kinds=list(criteria.kinds),
        levels=list(criteria.levels),
        business_lines=list(criteria.business_lines),
        department_id=criteria.department_id,
        division_code=criteria.division_code,
        bound=new.bound,
        reason=new.reason,
        created_by=tx.actor.reference,
        valid_from=new.starts_at or tx.now,
        valid_to=new.ends_at,
    )


def _key(row: DutyRule) -> tuple[object, ...]:
    """Return what makes two lasting rules the same one: repeating one changes nothing."""
    duty = duty_of(row)
    return (duty.role_code, duty.label, duty.criteria, duty.bound, duty.ends_at)


def _criteria(row: DutyRule) -> dict[str, object]:
    """Return the criteria that are given, as they stand in the record."""
    criteria = duty_of(row).criteria
    given = {name: getattr(criteria, name) for name in AppointmentCriteria.__slots__}
    return {name: list(value) if isinstance(value, tuple) else str(value) for name, value in given.items() if value}


def _added(row: DutyRule) -> DutyRuleAdded:
    return DutyRuleAdded(
        subject=f"duty_rule:{row.id}",
        rule_id=row.id,
        role=row.role_code,
        label=row.label,
        criteria=_criteria(row),
        bound=row.bound,
        starts_at=row.valid_from,
        ends_at=row.valid_to,
        reason=row.reason,
    )
