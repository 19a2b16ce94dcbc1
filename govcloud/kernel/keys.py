"""The key ring: one place for every key of the platform (tokens, client secrets, sessions, sealed columns).

Signing keys are kept in the database, sealed under a key derived from the master key file, and follow one another
(``kernel/key_rotation.py``). Loading a private key is slow (60 ms for RSA), so each is loaded once a process, when it first signs;
which of them signs is read again every minute, as another process may have made a newer one or ended it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, Select, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from govcloud.kernel.clock import Clock
from govcloud.kernel.crypto import Cipher, Sealer, derive, keyed_digest
from govcloud.kernel.database import Base
from govcloud.kernel.errors import Unavailable
from govcloud.kernel.messages import Message
from govcloud.kernel.signing import ES256, PrivateKey, from_der

TOKENS = "tokens"
RECEIPTS = "receipts"
"""Receipts are read for years, so the public halves of these stay published for good (``archive``)."""
JWKS_LIFE = timedelta(minutes=5)
"""For how long whoever reads the published keys may go on using what they read (``Cache-Control``)."""
READ_AGAIN = timedelta(seconds=60)
"""For at most this long a process goes on signing with a key that was retired elsewhere."""
SIGNS_AFTER = JWKS_LIFE + READ_AGAIN
"""How long a key is published before it signs, so that whoever verifies has read it by then."""
PUBLISHED_AFTER_RETIREMENT = timedelta(minutes=10)
"""Covers ``READ_AGAIN`` and the life of the last token signed after it: five minutes at most (``settings.access_token_seconds``)."""
#: What the key of sealed columns is derived for.
COLUMNS = "columns"
RETIRED, WITHDRAWN = "retired", "withdrawn"


class SigningKeyRow(Base):
    """One signing key; ``private_sealed`` opens only with the master key."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    algorithm: Mapped[str]
    public_jwk: Mapped[dict[str, Any]]
    private_sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]

    __table_args__ = (Index("ix_signing_key_purpose", "purpose", "signs_from"),)


class SigningKeyEnd(Base):
    """When a key stopped: ``retired`` keys sign no more, of ``withdrawn`` ones nothing holds that they ever signed.

    A fact of its own, as facts are only added to: the application can end a key and can never bring one back.
    """

    __tablename__ = "signing_key_end"
    __table_args__ = (CheckConstraint("kind IN ('retired', 'withdrawn')", name="kind"),)

    kid: Mapped[str] = mapped_column(ForeignKey("signing_key.kid"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True)
class KeyView:
    """A signing key as it stands: its JWA algorithm, when it was made, from when on it signs, and when it stopped."""

    kid: str
    algorithm: str
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None
    withdrawn_at: datetime | None

    def signs_at(self, now: datetime) -> bool:
        """Return whether the key is live: its time has come, and it has not stopped."""
        return self.signs_from <= now and not self.ended_at(now)

    def ended_at(self, now: datetime) -> bool:
        """Return whether the key has stopped."""
        return any(end is not None and end <= now for end in (self.retired_at, self.withdrawn_at))

    def published_at(self, now: datetime) -> bool:
        """Return whether the key is published: it signs, will sign, or signed what may still be valid."""
        if self.withdrawn_at is not None and self.withdrawn_at <= now:
            return False
        return self.retired_at is None or now < self.retired_at + PUBLISHED_AFTER_RETIREMENT


@dataclass(frozen=True)
class SigningKey:
    """A loaded signing key: RFC 7638 thumbprint as ``kid``, JWA name of the algorithm, and the private key."""

    kid: str
    algorithm: str
    private_key: PrivateKey


@dataclass(frozen=True)
class _Loaded:
    """The keys of one purpose as they were read at a moment, newest first."""

    at: datetime
    keys: tuple[KeyView, ...]


class KeyRing:
    """Derives, seals, digests and signs; it never hands the master key out."""

    def __init__(self, master: bytes, read: Callable[[], Session], clock: Clock) -> None:
        """Take the 32-byte master key and the source of reading sessions."""
        self._master = master
        self._read = read
        self._clock = clock
        self._cipher = Cipher(derive(master, COLUMNS))
        self._digest_keys: dict[str, bytes] = {}
        self._loaded: dict[str, _Loaded] = {}
        self._opened: dict[str, PrivateKey] = {}
        self._lock = threading.Lock()

    def derived(self, purpose: str) -> bytes:
        """Return the 32-byte key of ``purpose`` (e.g. the web session's)."""
        return derive(self._master, purpose)

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Seal a column's value; see ``Cipher.seal``."""
        return self._cipher.seal(data, context)

    def sealer(self) -> Sealer:
        """Return what seals the columns of many rows in one run, by one thread."""
        return self._cipher.in_bulk()

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Open a sealed column; raises ``MasterKeyError`` when it does not open."""
        return self._cipher.open(sealed, context)

    def digest(self, purpose: str, data: bytes) -> bytes:
        """Return the keyed digest of ``data`` for ``purpose``; digests of two purposes cannot be linked."""
        key = self._digest_keys.get(purpose)
        if key is None:
            key = self._digest_keys.setdefault(purpose, derive(self._master, f"digest/{purpose}"))
        return keyed_digest(key, data)

    def signing_key(self, purpose: str = TOKENS, algorithm: str = ES256) -> SigningKey:
        """Return the key that signs now: the newest of ``algorithm`` that is live.

        Raises:
            Unavailable: there is none.
        """
        now = self._clock.now()
        for key in self._load(purpose, now):
            if key.algorithm == algorithm and key.signs_at(now):
                return SigningKey(key.kid, key.algorithm, self._private(key.kid))
        raise Unavailable(
            "no_signing_key", Message("平台尚未生成 %(algorithm)s 签名密钥，请管理员执行 govcloud keys init。", algorithm=algorithm)
        )

    def jwks(self, purpose: str = TOKENS) -> dict[str, Any]:
        """Return the JWK Set (RFC 7517) of every key that signs, will sign, or signed what may still be valid."""
        now = self._clock.now()
        query = _columns(SigningKeyRow.public_jwk).where(SigningKeyRow.purpose == purpose)
        return {"keys": [row.public_jwk for row in self._read().execute(query) if _view(row).published_at(now)]}

    def archive(self, purpose: str) -> dict[str, Any]:
        """Return the JWK Set of every key that ever was, for what is verified long after, each with its life.

        ``signs_from``, ``retired_at`` and ``withdrawn_at`` (ISO 8601, UTC) stand beside the key.
        """
        query = _columns(SigningKeyRow.public_jwk).where(SigningKeyRow.purpose == purpose)
        return {"keys": [{**row.public_jwk, **_life(_view(row))} for row in self._read().execute(query)]}

    def standing(self, purpose: str = TOKENS) -> tuple[KeyView, ...]:
        """Return every key of ``purpose`` as the database has it now, newest first, those that stopped long ago as well."""
        rows = self._read().execute(_columns().where(SigningKeyRow.purpose == purpose))
        return tuple(_view(row) for row in rows)

    def forget(self, purpose: str = TOKENS) -> None:
        """Read the keys again at the next signature; for whoever has just changed them."""
        self._loaded.pop(purpose, None)

    def _load(self, purpose: str, now: datetime) -> tuple[KeyView, ...]:
        """Return the keys, newest first, as they stood a minute ago at most."""
        loaded = self._loaded.get(purpose)
        # A clock that was set back does not make what was read last for longer.
        if loaded is not None and loaded.keys and timedelta(0) <= now - loaded.at < READ_AGAIN:
            return loaded.keys
        keys = tuple(key for key in self.standing(purpose) if not key.ended_at(now))
        self._loaded[purpose] = _Loaded(now, keys)
        return keys

    def _private(self, kid: str) -> PrivateKey:
        """Return a private key, which is opened once a process."""
        known = self._opened.get(kid)
        if known is not None:
            return known
        with self._lock:
            if kid not in self._opened:
                sealed = self._read().scalars(select(SigningKeyRow.private_sealed).where(SigningKeyRow.kid == kid)).one()
                self._opened[kid] = from_der(self.open(sealed, sealing_context(kid)))
        return self._opened[kid]


def sealing_context(kid: str) -> bytes:
    """Return what a signing key's private part is sealed to, so that it cannot be moved to another row."""
    return f"signing_key.private:{kid}".encode()


def _columns(*further: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - columns of the key's own row
    """Return the query of keys, newest first, with their ends; columns only, so that no session answers from memory."""
    columns = (SigningKeyRow.kid, SigningKeyRow.algorithm, SigningKeyRow.created_at, SigningKeyRow.signs_from)
    ends = (
        select(func.min(SigningKeyEnd.at).filter(SigningKeyEnd.kind == kind))
        .where(SigningKeyEnd.kid == SigningKeyRow.kid)
        .scalar_subquery()
        for kind in (RETIRED, WITHDRAWN)
    )
    query = select(*columns, *(end.label(name) for end, name in zip(ends, ("retired_at", "withdrawn_at"), strict=True)), *further)
    return query.order_by(SigningKeyRow.signs_from.desc(), SigningKeyRow.created_at.desc())


def _life(key: KeyView) -> dict[str, str]:
    moments = {"signs_from": key.signs_from, "retired_at": key.retired_at, "withdrawn_at": key.withdrawn_at}
    return {name: at.astimezone(UTC).isoformat() for name, at in moments.items() if at is not None}


def _view(row: Row[Any]) -> KeyView:
    return KeyView(row.kid, row.algorithm, row.created_at, row.signs_from, row.retired_at, row.withdrawn_at)
