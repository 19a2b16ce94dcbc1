"""Attributes of a question as people type them: ``name=value``, a line or an option each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message

MOST_ATTRIBUTES = 50
_MOST_VALUE = 500
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
#: Codes of divisions have twelve digits and are texts; no number that a policy compares is as long.
_NUMBER = re.compile(r"-?\d{1,9}")
_WORDS = {"true": True, "false": False}


def attributes(field: str, lines: Iterable[str]) -> dict[str, Any]:
    """Return the attributes: numbers of up to nine digits, ``true``, ``false``, and texts, which may stand in double quotes.

    Raises:
        Invalid: names ``field`` and the line that is wrong.
    """
    found: dict[str, Any] = {}
    for line in lines:
        if not line.strip():
            continue
        name, separator, value = (part.strip() for part in line.partition("="))
        if not separator or not _NAME.fullmatch(name):
            raise Invalid.of(FieldError(field, Message("每行写一个“名称=值”，名称用小写字母、数字和下划线。"), line[:100]))
        if len(value) > _MOST_VALUE or len(found) >= MOST_ATTRIBUTES:
            raise Invalid.of(FieldError(field, Message("属性过多或过长。"), line[:100]))
        found[name] = _value(value)
    return found


def _value(text: str) -> str | int | bool:
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return text[1:-1]
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text
