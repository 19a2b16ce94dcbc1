"""The services of notices, made once and tied together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from govcloud.access.deciding.called import Called
from govcloud.access.loading import FactsLoader
from govcloud.access.notices.announcing import Announcing
from govcloud.access.notices.audiences import Audiences
from govcloud.access.notices.desk import NoticeDesk
from govcloud.access.notices.forgetting import Forgetting, Keeping
from govcloud.access.notices.mailing import Mailing, MailLetters, MailSettings
from govcloud.access.notices.queries import NoticeQueries
from govcloud.access.notices.telling import Telling
from govcloud.access.notices.values import NoticeReader, Translate
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Looker
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.outbox.mail import MailServer
from govcloud.settings import Settings
from govcloud.subsystems.queries import SubsystemQueries


@dataclass(frozen=True)
class Known:
    """The queries of the domains below."""

    identity: IdentityQueries
    subsystems: SubsystemQueries
    authorization: AuthorizationQueries


@dataclass(frozen=True)
class NoticeParts:
    """What tells, what reads, what people do with it, what carries it by mail, and what forgets."""

    telling: Telling
    announcing: Announcing
    forgetting: Forgetting
    desk: NoticeDesk
    queries: NoticeQueries
    letters: MailLetters
    server: MailServer | None

    @classmethod
    def build(
        cls,
        uow: UnitOfWork,
        read: Callable[[], Session],
        look: Looker,
        *,
        clock: Clock,
        keys: KeyRing,
        settings: Settings,
        known: Known,
        words: Callable[[str], Translate],
        years: Callable[[], Collection[int]],
    ) -> NoticeParts:
        """Make them; ``words`` gives the words of a language outside any request, ``years`` those whose working days are known."""
        server = MailServer.of(settings.smtp_url.get_secret_value()) if settings.smtp_url else None
        mailing = Mailing(enabled=server is not None)
        facts = FactsLoader(known.identity, known.subsystems, known.authorization, read)
        telling = Telling(Audiences(Called(facts)), mailing)
        reader = NoticeReader(read, known.identity, known.subsystems, known.authorization)
        sender = settings.mail_from or ""
        mail = MailSettings(sender, settings.public_url, urlsplit(settings.public_url).hostname or "localhost")
        return cls(
            telling=telling,
            announcing=Announcing(uow, clock, facts, telling, years),
            forgetting=Forgetting(uow, Keeping(timedelta(days=settings.notice_read_days), timedelta(days=settings.notice_unread_days))),
            desk=NoticeDesk(uow, read, keys, mailing),
            queries=NoticeQueries(read, look, reader),
            letters=MailLetters(read, keys, reader, words, mail),
            server=server,
        )
