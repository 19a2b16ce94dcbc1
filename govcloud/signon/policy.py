"""The rules of sign-on that a province sets for itself: how long sessions last, how many, what a password must be, when it locks.

One document holds until the next one replaces it (``signon_policy``); until anything was set, the settings of the installation hold.
Each process reads it again every half minute, as another process may have set another; whoever sets it is heard at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields
from govcloud.settings import Settings
from govcloud.signon.events import SignOnPolicySet
from govcloud.signon.models import SignOnPolicyVersion

READ_AGAIN = timedelta(seconds=30)
END_OLDEST, REFUSE = "end_oldest", "refuse"
RECORDED, RECENT, FACTOR = "recorded", "recent", "factor"
OPTIONAL, PRIVILEGED, EVERYBODY = "optional", "privileged", "everybody"
_MOST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class SignOnPolicy:
    """The rules, each with what it is without anybody's word.

    Attributes:
        session_idle_minutes: a session that nobody used for so long is over.
        session_absolute_hours: no session lasts longer.
        sessions_at_once: how many a person may have; 0: any number.
        when_exceeded: one session too many ends the oldest (``end_oldest``) or is refused (``refuse``).
        refresh_hours: how long a refresh token can be used at the most; it never outlives its session.
        password_least_length: characters.
        password_least_classes: of upper case, lower case, digits, others.
        password_history: so many earlier passwords may not come back.
        password_most_days: then a new one is wanted; 0: never.
        lock_attempts: failures in a row of one account from one address that lock the pair.
        lock_window_minutes: within which they count.
        lock_minutes: for how long.
        account_attempts: failures of one account from everywhere, within the window, after which further addresses are slowed down.
        address_attempts: failures from one address for any account, within the window, that lock the address.
        second_factor: who needs one to sign in: ``optional``, ``privileged`` (administrators and approvers), ``everybody``.
        step_up_minutes: how long a proven second factor opens sensitive functions.
        sensitive_functions: what a subsystem's sensitive functions ask of the session, beside the right to use them: nothing, their use
            being ``recorded``; a proof of identity that is ``recent``; or a recent second ``factor``.
    """

    session_idle_minutes: int = 30
    session_absolute_hours: int = 10
    sessions_at_once: int = 0
    when_exceeded: str = END_OLDEST
    refresh_hours: int = 10
    password_least_length: int = 10
    password_least_classes: int = 3
    password_history: int = 5
    password_most_days: int = 0
    lock_attempts: int = 5
    lock_window_minutes: int = 5
    lock_minutes: int = 30
    account_attempts: int = 50
    address_attempts: int = 200
    second_factor: str = OPTIONAL
    step_up_minutes: int = 15
    sensitive_functions: str = RECORDED

    @property
    def idle(self) -> timedelta:
        """Return after how long without use a session is over."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def longest(self) -> timedelta:
        """Return how long a session lasts at the most."""
        return timedelta(hours=self.session_absolute_hours)


#: Least and most of each number.
BOUNDS: Mapping[str, tuple[int, int]] = {
    "session_idle_minutes": (1, 240),
    "session_absolute_hours": (1, 24),
    "sessions_at_once": (0, 50),
    "refresh_hours": (1, 24),
    "password_least_length": (8, 64),
    "password_least_classes": (1, 4),
    "password_history": (0, 24),
    "password_most_days": (0, 730),
    "lock_attempts": (3, 20),
    "lock_window_minutes": (1, 60),
    "lock_minutes": (1, 1440),
    "account_attempts": (10, 10_000),
    "address_attempts": (10, 100_000),
    "step_up_minutes": (1, 240),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "when_exceeded": (END_OLDEST, REFUSE),
    "second_factor": (OPTIONAL, PRIVILEGED, EVERYBODY),
    "sensitive_functions": (RECORDED, RECENT, FACTOR),
}


@dataclass(frozen=True)
class PolicyChange:
    """One change of the rules: when, by whom, why, and for each rule from what to what."""

    at: datetime
    set_by: str
    reason: str
    changes: Mapping[str, tuple[object, object]]


def differences(before: SignOnPolicy, after: SignOnPolicy) -> Mapping[str, tuple[object, object]]:
    """Return for each rule that differs from what to what."""
    old, new = asdict(before), asdict(after)
    return {name: (old[name], new[name]) for name in new if new[name] != old[name]}


class Policies:
    """Gives the rules that hold now, and sets others."""

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], clock: Clock, settings: Settings) -> None:
        """Take the unit of work, the source of reading sessions, and the settings that hold until something was set."""
        self._uow = uow
        self._read = read
        self._clock = clock
        self._unset = SignOnPolicy(
            session_idle_minutes=settings.session_idle_minutes,
            session_absolute_hours=settings.session_absolute_hours,
            lock_attempts=settings.lock_attempts,
            lock_window_minutes=settings.lock_window_minutes,
            lock_minutes=settings.lock_minutes,
        )
        self._known: tuple[datetime, SignOnPolicy] | None = None
        self._lock = threading.Lock()

    def current(self) -> SignOnPolicy:
        """Return the rules as they stood half a minute ago at the most."""
        now, known = self._clock.now(), self._known
        if known is not None and timedelta(0) <= now - known[0] < READ_AGAIN:
            return known[1]
        with self._lock:
            policy = self._stored()
            self._known = (now, policy)
        return policy

    def set(self, actor: Actor, changes: Mapping[str, object], reason: str) -> SignOnPolicy:
        """Change the rules that ``changes`` names (fields of ``SignOnPolicy``) and return all; the others stay as they are.

        Raises:
            Denied: the actor may not.
            Invalid: a field is unknown or out of its bounds, or there is no reason; each is named.
        """
        with self._uow.begin(actor, "govcloud:signon_policy:set", Target("signon_policy", "signon")) as tx:
            before = self._stored()
            checked, reason = _checked(before, changes, reason)
            if checked != before:
                live = SignOnPolicyVersion.valid_to.is_(None)
                tx.session.execute(update(SignOnPolicyVersion).where(live).values(valid_to=tx.now))
                tx.session.add(
                    SignOnPolicyVersion(
                        id=new_id(),
                        document=asdict(checked),
                        set_by=f"{tx.actor.kind}:{tx.actor.id}",
                        reason=reason,
                        valid_from=tx.now,
                        valid_to=None,
                    )
                )
                changed = {name: list(pair) for name, pair in differences(before, checked).items()}
                tx.record(SignOnPolicySet(subject="signon:policy", changes=changed, reason=reason))
        self._known = None
        return checked

    def tried(self, changes: Mapping[str, object], reason: str) -> SignOnPolicy:
        """Return the rules as they would be after ``changes``, and change nothing.

        Raises:
            Invalid: as for ``set``.
        """
        return _checked(self._stored(), changes, reason)[0]

    def history(self, limit: int = 20) -> tuple[PolicyChange, ...]:
        """Return the latest changes, the newest first."""
        query = select(SignOnPolicyVersion).order_by(SignOnPolicyVersion.valid_from.desc(), SignOnPolicyVersion.id.desc())
        rows = self._read().scalars(query.limit(limit + 1)).all()
        documents = [replace(self._unset, **_known_fields(row.document)) for row in rows]
        if len(rows) <= limit:
            documents.append(self._unset)
        return tuple(
            PolicyChange(row.valid_from, row.set_by, row.reason, differences(documents[place + 1], documents[place]))
            for place, row in enumerate(rows[:limit])
        )

    def _stored(self) -> SignOnPolicy:
        document = self._read().scalar(select(SignOnPolicyVersion.document).where(SignOnPolicyVersion.valid_to.is_(None)))
        return replace(self._unset, **_known_fields(document)) if document else self._unset


def _known_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a stored document is still a rule."""
    names = {item.name for item in fields(SignOnPolicy)}
    return {name: value for name, value in document.items() if name in names}


def _checked(before: SignOnPolicy, changes: Mapping[str, object], reason: str) -> tuple[SignOnPolicy, str]:
    form = Fields()
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name in BOUNDS:
            values[name] = _number(form, name, value)
        elif name in CHOICES:
            values[name] = form.choice(name, str(value), CHOICES[name])
        else:
            form.fail(name, Message("没有这条规则。"), name)
    clean = form.text("reason", reason, most=_MOST_REASON, multiline=True)
    form.done()
    return replace(before, **values), clean


def _number(form: Fields, name: str, value: object) -> int:
    least, most = BOUNDS[name]
    if not isinstance(value, int) or isinstance(value, bool):
        form.fail(name, Message("应为整数。"), value)
        return least
    return form.number(name, value, least=least, most=most)
