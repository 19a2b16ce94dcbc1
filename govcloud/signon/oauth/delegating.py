"""Delegation: a subsystem calls another on behalf of the official who works in it (token exchange, RFC 8693).

It shows the access token that it has and gets one for the other subsystem: for a subsystem that it may call, of an official who may
enter there, for no more than its own token opens. The new token names the official as its subject and the caller as the actor; a
subsystem that was called may call on, and the chain of actors grows. It is good for the other subsystem alone, and ends with the
official's session like the token that it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.service import Authorization
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.errors import TokenRefused
from govcloud.signon.models import IssuedToken
from govcloud.signon.oauth import delegation_events as events
from govcloud.signon.oauth.families import hold_family
from govcloud.signon.oauth.issuing import Issuing, Stay, TokenRequest
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession, TokenSet
from govcloud.subsystems.queries import ClientView, SubsystemQueries

MOST_ACTORS = 4
"""So many subsystems may call one another in a row: a longer chain is a circle, or nobody's intention."""
UNKNOWN_TARGET, NOT_CALLABLE, NOT_ADMITTED = "unknown_target", "target_not_callable", "official_not_admitted"
SCOPE, SUBJECT, KEY, CHAIN = "scope_exceeded", "subject_token_invalid", "wrong_proof", "chain_too_long"


class DelegationRefused(Invalid):
    """A token is not exchanged; ``reason`` is for the record and the log, and decides the error on the wire."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Keep the reason, and what the operator's log says beside it."""
        super().__init__("delegation_refused", Message("令牌不能用于调用该子系统。"))
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class DelegationRequest:
    """What a client asks for.

    Attributes:
        subject_token: an access token of the client's own, or one by which it was called itself.
        audience: the code of the subsystem to call, or the ``client_id`` of one of its clients; the token names the code.
        scope: fewer scopes than the token has; ``None``: all of them.
        confirmation: the key that the client showed, in the form of the claim ``cnf``; the one that ``subject_token`` is bound to, if
            it is bound to one.
    """

    subject_token: str
    audience: str
    scope: str | None = None
    confirmation: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _Subject:
    """The token that is shown: on whose behalf, for whom it was issued, and what grew with it."""

    row: IssuedToken
    sid: UUID
    session: CurrentSession


class Delegating:
    """Exchanges tokens."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        subsystems: SubsystemQueries,
        authorization: Authorization,
        given_out: GivenOut,
        sessions: Sessions,
        issuing: Issuing,
        clock: Clock,
    ) -> None:
        """Take who may call whom, who may enter where, and what makes tokens."""
        self._clock = clock
        self._uow = uow
        self._subsystems = subsystems
        self._authorization = authorization
        self._given_out = given_out
        self._sessions = sessions
        self._issuing = issuing

    def exchange(self, actor: Actor, client: ClientView, request: DelegationRequest) -> TokenSet:
        """Return an access token with which ``client``, which proved who it is, calls another subsystem on behalf of an official.

        Raises:
            DelegationRefused: the token is not alive or not the client's, the client may not call there, the official may not enter
                there, or more is asked for than the token opens.
        """
        with self._uow.begin(actor, "govcloud:token:exchange", Target("client", client.client_id)) as tx:
            outcome = self._exchanged(tx, client, request)
            if isinstance(outcome, TokenSet):
                return outcome
            tx.record(
                events.DelegationFailed(
                    subject=f"client:{client.client_id}", client_id=client.client_id, audience=request.audience[:64], reason=outcome.reason
                )
            )
        raise outcome

    def session_called_in(self, sid: UUID, client: ClientView) -> CurrentSession | None:
        """Return the live session that ``client``'s subsystem is called in under ``sid``, which is the caller's; ``None``: in none.

        So whoever is called may ask what the official may do, as long as a token for the call is alive.
        """
        session = self._sessions.behind(sid)
        now = self._clock.now()
        called = exists().where(
            IssuedToken.participant_id == sid,
            IssuedToken.audience.contains([client.subsystem_code]),
            IssuedToken.actors.is_not(None),
            IssuedToken.revoked_at.is_(None),
            IssuedToken.expires_at > now,
        )
        return session if session is not None and self._uow.read().scalar(select(called)) else None

    def _exchanged(self, tx: Transaction, client: ClientView, request: DelegationRequest) -> TokenSet | DelegationRefused:
        try:
            subject = self._subject(client, request.subject_token)
        except TokenRefused as error:
            return DelegationRefused(SUBJECT, error.reason)
        target = self._target(request.audience)
        refusal = _refusal(client, subject, target, request)
        if refusal is not None or target is None:
            return DelegationRefused(refusal or UNKNOWN_TARGET)
        session = subject.session
        # A revocation that is under way is waited for, and then seen.
        self._authorization.hold_grants(tx, session.official_id, target)
        if session.appointment_id is None or not self._admits(tx, client, session, target):
            return DelegationRefused(NOT_ADMITTED)
        # An end of the family that is under way is waited for, and then seen.
        hold_family(tx, subject.row.family_id)
        if self._sessions.behind_token(subject.row.jti, subject.sid) is None:
            return DelegationRefused(SUBJECT, "the token was revoked meanwhile")
        return self._issued(tx, client, subject, target, request)

    def _admits(self, tx: Transaction, client: ClientView, session: CurrentSession, target: str) -> bool:
        """Return whether the official may enter the subsystem that is to be called; the decision goes into the log, as at every door."""
        # The person is not here: the address of the call is the caller's own, and no network zone can be told.
        question = Question(
            door_of(target), session.appointment_id, session.official_id, client_address=None, session_id=session.session_id
        )
        decision = self._authorization.settle(question, self._authorization.decide(question))
        self._given_out.note(question, decision, client.client_id, trace_id=tx.actor.trace_id)
        return decision.allowed

    def _issued(self, tx: Transaction, client: ClientView, subject: _Subject, target: str, request: DelegationRequest) -> TokenSet:
        held = subject.row.scope.split()
        wanted = held if request.scope is None else request.scope.split()
        issuing = TokenRequest(
            client=client,
            family_id=subject.row.family_id,
            scope=" ".join(item for item in held if item in wanted),
            stay=Stay(subject.sid, subject.session),
            audience=(target,),
            confirmation=request.confirmation,
            actors={"sub": client.client_id} | ({"act": subject.row.actors} if subject.row.actors else {}),
            identified=False,
        )
        tokens = self._issuing.issue(tx, issuing)
        tx.record(
            events.Delegated(
                subject=f"official:{subject.session.official_id}",
                client_id=client.client_id,
                subsystem_code=target,
                subject_jti=subject.row.jti,
                jti=issuing.jti,
                scope=issuing.scope,
                appointment_id=subject.session.appointment_id,
            )
        )
        return tokens

    def _subject(self, client: ClientView, token: str) -> _Subject:
        """Return what a token stands for that ``client`` may exchange: one that it got for itself, or one by which it is called.

        Raises:
            TokenRefused: it is not alive, or is none of these.
        """
        claims = self._issuing.tokens.read_access_token(token)
        try:
            jti, sid = UUID(str(claims["jti"])), UUID(str(claims["sid"]))
        except (KeyError, ValueError):
            raise TokenRefused("no official stands behind the token") from None
        found = self._sessions.behind_token(jti, sid)
        row = self._uow.read().scalar(select(IssuedToken).where(IssuedToken.jti == jti))
        if found is None or row is None:
            raise TokenRefused("the token was revoked, or its session has ended")
        if self._subsystems.client_by_client_id(row.client_id) is None:
            raise TokenRefused(f"the client {row.client_id!r} was disabled")
        own = row.client_id == client.client_id and row.audience == [self._issuing.tokens.issuer]
        if not own and client.subsystem_code not in row.audience:
            raise TokenRefused("the token is neither the client's own nor meant for its subsystem")
        return _Subject(row, sid, found[0])

    def _target(self, audience: str) -> str | None:
        """Return the code of the subsystem in service that is meant; a code comes before a client that is called the same."""
        subsystem = self._subsystems.subsystem(audience)
        if subsystem is None:
            client = self._subsystems.client_by_client_id(audience)
            subsystem = self._subsystems.subsystem(client.subsystem_id) if client else None
        return subsystem.code if subsystem is not None and subsystem.published else None


def _refusal(client: ClientView, subject: _Subject, target: str | None, request: DelegationRequest) -> str | None:
    """Return why the client gets no token for ``target``, as far as that does not depend on the official; the first of the reasons."""
    # A token that was stolen is worth nothing without its key. One by which a client was called is bound to the caller's key, which the
    # called client does not have: it had the caller show it with the call.
    own, bound_to = subject.row.client_id == client.client_id, subject.row.confirmation
    shown = dict(request.confirmation) if request.confirmation else None
    held, wanted = set(subject.row.scope.split()), set((request.scope or "").split())
    reasons = (
        (UNKNOWN_TARGET, target is None),
        (NOT_CALLABLE, target == client.subsystem_code or target not in client.oidc.may_call),
        (KEY, own and bound_to is not None and bound_to != shown),
        (SCOPE, request.scope is not None and not (wanted and wanted <= held)),
        (CHAIN, _length(subject.row.actors) >= MOST_ACTORS),
    )
    return next((reason for reason, holds in reasons if holds), None)


def _length(actors: Mapping[str, Any] | None) -> int:
    """Return how many actors stand in a chain."""
    count = 0
    while actors:
        count, actors = count + 1, actors.get("act")
    return count
