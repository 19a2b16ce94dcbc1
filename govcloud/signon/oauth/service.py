"""What OAuth 2 adds to sign-on, in one service: the grants beside the code, and what clients may ask and end of their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon.oauth import events
from govcloud.signon.oauth.issuing import Issuing, TokenRequest
from govcloud.signon.views import TokenSet
from govcloud.subsystems.queries import ClientView

__all__ = ["OAuth"]


class OAuth:
    """Gives tokens for what is not a ticket, and answers for them."""

    def __init__(self, uow: UnitOfWork, issuing: Issuing) -> None:
        """Take the unit of work and what makes tokens."""
        self._uow = uow
        self._issuing = issuing

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
