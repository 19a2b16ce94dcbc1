"""The exchange of a ticket for tokens in one transaction, and the check whether an access token is still alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon import events
from govcloud.signon.errors import TicketRefused, TokenRefused
from govcloud.signon.oauth.issuing import Issuing, NewRefresh, Stay, TokenRequest
from govcloud.signon.sessions import Sessions
from govcloud.signon.tickets import Redeemed, Tickets
from govcloud.signon.views import LiveToken, TokenSet
from govcloud.subsystems.protocols import REFRESH_TOKEN
from govcloud.subsystems.queries import ClientView, SubsystemQueries


class Exchange:
    """Turns tickets into tokens, and tokens back into the session behind them."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        subsystems: SubsystemQueries,
        sessions: Sessions,
        tickets: Tickets,
        issuing: Issuing,
    ) -> None:
        """Take the parts."""
        self._uow = uow
        self._subsystems = subsystems
        self._sessions = sessions
        self._tickets = tickets
        self._issuing = issuing

    def redeem(
        self,
        actor: Actor,
        client: ClientView,
        code: str,
        *,
        redirect_uri: str,
        code_verifier: str | None,
        confirmation: Mapping[str, Any] | None,
    ) -> TokenSet:
        """Redeem a ticket for tokens; see ``SignOn.redeem``."""
        with self._uow.begin(actor, "govcloud:ticket:redeem", Target("client", client.client_id)) as tx:
            outcome = self._tickets.redeem(
                tx, code, client.client_id, redirect_uri=redirect_uri, code_verifier=code_verifier, confirmation=confirmation
            )
            if isinstance(outcome, Redeemed):
                return self._issue(tx, client, outcome, confirmation)
            subject = f"client:{client.client_id}"
            tx.record(events.RedemptionFailed(subject=subject, client_id=client.client_id, reason=outcome.reason))
        # Raised after the commit: a ticket that failed stays used up, and a family that was ended stays ended.
        raise TicketRefused(outcome.reason)

    def _issue(self, tx: Transaction, client: ClientView, redeemed: Redeemed, confirmation: Mapping[str, Any] | None) -> TokenSet:
        request = TokenRequest(
            client=client,
            family_id=redeemed.family_id,
            scope=redeemed.scope,
            stay=Stay(redeemed.sid, redeemed.session),
            confirmation=confirmation,
            nonce=redeemed.nonce,
            refresh=NewRefresh() if REFRESH_TOKEN in client.oidc.grant_types else None,
        )
        tokens = self._issuing.issue(tx, request)
        tx.record(
            events.TicketRedeemed(
                subject=f"official:{redeemed.session.official_id}",
                family_id=redeemed.family_id,
                client_id=redeemed.client_id,
                jti=request.jti,
            )
        )
        return tokens

    def live_token(self, access_token: str) -> LiveToken:
        """Return what an access token stands for; see ``SignOn.live_token``."""
        claims = self._issuing.tokens.verify_access_token(access_token)
        if claims.sid is None:
            raise TokenRefused("the token is a client's own, no official stands behind it")
        found = self._sessions.behind_token(claims.jti, claims.sid)
        if found is None:
            raise TokenRefused("the token was revoked, or its session has ended")
        client = self._subsystems.client_by_client_id(claims.client_id)
        if client is None:
            raise TokenRefused(f"the client {claims.client_id!r} was disabled")
        session, scope, confirmation = found
        return LiveToken(claims.jti, claims.sid, client, frozenset(scope.split()), session, confirmation)
