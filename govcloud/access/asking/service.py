"""The commands of asking behind one face; each is one transaction, authorised by the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from govcloud.access.asking.attachments import Attaching, NewAttachment, StoredFile
from govcloud.access.asking.basket import Basket
from govcloud.access.asking.comparing import Comparing
from govcloud.access.asking.queries import AskingQueries, Chosen
from govcloud.access.asking.submit import SUBMIT, Submitting
from govcloud.access.asking.views import Difference
from govcloud.access.commands import NewSubmission, Resubmitted, Submission
from govcloud.access.loading import FactsLoader
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import UnitOfWork


class _RehearsedError(Exception):
    """Carries a rehearsal out of its transaction, which so writes nothing."""


class Asking:
    """Everything that somebody does to ask for access; what one item takes stands in ``Access.submit`` as well."""

    def __init__(self, uow: UnitOfWork, submitting: Submitting, facts: FactsLoader, queries: AskingQueries, keys: KeyRing) -> None:
        """Take the unit of work, what takes submissions in, the loader of facts, the reads, and the key ring."""
        self._uow = uow
        self._submitting = submitting
        self._attaching = Attaching(uow, keys)
        self._basket = Basket(uow, facts)
        self._comparing = Comparing(uow, facts, queries)

    def submit(self, actor: Actor, new: NewSubmission, files: Sequence[NewAttachment] = ()) -> Submission:
        """Ask for several items, for oneself or for people of one's department and below; all of it is taken in, or nothing.

        ``files`` go with every request of it. What is asked for leaves the actor's basket.

        Raises:
            Invalid: fields are wrong; those of a line begin with ``items.<n>``. Or items cannot be requested.
            NotFound: the catalogue never had an item.
            Conflict: somebody waits for an item already or is no longer in office, or nobody could decide; ``refusals`` name each line.
            Denied: the actor may not ask, or not for these people.
        """
        if not files:
            return self._submitting.submit_all(actor, new)
        return self._attaching.submit(actor, files, lambda: self._submitting.submit_all(actor, new))

    def correct(self, actor: Actor, line_id: UUID, files: Sequence[NewAttachment], work: Callable[[], Resubmitted]) -> Resubmitted:
        """Put a returned line up again with files; see ``Attaching.correct``. Without files it is ``work`` alone."""
        return self._attaching.correct(actor, line_id, files, work) if files else work()

    def rehearse(self, actor: Actor, new: NewSubmission) -> None:
        """Go through all of ``submit`` and take nothing in; raises what it would raise."""
        try:
            with self._uow.begin(actor, SUBMIT, Target("catalogue_item", "batch")):
                self._submitting.submit_all(actor, new)
                raise _RehearsedError  # noqa: TRY301 - leaving by an error is what rolls back
        except _RehearsedError:
            return

    def attachment(self, attachment_id: UUID) -> StoredFile:
        """Return a file that goes with a request, opened; whoever calls has asked whether the actor may see the request.

        Raises:
            NotFound: there is none.
        """
        return self._attaching.opened(attachment_id)

    def put_in_basket(self, actor: Actor, items: Sequence[Chosen]) -> None:
        """Keep items to be asked for later; see ``Basket.put``."""
        self._basket.put(actor, items)

    def take_out_of_basket(self, actor: Actor, items: Iterable[UUID]) -> None:
        """Forget items that were to be asked for; see ``Basket.take_out``."""
        self._basket.take_out(actor, items)

    def compare(self, actor: Actor, appointment_id: UUID) -> Difference:
        """Return what a colleague of the same department may use and the actor may not; see ``Comparing.compare``."""
        return self._comparing.compare(actor, appointment_id)
