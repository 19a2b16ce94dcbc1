"""The key ring: one place for every key of the platform (tokens, client secrets, sessions, sealed columns).

Signing keys are made at first start and kept in the database, sealed under a key derived from the master key file.
Loading a private key is slow (60 ms for RSA), so each is loaded once a process; which of them signs is read again every minute,
as another process may have made a newer one or retired it.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

import rfc8785
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Index, Row, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.crypto import Cipher, Sealer, derive, keyed_digest
from govcloud.kernel.database import Base
from govcloud.kernel.errors import Unavailable
from govcloud.kernel.events import Event
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork

TOKENS = "tokens"
READ_AGAIN = timedelta(seconds=60)
"""For at most this long a process goes on signing with a key that was retired elsewhere."""
PUBLISHED_AFTER_RETIREMENT = timedelta(minutes=10)
"""Covers ``READ_AGAIN`` and the life of the last token signed after it: five minutes at most (``settings.access_token_seconds``)."""
#: What the key of sealed columns is derived for.
COLUMNS = "columns"
_P256_BYTES = 32


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
    retired_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_signing_key_purpose", "purpose", "signs_from"),)


@dataclass(frozen=True, kw_only=True)
class SigningKeyCreated(Event):
    """A signing key was made."""

    name: ClassVar[str] = "kernel:signing_key:created"

    purpose: str
    algorithm: str


@dataclass(frozen=True)
class SigningKey:
    """A loaded signing key: RFC 7638 thumbprint as ``kid``, JWA name of the algorithm, private key and public JWK."""

    kid: str
    algorithm: str
    private_key: ec.EllipticCurvePrivateKey
    public_jwk: dict[str, Any]
    signs_from: datetime
    retired_at: datetime | None

    def signs_at(self, now: datetime) -> bool:
        """Return whether the key is live: its time has come, and it is not retired."""
        return self.signs_from <= now and (self.retired_at is None or now < self.retired_at)


@dataclass(frozen=True)
class _Loaded:
    """The keys of one purpose as they were read at a moment, newest first."""

    at: datetime
    keys: tuple[SigningKey, ...]


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

    def ensure_signing_key(self, uow: UnitOfWork, actor: Actor, purpose: str = TOKENS) -> None:
        """Make a signing key of ``purpose`` when none is there that is not retired; of two processes at once one finds the other's."""
        now = self._clock.now()
        if any(row.retired_at is None or row.retired_at > now for row in self._rows(purpose)):
            return
        with uow.begin(actor, "govcloud:signing_key:create") as tx:
            tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(text("'govcloud signing key'")))))
            standing = or_(SigningKeyRow.retired_at.is_(None), SigningKeyRow.retired_at > tx.now)
            if tx.session.scalar(select(SigningKeyRow.kid).where(SigningKeyRow.purpose == purpose, standing).limit(1)):
                return
            private_key = ec.generate_private_key(ec.SECP256R1())
            public_jwk = _public_jwk(private_key.public_key())
            kid = public_jwk["kid"]
            der = private_key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            tx.session.add(
                SigningKeyRow(
                    kid=kid,
                    purpose=purpose,
                    algorithm="ES256",
                    public_jwk=public_jwk,
                    private_sealed=self.seal(der, sealing_context(kid)),
                    created_at=tx.now,
                    signs_from=tx.now,
                    retired_at=None,
                )
            )
            tx.record(SigningKeyCreated(subject=f"signing_key:{kid}", purpose=purpose, algorithm="ES256"))

    def signing_key(self, purpose: str = TOKENS, *, algorithm: str = "ES256") -> SigningKey:
        """Return the key that signs now: the newest of ``algorithm`` (its JWA name) that is live.

        Raises:
            Unavailable: there is none.
        """
        now = self._clock.now()
        for key in self._load(purpose, now):
            if key.algorithm == algorithm and key.signs_at(now):
                return key
        raise Unavailable("no_signing_key", Message("平台尚未生成签名密钥，请管理员执行 govcloud keys init。"))

    def jwks(self, purpose: str = TOKENS) -> dict[str, Any]:
        """Return the JWK Set (RFC 7517) of every key that signs, will sign, or signed what may still be valid."""
        return {"keys": [row.public_jwk for row in self._rows(purpose)]}

    def _load(self, purpose: str, now: datetime) -> tuple[SigningKey, ...]:
        """Return the keys, newest first, as they stood a minute ago at most; each private key is opened once a process."""
        loaded = self._loaded.get(purpose)
        # A clock that was set back does not make what was read last for longer.
        if loaded is not None and loaded.keys and timedelta(0) <= now - loaded.at < READ_AGAIN:
            return loaded.keys
        with self._lock:
            known = {key.kid: key for key in loaded.keys} if loaded is not None else {}
            keys = tuple(self._key(row, known.get(row.kid)) for row in self._rows(purpose))
            self._loaded[purpose] = _Loaded(now, keys)
        return keys

    def _rows(self, purpose: str) -> Sequence[Row[Any]]:
        """Return the keys that are published, newest first; columns only, so that no session answers from memory."""
        columns = (SigningKeyRow.kid, SigningKeyRow.algorithm, SigningKeyRow.public_jwk, SigningKeyRow.private_sealed)
        query = select(*columns, SigningKeyRow.signs_from, SigningKeyRow.retired_at).where(SigningKeyRow.purpose == purpose)
        retired = SigningKeyRow.retired_at
        published = query.where(or_(retired.is_(None), retired > self._clock.now() - PUBLISHED_AFTER_RETIREMENT))
        return self._read().execute(published.order_by(SigningKeyRow.signs_from.desc())).all()

    def _key(self, row: Row[Any], known: SigningKey | None) -> SigningKey:
        """Return a key as it stands now; ``known`` is how it was read before, with its private key opened."""
        if known is not None:
            return replace(known, signs_from=row.signs_from, retired_at=row.retired_at)
        private_key = serialization.load_der_private_key(self.open(row.private_sealed, sealing_context(row.kid)), password=None)
        if not isinstance(private_key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"signing key {row.kid} is not an elliptic-curve key")
        return SigningKey(row.kid, row.algorithm, private_key, row.public_jwk, row.signs_from, row.retired_at)


def sealing_context(kid: str) -> bytes:
    """Return what a signing key's private part is sealed to, so that it cannot be moved to another row."""
    return f"signing_key.private:{kid}".encode()


def _public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, Any]:
    """Return the public JWK with its RFC 7638 thumbprint as ``kid``."""
    numbers = key.public_numbers()
    required = {"crv": "P-256", "kty": "EC", "x": _b64(numbers.x.to_bytes(_P256_BYTES)), "y": _b64(numbers.y.to_bytes(_P256_BYTES))}
    # RFC 7638 section 3.3: the required members in lexicographic order without white space, which RFC 8785 gives.
    thumbprint = _b64(sha256(rfc8785.dumps(required)).digest())
    return required | {"kid": thumbprint, "use": "sig", "alg": "ES256"}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
