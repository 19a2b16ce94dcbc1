"""Composes the notices of sign-out when they are sent, and keeps what each client answered.

A logout token is made at the moment of sending: one that waited in a queue would have expired, and the key that signed it may have
been retired.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select, update

from govcloud.kernel.errors import Unavailable
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.letters import Letter, Outcome, Request, Unsendable
from govcloud.signon import events
from govcloud.signon.logout.cas import logout_request
from govcloud.signon.logout.channels import BACK_CHANNEL, CAS_REQUEST
from govcloud.signon.logout.models import LogoutNotice
from govcloud.signon.tokens import Tokens
from govcloud.subsystems.protocols import CasSettings, OidcSettings
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.views import ClientView

PREFIX = "client"
KEEP_TRYING = timedelta(days=3)
"""No session lasts longer than a day without a new sign-in, so after three a subsystem has ended the stay by itself or never will."""
_FORM = {"content-type": "application/x-www-form-urlencoded", "user-agent": "govcloud-logout/1", "cache-control": "no-store"}
#: OIDC Back-Channel Logout 1.0 section 2.8: 200, and 204 where a framework makes it of an empty body. 400 is the client's own failure.
_BACK_CHANNEL_RECEIVED = frozenset({HTTPStatus.OK.value, HTTPStatus.NO_CONTENT.value})
#: CAS 3.0 section 2.3.3 asks for no answer: applications answer with whatever page stands at the service's address.
_CAS_RECEIVED = frozenset(range(200, 400))

_Composed: TypeAlias = Request | Unsendable


class LogoutNotices:
    """The correspondence with ``client:<client_id>``."""

    keep_trying: timedelta | None = KEEP_TRYING

    def __init__(self, clients: SubsystemQueries, tokens: Tokens, keys: KeyRing) -> None:
        """Take the catalogue, which knows the addresses as they are now, and what signs and unseals."""
        self._clients = clients
        self._tokens = tokens
        self._keys = keys
        self._composers: Mapping[str, Callable[[ClientView, Letter], _Composed]] = {
            BACK_CHANNEL: self._back_channel,
            CAS_REQUEST: self._cas,
        }

    def compose(self, destination: str, letters: Sequence[Letter]) -> Sequence[_Composed]:
        """Return the request of each letter: a form with a logout token, or with a SAML request."""
        client_id = destination.partition(":")[2]
        client = self._clients.clients_named([client_id]).get(client_id)
        if client is None or client.disabled:
            return [Unsendable("the client was closed", for_good=True) for _ in letters]
        return [self._composers[letter.payload["channel"]](client, letter) for letter in letters]

    def _back_channel(self, client: ClientView, letter: Letter) -> _Composed:
        settings = client.settings
        if not isinstance(settings, OidcSettings) or not settings.backchannel_logout_uri:
            return Unsendable("the client has no back-channel logout address any more")
        sub, sid = UUID(letter.payload["sub"]), UUID(letter.payload["sid"])
        try:
            token = self._tokens.logout_token(client.client_id, sub, sid, letter.at, algorithm=settings.id_token_alg)
        except Unavailable as missing:
            # It waits for a key like for an address that is away: nobody else's message waits with it.
            return Unsendable(missing.code)
        body = urlencode({"logout_token": token}).encode("ascii")
        return Request(settings.backchannel_logout_uri, body, _FORM, _BACK_CHANNEL_RECEIVED)

    def _cas(self, client: ClientView, letter: Letter) -> _Composed:
        settings, payload = client.settings, letter.payload
        if not isinstance(settings, CasSettings) or not settings.single_logout:
            return Unsendable("the client takes no CAS logout requests any more")
        sealed = base64.b64decode(payload["sealed"])
        ticket = self._keys.open(sealed, f"ticket:{payload['ticket_id']}".encode()).decode("utf-8")
        body = urlencode({"logoutRequest": logout_request(letter.id, ticket, letter.at)}).encode("ascii")
        return Request(settings.logout_url or payload["service"], body, _FORM, _CAS_RECEIVED)

    def settled(self, tx: Transaction, outcomes: Sequence[tuple[Letter, Outcome, bool]]) -> None:
        """Keep each client's answer on its notice; that one was given up is on record."""
        received: dict[str, list[UUID]] = {}
        for letter, outcome, over in outcomes:
            if outcome.received:
                received.setdefault(f"HTTP {outcome.status}", []).append(letter.id)
                continue
            values: dict[str, object] = {"answer": outcome.error, "given_up_at": tx.now if over else None}
            if over:
                self._given_up(tx, letter, outcome)
            tx.session.execute(update(LogoutNotice).where(LogoutNotice.message_id == letter.id).values(values))
        for answer, messages in received.items():
            heard = update(LogoutNotice).where(LogoutNotice.message_id.in_(messages))
            tx.session.execute(heard.values(acknowledged_at=tx.now, answer=answer, given_up_at=None))

    @staticmethod
    def _given_up(tx: Transaction, letter: Letter, outcome: Outcome) -> None:
        notice = select(LogoutNotice.id, LogoutNotice.official_id, LogoutNotice.client_id).where(LogoutNotice.message_id == letter.id)
        for row in tx.session.execute(notice):
            tx.record(
                events.LogoutGivenUp(
                    subject=f"official:{row.official_id}",
                    notice_id=row.id,
                    client_id=row.client_id,
                    attempts=letter.attempt,
                    error=outcome.error or "",
                )
            )
