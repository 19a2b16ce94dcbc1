"""Mail about notices: promised with them, composed when it is sent, in the language of whoever gets it.

SMTP has no receipt that both sides are sure of: when the connection breaks after the letter was handed over and before the server said
so, it is sent again. It then carries the same Message-ID, made of the notice's id, by which mail systems know a letter that they
have. So none is lost, and one that arrives twice can be told from two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.deciding.decision_links import link_token
from govcloud.access.models import RequestLine
from govcloud.access.notices.kinds import USUALLY_MAILED
from govcloud.access.notices.models import Notice, NoticeAddress, NoticeSetting
from govcloud.access.notices.values import NoticeReader, Translate
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.letters import Letter, Mail, Outcome, Unsendable
from govcloud.outbox.promising import Promise, promise

DESTINATION = "mail:server"
"""All letters go through one server, which is so the one receiver of them."""
NOTICE, CODE = "access:notice", "access:mail_address:code"
KEEP_TRYING = timedelta(days=3)
CODE_LIFE = timedelta(minutes=30)
_Composed: TypeAlias = Mail | Unsendable
_GONE = Unsendable("the address is no longer in use", for_good=True)


@dataclass(frozen=True)
class MailSettings:
    """From whom letters come, where the platform is reached, and the host that Message-IDs end in."""

    sender: str
    public_url: str
    host: str


class Mailing:
    """Promises letters to those who want them; without a mail server nobody is promised any."""

    def __init__(self, *, enabled: bool) -> None:
        """Take whether the platform has a mail server."""
        self.enabled = enabled

    def promise(self, tx: Transaction, notices: Sequence[tuple[UUID, UUID, str]]) -> None:
        """Promise letters about notices (id, official, kind) to those who confirmed an address and want that kind; in one read."""
        if not self.enabled or not notices:
            return
        wanted = select(NoticeAddress.official_id, NoticeSetting.mailed)
        wanted = wanted.outerjoin(NoticeSetting, NoticeSetting.official_id == NoticeAddress.official_id)
        people = {official_id for _, official_id, _ in notices}
        wanted = wanted.where(NoticeAddress.official_id.in_(people), *LIVE)
        kinds = {row.official_id: USUALLY_MAILED if row.mailed is None else row.mailed for row in tx.session.execute(wanted)}
        promise(
            tx,
            [
                Promise(DESTINATION, NOTICE, {"notice_id": str(notice_id)})
                for notice_id, official_id, kind in notices
                if kind in kinds.get(official_id, ())
            ],
        )

    def promise_code(self, tx: Transaction, address_id: UUID, language: str) -> None:
        """Promise the letter that carries the code of an address that was entered; the code itself stays sealed with the address."""
        promise(tx, [Promise(DESTINATION, CODE, {"address_id": str(address_id), "language": language})])


CALLS = frozenset({"to_decide", "reminded", "deputised", "escalated"})
"""Kinds of notices that call somebody to decide."""
LIVE = (NoticeAddress.ended_at.is_(None), NoticeAddress.confirmed_at.is_not(None))


class MailLetters:
    """The correspondence with ``mail:``: writes the letters when they are sent."""

    keep_trying: timedelta | None = KEEP_TRYING

    def __init__(
        self,
        read: Callable[[], Session],
        keys: KeyRing,
        reader: NoticeReader,
        translations: Callable[[str], Translate],
        settings: MailSettings,
    ) -> None:
        """Take the source of sessions, what unseals, what puts notices into words, the words of a language, and the settings."""
        self._read = read
        self._keys = keys
        self._reader = reader
        self._translations = translations
        self._settings = settings

    def compose(self, destination: str, letters: Sequence[Letter]) -> Sequence[_Composed]:  # noqa: ARG002 - there is one server
        """Return each letter as it is sent, or why it cannot be."""
        about = {letter.id: UUID(letter.payload["notice_id"]) for letter in letters if letter.topic == NOTICE}
        told = self._notices(set(about.values()))
        return [self._notice(told, about[letter.id], letter.at) if letter.topic == NOTICE else self._code(letter) for letter in letters]

    def settled(self, tx: Transaction, outcomes: Sequence[tuple[Letter, Outcome, bool]]) -> None:
        """Keep nothing: the message itself says what came of it."""

    def _notices(self, ids: set[UUID]) -> Mapping[UUID, tuple[Notice, str | None, str]]:
        """Return notices with the address and the language of whom each is for."""
        rows = self._read().scalars(select(Notice).where(Notice.id.in_(ids))).all()
        people = {row.official_id for row in rows}
        held = self._read().scalars(select(NoticeAddress).where(NoticeAddress.official_id.in_(people), *LIVE))
        addresses = {row.official_id: open_address(self._keys, row) for row in held}
        languages = select(NoticeSetting.official_id, NoticeSetting.language).where(NoticeSetting.official_id.in_(people))
        language_of = {row.official_id: row.language for row in self._read().execute(languages)}
        return {row.id: (row, addresses.get(row.official_id), language_of.get(row.official_id, "zh")) for row in rows}

    def _notice(self, told: Mapping[UUID, tuple[Notice, str | None, str]], notice_id: UUID, at: datetime) -> _Composed:
        notice, address, language = told.get(notice_id, (None, None, "zh"))
        if notice is None or address is None:
            return _GONE
        translate = self._translations(language)
        view = self._reader.views([notice])[0]
        link = f"{self._settings.public_url}{self._way(notice, at)}"
        subject = Message("【政务云】%(name)s", name=view.name).render(translate)
        body = Message(
            "%(sentence)s\n\n查看与办理（需登录）：\n%(link)s\n\n时间：%(at)s\n这封信由省级政务云统一身份与权限平台自动发出，请勿回复。不想再收到？请在平台的“消息”页设置。\n",
            sentence=view.sentence,
            link=link,
            at=view.at,
        ).render(translate)
        return self._letter(str(notice.id), address, subject, body, at)

    def _way(self, notice: Notice, at: datetime) -> str:
        """Return where the letter leads: to decide, by a link that still asks for sign-in and proof; else where the notice leads."""
        line = self._read().get(RequestLine, notice.line_id) if notice.kind in CALLS and notice.line_id else None
        return notice.link if line is None else f"/decide/{link_token(self._keys, line.id, line.version, at)}"

    def _code(self, letter: Letter) -> _Composed:
        row = self._read().get(NoticeAddress, UUID(letter.payload["address_id"]))
        if row is None or row.ended_at is not None or row.code_sealed is None or row.expires_at <= letter.at:
            return Unsendable("the code is no longer of use", for_good=True)
        translate = self._translations(letter.payload.get("language", "zh"))
        code = self._keys.open(row.code_sealed, code_context(row.id)).decode("ascii")
        subject = Message("【政务云】邮箱验证码").render(translate)
        body = Message(
            "您的邮箱验证码是 %(code)s，%(minutes)s 分钟内有效。请在“我的账号”中填写，以后平台的消息可以发到这个邮箱。\n\n"
            "如果不是您本人操作，请忽略这封信。\n",
            code=code,
            minutes=int(CODE_LIFE.total_seconds() // 60),
        ).render(translate)
        return self._letter(str(letter.id), open_address(self._keys, row), subject, body, letter.at)

    def _letter(self, key: str, address: str, subject: str, body: str, at: datetime) -> Mail:
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self._settings.sender
        letter["To"] = address
        letter["Subject"] = subject
        letter["Date"] = format_datetime(at)
        letter["Message-ID"] = f"<{key}@{self._settings.host}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers this
        letter.set_content(body, charset="utf-8", cte="base64")
        return Mail(self._settings.sender, address, letter.as_bytes())


def seal_address(keys: KeyRing, row_id: UUID, address: str) -> bytes:
    """Return a mail address sealed to its row."""
    return keys.seal(address.encode(), _context(row_id))


def open_address(keys: KeyRing, row: NoticeAddress) -> str:
    """Return a mail address in clear."""
    return keys.open(row.sealed, _context(row.id)).decode()


def code_context(row_id: UUID) -> bytes:
    """Return what the code of an address is sealed to."""
    return f"notice_address.code:{row_id}".encode()


def _context(row_id: UUID) -> bytes:
    return f"notice_address.address:{row_id}".encode()
