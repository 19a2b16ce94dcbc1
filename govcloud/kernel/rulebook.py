"""Rules that a province sets for itself in one place: what holds now, who set it, when, why, and what held before.

The rules are a frozen dataclass; a table keeps a document for each version, which holds until the next one replaces it, and until
anything was set, what the installation came with holds. Each process reads the rules again every half minute, as another may have
set others; whoever sets them is heard at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import Base, Temporal
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_id
from govcloud.kernel.locks import take
from govcloud.kernel.messages import Message
from govcloud.kernel.recent import Recent
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields, whole_number

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RulesT = TypeVar("RulesT", bound="DataclassInstance")

READ_AGAIN = timedelta(seconds=30)
REASON_MOST = 500
_MOST_DIGITS = 6


class RulesVersion(Temporal, Base):
    """A row of a table that keeps rules: as they are from one moment to the next; at most one is open."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    # Who set them (``official:<id>``, ``system:operator``) and why.
    set_by: Mapped[str]
    reason: Mapped[str]


class Rule(Protocol):
    """What one rule may be."""

    def typed(self, text: str) -> object:
        """Return what somebody typed as ``checked`` takes it."""
        ...

    def checked(self, form: Fields, name: str, value: object) -> object:
        """Return ``value`` as it is kept; note in ``form`` what is wrong with it."""
        ...


@dataclass(frozen=True)
class Whole:
    """A whole number from ``least`` to ``most``."""

    least: int
    most: int

    def __str__(self) -> str:
        """Return the bounds, for a table of what is allowed."""
        return f"{self.least}-{self.most}"

    def typed(self, text: str) -> object:
        """Return the number, or the text as it is, so that it is named as wrong."""
        number = whole_number(text, _MOST_DIGITS)
        return text if number is None else number

    def checked(self, form: Fields, name: str, value: object) -> object:
        """Return ``value``; note what is no number, and one out of its bounds."""
        if not isinstance(value, int) or isinstance(value, bool):
            form.fail(name, Message("应为整数。"), value)
            return self.least
        return form.number(name, value, least=self.least, most=self.most)


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        """Return the words, for a table of what is allowed."""
        return " | ".join(self.words)

    def typed(self, text: str) -> object:
        """Return the word."""
        return text

    def checked(self, form: Fields, name: str, value: object) -> object:
        """Return ``value``; note it unless it is one of the words."""
        return form.choice(name, str(value), self.words)


class TimeOfDay:
    """A time of day, as clocks show it (``HH:MM``)."""

    def __str__(self) -> str:
        """Return the form, for a table of what is allowed."""
        return "HH:MM"

    def typed(self, text: str) -> object:
        """Return the text."""
        return text

    def checked(self, form: Fields, name: str, value: object) -> object:
        """Return ``value`` with two digits each; note what is no time of day."""
        try:
            return f"{time.fromisoformat(str(value).strip()):%H:%M}"
        except ValueError:
            form.fail(name, Message("应为时刻，例如 09:00。"), value)
            return "00:00"


@dataclass(frozen=True)
class RulesChange:
    """One change of the rules: when, by whom, why, and for each rule from what to what."""

    at: datetime
    set_by: str
    reason: str
    changes: Mapping[str, tuple[object, object]]


def differences(before: RulesT, after: RulesT) -> Mapping[str, tuple[object, object]]:
    """Return for each rule that differs from what to what."""
    old, new = asdict(before), asdict(after)
    return {name: (old[name], new[name]) for name in new if new[name] != old[name]}


class Rulebook(ABC, Generic[RulesT]):
    """Gives the rules that hold now, and sets others; a subclass says which rules, where they are kept, and what is told of a change."""

    command: ClassVar[str]
    """The function of the platform that sets them."""
    target: ClassVar[Target]
    table: ClassVar[type[RulesVersion]]
    rules: ClassVar[Mapping[str, Rule]]
    """What each field of the dataclass may be."""

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], clock: Clock, unset: RulesT) -> None:
        """Take the unit of work, the source of reading sessions, the clock, and the rules that hold until something was set."""
        self._uow = uow
        self._read = read
        self._unset = unset
        self._recent = Recent(self._stored, clock, READ_AGAIN)

    def current(self) -> RulesT:
        """Return the rules as they stood half a minute ago at the most."""
        return self._recent.get()

    def typed(self, texts: Mapping[str, str]) -> dict[str, object]:
        """Return what somebody typed as ``set`` takes it: numbers as such; what is none, and unknown rules, as they are."""
        return {name: self.rules[name].typed(text) if name in self.rules else text for name, text in texts.items()}

    def set(self, actor: Actor, changes: Mapping[str, object], reason: str) -> RulesT:
        """Change the rules that ``changes`` names and return all; the others stay as they are.

        Raises:
            Denied: the actor may not.
            Invalid: a rule is unknown, out of its bounds or at odds with others, or there is no reason; each is named.
        """
        with self._uow.begin(actor, self.command, self.target) as tx:
            # One after the other: whoever comes second changes what the first has set. Nothing else is held under this lock.
            take(tx.session, self.table.__tablename__)
            before = self._stored()
            after, clean = self._checked(before, changes, reason)
            changed = differences(before, after)
            if changed:
                self._replace(tx, after, clean)
                tx.record(self._told({name: list(pair) for name, pair in changed.items()}, clean))
        self._recent.forget()
        return after

    def tried(self, changes: Mapping[str, object], reason: str) -> RulesT:
        """Return the rules as they would be after ``changes``, and change nothing.

        Raises:
            Invalid: as for ``set``.
        """
        return self._checked(self._stored(), changes, reason)[0]

    def history(self, limit: int = 20) -> tuple[RulesChange, ...]:
        """Return the latest changes, the newest first."""
        query = select(self.table).order_by(self.table.valid_from.desc(), self.table.id.desc())
        rows = self._read().scalars(query.limit(limit + 1)).all()
        versions = [self._read_back(row.document) for row in rows]
        if len(rows) <= limit:
            versions.append(self._unset)
        return tuple(
            RulesChange(row.valid_from, row.set_by, row.reason, differences(versions[place + 1], versions[place]))
            for place, row in enumerate(rows[:limit])
        )

    @abstractmethod
    def _told(self, changes: dict[str, Any], reason: str) -> Event:
        """Return the event of a change: for each rule ``[from what, to what]``."""

    def _check_together(self, form: Fields, rules: RulesT) -> None:
        """Note in ``form`` what is wrong with rules of which each for itself is right; as a rule, nothing."""

    def _stored(self) -> RulesT:
        document = self._read().scalar(select(self.table.document).where(self.table.valid_to.is_(None)))
        return self._read_back(document) if document else self._unset

    def _read_back(self, document: Mapping[str, Any]) -> RulesT:
        """Return the rules of a stored document, as far as they still are rules."""
        names = {item.name for item in fields(self._unset)}
        return replace(self._unset, **{name: value for name, value in document.items() if name in names})

    def _checked(self, before: RulesT, changes: Mapping[str, object], reason: str) -> tuple[RulesT, str]:
        form = Fields()
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name in self.rules:
                values[name] = self.rules[name].checked(form, name, value)
            else:
                form.fail(name, Message("没有这条规则。"), name)
        clean = form.text("reason", reason, most=REASON_MOST, multiline=True)
        form.done()
        after = replace(before, **values)
        self._check_together(form, after)
        form.done()
        return after, clean

    def _replace(self, tx: Transaction, after: RulesT, reason: str) -> None:
        """Close the version that holds, and let another follow."""
        tx.session.execute(update(self.table).where(self.table.valid_to.is_(None)).values(valid_to=tx.now))
        tx.session.add(
            self.table(id=new_id(), document=asdict(after), set_by=tx.actor.reference, reason=reason, valid_from=tx.now, valid_to=None)
        )
