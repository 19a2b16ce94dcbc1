"""What happened with notices; that somebody was told of something is no event of its own: it follows from the one it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class NoticeSettingChanged(Event):
    """Somebody said which notices they also want by mail, and in which language."""

    name: ClassVar[str] = "access:notice_setting:changed"

    official_id: UUID
    mailed: list[str]
    language: str


@dataclass(frozen=True, kw_only=True)
class MailAddressEntered(Event):
    """Somebody entered a mail address; a code was promised to it. The address itself stands in no record."""

    name: ClassVar[str] = "access:mail_address:entered"

    official_id: UUID
    address_id: UUID


@dataclass(frozen=True, kw_only=True)
class MailAddressConfirmed(Event):
    """The code came back: notices go to that address from now on."""

    name: ClassVar[str] = "access:mail_address:confirmed"

    official_id: UUID
    address_id: UUID


@dataclass(frozen=True, kw_only=True)
class MailAddressRemoved(Event):
    """Somebody wants no mail any more."""

    name: ClassVar[str] = "access:mail_address:removed"

    official_id: UUID
