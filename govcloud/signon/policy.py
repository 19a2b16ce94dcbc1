"""The rules of sign-on that a province sets for itself: how long sessions last, how many, what a password must be, when it locks.

They are kept by ``kernel/rulebook.py``; until anything was set, the settings of the installation hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.events import Event
from govcloud.kernel.rulebook import OneOf, Rule, Rulebook, Whole
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.settings import Settings
from govcloud.signon.events import SignOnPolicySet
from govcloud.signon.models import SignOnPolicyVersion

END_OLDEST, REFUSE = "end_oldest", "refuse"
RECORDED, RECENT, FACTOR = "recorded", "recent", "factor"
OPTIONAL, PRIVILEGED, EVERYBODY = "optional", "privileged", "everybody"


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


class Policies(Rulebook[SignOnPolicy]):
    """The rules of sign-on that hold now, and how others are set."""

    command = "govcloud:signon_policy:set"
    target = Target("signon_policy", "signon")
    table = SignOnPolicyVersion
    rules: ClassVar[Mapping[str, Rule]] = {
        **{name: Whole(*bounds) for name, bounds in BOUNDS.items()},
        **{name: OneOf(words) for name, words in CHOICES.items()},
    }

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], clock: Clock, settings: Settings) -> None:
        """Take the unit of work, the source of reading sessions, the clock, and the settings that hold until something was set."""
        unset = SignOnPolicy(
            session_idle_minutes=settings.session_idle_minutes,
            session_absolute_hours=settings.session_absolute_hours,
            lock_attempts=settings.lock_attempts,
            lock_window_minutes=settings.lock_window_minutes,
            lock_minutes=settings.lock_minutes,
        )
        super().__init__(uow, read, clock, unset)

    def _told(self, changes: dict[str, Any], reason: str) -> Event:
        return SignOnPolicySet(subject="signon:policy", changes=changes, reason=reason)
