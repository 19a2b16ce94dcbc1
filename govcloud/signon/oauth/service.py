"""What OAuth 2 adds to sign-on, in one service: the grants beside the code, and what clients may ask and end of their tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.settings import Environment, Settings
from govcloud.signon.errors import TokenRefused
from govcloud.signon.models import IssuedToken
from govcloud.signon.oauth import events
from govcloud.signon.oauth.assertions import Assertions
from govcloud.signon.oauth.client_keys import ClientKeys
from govcloud.signon.oauth.inspecting import Inspecting
from govcloud.signon.oauth.issuing import Issuing, TokenRequest
from govcloud.signon.oauth.pushing import Pushing
from govcloud.signon.oauth.refreshing import Refreshing
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import ClientToken, TokenSet
from govcloud.subsystems.queries import ClientView, SubsystemQueries

__all__ = ["OAuth"]


class OAuth:
    """Gives tokens for what is not a ticket, and answers for them."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self,
        uow: UnitOfWork,
        subsystem_queries: SubsystemQueries,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
        sessions: Sessions,
        issuing: Issuing,
    ) -> None:
        """Build the parts once; they are shared by all requests."""
        self._uow = uow
        self._subsystems = subsystem_queries
        self._issuing = issuing
        self._refreshing = Refreshing(uow, sessions, issuing)
        self._inspecting = Inspecting(uow, clock, subsystem_queries, sessions, issuing)
        self._pushing = Pushing(uow, keys)
        client_keys = ClientKeys(clock, loopback_allowed=settings.environment is not Environment.PRODUCTION)
        self._assertions = Assertions(uow, subsystem_queries, client_keys, keys, clock)

    # Who a client is

    def authenticate(
        self,
        assertion: str,
        audiences: Collection[str],
        client_id: str | None = None,
        *,
        address: str | None = None,
        trace: str | None = None,
    ) -> ClientView:
        """Return the client that proves who it is with an assertion of its own (RFC 7523), which is then used up.

        Args:
            assertion: the JWT.
            audiences: the addresses of ours that it may be made for.
            client_id: who the client says it is beside the assertion, if it does.
            address: where the request comes from, for the record.
            trace: the request's trace number, for the record.

        Raises:
            AssertionRefused: it does not hold, and why; for the log alone.
        """
        return self._assertions.authenticate(assertion, audiences, client_id, address=address, trace=trace)

    # Grants

    def refresh(
        self,
        actor: Actor,
        client: ClientView,
        refresh_token: str,
        *,
        scope: str | None = None,
        confirmation: Mapping[str, Any] | None = None,
    ) -> TokenSet:
        """Exchange a refresh token for new tokens and its successor; the old one is used up.

        A confidential client whose rotation is switched off keeps its token, and gets no successor.

        Args:
            actor: the client as an actor.
            client: the client, which proved who it is.
            refresh_token: what it brings.
            scope: fewer scopes than were given; ``None``: all of them.
            confirmation: the key that the client showed, in the form of the claim ``cnf``; it must be the one that the token is bound to.

        Raises:
            RefreshRefused: it is unknown, expired, revoked, bound to another key, its session ended, or it was used before (then all
                that grew out of the same sign-in is revoked).
            ScopeRefused: more is asked for than was given; the token is not used up.
        """
        return self._refreshing.refresh(actor, client, refresh_token, scope=scope, confirmation=confirmation)

    def client_credentials(
        self, actor: Actor, client: ClientView, scope: str, *, confirmation: Mapping[str, Any] | None = None
    ) -> TokenSet:
        """Return an access token with which the client acts for itself (RFC 6749 section 4.4); no official stands behind it.

        Args:
            actor: the client as an actor.
            client: the client, which proved who it is.
            scope: what the token opens.
            confirmation: the key that the client showed and the token is bound to, in the form of the claim ``cnf``.
        """
        with self._uow.begin(actor, "govcloud:token:issue", Target("client", client.client_id)) as tx:
            request = TokenRequest(client=client, family_id=new_id(), scope=scope, confirmation=confirmation)
            tokens = self._issuing.issue(tx, request)
            tx.record(
                events.ClientTokenIssued(subject=f"client:{client.client_id}", client_id=client.client_id, jti=request.jti, scope=scope)
            )
            return tokens

    # What was given

    def client_token(self, access_token: str) -> ClientToken:
        """Return what an access token stands for with which a client acts for itself.

        Raises:
            TokenRefused: it is not one, or it, or its client, is not alive.
        """
        claims = self._issuing.tokens.verify_access_token(access_token)
        if claims.sid is not None:
            raise TokenRefused("the token stands for an official, not for the client itself")
        row = (
            self._uow.read()
            .execute(
                select(IssuedToken.scope, IssuedToken.confirmation).where(
                    IssuedToken.jti == claims.jti, IssuedToken.participant_id.is_(None), IssuedToken.revoked_at.is_(None)
                )
            )
            .one_or_none()
        )
        if row is None:
            raise TokenRefused("the token was revoked")
        client = self._subsystems.client_by_client_id(claims.client_id)
        if client is None:
            raise TokenRefused(f"the client {claims.client_id!r} was disabled")
        return ClientToken(claims.jti, client, frozenset(row.scope.split()), row.confirmation)

    def introspect(self, client: ClientView, token: str) -> dict[str, Any]:
        """Return what an access or refresh token is worth now (RFC 7662 section 2.2); nothing that it names counts as being in use.

        ``{"active": False}`` for whatever is not alive, and for what neither belongs to the client nor is meant for it.
        """
        return self._inspecting.introspect(client, token)

    def revoke(self, actor: Actor, client: ClientView, token: str) -> None:
        """End a token of the client's own (RFC 7009): a refresh token with its whole family, an access token alone.

        Doing it twice is fine, and so is bringing what is no token, or another's: then nothing happens.
        """
        self._inspecting.revoke(actor, client, token)

    # Pushed requests

    def push(self, actor: Actor, client: ClientView, parameters: Mapping[str, str]) -> str:
        """Keep an authorization request for a minute and return the ``request_uri`` that stands for it (RFC 9126 section 2.2)."""
        return self._pushing.push(actor, client, parameters)

    def open_pushed(self, actor: Actor, client: ClientView, request_uri: str, *, again: bool) -> dict[str, str]:
        """Return the parameters of a pushed request, at the first arrival of a browser; ``again``: when it comes back from signing in.

        Raises:
            PushRefused: it is unknown, another client's, expired, used or answered.
        """
        return self._pushing.open(actor, client, request_uri, again=again)

    def close_pushed(self, actor: Actor, client: ClientView, request_uri: str) -> None:
        """Forget a pushed request because it is being answered; of two at once, one may.

        Raises:
            PushRefused: it was answered already.
        """
        self._pushing.close(actor, client, request_uri)
