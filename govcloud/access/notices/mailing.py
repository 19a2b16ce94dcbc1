"""Mail about notices: promised with them, composed when it is sent, in the language of whoever gets it.

A letter carries what its reader is told within a minute. It names people by their family name only and leaves out what somebody wrote:
the rest stands in the portal, behind sign-in.

SMTP has no receipt that both sides are sure of: when the connection breaks after the letter was handed over and before the server said
so, it is sent again. It then carries the same Message-ID, made of the id that the message has in the outbox, by which mail systems know
a letter that they have. So none is lost, and one that arrives twice can be told from two.
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
from govcloud.access.notices.kinds import CALLS, USUALLY_MAILED
from govcloud.access.notices.models import LANGUAGES, Notice, NoticeAddress, NoticeSetting
from govcloud.access.notices.values import NoticeReader, NoticeView, Translate
from govcloud.access.tasks.lending import stood_in_for
from govcloud.kernel.crypto import MasterKeyError
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.letters import Letter, Mail, Outcome, Unsendable
from govcloud.outbox.promising import Promise, gathering, promise

DESTINATION = "mail:server"
"""All letters go through one server, which is so the one receiver of them."""
NOTICES, CODE = "access:notices", "access:mail_address:code"
GATHERS = timedelta(minutes=1)
"""How long a letter waits for what else there is to tell its reader."""
MOST_LISTED = 40
"""So many notices one letter lists; of more it says how many."""
KEEP_TRYING = timedelta(days=3)
CODE_LIFE = timedelta(minutes=30)
_Composed: TypeAlias = Mail | Unsendable
_GONE = Unsendable("the address is no longer in use", for_good=True)
_OVER = Unsendable("all that it would call for is done", for_good=True)
_TAGS = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class _Told:
    """What a batch of letters tells: notices by letter, addresses and languages by person, versions of lines to decide on."""

    notices: Mapping[UUID, Sequence[Notice]]
    addresses: Mapping[UUID, NoticeAddress]
    languages: Mapping[UUID, str]
    versions: Mapping[UUID, int]


@dataclass(frozen=True)
class MailSettings:
    """From whom letters come, where the platform is reached, and the host that Message-IDs end in."""

    sender: str
    public_url: str
    host: str


class Mailing:
    """Promises letters to those who want them; without a mail server nobody is promised any.

    A letter waits a little for what else there is to tell the same person, so that forty lines of one submission, or forty reminders,
    are one letter.
    """

    def __init__(self, *, enabled: bool) -> None:
        """Take whether the platform has a mail server."""
        self.enabled = enabled

    def letters_for(self, tx: Transaction, notices: Sequence[tuple[UUID, str]]) -> list[UUID | None]:
        """Return for each notice (official, kind) the letter that carries it, if its reader confirmed an address and wants that kind."""
        if not self.enabled or not notices:
            return [None for _ in notices]
        wanted = select(NoticeAddress.official_id, NoticeSetting.mailed)
        wanted = wanted.outerjoin(NoticeSetting, NoticeSetting.official_id == NoticeAddress.official_id)
        wanted = wanted.where(NoticeAddress.official_id.in_({official_id for official_id, _ in notices}), *LIVE)
        kinds = {row.official_id: USUALLY_MAILED if row.mailed is None else row.mailed for row in tx.session.execute(wanted)}
        mailed = [kind in kinds.get(official_id, ()) for official_id, kind in notices]
        called = {official_id for (official_id, kind), by_mail in zip(notices, mailed, strict=True) if by_mail and kind in CALLS}
        # Who stands in for them is told as well, so they are not disturbed.
        away = stood_in_for(tx.session, called, tx.now) if called else frozenset()
        told = [
            by_mail and not (kind in CALLS and official_id in away) for (official_id, kind), by_mail in zip(notices, mailed, strict=True)
        ]
        people = sorted({official_id for (official_id, _), by_mail in zip(notices, told, strict=True) if by_mail})
        letters = self._letters(tx, people) if people else {}
        return [letters[official_id] if by_mail else None for (official_id, _), by_mail in zip(notices, told, strict=True)]

    def _letters(self, tx: Transaction, people: Sequence[UUID]) -> Mapping[UUID, UUID]:
        """Return for each person the letter that gathers, else a fresh one."""
        open_ = gathering(tx, DESTINATION, NOTICES, "official_id", [str(official_id) for official_id in people])
        fresh = [official_id for official_id in people if str(official_id) not in open_]
        promises = [Promise(DESTINATION, NOTICES, {"official_id": str(official_id)}, GATHERS) for official_id in fresh]
        made = dict(zip(fresh, promise(tx, promises), strict=True))
        return {official_id: made.get(official_id) or open_[str(official_id)] for official_id in people}

    def promise_code(self, tx: Transaction, address_id: UUID, language: str) -> None:
        """Promise the letter that carries the code of an address that was entered; the code itself stays sealed with the address."""
        promise(tx, [Promise(DESTINATION, CODE, {"address_id": str(address_id), "language": language})])


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
        told = self._told([letter for letter in letters if letter.topic == NOTICES])
        return [self._composed(letter, told) for letter in letters]

    def settled(self, tx: Transaction, outcomes: Sequence[tuple[Letter, Outcome, bool]]) -> None:
        """Keep nothing: the message itself says what came of it."""

    def _composed(self, letter: Letter, told: _Told) -> _Composed:
        """Return one letter; one that cannot be written holds up no other."""
        try:
            match letter.topic:
                case topic if topic == NOTICES:
                    return self._notices(letter, told)
                case topic if topic == CODE:
                    return self._code(letter)
                case _:
                    return Unsendable(f"there are no letters about {letter.topic!r}", for_good=True)
        except ValueError as error:  # a header that is none, as an address with a line break would make it
            return Unsendable(f"it cannot be written: {error}", for_good=True)
        except MasterKeyError as error:  # one row that was tampered with, or a wrong key, which may yet be mended
            return Unsendable(str(error))

    def _told(self, letters: Sequence[Letter]) -> _Told:
        """Read what letters tell, all at once: their notices, but for calls that are over, and the lines that those are about."""
        notices: dict[UUID, list[Notice]] = {}
        query = select(Notice).where(Notice.letter_id.in_([letter.id for letter in letters])).order_by(Notice.id)
        for row in self._read().scalars(query) if letters else ():
            if row.letter_id is not None and (row.kind not in CALLS or row.read_at is None):
                notices.setdefault(row.letter_id, []).append(row)
        people = {row.official_id for rows in notices.values() for row in rows}
        held = self._read().scalars(select(NoticeAddress).where(NoticeAddress.official_id.in_(people), *LIVE))
        languages = select(NoticeSetting.official_id, NoticeSetting.language).where(NoticeSetting.official_id.in_(people))
        lines = {row.line_id for rows in notices.values() for row in rows if row.kind in CALLS}
        versions = self._read().execute(select(RequestLine.id, RequestLine.version).where(RequestLine.id.in_(lines)))
        return _Told(
            notices,
            {row.official_id: row for row in held},
            {row.official_id: row.language for row in self._read().execute(languages)},
            {row.id: row.version for row in versions},
        )

    def _notices(self, letter: Letter, told: _Told) -> _Composed:
        """Return the letter that carries notices to one person: one as it reads, several as a list."""
        notices = told.notices.get(letter.id, [])
        if not notices:
            return _OVER
        address = told.addresses.get(notices[0].official_id)
        if address is None:
            return _GONE
        to = open_address(self._keys, address)
        language = told.languages.get(notices[0].official_id, LANGUAGES[0])
        views = self._reader.views(notices[:MOST_LISTED], discreet=True)
        entries = [
            _entry(view, f"{self._settings.public_url}{self._way(notice, told, letter.created_at)}")
            for notice, view in zip(notices, views, strict=False)
        ]
        translate = self._translations(language)
        body = "\n\n".join(entry.render(translate) for entry in entries)
        if more := len(notices) - len(entries):
            body += "\n\n" + Message("另有 %(count)s 条，请在平台的“消息”页查看。", count=more).render(translate)
        body += "\n\n" + _FOOT.render(translate) + "\n"
        return self._letter(letter, to, language, _subject(notices, views[0]).render(translate), body)

    def _way(self, notice: Notice, told: _Told, at: datetime) -> str:
        """Return where the letter leads: to decide, by a link that still asks for sign-in and proof; else where the notice leads."""
        line_id = notice.line_id if notice.kind in CALLS else None
        if line_id is None or line_id not in told.versions:
            return notice.link
        return f"/decide/{link_token(self._keys, line_id, told.versions[line_id], at)}"

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
        return self._letter(letter, open_address(self._keys, row), letter.payload.get("language", LANGUAGES[0]), subject, body)

    def _letter(self, message: Letter, address: str, language: str, subject: str, body: str) -> Mail:
        """Return a letter, whose id and date are those of the message and so the same in every attempt.

        Raises:
            ValueError: the address or the subject has a line break.
        """
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self._settings.sender
        letter["To"] = address
        letter["Subject"] = subject
        letter["Date"] = format_datetime(message.created_at)
        letter["Message-ID"] = f"<{message.id}@{self._settings.host}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers this
        letter.set_content(body, charset="utf-8", cte="base64")
        letter["Content-Language"] = _TAGS.get(language, language)
        return Mail(self._settings.sender, address, letter.as_bytes())


def _entry(view: NoticeView, link: str) -> Message:
    """Return how one notice stands in a letter."""
    return Message("%(sentence)s\n时间：%(at)s\n查看与办理（需登录）：\n%(link)s", sentence=view.sentence, at=view.at, link=link)


_FOOT = Message("这封信由省级政务云统一身份与权限平台自动发出，请勿回复。不想再收到？请在平台的“消息”页设置。")


def _subject(notices: Sequence[Notice], first: NoticeView) -> Message:
    """Return what a letter is about: the name of what it tells, if that is one thing or one kind of thing, else how much."""
    if len(notices) == 1:
        return Message("【政务云】%(name)s", name=first.name)
    if len({notice.kind for notice in notices}) == 1:
        return Message("【政务云】%(name)s（%(count)s 条）", name=first.name, count=len(notices))
    return Message("【政务云】%(count)s 条消息", count=len(notices))


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
