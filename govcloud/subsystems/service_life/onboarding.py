"""Commands that bring a subsystem into service and out of it, each one step of the table in ``lifecycle.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Denied
from govcloud.kernel.events import Event
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.checks import Checklist
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import SubsystemChecked, SubsystemPublished, SubsystemRetired, SubsystemReturned, SubsystemSubmitted
from govcloud.subsystems.lifecycle import ONBOARDING, Move, Place, Status
from govcloud.subsystems.models import Subsystem
from govcloud.subsystems.usage import Usage
from govcloud.subsystems.views import StepView, SubsystemView


@dataclass(frozen=True)
class Affected:
    """What goes out of use with a subsystem."""

    functions: int
    items: int
    clients: int
    usage: Usage


class Onboarding(Commands):
    """Submit, return, check, publish, retire; each is one transaction and leaves a step."""

    def submit_subsystem(self, actor: Actor, key: str | UUID, note: str = "") -> None:
        """Hand a registered subsystem in to be checked; from then on it does not change until it is returned or published.

        Raises:
            NotFound: there is no such subsystem.
            Conflict: it is in another state, or a blocking finding stands; the error names all of them.
        """
        self._step(actor, key, ONBOARDING["submit"], note, _submitted)

    def return_subsystem(self, actor: Actor, key: str | UUID, reason: str) -> None:
        """Give a subsystem back to be completed (退回), or take it back oneself, with the reason.

        Raises:
            Invalid: there is no reason.
            NotFound, Conflict: as for ``submit_subsystem``.
        """
        self._step(actor, key, ONBOARDING["return"], reason, _returned)

    def check_subsystem(self, actor: Actor, key: str | UUID, note: str = "") -> None:
        """Confirm for the platform's operation that a submitted subsystem is in order (核查).

        Raises:
            Denied: the actor submitted it.
            NotFound, Conflict: as for ``submit_subsystem``.
        """
        self._step(actor, key, ONBOARDING["check"], note, _checked)

    def publish_subsystem(self, actor: Actor, key: str | UUID, note: str = "") -> None:
        """Show a checked subsystem to officials and let its items be requested; its publisher does this (``publisher_of``).

        Raises:
            Denied: the actor submitted or checked it.
            NotFound, Conflict: as for ``submit_subsystem``.
        """
        self._step(actor, key, ONBOARDING["publish"], note, _published)

    def retire_subsystem(self, actor: Actor, key: str | UUID, reason: str) -> None:
        """Take a subsystem out of service for good: its clients are refused, nothing of it is requested, decided or opened.

        Grants keep their rows and run out; what they opened is refused from this moment, because the catalogue no longer has it.

        Raises:
            Invalid: there is no reason.
            NotFound, Conflict: as for ``submit_subsystem``.
        """
        self._step(actor, key, ONBOARDING["retire"], reason, _retired)

    # Reads that go with them

    def checklist(self, key: str | UUID) -> Checklist:
        """Return what the checks find now.

        Raises:
            NotFound: there is no such subsystem.
        """
        return self._checklist(self._subsystem(key))

    def affected_by_retiring(self, key: str | UUID) -> Affected:
        """Return what would go out of use with a subsystem.

        Raises:
            NotFound: there is no such subsystem.
        """
        view = self._subsystem(key)
        functions = self._queries.functions_of(view.id)
        clients = [client for client in self._queries.clients_of(view.id) if not client.disabled]
        usage = self._usage([function.code for function in functions])
        return Affected(len(functions), len(self._queries.items_of(view.id)), len(clients), usage)

    # How a step is taken

    def _step(self, actor: Actor, key: str | UUID, move: Move, note: str, event: Callable[[SubsystemView, str], Event]) -> None:
        seen = self._subsystem(key)
        with self._uow.begin(actor, move.function, self._place_of_move(seen, move)) as tx:
            fields = Fields()
            name = "reason" if move.reason else "note"
            clean = fields.text(name, note, least=1 if move.reason else 0, most=inputs.MOST_REASON, multiline=True)
            fields.done()
            self._move(tx, seen, move)
            steps = self._queries.steps(seen.id)
            if move.apart and actor.official_id is not None and actor.official_id in _took_part(steps):
                raise Denied("own_step", Message("提交、核查、发布须由不同的人办理。"), remedy=Message("请由另一位有权的人员办理这一步。"))
            found = self._checklist(seen)
            if move.sound and found.blocking:
                raise errors.not_ready(seen.name, found.blocking)
            self._add_step(tx, seen.id, move.name, clean, found.findings)
            tx.record(event(seen, clean))

    def _place_of_move(self, view: SubsystemView, move: Move) -> Target:
        """Return the subsystem as a target of a move: where the authority for it is asked."""
        waits_above = move.place is Place.WAITING and view.status == Status.CHECKED
        if move.place is Place.PUBLISHER or waits_above:
            return self._at_publisher(view)
        return self._target("subsystem", view.code, [view.owner_department_id])

    def _move(self, tx: Transaction, seen: SubsystemView, move: Move) -> None:
        """Move the subsystem on, if it still stands where it was seen: of two who move it at once one comes second.

        Raises:
            Conflict: it stands elsewhere.
        """
        stands = (
            Subsystem.status == seen.status,
            Subsystem.status.in_(move.sources),
            Subsystem.owner_department_id == seen.owner_department_id,
        )
        statement = update(Subsystem).where(Subsystem.id == seen.id, *stands)
        moved = tx.session.scalar(statement.values(status=move.target).returning(Subsystem.id))
        tx.session.expire_all()
        if moved is None:
            current = self._subsystem(seen.id)
            if current.owner_department_id != seen.owner_department_id:
                raise errors.owner_changed(seen.name)
            raise errors.wrong_status(seen.name, Status(current.status), move)


def _took_part(steps: tuple[StepView, ...]) -> set[UUID]:
    """Return who took a step since the subsystem was last registered or returned."""
    taken: set[UUID] = set()
    for step in steps:
        if step.step in {"register", "return"}:
            taken.clear()
        # Whoever hands it to another department has looked at nothing of it.
        elif step.official_id is not None and step.step != "hand_over":
            taken.add(step.official_id)
    return taken


def _submitted(view: SubsystemView, note: str) -> SubsystemSubmitted:
    return SubsystemSubmitted(subject=f"subsystem:{view.id}", subsystem_id=view.id, code=view.code, note=note)


def _returned(view: SubsystemView, reason: str) -> SubsystemReturned:
    return SubsystemReturned(subject=f"subsystem:{view.id}", subsystem_id=view.id, code=view.code, old_status=view.status, reason=reason)


def _checked(view: SubsystemView, note: str) -> SubsystemChecked:
    return SubsystemChecked(subject=f"subsystem:{view.id}", subsystem_id=view.id, code=view.code, note=note)


def _published(view: SubsystemView, note: str) -> SubsystemPublished:
    return SubsystemPublished(subject=f"subsystem:{view.id}", subsystem_id=view.id, code=view.code, note=note)


def _retired(view: SubsystemView, reason: str) -> SubsystemRetired:
    return SubsystemRetired(subject=f"subsystem:{view.id}", subsystem_id=view.id, code=view.code, old_status=view.status, reason=reason)
