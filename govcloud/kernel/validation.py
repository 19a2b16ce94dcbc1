"""Checking input: collects every wrong field of an input before refusing it, so that people mend all at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from uuid import UUID

from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message

_SHOWN = 60
_MOST_ERRORS = 100


class Fields:
    """The findings of one input; ``prefix`` names its place in a batch (``"rows[3]."``)."""

    def __init__(self, prefix: str = "", findings: list[FieldError] | None = None) -> None:
        """Start without findings, or add to those of a batch."""
        self._prefix = prefix
        self._findings = [] if findings is None else findings

    @property
    def findings(self) -> tuple[FieldError, ...]:
        """Return what was found so far; a report on many rows takes it, where a command would refuse."""
        return tuple(self._findings)

    def row(self, index: int) -> Fields:
        """Return the checker of one row (from 0) of a batch; it adds to the same findings."""
        return Fields(f"{self._prefix}rows[{index}].", self._findings)

    def fail(self, field: str, message: Message, value: object = "") -> None:
        """Note that ``field`` is wrong; ``value`` is shown shortened, so personal numbers must come masked."""
        self._findings.append(FieldError(self._prefix + field, message, shorten(str(value))))

    def text(self, field: str, value: str, *, most: int, least: int = 1, multiline: bool = False) -> str:
        """Return ``value`` in NFC without surrounding space, of ``least`` to ``most`` characters and no control characters.

        HTML or SQL inside is text like any other: pages escape it and queries bind it.
        """
        clean = unicodedata.normalize("NFC", value).strip()
        if not least <= len(clean) <= most:
            self._wrong_length(field, clean, least, most)
        elif has_control_characters(clean, multiline=multiline):
            self.fail(field, Message("不能含有控制字符，请删除不可见字符后重试。"), clean)
        return clean

    def matching(self, field: str, value: str, pattern: re.Pattern[str], message: Message) -> str:
        """Return ``value`` without surrounding space; note ``message`` unless all of it matches ``pattern``."""
        clean = value.strip()
        if not pattern.fullmatch(clean):
            self.fail(field, message, clean)
        return clean

    def choice(self, field: str, value: str, allowed: Collection[str]) -> str:
        """Return ``value``; note it unless it is one of ``allowed``."""
        if value not in allowed:
            self.fail(field, Message("不是可选值，请填写：%(allowed)s。", allowed="、".join(sorted(allowed))), value)
        return value

    def number(self, field: str, value: int, *, least: int, most: int) -> int:
        """Return ``value``; note it unless it lies in ``least`` … ``most``."""
        if not least <= value <= most:
            self.fail(field, Message("应在 %(least)s 与 %(most)s 之间。", least=least, most=most), value)
        return value

    def done(self) -> None:
        """Go on when nothing was found.

        Raises:
            Invalid: with every finding, the first hundred of a batch.
        """
        if self._findings:
            raise Invalid.of(*self._findings[:_MOST_ERRORS])

    def _wrong_length(self, field: str, clean: str, least: int, most: int) -> None:
        if not clean:
            self.fail(field, Message("不能为空，请填写。"))
        else:
            self.fail(
                field,
                Message("长度应为 %(least)s 至 %(most)s 个字符，现为 %(length)s 个。", least=least, most=most, length=len(clean)),
                clean,
            )


def has_control_characters(text: str, *, multiline: bool = False) -> bool:
    """Say whether ``text`` has characters of Unicode's "other" groups: controls, direction overrides, lone surrogates.

    PostgreSQL refuses NUL and surrogates; overrides make a page show another text than is stored. Private-use characters pass:
    rare characters of names are still written with them.
    """
    # Printable text has none of them, and that is quickly seen; private use is not "printable" and is looked at closely.
    if text.isprintable():
        return False
    allowed = "\n\r\t" if multiline else ""
    return any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char not in allowed for char in text)


def shorten(value: str) -> str:
    """Return ``value`` short enough for an error message, with invisible characters escaped."""
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in value[:_SHOWN])
    return shown + "…" if len(value) > _SHOWN else shown


def searchable(text: str) -> str:
    """Return ``text`` as a search can take it: NFC, trimmed, without the characters that no stored text has."""
    kept = "".join(char for char in unicodedata.normalize("NFC", text) if not has_control_characters(char))
    return kept.strip()


def whole_number(text: str, most_digits: int = 9) -> int | None:
    """Return what ``text`` says in at most so many digits, nine of which fit a 32-bit column; ``None`` for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most_digits else None


def identifier(text: str | None) -> UUID | None:
    """Return the id that ``text`` is; ``None`` for what is none, which nothing has."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def checked_reason(reason: str, most: int) -> str:
    """Return the reason of a command in its stored form.

    Raises:
        Invalid: it is empty, longer than ``most`` characters, or has control characters.
    """
    fields = Fields()
    clean = fields.text("reason", reason, most=most, multiline=True)
    fields.done()
    return clean
