"""Notices over the API: what one was told, what counts as read, and what is also wanted by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictStr

from govcloud.access.notices.values import NoticeView
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, ListQuery
from govcloud.entrypoints.api.wire.table import Once, Route
from govcloud.web.gate import current_actor, reader_session, services, signed_in
from govcloud.web.locale import say

_MOST = 200


class NoticesQuery(ListQuery):
    """A page of one's notices."""

    unread: bool = Field(default=False, description="only those that are not read")
    group: str = Field(default="", pattern="^(|deciding|asking|holding)$", description="only those under one heading")


class ReadBody(Input):
    """Which notices count as read."""

    notices: Annotated[list[UUID], Field(max_length=_MOST)] | None = Field(default=None, description="null or left out: all of one's own")


class ChoicesBody(Input):
    """What is also wanted by mail."""

    mailed: Annotated[list[StrictStr], Field(max_length=_MOST)] = Field(description="kinds of notices")
    language: StrictStr = Field(description="`zh` or `en`")


class AddressBody(Input):
    """A mail address to confirm."""

    address: Annotated[StrictStr, Field(max_length=1000)]
    language: StrictStr = Field(default="zh", description="of the letter with the code: `zh` or `en`")


class CodeBody(Input):
    """The code that was mailed."""

    code: Annotated[StrictStr, Field(max_length=100)]


class NoticeAnswer(Answer):
    """One notice; `text` is in the language of the call, `link` a path of the portal."""

    id: UUID
    kind: str
    group: str
    title: str
    text: str
    link: str
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, view: NoticeView) -> NoticeAnswer:
        """Put the view into words."""
        return cls(
            id=view.id,
            kind=view.kind,
            group=view.group,
            title=say(view.name),
            text=say(view.sentence),
            link=view.link,
            created_at=view.created_at,
            read_at=view.read_at,
        )


class NoticesAnswer(Answer):
    """A page of one's notices, the newest first; `unread` counts them all, up to one more than 99."""

    unread: int
    notices: tuple[NoticeAnswer, ...]
    cursor: str | None


class ReadAnswer(Answer):
    """How many notices were not read before."""

    read: int


class ChoicesAnswer(Answer):
    """What is wanted by mail; addresses are masked, and `mail` says whether the platform sends any."""

    mailed: tuple[str, ...]
    language: str
    address: str
    waiting_for_code: str
    mail: bool


@signed_in
def notices(query: NoticesQuery) -> NoticesAnswer:
    """What one was told, the newest first."""
    mine = reader_session().official_id
    page = services().notice_queries.page(mine, unread=query.unread, group=query.group, cursor=query.cursor, limit=query.limit)
    found = tuple(NoticeAnswer.of(view) for view in page.entries)
    return NoticesAnswer(unread=services().notice_queries.unread(mine), notices=found, cursor=page.cursor)


@signed_in
def read_notices(body: ReadBody) -> ReadAnswer:
    """Let one's own notices count as read."""
    return ReadAnswer(read=services().notice_desk.mark_read(current_actor(), body.notices))


@signed_in
def notice_settings() -> ChoicesAnswer:
    """Which kinds go by mail, in which language, and where to."""
    return _choices()


@signed_in
def choose_notices(body: ChoicesBody) -> ChoicesAnswer:
    """Say which kinds are also wanted by mail, and in which language."""
    services().notice_desk.choose(current_actor(), body.mailed, body.language)
    return _choices()


@signed_in
def enter_mail_address(body: AddressBody) -> ChoicesAnswer:
    """Enter a mail address; a code is mailed to it."""
    services().notice_desk.enter_address(current_actor(), body.address, body.language)
    return _choices()


@signed_in
def confirm_mail_address(body: CodeBody) -> ChoicesAnswer:
    """Show the code that was mailed; notices go to that address from now on."""
    services().notice_desk.confirm_address(current_actor(), body.code)
    return _choices()


@signed_in
def remove_mail_address() -> ChoicesAnswer:
    """Have no mail sent any more."""
    services().notice_desk.remove_address(current_actor())
    return _choices()


def _choices() -> ChoicesAnswer:
    view = services().notice_desk.choices(reader_session().official_id)
    return ChoicesAnswer(mailed=view.mailed, language=view.language, address=view.address, waiting_for_code=view.entered, mail=view.enabled)


TABLE = (
    Route("GET", "/notices", notices, NoticesAnswer, query=NoticesQuery),
    Route("POST", "/notices/read", read_notices, ReadAnswer, body=ReadBody),
    Route("GET", "/notices/settings", notice_settings, ChoicesAnswer),
    Route("POST", "/notices/settings", choose_notices, ChoicesAnswer, body=ChoicesBody),
    Route("POST", "/notices/address", enter_mail_address, ChoicesAnswer, body=AddressBody),
    Route("POST", "/notices/address/confirm", confirm_mail_address, ChoicesAnswer, body=CodeBody, once=Once.APART),
    Route("POST", "/notices/address/remove", remove_mail_address, ChoicesAnswer),
)
