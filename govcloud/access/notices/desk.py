"""What people do with their notices: read them, and say which they also want by mail, to which address, in which language."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from govcloud.access.notices.events import MailAddressConfirmed, MailAddressEntered, MailAddressRemoved, NoticeSettingChanged
from govcloud.access.notices.kinds import KINDS, USUALLY_MAILED
from govcloud.access.notices.mailing import CODE_LIFE, LIVE, Mailing, code_context, open_address, seal_address
from govcloud.access.notices.models import LANGUAGES, Notice, NoticeAddress, NoticeSetting
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict, Denied, FieldError, Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

ADDRESS_MOST = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_DIGITS = 6
MOST_TRIES = 5
#: So many letters with codes a person may have sent within an hour.
MOST_LETTERS, _WITHIN = 5, timedelta(hours=1)


@dataclass(frozen=True)
class NoticeChoices:
    """What a person wants by mail: the kinds, the language, the address (masked), and one that waits for its code (masked)."""

    mailed: tuple[str, ...]
    language: str
    address: str
    entered: str
    enabled: bool


class NoticeDesk:
    """The commands on one's own notices; nobody has any on another's."""

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], keys: KeyRing, mailing: Mailing) -> None:
        """Take the unit of work, the source of reading sessions, what seals, and what promises mail."""
        self._uow = uow
        self._read = read
        self._keys = keys
        self._mailing = mailing

    def mark_read(self, actor: Actor, notices: Sequence[UUID] | None = None) -> int:
        """Let one's own notices count as read (``None``: all); return how many did not before.

        Raises:
            Denied: the actor is not an official.
        """
        official_id = _own(actor)
        with self._uow.begin(actor, "govcloud:notice:read", _target(official_id)) as tx:
            unread = select(Notice.id).where(Notice.official_id == official_id, Notice.read_at.is_(None))
            if notices is not None:
                unread = unread.where(Notice.id.in_(notices))
            # What somebody else's decision settles at this moment becomes read by that.
            mine = update(Notice).where(Notice.id.in_(unread.with_for_update(skip_locked=True)))
            done = tx.session.execute(mine.values(read_at=tx.now).execution_options(synchronize_session=False))
            return done.rowcount if isinstance(done, CursorResult) else 0

    def choose(self, actor: Actor, mailed: Sequence[str], language: str) -> None:
        """Say which kinds one also wants by mail, and in which language.

        Raises:
            Denied: the actor is not an official.
            Invalid: there is no such kind, or no such language.
        """
        official_id = _own(actor)
        fields = Fields()
        for kind in mailed:
            fields.choice("mailed", kind, tuple(KINDS))
        fields.choice("language", language, LANGUAGES)
        fields.done()
        wanted = sorted(set(mailed))
        with self._uow.begin(actor, "govcloud:notice:choose", _target(official_id)) as tx:
            row = {"official_id": official_id, "mailed": wanted, "language": language, "updated_at": tx.now}
            add = insert(NoticeSetting).values(row)
            changes = {name: row[name] for name in ("mailed", "language", "updated_at")}
            tx.session.execute(add.on_conflict_do_update(index_elements=["official_id"], set_=changes))
            tx.record(NoticeSettingChanged(subject=f"official:{official_id}", official_id=official_id, mailed=wanted, language=language))

    def enter_address(self, actor: Actor, address: str, language: str) -> None:
        """Enter the mail address that notices are to go to, and have a code mailed to it; the one before stays until that comes back.

        Raises:
            Denied: the actor is not an official.
            Invalid: it is no mail address.
            Conflict: the platform sends no mail, or too many codes were asked for within the hour.
        """
        official_id = _own(actor)
        clean = _checked(address)
        if not self._mailing.enabled:
            raise Conflict("no_mail_server", Message("平台没有接入邮件服务，消息只在平台内显示。"))
        with self._uow.begin(actor, "govcloud:mail_address:enter", _target(official_id)) as tx:
            lock_official(tx.session, official_id)
            self._bound(tx, official_id)
            _end(tx, official_id, confirmed=False)
            row_id = new_id()
            code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
            tx.session.add(
                NoticeAddress(
                    id=row_id,
                    official_id=official_id,
                    sealed=seal_address(self._keys, row_id, clean),
                    code_sealed=self._keys.seal(code.encode("ascii"), code_context(row_id)),
                    created_at=tx.now,
                    expires_at=tx.now + CODE_LIFE,
                    tries=0,
                    confirmed_at=None,
                    ended_at=None,
                )
            )
            tx.session.flush()
            self._mailing.promise_code(tx, row_id, language if language in LANGUAGES else LANGUAGES[0])
            tx.record(MailAddressEntered(subject=f"official:{official_id}", official_id=official_id, address_id=row_id))

    def confirm_address(self, actor: Actor, code: str) -> None:
        """Show the code that was mailed; from now on notices go to that address.

        Raises:
            Denied: the actor is not an official.
            Conflict: no address waits for a code, or it has run out.
            Invalid: the code is another; after five wrong ones a new one is wanted.
        """
        official_id = _own(actor)
        with self._uow.begin(actor, "govcloud:mail_address:confirm", _target(official_id)) as tx:
            lock_official(tx.session, official_id)
            row = _entered(tx.session, official_id)
            if row is None or row.code_sealed is None or row.expires_at <= tx.now or row.tries >= MOST_TRIES:
                raise Conflict("no_code", Message("没有等待确认的邮箱，或验证码已经失效，请重新填写邮箱。"))
            wanted = self._keys.open(row.code_sealed, code_context(row.id))
            right = hmac.compare_digest(code.strip().encode(), wanted)
            if right:
                _end(tx, official_id, confirmed=True)
                row.confirmed_at, row.code_sealed = tx.now, None
                tx.record(MailAddressConfirmed(subject=f"official:{official_id}", official_id=official_id, address_id=row.id))
            else:
                row.tries += 1
            tx.session.flush()
        # A wrong one has to be counted, so it is refused after what counts it has been committed.
        if not right:
            raise Invalid.of(FieldError("code", Message("验证码不正确，请核对邮件中的六位数字。"), ""))

    def remove_address(self, actor: Actor) -> None:
        """Have no mail sent any more; removing what is not there is fine.

        Raises:
            Denied: the actor is not an official.
        """
        official_id = _own(actor)
        with self._uow.begin(actor, "govcloud:mail_address:remove", _target(official_id)) as tx:
            lock_official(tx.session, official_id)
            gone = _end(tx, official_id, confirmed=True) + _end(tx, official_id, confirmed=False)
            if gone:
                tx.record(MailAddressRemoved(subject=f"official:{official_id}", official_id=official_id))

    def choices(self, official_id: UUID) -> NoticeChoices:
        """Return what a person wants by mail."""
        setting = self._read().get(NoticeSetting, official_id)
        live = self._read().scalars(select(NoticeAddress).where(NoticeAddress.official_id == official_id, *LIVE)).one_or_none()
        entered = _entered(self._read(), official_id)
        return NoticeChoices(
            mailed=tuple(setting.mailed) if setting else USUALLY_MAILED,
            language=setting.language if setting else LANGUAGES[0],
            address=masked(open_address(self._keys, live)) if live else "",
            entered=masked(open_address(self._keys, entered)) if entered else "",
            enabled=self._mailing.enabled,
        )

    def _bound(self, tx: Transaction, official_id: UUID) -> None:
        """Refuse more letters with codes than anybody needs: nobody's mailbox is to be flooded through the platform."""
        since = tx.now - _WITHIN
        query = select(func.count()).select_from(NoticeAddress).where(NoticeAddress.official_id == official_id)
        if (tx.session.scalar(query.where(NoticeAddress.created_at > since)) or 0) >= MOST_LETTERS:
            raise Conflict("too_many_codes", Message("一小时内最多发送 %(most)s 次验证码，请稍后再试。", most=MOST_LETTERS))


def masked(address: str) -> str:
    """Return a mail address as it is shown: ``w***@example.gov.cn``."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}***@{host}"


def _checked(address: str) -> str:
    fields = Fields()
    clean = fields.text("address", address, most=ADDRESS_MOST)
    fields.matching("address", clean, _ADDRESS, Message("应为邮箱地址，例如 wangfang@zj.gov.cn。"))
    if not fields.findings and ".." in clean.partition("@")[0]:
        fields.fail("address", Message("应为邮箱地址，例如 wangfang@zj.gov.cn。"), clean)
    fields.done()
    return clean


def _entered(session: Session, official_id: UUID) -> NoticeAddress | None:
    waiting = (NoticeAddress.ended_at.is_(None), NoticeAddress.confirmed_at.is_(None))
    return session.scalars(select(NoticeAddress).where(NoticeAddress.official_id == official_id, *waiting)).one_or_none()


def _end(tx: Transaction, official_id: UUID, *, confirmed: bool) -> int:
    """End a person's address: the confirmed one, or the one that waits for its code."""
    which = NoticeAddress.confirmed_at.is_not(None) if confirmed else NoticeAddress.confirmed_at.is_(None)
    mine = update(NoticeAddress).where(NoticeAddress.official_id == official_id, NoticeAddress.ended_at.is_(None), which)
    done = tx.session.execute(mine.values(ended_at=tx.now, code_sealed=None).execution_options(synchronize_session=False))
    return done.rowcount if isinstance(done, CursorResult) else 0


def _own(actor: Actor) -> UUID:
    """Return the official who acts.

    Raises:
        Denied: it is none.
    """
    if actor.official_id is None:
        raise Denied("not_an_official", Message("只有公职人员有消息。"))
    return actor.official_id


def _target(official_id: UUID) -> Target:
    return Target("official", str(official_id), attributes={"official_id": str(official_id)})
