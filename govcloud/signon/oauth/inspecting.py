"""Inspecting and giving back: what a token is worth now (RFC 7662), and the end of one that its client needs no more (RFC 7009).

A client is told only of its own tokens and of those that are meant for it; of any other it learns nothing, not even that it exists.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.prepared import Look
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon.claims import granted
from govcloud.signon.errors import TokenRefused
from govcloud.signon.models import IssuedToken
from govcloud.signon.oauth import events
from govcloud.signon.oauth.families import end_family
from govcloud.signon.oauth.issuing import BEARER, DPOP, Issuing
from govcloud.signon.oauth.models import RefreshToken
from govcloud.signon.sessions import Sessions
from govcloud.subsystems.queries import ClientView, SubsystemQueries

INACTIVE: dict[str, Any] = {"active": False}
_SAID = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "auth_time", "acr", "amr", "cnf", "act")

#: A client's own token that was not revoked.
_STANDING = Look(
    select(IssuedToken.jti).where(
        IssuedToken.jti == bindparam("jti"), IssuedToken.participant_id.is_(None), IssuedToken.revoked_at.is_(None)
    )
)


class Inspecting:
    """Answers for tokens, and ends them at their client's word."""

    def __init__(self, uow: UnitOfWork, clock: Clock, subsystems: SubsystemQueries, sessions: Sessions, issuing: Issuing) -> None:
        """Take what tokens depend on."""
        self._uow = uow
        self._clock = clock
        self._subsystems = subsystems
        self._sessions = sessions
        self._issuing = issuing

    def introspect(self, client: ClientView, token: str) -> dict[str, Any]:
        """Return what ``token`` is worth; see ``OAuth.introspect``."""
        return self._access(client, token) or self._refresh(client, token) or dict(INACTIVE)

    def revoke(self, actor: Actor, client: ClientView, token: str) -> None:
        """End ``token``; see ``OAuth.revoke``."""
        with self._uow.begin(actor, "govcloud:token:revoke", Target("client", client.client_id)) as tx:
            mine = (RefreshToken.digest == self._issuing.digest(token), RefreshToken.client_id == client.client_id)
            family_id = tx.session.scalar(select(RefreshToken.family_id).where(*mine))
            if family_id is not None:
                end_family(tx, family_id, client.client_id, "revoked")
                return
            jti = self._own_jti(client, token)
            live = (IssuedToken.jti == jti, IssuedToken.client_id == client.client_id, IssuedToken.revoked_at.is_(None))
            if jti and tx.session.scalar(update(IssuedToken).where(*live).values(revoked_at=tx.now).returning(IssuedToken.jti)):
                tx.record(events.TokenRevoked(subject=f"client:{client.client_id}", client_id=client.client_id, jti=jti))

    def _own_jti(self, client: ClientView, token: str) -> UUID | None:
        """Return the name of a live access token of the client's own."""
        try:
            claims = self._issuing.tokens.read_access_token(token)
        except TokenRefused:
            return None
        return UUID(str(claims["jti"])) if claims["client_id"] == client.client_id else None

    def _access(self, client: ClientView, token: str) -> dict[str, Any] | None:
        try:
            claims = self._issuing.tokens.read_access_token(token)
        except TokenRefused:
            return None
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        # A token is meant for the platform or for subsystems, which are named by their codes: a client's own name means nothing here.
        if client.client_id != claims["client_id"] and client.subsystem_code not in audience:
            return None
        owner = self._owner(client, UUID(str(claims["jti"])), claims)
        if owner is None:
            return None
        said = {name: claims[name] for name in _SAID if name in claims}
        if "sid" in claims:
            said["scope"] = _still(owner, claims["scope"])
        return {"active": True, "token_type": DPOP if "jkt" in claims.get("cnf", {}) else BEARER} | said

    def _owner(self, asking: ClientView, jti: UUID, claims: Any) -> ClientView | None:  # noqa: ANN401 - the claims are JSON
        """Return the token's client if token, session and client are all alive; who asks about its own has just proven that it is."""
        if "sid" in claims:
            if self._sessions.behind_token(jti, UUID(str(claims["sid"]))) is None:
                return None
        elif not self._uow.look(_STANDING, jti=jti):
            return None
        return asking if claims["client_id"] == asking.client_id else self._subsystems.client_by_client_id(str(claims["client_id"]))

    def _refresh(self, client: ClientView, token: str) -> dict[str, Any] | None:
        now = self._clock.now()
        row = (
            self._uow.read()
            .execute(
                select(RefreshToken.participant_id, RefreshToken.scope, RefreshToken.issued_at, RefreshToken.expires_at).where(
                    RefreshToken.digest == self._issuing.digest(token),
                    RefreshToken.client_id == client.client_id,
                    RefreshToken.used_at.is_(None),
                    RefreshToken.revoked_at.is_(None),
                    RefreshToken.expires_at > now,
                )
            )
            .one_or_none()
        )
        session = self._sessions.behind(row.participant_id) if row else None
        if row is None or session is None:
            return None
        return {
            "active": True,
            "iss": self._issuing.tokens.issuer,
            "sub": str(session.official_id),
            "sid": str(row.participant_id),
            "client_id": client.client_id,
            "scope": _still(client, row.scope),
            "iat": int(row.issued_at.timestamp()),
            "exp": int(row.expires_at.timestamp()),
        }


def _still(client: ClientView, scope: str) -> str:
    """Return what a token of an official's opens now: its client may be told less than when it was issued."""
    return " ".join(granted(client, scope.split()))
