"""Exceptions from separation of duty: given by somebody of another department, for a while, and listed; taken back at any time.

What was opened on the strength of an exception ends no later than it: a grant is not opened for longer (``keeping.py``), and when
an exception is taken back, grants opened since that no longer stand beside each other end with it, the latest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from govcloud.authorization.apart import errors
from govcloud.authorization.apart.events import SodExceptionEnded, SodExceptionGiven
from govcloud.authorization.apart.findings import Separation
from govcloud.authorization.apart.inputs import LONGEST_EXCEPTION, NewException
from govcloud.authorization.apart.models import SodException, SodRule
from govcloud.authorization.apart.rules import current_rule
from govcloud.authorization.apart.views import Finding, FindingState
from govcloud.authorization.commands import REASON_MOST
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.locking import APART, hold
from govcloud.authorization.models import AccessGrant
from govcloud.authorization.rights.granting import Granting
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields, checked_reason

GIVE, END = (f"govcloud:sod_exception:{verb}" for verb in ("give", "end"))
_CLOSED = "sod_exception_ended"


class Exceptions:
    """The commands on exceptions; each holds the person's lock, as whoever gives the person anything does."""

    def __init__(self, uow: UnitOfWork, decider: Decider, separation: Separation, granting: Granting) -> None:
        """Take the unit of work, the decider (for where people serve), what asks the rules, and what closes grants."""
        self._uow = uow
        self._decider = decider
        self._separation = separation
        self._granting = granting

    def give(self, actor: Actor, new: NewException) -> UUID:
        """Give an exception; see ``Apart.give_exception``."""
        target = Target("official", str(new.official_id), attributes={"official_id": str(new.official_id)})
        with self._uow.begin(actor, GIVE, target) as tx:
            if actor.official_id is None or actor.appointment_id is None:
                raise errors.official_required()
            hold_tree(tx.session)
            hold(tx.session, APART)
            lock_official(tx.session, new.official_id)
            self._refuse_near(actor.official_id, new.official_id, tx.now)
            rule = current_rule(tx.session, new.rule_code)
            if rule is None:
                raise errors.no_such_rule(new.rule_code)
            if not rule.liftable:
                raise errors.not_liftable(rule.name)
            checked = _checked(new, rule, tx.now)
            row = SodException(
                id=new_id(),
                official_id=new.official_id,
                rule_code=rule.code,
                functions=list(checked.functions or ()),
                reason=checked.reason,
                given_by_official_id=actor.official_id,
                given_by_appointment_id=actor.appointment_id,
                ends_at=checked.ends_at,
                valid_from=tx.now,
                valid_to=None,
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(
                SodExceptionGiven(
                    subject=f"official:{row.official_id}",
                    exception_id=row.id,
                    official_id=row.official_id,
                    rule_code=rule.code,
                    rule_version=rule.version,
                    functions=tuple(row.functions),
                    ends_at=row.ends_at,
                    reason=row.reason,
                )
            )
            return row.id

    def end(self, actor: Actor, exception_id: UUID, reason: str) -> bool:
        """Take an exception back; see ``Apart.end_exception``."""
        seen = self._uow.read().get(SodException, exception_id)
        if seen is None:
            raise errors.no_such_exception(exception_id)
        official_id = seen.official_id
        target = Target("sod_exception", str(exception_id), attributes={"official_id": str(official_id)})
        with self._uow.begin(actor, END, target) as tx:
            hold(tx.session, APART)
            lock_official(tx.session, official_id)
            said = checked_reason(reason, REASON_MOST)
            row = tx.session.scalars(select(SodException).where(SodException.id == exception_id).with_for_update()).one()
            if row.valid_to is not None or row.ends_at <= tx.now:
                return False
            row.valid_to = max(tx.now, row.valid_from)
            tx.session.flush()
            closed = tuple(self._close_resting_on(tx, row))
            tx.record(
                SodExceptionEnded(
                    subject=f"official:{official_id}",
                    exception_id=row.id,
                    official_id=official_id,
                    rule_code=row.rule_code,
                    grants=closed,
                    reason=said,
                )
            )
            return True

    def _close_resting_on(self, tx: Transaction, row: SodException) -> list[UUID]:
        """End the grants that were opened since the exception and that a rule keeps apart now, the latest first; return them."""
        closed: list[UUID] = []
        for grant in _opened_since(tx, row):
            case_number = (grant.scope or {}).get("case_number")
            found = self._separation.conflicts(row.official_id, [grant.function], case_number, grant.duty, tx.now)
            if any(one.rule.code == row.rule_code and _unlifted(one, grant.ends_at) for one in found):
                self._granting.close(tx.actor, grant.id, _CLOSED)
                tx.session.flush()
                closed.append(grant.id)
        return closed

    def _refuse_near(self, giver: UUID, beneficiary: UUID, now: datetime) -> None:
        """Refuse an exception by the person, or by somebody who serves in a department of theirs or below it.

        Raises:
            Denied: names the departments.
        """
        if giver == beneficiary:
            raise errors.own_exception()
        theirs = self._decider.identity.appointments_of(beneficiary, now)
        own = self._decider.identity.appointments_of(giver, now)
        near = [post.department_name for post in theirs if any(mine.department_path.startswith(post.department_path) for mine in own)]
        if near:
            raise errors.same_department(near)


def _checked(new: NewException, rule: SodRule, now: datetime) -> NewException:
    """Return the exception in its stored form.

    Raises:
        Invalid: the reason, the end or the functions are wrong.
    """
    fields = Fields()
    reason = fields.text("reason", new.reason, most=REASON_MOST, multiline=True)
    if not now < new.ends_at <= now + LONGEST_EXCEPTION:
        fields.fail("ends_at", Message("例外须在 %(days)s 天以内到期。", days=LONGEST_EXCEPTION.days), new.ends_at.isoformat())
    named = tuple(rule.functions) if new.functions is None else tuple(sorted(set(new.functions)))
    if not set(named) <= set(rule.functions):
        fields.fail("functions", Message("只能是该规则列出的功能。"), "、".join(sorted(set(named) - set(rule.functions))))
    elif rule.functions and len(named) <= rule.most and rule.kind != "per_case":
        fields.fail("functions", Message("至少列出 %(least)s 项功能，否则例外没有意义。", least=rule.most + 1))
    fields.done()
    return replace(new, reason=reason, functions=named)


def _unlifted(finding: Finding, ends_at: datetime) -> bool:
    """Return whether no exception lifts the conflict for as long as the grant lasts."""
    return finding.state is FindingState.CONFLICT or (finding.until is not None and finding.until < ends_at)


def _opened_since(tx: Transaction, row: SodException) -> Sequence[AccessGrant]:
    mine = (AccessGrant.official_id == row.official_id, AccessGrant.valid_to.is_(None), AccessGrant.ends_at > tx.now)
    query = select(AccessGrant).where(*mine, AccessGrant.valid_from >= row.valid_from)
    if row.functions:
        query = query.where(AccessGrant.function.in_(row.functions))
    return tx.session.scalars(query.order_by(AccessGrant.valid_from.desc(), AccessGrant.id.desc())).all()
