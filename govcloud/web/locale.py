"""The language of a page: the cookie's, else the browser's, else Chinese."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, cast

from babel import Locale
from babel.support import Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale, get_translations, gettext

from govcloud.kernel.messages import Message

COOKIE = "govcloud_language"
CHINESE = "zh_Hans_CN"
ENGLISH = "en"
_CATALOGUES: dict[Locale | None, Translations] = {}
#: What a browser, a cookie or a link may say → the catalogue's name. Flask-Admin's catalogue lies in zh_Hans_CN, too.
LANGUAGES = {"zh": CHINESE, "zh-CN": CHINESE, "zh-Hans": CHINESE, "en": ENGLISH}


def current_locale() -> str:
    """Return the catalogue of the current request; outside a request, Chinese."""
    if not has_request_context():
        return CHINESE
    chosen = g.get("language") or LANGUAGES.get(request.cookies.get(COOKIE, ""))
    if chosen:
        return str(chosen)
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"], default="zh-CN")
    return LANGUAGES[best]


def _catalogue() -> Translations:
    """Return the translations of the current request's language; they are read once a process, and never change."""
    language = get_locale()
    known = _CATALOGUES.get(language)
    if known is None:
        known = _CATALOGUES[language] = get_translations()
    return known


def html_lang() -> str:
    """Return the value of ``<html lang>`` (BCP 47)."""
    return "en" if current_locale() == ENGLISH else "zh-CN"


@cache
def words_in(language: str) -> Callable[[str], str]:
    """Return what puts Chinese templates into ``language`` (``zh``, ``en``) outside any request, as for letters."""
    if language != ENGLISH:
        return str
    folder = files("govcloud.web") / "translations"
    return cast("Callable[[str], str]", Translations.load(str(folder), [ENGLISH], "messages").gettext)


def say(message: Message) -> str:
    """Return ``message`` in the language of the current request."""
    return message.render(lambda template: str(gettext(template)))


def own_words(text: str) -> str:
    """Return a name that the platform's own data give (a role, a function of the console) in the language of the current request.

    What a site calls its own roles and functions has no translation, and stays as it is.
    """
    # The catalogue answers nothing with its own head.
    return str(gettext(text)) if text else ""


def column_words(heading: str) -> str:
    """Return the heading of a column of a file; to a reader of English also as it stands in the file, where it is looked for."""
    own = own_words(heading)
    return heading if own == heading else f"{own} ({heading})"


def init_locale(app: Flask) -> None:
    """Set up Babel; times are shown in China Standard Time."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", CHINESE)
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", "Asia/Shanghai")
    # A relative directory is looked up below the application's root folder, which is the package.
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "web/translations")
    Babel(app, locale_selector=current_locale)
    # As Flask-Babel's own, which writes the locale out in full for every word of a page before it looks the catalogue up.
    environment: Any = app.jinja_env  # the extension that Flask-Babel has added brings the method
    environment.install_gettext_callables(
        lambda text: _catalogue().ugettext(text), lambda one, many, count: _catalogue().ungettext(one, many, count), newstyle=True
    )
    app.jinja_env.globals.update(column_words=column_words, html_lang=html_lang, own_words=own_words, say=say)
