"""Opening a session once a ceremony has shown who it is, or renewing the browser's own when the same official signs in again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, insert, update

from govcloud.identity.queries import AccountView, AppointmentView, IdentityQueries
from govcloud.kernel.ids import new_id
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon import events
from govcloud.signon.errors import TooManySessions
from govcloud.signon.models import Session
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession, SignedIn

_TOKEN_BYTES = 32
#: Factors of more than one kind were proven (RFC 8176).
_MANY = "mfa"
_LONGEST_AGENT = 400
#: On the table itself: no object of a session is ever looked at.
_KEEP = Prepared(insert(cast("Table", Session.__table__)))


@dataclass(frozen=True)
class Browser:
    """Where a sign-in comes from: the address, what the browser calls itself, and the session that it already has."""

    address: str | None
    agent: str | None
    current: CurrentSession | None = None


@dataclass(frozen=True)
class Shown:
    """What somebody proved: the methods of RFC 8176, and whether a second factor was among them."""

    methods: tuple[str, ...]
    second_factor: bool = False

    def with_factor(self, methods: tuple[str, ...]) -> Shown:
        """Return what is proven with a second factor beside it."""
        return Shown(tuple(dict.fromkeys((*(one for one in self.methods if one != _MANY), *methods, _MANY))), second_factor=True)


@dataclass(frozen=True)
class _Begun:
    """A session that begins: in which browser, by what was shown, under which token and appointment."""

    browser: Browser
    shown: Shown
    token: str = field(repr=False)
    chosen: AppointmentView | None


class Opening:
    """Opens sessions; every token is fresh, so one that was planted before sign-in is worth nothing afterwards."""

    def __init__(self, identity: IdentityQueries, sessions: Sessions) -> None:
        """Take what a session is made of."""
        self._identity = identity
        self._sessions = sessions

    def open(self, tx: Transaction, account: AccountView, browser: Browser, shown: Shown) -> SignedIn:
        """Open or renew a session for an account that was proven just now; the caller holds the person's lock.

        Raises:
            TooManySessions: the rules allow no further one; ``refused`` says so before.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        appointments = self._identity.appointments_of(account.official_id, tx.now)
        current = browser.current
        same = current is not None and current.official_id == account.official_id
        if current is not None and same and self._renew(tx, current, token, browser.address, shown):
            session_id, appointment_id = current.session_id, current.appointment_id
        else:
            if current is not None:
                self._sessions.end(tx, "replaced", Session.id == current.session_id)
            self._sessions.make_room(tx, account.official_id)
            chosen = appointments[0] if len(appointments) == 1 else None
            session_id, appointment_id = self._add(tx, account, _Begun(browser, shown, token, chosen)), chosen.id if chosen else None
        # Asked only where it is of use: who has one appointment has nothing to choose from.
        last = self._sessions.last_appointment(account.official_id) if appointment_id is None and appointments else None
        return SignedIn(
            token=token,
            session_id=session_id,
            official_id=account.official_id,
            name=account.name,
            appointments=appointments,
            appointment_id=appointment_id,
            last_appointment_id=last if any(item.id == last for item in appointments) else None,
        )

    def refused(self, tx: Transaction, account: AccountView, browser: Browser) -> TooManySessions | None:
        """Return why no session may be opened for an account that was proven; renewing the browser's own needs no room."""
        current = browser.current if browser.current is not None and browser.current.official_id == account.official_id else None
        # Looked at again and held: one that has just ended would need room after all, and the right password would count as a failure.
        own = current is not None and self._sessions.held(tx, current.session_id, alone=True) is not None
        return None if own else self._sessions.full(tx, account.official_id)

    def _expiry(self, tx: Transaction, official_id: UUID) -> datetime:
        """Return when a session ends at the latest: at its age, or when the person is to leave or to be suspended."""
        longest = tx.now + self._sessions.longest
        until = self._identity.active_until(official_id, tx.now)
        return longest if until is None else min(longest, until)

    def _add(self, tx: Transaction, account: AccountView, begun: _Begun) -> UUID:
        """Write a new session down and return its id."""
        browser, shown, chosen = begun.browser, begun.shown, begun.chosen
        session_id, agent = new_id(), browser.agent[:_LONGEST_AGENT] if browser.agent else None
        row = {
            "id": session_id,
            "account_id": account.id,
            "official_id": account.official_id,
            "official_name": account.name,
            "employee_code": account.employee_code,
            "appointment_id": chosen.id if chosen else None,
            "appointment_until": chosen.ends_at if chosen else None,
            "token_digest": self._sessions.digest(begun.token),
            "started_at": tx.now,
            "auth_time": tx.now,
            "amr": list(shown.methods),
            "second_factor_at": tx.now if shown.second_factor else None,
            "last_seen_at": tx.now,
            "expires_at": self._expiry(tx, account.official_id),
            "ended_at": None,
            "end_reason": None,
            "source_address": browser.address,
            "user_agent": agent,
        }
        tx.run(_KEEP, **row)
        tx.record(
            events.SessionStarted(
                subject=f"official:{account.official_id}",
                session_id=session_id,
                account_id=account.id,
                amr=shown.methods,
                source_address=browser.address,
                user_agent=agent,
            )
        )
        return session_id

    def renew(self, tx: Transaction, session: CurrentSession, address: str | None, shown: Shown) -> str | None:
        """Give a session in which more was proven just now a fresh token and return it; ``None`` when the session has ended."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        return token if self._renew(tx, session, token, address, shown) else None

    def _renew(self, tx: Transaction, session: CurrentSession, token: str, address: str | None, shown: Shown) -> bool:
        """Give a live session the fresh token and say whether it still was live.

        It keeps its id, so the subsystems that take part in it stay signed in.
        """
        change = update(Session).where(Session.id == session.session_id, *self._sessions.live(tx.now))
        renewed = change.values(
            token_digest=self._sessions.digest(token),
            auth_time=tx.now,
            amr=list(shown.methods),
            second_factor_at=tx.now if shown.second_factor else None,
            last_seen_at=tx.now,
            expires_at=self._expiry(tx, session.official_id),
        )
        if tx.session.scalar(renewed.returning(Session.id)) is None:
            return False
        tx.record(
            events.SessionRenewed(
                subject=f"official:{session.official_id}", session_id=session.session_id, amr=shown.methods, source_address=address
            )
        )
        return True
