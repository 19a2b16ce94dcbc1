"""People with an app that shows one-time codes, at the clock of the test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.signon.sessions import CurrentSession
from tests.factories.world import PASSWORD

if TYPE_CHECKING:
    from govcloud.services import Services

STEP = timedelta(seconds=30)
ADDRESS = "192.0.2.7"
AGENT = "Mozilla/5.0 (test)"


@dataclass(frozen=True)
class Phone:
    """The app of somebody: what it shows now, and the recovery codes that were printed when it was set up."""

    secret: str
    clock: ManualClock
    recovery: tuple[str, ...]

    def code(self, steps: int = 0) -> str:
        """Return what the app shows, ``steps`` steps from now."""
        return code_of(self.secret, self.clock, steps)


def code_of(secret: str, clock: ManualClock, steps: int = 0) -> str:
    """Return the code of ``secret``, ``steps`` steps from now."""
    return pyotp.TOTP(secret).at(clock.now() + steps * STEP)


def acting(session: CurrentSession) -> Actor:
    """Return who acts in a session."""
    return Actor.official(
        session.official_id, session.name, appointment_id=session.appointment_id, session_id=session.session_id, source_address=ADDRESS
    )


def opened(services: Services, login: str = "WANGFANG", address: str = ADDRESS) -> CurrentSession:
    """Sign in by password alone and return the session."""
    session = services.signon.current(services.signon.sign_in(login, PASSWORD, address, AGENT).token)
    assert session is not None
    return session


def enrolled(services: Services, clock: ManualClock, login: str = "WANGFANG") -> Phone:
    """Let somebody set up an app, and the clock go on so that the next code is a fresh one."""
    session = opened(services, login)
    secret = services.second_factors.pending(session).secret
    done = services.second_factors.enrol(acting(session), session, code_of(secret, clock))
    clock.advance(STEP)
    return Phone(secret, clock, done.codes)
