"""What every template may use: icons, addresses of assets, times, words, the shell and the watermark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from flask import Flask, request, url_for
from flask_babel import gettext

from govcloud.web.gate import current_session, services
from govcloud.web.icons import icon
from govcloud.web.moments import day, minute, moment, relative, relative_words
from govcloud.web.shell import shell
from govcloud.web.words import appointment_kind, level_words

_STATIC = Path(__file__).parent / "static"
#: Addresses carry the content's digest, so browsers may keep what they have.
_KEEP_SECONDS = 31_536_000


@cache
def _digest(name: str) -> str:
    """Return the first digits of the SHA-256 of a static file."""
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """Return the address of the static file ``name``; it changes with the content."""
    return url_for("web.static", filename=name, v=_digest(name))


def here() -> str:
    """Return the address of this page within the platform, to come back to; after a form that was sent, the workbench."""
    if request.method not in {"GET", "HEAD"} or request.endpoint is None:
        return "/"
    return request.full_path.rstrip("?")


def _relative(at: datetime, overdue: object = None) -> str:
    """Return how far ``at`` is from the platform's clock; the filter ``relative``."""
    return relative(at, services().clock.now(), overdue=bool(overdue))


def listed(names: Iterable[str]) -> str:
    """Return ``names`` as one enumeration in the page's language; the filter ``listed``."""
    return str(gettext("、")).join(names)


def watermark_text() -> str:
    """Return name, employee code and time of the reader, for pages with personal data."""
    session = current_session()
    if session is None:
        return moment(services().clock.now())
    return f"{session.name} {session.employee_code} {moment(services().clock.now())}"


def init_looks(app: Flask) -> None:
    """Give the templates what this module offers, and let browsers keep the assets."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _KEEP_SECONDS
    app.jinja_env.globals.update(
        icon=icon,
        asset=asset,
        here=here,
        shell=shell,
        level_words=level_words,
        appointment_kind=appointment_kind,
        relative_words=relative_words,
        watermark_text=watermark_text,
    )
    app.jinja_env.filters.update(moment=moment, minute=minute, day=day, relative=_relative, listed=listed)
