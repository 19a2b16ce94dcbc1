"""Pushed requests (RFC 9126): a client sends its authorization request ahead, and the browser carries only a reference to it.

The reference opens the request for a minute, at one arrival of a browser. The request itself stays while its person signs in, and is
forgotten when it is answered: it gives one answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.oauth.errors import PushRefused
from govcloud.signon.oauth.events import PushedRequestRefused
from govcloud.signon.oauth.models import PushedRequest
from govcloud.subsystems.queries import ClientView

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFE = timedelta(seconds=60)
ANSWERED_WITHIN = timedelta(minutes=10)
"""So long somebody has to sign in after arriving with the reference."""
_SECRET_BYTES = 32


class Pushing:
    """Keeps requests until they are answered."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing) -> None:
        """Take the unit of work, and the keys under which references are stored."""
        self._uow = uow
        self._keys = keys

    def push(self, actor: Actor, client: ClientView, parameters: Mapping[str, str]) -> str:
        """Keep a request and return the ``request_uri`` that stands for it; see ``OAuth.push``."""
        with self._uow.begin(actor, "govcloud:authorization:push", Target("client", client.client_id)) as tx:
            reference = secrets.token_urlsafe(_SECRET_BYTES)
            tx.session.add(
                PushedRequest(
                    id=new_id(),
                    digest=self._digest(reference),
                    client_id=client.client_id,
                    parameters=dict(parameters),
                    created_at=tx.now,
                    expires_at=tx.now + LIFE,
                    used_at=None,
                )
            )
            return PREFIX + reference

    def open(self, actor: Actor, client: ClientView, request_uri: str, *, again: bool) -> dict[str, str]:
        """Return the parameters of a pushed request; see ``OAuth.open_pushed``."""
        with self._uow.begin(actor, "govcloud:authorization:open", Target("client", client.client_id)) as tx:
            mine = (PushedRequest.digest == self._digest(request_uri.removeprefix(PREFIX)), PushedRequest.client_id == client.client_id)
            if again:
                opened = select(PushedRequest.parameters).where(*mine, PushedRequest.used_at > tx.now - ANSWERED_WITHIN)
                parameters = tx.session.scalar(opened)
            else:
                fresh = (*mine, PushedRequest.used_at.is_(None), PushedRequest.expires_at > tx.now)
                opening = update(PushedRequest).where(*fresh).values(used_at=tx.now)
                parameters = tx.session.scalar(opening.returning(PushedRequest.parameters))
            if parameters is None:
                self._note_known(tx, client, mine)
        if not request_uri.startswith(PREFIX) or parameters is None:
            raise PushRefused("the request_uri is unknown, expired or used")
        return {str(name): str(value) for name, value in parameters.items()}

    def close(self, actor: Actor, client: ClientView, request_uri: str) -> None:
        """Forget a pushed request that is being answered; see ``OAuth.close_pushed``."""
        with self._uow.begin(actor, "govcloud:authorization:open", Target("client", client.client_id)) as tx:
            mine = (PushedRequest.digest == self._digest(request_uri.removeprefix(PREFIX)), PushedRequest.client_id == client.client_id)
            if tx.session.scalar(delete(PushedRequest).where(*mine).returning(PushedRequest.id)) is None:
                tx.remember(_refused(client, "answered"))
                raise PushRefused("the request was answered already")

    def _note_known(self, tx: Transaction, client: ClientView, mine: tuple[ColumnElement[bool], ...]) -> None:
        """Record that a reference is brought that stood for a request; one that never did is anybody's typing, and no event."""
        row = tx.session.execute(select(PushedRequest.used_at).where(*mine)).one_or_none()
        if row is not None:
            tx.record(_refused(client, "expired" if row.used_at is None else "used"))

    def _digest(self, reference: str) -> bytes:
        return self._keys.digest("pushed_request", reference.encode("utf-8", "surrogatepass"))


def _refused(client: ClientView, reason: str) -> PushedRequestRefused:
    return PushedRequestRefused(subject=f"client:{client.client_id}", client_id=client.client_id, reason=reason)
