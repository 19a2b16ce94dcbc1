"""The exchange of a ticket for tokens in one transaction, and the check whether an access token is still alive."""

from __future__ import annotations

from datetime import timedelta

from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.settings import Settings
from govcloud.signon import events
from govcloud.signon.claims import identity_claims
from govcloud.signon.errors import TicketRefused, TokenRefused
from govcloud.signon.models import IssuedToken
from govcloud.signon.sessions import Sessions
from govcloud.signon.tickets import Redeemed, Tickets
from govcloud.signon.tokens import Issued, Tokens
from govcloud.signon.views import LiveToken, TokenSet
from govcloud.subsystems.queries import ClientView, SubsystemQueries


class Exchange:
    """Turns tickets into tokens, and tokens back into the session behind them."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        sessions: Sessions,
        tickets: Tickets,
        tokens: Tokens,
        settings: Settings,
    ) -> None:
        """Take the parts, and how long an access token lives."""
        self._uow = uow
        self._identity = identity
        self._subsystems = subsystems
        self._sessions = sessions
        self._tickets = tickets
        self._tokens = tokens
        self._life = timedelta(seconds=settings.access_token_seconds)

    def redeem(self, actor: Actor, client: ClientView, code: str, *, redirect_uri: str, code_verifier: str) -> TokenSet:
        """Redeem a ticket for tokens; see ``SignOn.redeem``."""
        with self._uow.begin(actor, "govcloud:ticket:redeem", Target("client", client.client_id)) as tx:
            outcome = self._tickets.redeem(tx, code, client.client_id, redirect_uri=redirect_uri, code_verifier=code_verifier)
            if isinstance(outcome, Redeemed):
                return self._issue(tx, outcome)
            subject = f"client:{client.client_id}"
            tx.record(events.RedemptionFailed(subject=subject, client_id=client.client_id, reason=outcome.reason))
        # Raised after the commit: a ticket that failed stays used up, and a family that was ended stays ended.
        raise TicketRefused(outcome.reason)

    def _issue(self, tx: Transaction, redeemed: Redeemed) -> TokenSet:
        issued = Issued(
            jti=new_id(),
            sid=redeemed.sid,
            client_id=redeemed.client_id,
            scope=redeemed.scope,
            session=redeemed.session,
            issued_at=tx.now,
            expires_at=tx.now + self._life,
        )
        access_token = self._tokens.access_token(issued)
        identity = identity_claims(self._identity, redeemed.session, redeemed.scope.split())
        id_token = self._tokens.id_token(issued, access_token, redeemed.nonce, identity)
        tx.session.add(
            IssuedToken(
                jti=issued.jti,
                family_id=redeemed.family_id,
                client_id=redeemed.client_id,
                participant_id=redeemed.sid,
                scope=redeemed.scope,
                audience=[self._tokens.issuer],
                confirmation=None,
                actors=None,
                issued_at=tx.now,
                expires_at=issued.expires_at,
                revoked_at=None,
            )
        )
        tx.record(
            events.TicketRedeemed(
                subject=f"official:{redeemed.session.official_id}",
                family_id=redeemed.family_id,
                client_id=redeemed.client_id,
                jti=issued.jti,
            )
        )
        return TokenSet(access_token, id_token, int(self._life.total_seconds()), redeemed.scope)

    def live_token(self, access_token: str) -> LiveToken:
        """Return what an access token stands for; see ``SignOn.live_token``."""
        claims = self._tokens.verify_access_token(access_token)
        found = self._sessions.behind_token(claims.jti, claims.sid)
        if found is None:
            raise TokenRefused("the token was revoked, or its session has ended")
        if self._subsystems.client_by_client_id(claims.client_id) is None:
            raise TokenRefused(f"the client {claims.client_id!r} was disabled")
        session, scope = found
        return LiveToken(claims.jti, claims.sid, claims.client_id, frozenset(scope.split()), session)
