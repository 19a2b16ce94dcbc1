"""The commands and answers of sign-on: one core behind every protocol (OIDC today; others end in the same calls)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.service import Authorization
from govcloud.identity.queries import AppointmentView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.settings import Settings
from govcloud.signon.activation import Activation, IssuedCode
from govcloud.signon.claims import opened, told
from govcloud.signon.exchange import Exchange
from govcloud.signon.oauth.issuing import Issuing
from govcloud.signon.opening import Browser
from govcloud.signon.parts import Parts
from govcloud.signon.purging import Purging
from govcloud.signon.sessions import BATCH, CurrentSession, SignedIn
from govcloud.signon.tickets import Tickets
from govcloud.signon.views import Hint, LiveToken, TicketRequest, TokenSet
from govcloud.subsystems.queries import ClientView, SubsystemQueries

__all__ = ["SignOn"]


class SignOn:
    """Signs officials in once, lets them into subsystems, and ends it all when it must end."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self,
        uow: UnitOfWork,
        identity_queries: IdentityQueries,
        subsystem_queries: SubsystemQueries,
        authorization: Authorization,
        keys: KeyRing,
        settings: Settings,
        clock: Clock,
        issuing: Issuing,
        parts: Parts,
    ) -> None:
        """Build the parts once; they are shared by all requests and hold no state of any."""
        self._identity = identity_queries
        self._sessions, self._ceremony, self._credentials = parts.sessions, parts.ceremony, parts.credentials
        self._activation = Activation(uow, identity_queries, keys, parts, authorization, settings, clock)
        self._purging = Purging(uow)
        self._tickets = Tickets(uow, self._sessions, parts.entering, keys, settings)
        self._tokens = issuing.tokens
        self._exchange = Exchange(uow=uow, subsystems=subsystem_queries, sessions=self._sessions, tickets=self._tickets, issuing=issuing)

    # Signing in and out

    def sign_in(
        self,
        login: str,
        password: str,
        address: str | None,
        agent: str | None,
        trace: str | None = None,
        *,
        current: CurrentSession | None = None,
    ) -> SignedIn:
        """Sign somebody in by password.

        Args:
            login: what was typed as account; case and surrounding space do not matter.
            password: what was typed as password.
            address: where the request comes from; failures are counted by (login, address).
            agent: what the browser calls itself, shown in the list of sessions.
            trace: the request's trace number, for the record.
            current: the session that this browser already has. The same official's is renewed (fresh token and ``auth_time``, the
                subsystems stay signed in); another's is ended.

        Raises:
            SignInRefused: unknown account, wrong or no password, or disabled; one text for all.
            SignInLocked: too many failures; ``retry_after`` says when.
            Unavailable: too many sign-ins at once; ``retry_after`` says when.
            MoreToProve: the password was right and something else comes first; ``Ceremony`` takes the next step.
        """
        return self._ceremony.by_password(login, password, Browser(address, agent, current), trace)

    def current(self, token: str) -> CurrentSession | None:
        """Return the live session of a browser's token (one query), or ``None``; once a minute it is noted as seen."""
        return self._sessions.current(token)

    def session_by_sid(self, sid: UUID, client_id: str) -> CurrentSession | None:
        """Return the live session that the client knows as ``sid`` (one query), or ``None``; it counts as being in use."""
        return self._sessions.by_sid(sid, client_id)

    def sessions_of(self, official_id: UUID) -> tuple[CurrentSession, ...]:
        """Return the live sessions of a person, the latest first."""
        return self._sessions.of_official(official_id)

    def last_appointment(self, official_id: UUID) -> UUID | None:
        """Return the appointment that the person acted under last, to preselect it; it may have ended."""
        return self._sessions.last_appointment(official_id)

    def choose_appointment(self, actor: Actor, session_id: UUID, appointment_id: UUID) -> AppointmentView:
        """Act under another appointment from now on, in this session and in all that takes part in it.

        Raises:
            NotFound: the session or the appointment is not a live one of the actor.
        """
        return self._sessions.choose_appointment(actor, session_id, appointment_id)

    def carry_appointments(self, tx: Transaction, appointments: Mapping[UUID, UUID], officials: Collection[UUID]) -> None:
        """Let sessions of ``officials`` go on under the appointments that a reorganisation put in the place of others (old id → new id)."""
        self._sessions.carry_appointments(tx, appointments, officials)

    def leave_appointments(self, actor: Actor, appointments: Sequence[UUID], officials: Collection[UUID]) -> None:
        """Take appointments of ``officials`` that ended out of every session; the reaction to their end."""
        self._sessions.leave_appointments(actor, appointments, officials)

    def reschedule_appointment(self, tx: Transaction, appointment_id: UUID, ends_at: datetime | None) -> None:
        """Let sessions know, in the transaction of its cause, that an appointment ends at another moment."""
        self._sessions.reschedule_appointment(tx, appointment_id, ends_at)

    def cap_sessions(self, tx: Transaction, official_id: UUID, until: datetime) -> None:
        """Let no session of a person outlast ``until``, in the transaction of its cause."""
        self._sessions.cap_sessions(tx, official_id, until)

    def sign_out(self, actor: Actor, session_id: UUID) -> None:
        """End one of the actor's own sessions, in every subsystem; doing it twice is fine.

        Raises:
            NotFound: it is not the actor's.
        """
        self._sessions.sign_out(actor, session_id)

    def sign_out_by_client(self, actor: Actor, sid: UUID, client_id: str) -> None:
        """End the session that the client takes part in as ``sid``, at the client's word (OIDC RP-Initiated Logout section 2)."""
        self._sessions.sign_out_by_client(actor, sid, client_id)

    def end_sessions_of(self, actor: Actor, officials: Sequence[UUID], reason: str) -> int:
        """End every session of people, in the transaction of the command that made it necessary; return how many ended.

        Raises:
            Invalid: the reason is missing or wrong.
        """
        return self._sessions.end_of_officials(actor, officials, reason)

    def end_expired(self, actor: Actor, limit: int = BATCH) -> int:
        """Put the end of up to ``limit`` sessions that ran out on record; return how many."""
        return self._sessions.end_expired(actor, limit)

    def purge(self, actor: Actor) -> int:
        """Delete a batch of long expired tickets and tokens and of old sign-in attempts; return how many rows went."""
        return self._purging.purge(actor)

    # Passwords

    def set_password(self, actor: Actor, account_id: UUID, password: str) -> None:
        """Set the password of an account in the actor's care and end its sessions.

        Raises:
            NotFound: there is no such account.
            Invalid: the password breaks the policy; every broken rule is named.
        """
        self._credentials.set_password(actor, account_id, password)

    def issue_password(self, actor: Actor, account_id: UUID) -> str:
        """Set a strong generated password, end the account's sessions and return the password, which is shown once.

        Raises:
            NotFound: there is no such account.
        """
        return self._credentials.issue_password(actor, account_id)

    def change_password(self, actor: Actor, current: str, new: str) -> None:
        """Change the actor's own password and end the actor's other sessions.

        Raises:
            SignInRefused: ``current`` is wrong.
            SignInLocked: it was wrong too often.
            Invalid: ``new`` breaks the policy.
        """
        self._credentials.change_password(actor, current, new)

    def withdraw_password(self, tx: Transaction, official_id: UUID) -> None:
        """Leave a person's account without a password and without a code, in the transaction of its cause."""
        self._credentials.withdraw(tx, official_id)

    # Activation

    def issue_activation_codes(self, actor: Actor, officials: Sequence[UUID]) -> tuple[IssuedCode, ...]:
        """Make a one-time code for each active account of ``officials`` and return them, which is the only time they can be read.

        Raises:
            Denied: the accounts are not in the actor's care.
            Invalid: more than a thousand at once.
        """
        return self._activation.issue(actor, officials)

    def without_password(self, officials: Iterable[UUID]) -> frozenset[UUID]:
        """Return those of ``officials`` whose accounts are active and have no password."""
        return self._activation.without_password(officials)

    def to_activate(self, department_id: UUID, most: int | None = None) -> tuple[UUID, ...]:
        """Return people without a password who serve in a department or below it, up to about ``most`` of them."""
        return self._activation.to_activate(department_id, most)

    def activate(self, login: str, code: str, password: str, address: str | None, trace: str | None = None) -> None:
        """Set the password of the account that ``login`` and its one-time ``code`` name; the code is used up.

        Raises:
            ActivationRefused: one text for every reason.
            SignInLocked: too many failures; ``retry_after`` says when.
            Invalid: the password breaks the policy.
            Unavailable: too many at once.
        """
        self._activation.redeem(Actor.anonymous(address, trace_id=trace), login, code, password)

    # Subsystems

    def issue_ticket(self, actor: Actor, session: CurrentSession, client: ClientView, request: TicketRequest) -> str:
        """Return a ticket (an OIDC code) that ``client`` may redeem once, within a minute; it now takes part in the session.

        Raises:
            NotFound: the session ended meanwhile.
            NotAdmitted: the door is closed under the current appointment; that is on record.
        """
        return self._tickets.issue(actor, session, client, request)

    def redeem(
        self,
        actor: Actor,
        client: ClientView,
        code: str,
        *,
        redirect_uri: str,
        code_verifier: str | None,
        confirmation: Mapping[str, Any] | None = None,
    ) -> TokenSet:
        """Redeem a ticket for tokens, bound to the key of ``confirmation`` if any; whatever comes of it, the ticket is used up.

        Raises:
            TicketRefused: it is unknown, expired, another client's, bound to another address or verifier, its session ended, or it
                was redeemed before (then all that it had given is revoked).
        """
        return self._exchange.redeem(actor, client, code, redirect_uri=redirect_uri, code_verifier=code_verifier, confirmation=confirmation)

    def live_token(self, access_token: str) -> LiveToken:
        """Return what an access token stands for, if it, its client, the client's part and the session are all alive.

        Raises:
            TokenRefused: it is not, and why.
        """
        return self._exchange.live_token(access_token)

    def userinfo(self, token: LiveToken) -> dict[str, str]:
        """Return the claims that the token's scope opens and its client may be told (OIDC Core 5.3.2); ``sub`` always."""
        names = opened(token.client, token.scope)
        return {"sub": str(token.session.official_id), "sid": str(token.sid)} | told(self._identity, token.session, names)

    def read_hint(self, id_token: str) -> Hint:
        """Return whom an ID token of ours was about, expired or not.

        Raises:
            TokenRefused: it is not one of ours.
        """
        return self._tokens.read_hint(id_token)
