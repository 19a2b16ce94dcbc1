"""Refreshing: a refresh token is exchanged once, for new tokens and its own successor (RFC 6749 section 6, RFC 9700 section 4.14.2).

Who exchanges wins by one conditional UPDATE. Whoever comes second within a few seconds may have lost the reply, or be another tab of the
same application: it gets a successor of its own, as long as no successor was used. Later, or once one was used, the token must be in
the hands of two, and its whole family ends. A refresh token is alive only while its session, and the client's part in it, are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.prepared import Look, Prepared
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.oauth import events
from govcloud.signon.oauth.errors import RefreshRefused, ScopeRefused
from govcloud.signon.oauth.families import end_family, hold_family
from govcloud.signon.oauth.issuing import Issuing, NewRefresh, Stay, TokenRequest
from govcloud.signon.oauth.models import RefreshToken
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import TokenSet
from govcloud.subsystems.queries import ClientView

GRACE = timedelta(seconds=10)
"""For so long a token that was used may come again: a reply that was lost, or two tabs at once."""

_FIND = Look(
    select(
        RefreshToken.id,
        RefreshToken.family_id,
        RefreshToken.participant_id,
        RefreshToken.scope,
        RefreshToken.confirmation,
        RefreshToken.expires_at,
    ).where(RefreshToken.digest == bindparam("digest"), RefreshToken.client_id == bindparam("client"))
)
_UNSPENT = (RefreshToken.id == bindparam("token"), RefreshToken.used_at.is_(None), RefreshToken.revoked_at.is_(None))
_SPEND = Prepared(update(RefreshToken).where(*_UNSPENT).values(used_at=bindparam("now")).returning(RefreshToken.id))
_STILL_UNSPENT = Look(select(RefreshToken.id).where(*_UNSPENT))


class _Row(Protocol):
    """A row of ``_FIND``, as far as its spending asks."""

    id: UUID
    family_id: UUID


@dataclass(frozen=True)
class _Unusable:
    """Why a refresh token was not exchanged."""

    reason: str
    family_id: UUID | None = None


class Refreshing:
    """Exchanges refresh tokens."""

    def __init__(self, uow: UnitOfWork, sessions: Sessions, issuing: Issuing) -> None:
        """Take the sessions that refresh tokens belong to, and what makes tokens."""
        self._uow = uow
        self._sessions = sessions
        self._issuing = issuing

    def refresh(
        self, actor: Actor, client: ClientView, refresh_token: str, *, scope: str | None, confirmation: Mapping[str, Any] | None
    ) -> TokenSet:
        """Exchange a refresh token; see ``OAuth.refresh``."""
        with self._uow.begin(actor, "govcloud:token:refresh", Target("client", client.client_id)) as tx:
            outcome = self._exchange(tx, client, refresh_token, scope, confirmation)
            if isinstance(outcome, TokenSet):
                return outcome
            tx.record(
                events.RefreshFailed(
                    subject=f"client:{client.client_id}",
                    client_id=client.client_id,
                    family_id=outcome.family_id,
                    reason=outcome.reason,
                )
            )
        # Raised after the commit: a family that was ended stays ended.
        raise RefreshRefused(outcome.reason)

    def _exchange(
        self, tx: Transaction, client: ClientView, refresh_token: str, scope: str | None, confirmation: Mapping[str, Any] | None
    ) -> TokenSet | _Unusable:
        found = tx.run(_FIND, digest=self._issuing.digest(refresh_token), client=client.client_id)
        if not found:
            return _Unusable("unknown")
        row = found[0]
        # What never changes is compared first: who cannot use the token cannot use it up either.
        if row.expires_at <= tx.now:
            return _Unusable("expired", row.family_id)
        # Who keeps a secret has just proven who it is, and may take another key (RFC 9449 section 5, RFC 8705 section 4).
        if client.public and row.confirmation != (dict(confirmation) if confirmation else None):
            return _Unusable("wrong_proof", row.family_id)
        narrowed = _narrowed(row.scope, scope)
        session = self._sessions.behind(row.participant_id)
        if session is None:
            return _Unusable("session_ended", row.family_id)
        hold_family(tx, row.family_id)
        rotated = client.public or client.oidc.rotate_refresh
        refusal = self._spend(tx, client, row, rotated=rotated)
        if refusal is not None:
            return _Unusable(refusal, row.family_id)
        return self._issuing.issue(
            tx,
            TokenRequest(
                client=client,
                family_id=row.family_id,
                scope=narrowed,
                stay=Stay(row.participant_id, session),
                confirmation=confirmation,
                refresh=NewRefresh(predecessor=row.id, scope=row.scope, until=row.expires_at) if rotated else None,
            ),
        )

    def _spend(self, tx: Transaction, client: ClientView, row: _Row, *, rotated: bool) -> str | None:
        """Use the token up, if it is ``rotated``; return why it cannot be used, ending the family when somebody else must have it."""
        if tx.run(_SPEND, token=row.id, now=tx.now) if rotated else tx.run(_STILL_UNSPENT, token=row.id):
            return None
        state = tx.session.execute(select(RefreshToken.used_at, RefreshToken.revoked_at).where(RefreshToken.id == row.id)).one()
        if state.revoked_at is not None:
            return "revoked"
        if _lost_reply(tx, row, state.used_at):
            return None
        end_family(tx, row.family_id, client.client_id, "refresh_reused")
        return "reused"


def _lost_reply(tx: Transaction, row: _Row, used_at: datetime) -> bool:
    """Say whether the token was used only just now, and nobody has gone on with what it gave."""
    if tx.now - used_at > GRACE:
        return False
    # The family, too, as that is what there is an index for.
    successor = (RefreshToken.family_id == row.family_id, RefreshToken.predecessor_id == row.id)
    return not tx.session.scalar(select(exists().where(*successor, RefreshToken.used_at.is_not(None))))


def _narrowed(given: str, asked: str | None) -> str:
    """Return the scope of the new access token: what is asked for, in the order in which it was given.

    Raises:
        ScopeRefused: it is more than was given (RFC 6749 section 6).
    """
    if asked is None:
        return given
    wanted = set(asked.split())
    if not wanted or not wanted <= set(given.split()):
        raise ScopeRefused
    return " ".join(item for item in given.split() if item in wanted)
