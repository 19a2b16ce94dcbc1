"""The words of a language outside any request, as letters need them; pages ask ``web/locale.py``, which knows their reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from babel.support import Translations

ENGLISH = "en"


@cache
def words_in(language: str) -> Callable[[str], str]:
    """Return what puts Chinese templates into ``language`` (``zh``, ``en``); what has no translation stays Chinese."""
    if language != ENGLISH:
        return str
    translations = Translations.load(str(files("govcloud") / "web" / "translations"), [ENGLISH], "messages")
    return lambda template: str(translations.gettext(template))
