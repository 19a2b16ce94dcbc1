"""The commands on policy drafts behind one face; each is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.explaining import Explaining
from govcloud.authorization.drafting.checking import CaseRun
from govcloud.authorization.drafting.drafts import Drafts, NewDraft
from govcloud.authorization.drafting.impacts import Impacts
from govcloud.authorization.drafting.measuring import Measuring
from govcloud.authorization.drafting.relabelling import Relabelling
from govcloud.authorization.drafting.reorganising import Watched
from govcloud.authorization.drafting.reviewing import Reviewing, Shown
from govcloud.authorization.drafting.shadows import Shadows
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import UnitOfWork

__all__ = ["Drafting", "NewDraft", "Shown"]


class Drafting:
    """Drafts policies, works out what they would change, takes a second person's word, and puts them in force."""

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], decider: Decider, clock: Clock) -> None:
        """Take the unit of work, the source of reading sessions, the decider and the clock."""
        zones = decider.live.surroundings.zones.names
        self._drafts = Drafts(uow, zones, decider.subsystems)
        self._reviewing = Reviewing(uow, zones, decider.subsystems)
        self._shadows = Shadows(uow, zones)
        self.measuring = Measuring(read, decider)
        self.relabelling = Relabelling(decider, self.measuring, Explaining(read, decider))
        self._read, self._decider = read, decider
        self._impacts = Impacts(uow, decider, self.measuring, clock)

    def watched(self, after: UUID | None = None) -> Watched:
        """Return what looks at the rehearsal of a reorganisation (``Identity.preview``): who would gain and lose which functions.

        ``after`` is that of the page before.
        """
        return Watched(self._read, self._decider, after)

    # The maker

    def create(self, actor: Actor, new: NewDraft) -> UUID:
        """Keep a text as a draft of the actor and return its id. One from the command line is nobody's: an officer copies it.

        A text with errors is kept as well, so that nothing is lost while somebody writes; ``DraftQueries.findings`` names them.

        Raises:
            PolicyError: the text is longer than a policy may be.
            Invalid: title or reason are missing.
            NotFound: its base was never in force.
        """
        return self._drafts.create(actor, new)

    def copy(self, actor: Actor, draft_id: UUID) -> UUID:
        """Keep a copy of a draft as the actor's own, on the same base; return its id.

        Raises:
            NotFound: there is no such draft.
        """
        return self._drafts.copy(actor, draft_id)

    def change(self, actor: Actor, draft_id: UUID, revision: int, new: NewDraft) -> int:
        """Give a draft another text, title or reason; return its revision. Another text is open again, whoever had approved it.

        Raises:
            NotFound, Denied, Conflict: there is none, it is another's, or it moved on.
            PolicyError, Invalid: the text is too long, or the words are wrong. Errors in the text are kept with it.
        """
        return self._drafts.change(actor, draft_id, revision, new)

    def rebase(self, actor: Actor, draft_id: UUID, revision: int) -> int:
        """Carry a draft over to the version in force; return its revision.

        Raises:
            Conflict: both changed the same lines; or it moved on.
            NotFound, Denied: there is none, or it is another's.
            PolicyError: its text has errors.
        """
        return self._drafts.rebase(actor, draft_id, revision)

    def submit(self, actor: Actor, draft_id: UUID, revision: int) -> CaseRun:
        """Ask a second person to approve a draft; return what the cases said about it, which stands beside it from now on.

        Raises:
            Conflict: its base is no longer in force, it changes nothing, or it moved on.
            Denied: it is another's, or nobody's.
            PolicyError: its text has errors; they are all named.
        """
        return self._drafts.submit(actor, draft_id, revision)

    def withdraw(self, actor: Actor, draft_id: UUID) -> None:
        """Take a submitted or approved draft back: an approval no longer counts.

        Raises:
            NotFound, Denied, Conflict: there is none, it is another's, or it is not submitted.
        """
        self._drafts.withdraw(actor, draft_id)

    def discard(self, actor: Actor, draft_id: UUID, reason: str) -> None:
        """Throw a draft away, with what was worked out about it; text and reviews stay on record.

        Raises:
            NotFound, Denied, Conflict, Invalid: as for ``withdraw``, or there is no reason.
        """
        self._drafts.discard(actor, draft_id, reason)

    def roll_back(self, actor: Actor, number: int, reason: str) -> UUID:
        """Draft the text of version ``number`` anew, to be approved like any other; return the draft's id.

        Raises:
            NotFound: there is no such version.
            Conflict: it is what is in force.
            PolicyError: its text is of a language that this program no longer reads.
        """
        return self._drafts.roll_back(actor, number, reason)

    # What it would change

    def work_out(self, actor: Actor, draft_id: UUID, *, at_once: bool | None = None) -> UUID:
        """Ask what a draft would change for whom; return the impact's id. See ``Impacts.request``."""
        return self._impacts.request(actor, draft_id, at_once=at_once)

    def work(self, actor: Actor) -> int:
        """Work out the impacts that wait, and those that were interrupted; return how many."""
        return self._impacts.work(actor)

    # The second person

    def approve(self, actor: Actor, draft_id: UUID, shown: Shown, comment: str = "") -> UUID:
        """Say yes to exactly what was shown; return the review's id.

        Raises:
            Denied: the actor made it, or is no person.
            Conflict: text, base or impact are others than were shown, or the impact is missing or too old.
        """
        return self._reviewing.approve(actor, draft_id, shown, comment)

    def reject(self, actor: Actor, draft_id: UUID, shown: Shown, comment: str) -> UUID:
        """Say no to exactly what was shown, with the reason; return the review's id. The maker may change it and submit again.

        Raises:
            Denied, Conflict, Invalid: as for ``approve``, or there is no reason.
        """
        return self._reviewing.reject(actor, draft_id, shown, comment)

    def apply(self, actor: Actor, draft_id: UUID) -> int:
        """Put an approved draft in force; return the version's number.

        Raises:
            Conflict: there is no yes to it as it stands, or that is too old; its base was replaced; it drops a role that somebody
                holds; or nobody could change or bring back a policy under it.
        """
        return self._reviewing.apply(actor, draft_id)

    def roll_back_at_once(self, actor: Actor, number: int, reason: str) -> int:
        """Bring the text of version ``number`` back without waiting for a second person; return the new version's number.

        For the operator at the server, when the policy in force does harm or lets nobody approve another. Nothing new can come in
        this way, only a text that was in force; it is recorded, and shown until a version that was approved takes its place.

        Raises:
            NotFound: there is no such version.
            Conflict: it is what is in force, or drops a role that somebody holds.
            Invalid: there is no reason.
        """
        return self._reviewing.roll_back_at_once(actor, number, reason)

    # Beside the live policy

    def start_shadow(self, actor: Actor, draft_id: UUID, hours: int) -> UUID:
        """Let a draft decide beside the live policy for some hours, as it stands now; return the shadow's id.

        Raises:
            Conflict: another one runs, or the draft is over.
            Invalid: so many hours are not possible.
        """
        return self._shadows.start(actor, draft_id, hours)

    def stop_shadow(self, actor: Actor, draft_id: UUID) -> bool:
        """End the shadow of a draft; return whether it was running."""
        return self._shadows.stop(actor, draft_id)
