"""Pages of search results (section 8.2): how many, and an opaque token that goes on with the same search and with no other."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from govcloud.entrypoints.authzen.errors import MalformedError
from govcloud.entrypoints.authzen.wire import members
from govcloud.kernel.crypto import Cipher, MasterKeyError
from govcloud.kernel.keys import KeyRing
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services

USUAL, MOST = 100, 500
LIFE = timedelta(minutes=10)
_PURPOSE = "authzen/page"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the results is wanted: behind ``after`` (``None``: from the first), ``limit`` of them at the most.

    ``search`` stands for the search that it is a page of.
    """

    after: str | None
    limit: int
    search: bytes

    def answer(self, results: list[dict[str, Any]], after: str | None, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response (section 8.3): the page first, ``next_token`` empty when nothing comes after it."""
        token = "" if after is None else _seal(self, after)
        return {"page": {"next_token": token, "count": len(results)}, "context": context, "results": results}

    def unread(self) -> dict[str, Any]:
        """Return the response to a limit of nothing: there may be more, and it begins where it began."""
        return self.answer([], self.after or "", {})


def read_page(body: Mapping[str, Any], endpoint: str, client: ClientView) -> Page:
    """Return the page that is wanted.

    A page that follows another needs no ``limit``: that of the first one goes on (the standard's own example leaves it out).

    Raises:
        MalformedError: ``page`` is wrong, or its token was not issued for this search, by this client, or too long ago.
    """
    given = members(body, "page", "page")
    limit = given.get("limit")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise MalformedError("page.limit must be a whole number, 0 or more")
    members(given, "page.properties", "properties")
    search = _digest(body, endpoint, client)
    token = given.get("token")
    if token is None:
        return Page(None, USUAL if limit is None else min(limit, MOST), search)
    if not isinstance(token, str):
        raise MalformedError("page.token must be a string")
    first = _open(token, search)
    if limit is not None and min(limit, MOST) != first.limit:
        raise MalformedError("page.limit must stay what it was on the first page")
    return first


def _digest(body: Mapping[str, Any], endpoint: str, client: ClientView) -> bytes:
    """Return what stands for a search: who searches where, and for what; members that nobody knows do not count."""
    asked = [body.get(name) for name in ("subject", "action", "resource", "context")]
    text = json.dumps([endpoint, client.client_id, *asked], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return sha256(text.encode()).digest()


def _seal(page: Page, after: str) -> str:
    until = services().clock.now() + LIFE
    content = json.dumps([int(until.timestamp()), page.limit, after], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_cipher(services().keys).seal(content, page.search)).rstrip(b"=").decode()


def _open(token: str, search: bytes) -> Page:
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        until, limit, after = json.loads(_cipher(services().keys).open(sealed, search))
    except (ValueError, MasterKeyError) as error:
        raise MalformedError("page.token does not belong to this search: begin again without it") from error
    if services().clock.now().timestamp() >= until:
        raise MalformedError("page.token has expired: begin again without it")
    return Page(after or None, limit, search)


def _cipher(keys: KeyRing) -> Cipher:
    return Cipher(keys.derived(_PURPOSE))
