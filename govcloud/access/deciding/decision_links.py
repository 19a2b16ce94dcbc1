"""Links in mails that lead an approver to a line: they name the line and its version, expire, and carry no authority at all.

Whoever follows one still signs in, proves who they are once more, and decides on the page like everybody else. The link is
authenticated only so that a mail cannot be forged to lead to a line of somebody's choice under the platform's name.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct
from uuid import UUID

from govcloud.kernel.crypto import same
from govcloud.kernel.errors import Conflict
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message

PURPOSE = "decision-link"
LASTS = timedelta(days=14)
_BODY = Struct(">16sIQ")  # line, version, end in seconds since 1970
_DIGEST = 32


@dataclass(frozen=True)
class LinkedLine:
    """What a link names."""

    line_id: UUID
    version: int


def link_token(keys: KeyRing, line_id: UUID, version: int, now: datetime) -> str:
    """Return what stands at the end of a link that was made ``now``."""
    body = _BODY.pack(line_id.bytes, version, int((now + LASTS).timestamp()))
    return base64.urlsafe_b64encode(body + keys.digest(PURPOSE, body)).decode("ascii").rstrip("=")


def read_token(keys: KeyRing, token: str, now: datetime) -> LinkedLine:
    """Return what a link names.

    Raises:
        Conflict: the link was not made by the platform, or its time has run out.
    """
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if token.isascii() else b""
    except (ValueError, binascii.Error):
        data = b""
    body, digest = data[: _BODY.size], data[_BODY.size :]
    if len(data) != _BODY.size + _DIGEST or not same(digest, keys.digest(PURPOSE, body)):
        raise Conflict("bad_link", Message("链接不完整或不是本平台发出的。"), remedy=Message("请登录后从“待我审批”进入。"))
    line, version, ends = _BODY.unpack(body)
    if datetime.fromtimestamp(ends, UTC) <= now:
        raise Conflict("link_expired", Message("链接已过期。"), remedy=Message("请登录后从“待我审批”进入。"))
    return LinkedLine(UUID(bytes=line), version)
