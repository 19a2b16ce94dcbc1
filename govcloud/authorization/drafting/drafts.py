"""The commands by which a draft comes into being, changes, moves to another base, is submitted, taken back and thrown away."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from govcloud.authorization.deciding.installing import live_number
from govcloud.authorization.drafting import checking, merging, states
from govcloud.authorization.drafting.errors import (
    base_replaced,
    draft_moved_on,
    no_such_draft,
    not_a_person,
    not_the_maker,
    nothing_changed,
    same_as_live,
)
from govcloud.authorization.drafting.events import (
    PolicyDraftChanged,
    PolicyDraftDiscarded,
    PolicyDrafted,
    PolicyDraftSubmitted,
    PolicyDraftWithdrawn,
)
from govcloud.authorization.drafting.impacts import forget
from govcloud.authorization.drafting.models import PolicyDraft
from govcloud.authorization.drafting.versions import checksum_of, document_of
from govcloud.authorization.policies.document import parse_document
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields, checked_reason
from govcloud.subsystems.queries import SubsystemQueries

COMMAND = "govcloud:policy:draft"
TITLE_MOST, REASON_MOST = 100, 500
#: The source of a text that came from no file.
CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A text to be kept: what it is called, why it is wanted, and which version it was written on (by default the one in force).

    It may have errors: somebody is still writing it. What has errors is not submitted, runs in no shadow and never decides.
    """

    title: str
    reason: str
    text: str
    source: str = CONSOLE
    base_number: int | None = None


class Drafts:
    """The commands on drafts."""

    def __init__(self, uow: UnitOfWork, zones: Collection[str], subsystems: SubsystemQueries) -> None:
        """Take the unit of work, the network zones that conditions may name, and the catalogue."""
        self._uow = uow
        self._zones = zones
        self._subsystems = subsystems

    def create(self, actor: Actor, new: NewDraft) -> UUID:
        """Keep a text as a draft of the actor; see ``Drafting.create``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", "new")) as tx:
            return self._create(tx, new, rollback_of=None)

    def roll_back(self, actor: Actor, number: int, reason: str) -> UUID:
        """Draft the text of an earlier version anew; see ``Drafting.roll_back``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", "new")) as tx:
            old, live = document_of(tx.session, number), live_number(tx.session)
            if checksum_of(tx.session, live) == old.checksum:
                raise same_as_live(live)
            new = NewDraft(f"回退到第 {number} 版", reason, old.text, old.source)
            return self._create(tx, new, rollback_of=number)

    def copy(self, actor: Actor, draft_id: UUID) -> UUID:
        """Keep a copy of a draft as one's own; see ``Drafting.copy``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            row = held_draft(tx, draft_id)
            return self._create(tx, NewDraft(row.title, row.reason, row.document, row.source, row.base_number), row.rollback_of)

    def change(self, actor: Actor, draft_id: UUID, revision: int, new: NewDraft) -> int:
        """Give a draft another text, title or reason; see ``Drafting.change``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            row = _own(tx, draft_id, revision)
            state = states.after("change", row.state)
            row.title, row.reason = _words(new)
            text = checking.keepable(new.text)
            if _checksum(text) == row.checksum:
                return row.revision
            self._renew(tx, row, text, row.base_number, state)
            return row.revision

    def rebase(self, actor: Actor, draft_id: UUID, revision: int) -> int:
        """Carry a draft over to the version in force; see ``Drafting.rebase``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            row = _own(tx, draft_id, revision)
            state, live = states.after("rebase", row.state), live_number(tx.session)
            if live == row.base_number:
                return row.revision
            base = document_of(tx.session, row.base_number)
            document = merging.rebased(base, parse_document(row.document, row.source), document_of(tx.session, live))
            self._renew(tx, row, document.text, live, state)
            return row.revision

    def submit(self, actor: Actor, draft_id: UUID, revision: int) -> checking.CaseRun:
        """Ask a second person to approve a draft; see ``Drafting.submit``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            row = _own(tx, draft_id, revision)
            state, live = states.after("submit", row.state), live_number(tx.session)
            if row.maker_id is None:
                raise not_a_person()
            if live != row.base_number:
                raise base_replaced(row.base_number, live)
            document = checking.checked(row.document, row.source, self._zones, self._subsystems.functions())
            if document.checksum == checksum_of(tx.session, live):
                raise nothing_changed()
            run = checking.run_cases(document)
            row.state, row.updated_at = state, tx.now
            row.tests = {"cases": run.cases, "failed": run.failed, "shown": [list(pair) for pair in run.shown]}
            tx.record(
                PolicyDraftSubmitted(
                    subject=f"policy_draft:{row.id}",
                    draft_id=row.id,
                    revision=row.revision,
                    checksum=row.checksum,
                    cases=run.cases,
                    failed=run.failed,
                )
            )
            return run

    def withdraw(self, actor: Actor, draft_id: UUID) -> None:
        """Take a submitted or approved draft back; see ``Drafting.withdraw``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            row = _own(tx, draft_id, None)
            lapsed = row.state == states.APPROVED
            row.state, row.updated_at = states.after("withdraw", row.state), tx.now
            # A yes is to one revision: what is submitted again is another one, and wants a yes of its own.
            row.revision += 1
            tx.record(
                PolicyDraftWithdrawn(subject=f"policy_draft:{row.id}", draft_id=row.id, revision=row.revision, approval_lapsed=lapsed)
            )

    def discard(self, actor: Actor, draft_id: UUID, reason: str) -> None:
        """Throw a draft away; see ``Drafting.discard``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            row = _own(tx, draft_id, None)
            row.state, row.updated_at = states.after("discard", row.state), tx.now
            said = checked_reason(reason, REASON_MOST)
            forget(tx.session, row.id)
            tx.record(PolicyDraftDiscarded(subject=f"policy_draft:{row.id}", draft_id=row.id, revision=row.revision, reason=said))

    # How the above write

    @staticmethod
    def _create(tx: Transaction, new: NewDraft, rollback_of: int | None) -> UUID:
        title, reason = _words(new)
        base = live_number(tx.session) if new.base_number is None else new.base_number
        document_of(tx.session, base)
        text = checking.keepable(new.text)
        row = PolicyDraft(
            id=new_id(),
            title=title,
            reason=reason,
            maker_id=tx.actor.official_id,
            created_by=tx.actor.reference,
            base_number=base,
            rollback_of=rollback_of,
            source=new.source[:200],
            document=text,
            checksum=_checksum(text),
            revision=1,
            state=states.OPEN,
            tests=None,
            created_at=tx.now,
            updated_at=tx.now,
        )
        tx.session.add(row)
        tx.session.flush()
        tx.record(
            PolicyDrafted(
                subject=f"policy_draft:{row.id}",
                draft_id=row.id,
                title=title,
                base_number=base,
                rollback_of=rollback_of,
                source=row.source,
                checksum=row.checksum,
                reason=reason,
            )
        )
        return row.id

    @staticmethod
    def _renew(tx: Transaction, row: PolicyDraft, text: str, base: int, state: str) -> None:
        """Give a draft another text or base: it is another revision, open, of which nothing was worked out and nobody has approved."""
        lapsed, rebased = row.state == states.APPROVED, base != row.base_number
        row.document, row.checksum = text, _checksum(text)
        row.base_number, row.revision, row.state = base, row.revision + 1, state
        row.tests, row.updated_at = None, tx.now
        tx.record(
            PolicyDraftChanged(
                subject=f"policy_draft:{row.id}",
                draft_id=row.id,
                revision=row.revision,
                base_number=base,
                checksum=row.checksum,
                rebased=rebased,
                approval_lapsed=lapsed,
            )
        )


def _checksum(text: str) -> str:
    """Return the SHA-256 of a text, in hex, as the table holds it to."""
    return hashlib.sha256(text.encode()).hexdigest()


def _words(new: NewDraft) -> tuple[str, str]:
    fields = Fields()
    title = fields.text("title", new.title, most=TITLE_MOST)
    reason = fields.text("reason", new.reason, most=REASON_MOST, multiline=True)
    fields.done()
    return title, reason


def held_draft(tx: Transaction, draft_id: UUID) -> PolicyDraft:
    """Return a draft and hold it until the transaction ends."""
    query = select(PolicyDraft).where(PolicyDraft.id == draft_id).with_for_update()
    row = tx.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise no_such_draft(draft_id)
    return row


def _own(tx: Transaction, draft_id: UUID, revision: int | None) -> PolicyDraft:
    """Return a draft of the actor's own, in the revision that the actor has seen.

    One from the command line belongs to the command line: an official copies it.

    Raises:
        NotFound: there is no such draft.
        Denied: it is another person's.
        Conflict: it has moved on.
    """
    row = held_draft(tx, draft_id)
    if row.maker_id != tx.actor.official_id:
        raise not_the_maker()
    if revision is not None and revision != row.revision:
        raise draft_moved_on(row.revision)
    return row
