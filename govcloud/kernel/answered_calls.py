"""Calls that are made again by whoever did not hear the answer: each is done once, and answered again with what it was answered.

A caller names a call by a key of its own (``Idempotency-Key``, draft-ietf-httpapi-idempotency-key-header). The key, the fingerprint of
what was sent and the answer are written in the transaction of the work itself, so there is no moment at which the work is done and the
key not known, nor the other way round. Of two calls at once the second waits for the first at the key's row. A call that was refused
changed nothing and is not kept: the same key may be used once more for it.

Work that has to commit by itself (several lines of which each is refused alone, an order that is worked off in parts, a wrong code that
is counted) cannot be done so. It is done ``once_apart``: the key is written before it and the answer after. If the platform stops in
between, or the call is made again before it was answered, the work is done again, which it has to bear.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Index, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import Base
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

ONCE, PURGE = "govcloud:call:once", "govcloud:call:purge"
KEPT_FOR = timedelta(hours=24)
MOST_KEY = 255
_BATCH = 5_000
#: The status of a call that has not been answered yet.
_UNDER_WAY = 0


class AnsweredCall(Base):
    """A call that was done, by who made it and the key that they gave it; ``fingerprint`` is the SHA-256 of what was sent, and where to."""

    __tablename__ = "answered_call"
    __table_args__ = (Index("ix_answered_call_expires_at", "expires_at"),)

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    answer: Mapped[bytes]
    location: Mapped[str | None]
    expires_at: Mapped[datetime]


@dataclass(frozen=True)
class CallAnswer:
    """What a call was answered; ``replayed`` says that it was done before and not again."""

    status: int
    body: bytes
    location: str | None = None
    replayed: bool = False


class AnsweredCalls:
    """Does a call once."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Take the unit of work."""
        self._uow = uow

    def once(self, actor: Actor, key: str, fingerprint: bytes, work: Callable[[], CallAnswer]) -> CallAnswer:
        """Return the answer of the call that ``actor`` named ``key``: that of ``work``, which is done unless it was before.

        ``work`` runs commands in the transaction that keeps the key, and may raise what it likes: then neither is done.

        Raises:
            Invalid: the key is none, or names a call with another fingerprint.
        """
        _check(key)
        principal = f"{actor.kind.value}:{actor.id}"
        with self._uow.begin(actor, ONCE, Target("call", key)) as tx:
            if not _taken(tx, principal, key, fingerprint):
                return _answered(tx, principal, key, fingerprint)
            answer = work()
            _keep(tx, principal, key, fingerprint, answer)
            return answer

    def once_apart(self, actor: Actor, key: str, fingerprint: bytes, work: Callable[[], CallAnswer]) -> CallAnswer:
        """Do the same for work that has transactions of its own, and bears being done again if its answer was never kept.

        Raises:
            Invalid: the key is none, or names a call with another fingerprint.
        """
        _check(key)
        principal = f"{actor.kind.value}:{actor.id}"
        with self._uow.begin(actor, ONCE, Target("call", key)) as tx:
            known = None if _taken(tx, principal, key, fingerprint) else _answered(tx, principal, key, fingerprint)
        if known is not None and known.status != _UNDER_WAY:
            return known
        with ExitStack() as unless_done:
            unless_done.callback(self._let_go, actor, principal, key, fingerprint)
            answer = work()
            unless_done.pop_all()
        with self._uow.begin(actor, ONCE, Target("call", key)) as tx:
            _keep(tx, principal, key, fingerprint, answer)
        return answer

    def _let_go(self, actor: Actor, principal: str, key: str, fingerprint: bytes) -> None:
        """Forget a call that was begun and has no answer: the same key may be tried again."""
        with self._uow.begin(actor, ONCE, Target("call", key)) as tx:
            unanswered = _mine(principal, key, fingerprint, AnsweredCall.status == _UNDER_WAY)
            tx.session.execute(delete(AnsweredCall).where(*unanswered))

    def purge(self, actor: Actor) -> int:
        """Forget a batch of keys that have been kept long enough; return how many went."""
        with self._uow.begin(actor, PURGE) as tx:
            old = select(AnsweredCall.principal, AnsweredCall.key).where(AnsweredCall.expires_at <= tx.now).limit(_BATCH).subquery()
            gone = delete(AnsweredCall).where(AnsweredCall.principal == old.c.principal, AnsweredCall.key == old.c.key)
            return len(tx.session.execute(gone.returning(AnsweredCall.key)).all())


def _check(key: str) -> None:
    """Go on with a key that is one.

    Raises:
        Invalid: it is empty, too long, or has characters that a header's value may not have.
    """
    if not (1 <= len(key) <= MOST_KEY and key.isascii() and key.isprintable()):
        wrong = Message("Idempotency-Key 应为 1 至 %(most)s 个可见的 ASCII 字符。", most=MOST_KEY)
        raise Invalid.of(FieldError("Idempotency-Key", wrong, key[:MOST_KEY]))


def _mine(principal: str, key: str, fingerprint: bytes, *more: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return (AnsweredCall.principal == principal, AnsweredCall.key == key, AnsweredCall.fingerprint == fingerprint, *more)


def _keep(tx: Transaction, principal: str, key: str, fingerprint: bytes, answer: CallAnswer) -> None:
    values = {"status": answer.status, "answer": answer.body, "location": answer.location}
    tx.session.execute(update(AnsweredCall).where(*_mine(principal, key, fingerprint)).values(values))


def _taken(tx: Transaction, principal: str, key: str, fingerprint: bytes) -> bool:
    """Take the key for this call, waiting for another that is under way; say whether it is ours now."""
    old = (AnsweredCall.principal == principal, AnsweredCall.key == key, AnsweredCall.expires_at <= tx.now)
    tx.session.execute(delete(AnsweredCall).where(*old))
    row = insert(AnsweredCall).values(
        principal=principal, key=key, fingerprint=fingerprint, status=_UNDER_WAY, answer=b"", location=None, expires_at=tx.now + KEPT_FOR
    )
    return tx.session.execute(row.on_conflict_do_nothing().returning(AnsweredCall.key)).one_or_none() is not None


def _answered(tx: Transaction, principal: str, key: str, fingerprint: bytes) -> CallAnswer:
    row = tx.session.execute(select(AnsweredCall).where(AnsweredCall.principal == principal, AnsweredCall.key == key)).scalar_one()
    if row.fingerprint != fingerprint:
        raise Invalid(
            "idempotency_key_reused",
            Message("这个 Idempotency-Key 已用于内容不同的请求。"),
            remedy=Message("请为每个新请求使用新的键；重试时原样发送。"),
        )
    return CallAnswer(row.status, row.answer, row.location, replayed=True)
