"""Changing the rules of separation of duty: one person proposes, another puts it in force; both stand in the record.

A rule that comes into force takes nothing away: whoever breaks it already is counted in the event and listed each night.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from govcloud.authorization.apart import errors
from govcloud.authorization.apart.breaches import Breaches
from govcloud.authorization.apart.events import SodRuleDropped, SodRuleEnded, SodRuleProposed, SodRuleSet
from govcloud.authorization.apart.inputs import NewRule, checked_rule
from govcloud.authorization.apart.models import SodDraft, SodRule
from govcloud.authorization.apart.rules import current_rule
from govcloud.authorization.apart.views import STATIC
from govcloud.authorization.commands import REASON_MOST
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.locking import APART, take
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields, checked_reason

PROPOSE, APPROVE, DROP = (f"govcloud:sod_rule:{verb}" for verb in ("propose", "approve", "drop"))


class Drafts:
    """The commands on rules; those of two people at once happen one after the other."""

    def __init__(self, uow: UnitOfWork, decider: Decider, breaches: Breaches) -> None:
        """Take the unit of work, the decider (for the catalogue), and what finds who breaks a rule."""
        self._uow = uow
        self._decider = decider
        self._breaches = breaches

    def propose(self, actor: Actor, new: NewRule) -> UUID:
        """Propose a rule, or what one is to be like; see ``Apart.propose_rule``."""
        with self._uow.begin(actor, PROPOSE, _target(new.code)) as tx:
            take(tx.session, APART)
            fields = Fields()
            checked = checked_rule(new, self._decider.in_catalogue, fields)
            self._refuse_for_all(checked, fields)
            fields.done()
            return self._add(tx, checked, ends=False)

    def propose_end(self, actor: Actor, code: str, reason: str) -> UUID:
        """Propose that a rule be no more; see ``Apart.propose_end``."""
        with self._uow.begin(actor, PROPOSE, _target(code)) as tx:
            take(tx.session, APART)
            rule = current_rule(tx.session, code)
            if rule is None:
                raise errors.no_such_rule(code)
            said = checked_reason(reason, REASON_MOST)
            same = NewRule(code, rule.name, rule.kind, tuple(rule.functions), said, rule.most, rule.liftable)
            return self._add(tx, same, ends=True)

    def approve(self, actor: Actor, draft_id: UUID, comment: str) -> int:
        """Put a draft in force; see ``Apart.approve_rule``."""
        with self._uow.begin(actor, APPROVE, Target("sod_draft", str(draft_id))) as tx:
            take(tx.session, APART)
            draft = _open_draft(tx, draft_id)
            fields = Fields()
            said = fields.text("comment", comment, most=REASON_MOST, least=0, multiline=True)
            fields.done()
            who = actor.reference
            if who == draft.proposed_by:
                raise errors.own_draft()
            before = current_rule(tx.session, draft.code)
            current = before.version if before is not None else 0
            if current != draft.base_version:
                raise errors.rule_moved(draft.base_version, current)
            if before is not None:
                before.valid_to = max(tx.now, before.valid_from)
                tx.session.flush()
            draft.state, draft.decided_by, draft.decided_at = "applied", who, tx.now
            if draft.ends:
                tx.record(SodRuleEnded(subject=f"sod_rule:{draft.code}", draft_id=draft.id, code=draft.code, version=current, comment=said))
                return current
            version = self._next_version(tx, draft.code)
            tx.session.add(_rule(draft, version, who, tx))
            tx.session.flush()
            tx.record(self._set(tx, draft, version, said))
            return version

    def drop(self, actor: Actor, draft_id: UUID, reason: str) -> None:
        """Throw a draft away; see ``Apart.drop_rule``."""
        with self._uow.begin(actor, DROP, Target("sod_draft", str(draft_id))) as tx:
            take(tx.session, APART)
            draft = _open_draft(tx, draft_id)
            said = checked_reason(reason, REASON_MOST)
            draft.state, draft.decided_by, draft.decided_at = "dropped", actor.reference, tx.now
            tx.record(SodRuleDropped(subject=f"sod_rule:{draft.code}", draft_id=draft.id, code=draft.code, reason=said))

    def _add(self, tx: Transaction, new: NewRule, *, ends: bool) -> UUID:
        waits = select(SodDraft.id).where(SodDraft.code == new.code, SodDraft.state == "open")
        if tx.session.scalar(waits) is not None:
            raise errors.draft_waits(new.code)
        rule = current_rule(tx.session, new.code)
        row = SodDraft(
            id=new_id(),
            code=new.code,
            base_version=rule.version if rule is not None else 0,
            ends=ends,
            name=new.name,
            kind=new.kind,
            functions=list(new.functions),
            most=new.most,
            liftable=new.liftable,
            reason=new.reason,
            proposed_by=tx.actor.reference,
            proposed_at=tx.now,
            state="open",
            decided_by=None,
            decided_at=None,
        )
        tx.session.add(row)
        tx.session.flush()
        tx.record(
            SodRuleProposed(
                subject=f"sod_rule:{row.code}",
                draft_id=row.id,
                code=row.code,
                base_version=row.base_version,
                ends=ends,
                kind=row.kind,
                functions=new.functions,
                most=row.most,
                liftable=row.liftable,
                reason=row.reason,
            )
        )
        return row.id

    def _refuse_for_all(self, new: NewRule, fields: Fields) -> None:
        """Note a rule that every official breaks by what all officials may do: nobody could ever keep it."""
        everybody = self._breaches.holdings.open_to_all(new.functions)
        if new.kind == STATIC and len(everybody) > new.most:
            fields.fail(
                "functions", Message("每名公职人员都有其中的 %(functions)s，规则无法遵守。", functions="、".join(sorted(everybody)))
            )

    def _next_version(self, tx: Transaction, code: str) -> int:
        """Return the number of the next version; a rule that ended and comes back goes on counting."""
        query = select(SodRule.version).where(SodRule.code == code).order_by(SodRule.version.desc()).limit(1)
        return (tx.session.scalar(query) or 0) + 1

    def _set(self, tx: Transaction, draft: SodDraft, version: int, comment: str) -> SodRuleSet:
        found = self._breaches.of(draft.code, draft.kind, tuple(draft.functions), draft.most, tx.now)
        return SodRuleSet(
            subject=f"sod_rule:{draft.code}",
            draft_id=draft.id,
            code=draft.code,
            version=version,
            kind=draft.kind,
            functions=tuple(draft.functions),
            most=draft.most,
            liftable=draft.liftable,
            breaking=len(found.broken),
            comment=comment,
        )


def _target(code: str) -> Target:
    return Target("sod_rule", code)


def _open_draft(tx: Transaction, draft_id: UUID) -> SodDraft:
    """Return a draft that waits, held until the transaction ends.

    Raises:
        NotFound: there is no such draft.
        Conflict: it was decided.
    """
    query = select(SodDraft).where(SodDraft.id == draft_id).with_for_update().execution_options(populate_existing=True)
    draft = tx.session.scalars(query).one_or_none()
    if draft is None:
        raise errors.no_such_draft(draft_id)
    if draft.state != "open":
        raise errors.draft_decided()
    return draft


def _rule(draft: SodDraft, version: int, approved_by: str, tx: Transaction) -> SodRule:
    return SodRule(
        id=new_id(),
        code=draft.code,
        version=version,
        name=draft.name,
        kind=draft.kind,
        functions=list(draft.functions),
        most=draft.most,
        liftable=draft.liftable,
        reason=draft.reason,
        proposed_by=draft.proposed_by,
        approved_by=approved_by,
        valid_from=tx.now,
        valid_to=None,
    )
