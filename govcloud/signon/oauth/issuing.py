"""Issuing: the one place where an access token comes into being, and with it an ID token and a refresh token where they belong.

Every grant ends here. What a grant has found out stands in a ``TokenRequest``; this room signs, stores what can be revoked, and decides
nothing: who may have which token was decided before.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert

from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction
from govcloud.settings import Settings
from govcloud.signon.claims import OPENID, granted, opened, told
from govcloud.signon.models import IssuedToken
from govcloud.signon.oauth.models import RefreshToken
from govcloud.signon.policy import Policies
from govcloud.signon.tokens import Issued, Tokens
from govcloud.signon.views import CurrentSession, TokenSet
from govcloud.subsystems.queries import ClientView

_SECRET_BYTES = 32
BEARER, DPOP = "Bearer", "DPoP"
#: On the tables themselves: tokens are what is written most, and no object of theirs is ever looked at again.
_KEEP_TOKEN = Prepared(
    insert(cast("Table", IssuedToken.__table__)),
    (
        "jti",
        "family_id",
        "client_id",
        "participant_id",
        "scope",
        "audience",
        "confirmation",
        "actors",
        "issued_at",
        "expires_at",
    ),
)
_KEEP_REFRESH = Prepared(
    insert(cast("Table", RefreshToken.__table__)),
    (
        "id",
        "digest",
        "family_id",
        "participant_id",
        "client_id",
        "scope",
        "confirmation",
        "issued_at",
        "expires_at",
        "predecessor_id",
    ),
)


@dataclass(frozen=True)
class Stay:
    """An official's stay in a client: the live session, and the ``sid`` that the client knows it by."""

    sid: UUID
    session: CurrentSession


@dataclass(frozen=True)
class NewRefresh:
    """A refresh token to issue along.

    Attributes:
        predecessor: the one that it follows; ``None``: it is the first of its family.
        scope: what it can be exchanged for; ``None``: the scope of the access token.
        until: when its predecessor would have ended; ``None``: it is the first, and the policy says how long it lasts.
    """

    predecessor: UUID | None = None
    scope: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """What is to be issued.

    Attributes:
        client: who gets the tokens.
        family_id: ties together all that grew out of one ticket, device code or request.
        scope: what the access token opens, separated by spaces.
        stay: on whose behalf; ``None``: the client acts for itself (RFC 6749 section 4.4).
        audience: who takes the access token besides nobody else; empty: the platform itself.
        confirmation: the key that it is bound to, in the form of the claim ``cnf`` (RFC 7800): {"jkt": …} or {"x5t#S256": …}.
        actors: who acts on behalf of the official, in the form of the claim ``act`` (RFC 8693 section 4.1).
        nonce: goes into the ID token.
        identified: whether an ID token goes with it, provided that the scope has ``openid``.
        refresh: the refresh token that goes with it, if any; only with a stay.
        jti: the access token's own name.
    """

    client: ClientView
    family_id: UUID
    scope: str
    stay: Stay | None = None
    audience: tuple[str, ...] = ()
    confirmation: Mapping[str, Any] | None = None
    actors: Mapping[str, Any] | None = None
    nonce: str | None = None
    identified: bool = True
    refresh: NewRefresh | None = None
    jti: UUID = field(default_factory=new_id)


class Issuing:
    """Makes token sets."""

    def __init__(self, identity: IdentityQueries, keys: KeyRing, tokens: Tokens, policies: Policies, settings: Settings) -> None:
        """Take what tokens say, what signs them, and how long they live."""
        self._identity = identity
        self._keys = keys
        self._policies = policies
        self._life = timedelta(seconds=settings.access_token_seconds)
        self.tokens = tokens

    def issue(self, tx: Transaction, request: TokenRequest) -> TokenSet:
        """Return the tokens, which are stored within ``tx`` as far as they can be revoked.

        What the client may be told may have become less since the scope was granted, so it is looked at again here.

        Raises:
            Unavailable: no key signs with the algorithm that the client wants.
        """
        if request.stay is not None:
            request = replace(request, scope=" ".join(granted(request.client, request.scope.split())))
        issued = self._issued(tx, request)
        access_token = self.tokens.access_token(issued)
        tx.run(
            _KEEP_TOKEN,
            jti=request.jti,
            family_id=request.family_id,
            client_id=request.client.client_id,
            participant_id=request.stay.sid if request.stay else None,
            scope=request.scope,
            audience=list(issued.audience),
            confirmation=dict(request.confirmation) if request.confirmation else None,
            actors=dict(request.actors) if request.actors else None,
            issued_at=tx.now,
            expires_at=issued.expires_at,
        )
        return TokenSet(
            access_token=access_token,
            id_token=self._id_token(request, issued, access_token),
            refresh_token=self._refresh_token(tx, request),
            expires_in=int(self._life.total_seconds()),
            scope=request.scope,
            token_type=DPOP if "jkt" in (request.confirmation or {}) else BEARER,
        )

    def digest(self, refresh_token: str) -> bytes:
        """Return the form in which a refresh token is stored."""
        return self._keys.digest("refresh_token", refresh_token.encode("utf-8", "surrogatepass"))

    def _issued(self, tx: Transaction, request: TokenRequest) -> Issued:
        return Issued(
            jti=request.jti,
            sid=request.stay.sid if request.stay else None,
            client_id=request.client.client_id,
            scope=request.scope,
            session=request.stay.session if request.stay else None,
            issued_at=tx.now,
            expires_at=tx.now + self._life,
            audience=request.audience or (self.tokens.issuer,),
            confirmation=request.confirmation,
            actors=request.actors,
        )

    def _id_token(self, request: TokenRequest, issued: Issued, access_token: str) -> str | None:
        scope = request.scope.split()
        if request.stay is None or not request.identified or OPENID not in scope:
            return None
        identity = told(self._identity, request.stay.session, opened(request.client, scope))
        return self.tokens.id_token(issued, access_token, request.nonce, identity, request.client.oidc.id_token_alg)

    def _refresh_token(self, tx: Transaction, request: TokenRequest) -> str | None:
        if request.refresh is None or request.stay is None:
            return None
        refresh_token = secrets.token_urlsafe(_SECRET_BYTES)
        longest = request.refresh.until or tx.now + timedelta(hours=self._policies.current().refresh_hours)
        tx.run(
            _KEEP_REFRESH,
            id=new_id(),
            digest=self.digest(refresh_token),
            family_id=request.family_id,
            participant_id=request.stay.sid,
            client_id=request.client.client_id,
            scope=request.refresh.scope or request.scope,
            confirmation=dict(request.confirmation) if request.confirmation else None,
            issued_at=tx.now,
            expires_at=min(longest, request.stay.session.expires_at),
            predecessor_id=request.refresh.predecessor,
        )
        return refresh_token
