"""Passwords that everybody knows: a short list that ships, and, where there is one, a long list in a file on this machine.

The file is sorted and never read whole: a binary search reads some thirty pieces of it, so the 40 GB of all known leaks do as well
as a page of words. Nothing goes over a network. Two forms are understood, told apart by the first line: SHA-1 digests, one a line
(``<40 hex digits>`` or ``<40 hex digits>:<count>``, as Have I Been Pwned gives them "ordered by hash"), or the passwords themselves
in the order of their bytes (``LC_ALL=C sort``).
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from govcloud.settings import SettingsError

SHIPPED = Path(__file__).parent / "well_known_passwords.txt"
_DIGEST_LINE = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?")
_DIGEST_LENGTH = 40
_LONGEST_LINE = 4096
_PROBES = 64


class PasswordList:
    """One sorted file of passwords or of their digests."""

    def __init__(self, path: Path) -> None:
        """Take the file; it is looked at now, so that a wrong one stops the start, and opened anew for each question.

        Raises:
            SettingsError: it cannot be read, is empty, or is not sorted as far as a few probes can tell.
        """
        self._path = path
        try:
            with self._opened() as (file, size):
                first = _line_at(file, 0)
                self._digests = _DIGEST_LINE.fullmatch(first) is not None
                lines = [self._key(_line_at(file, size * number // _PROBES)) for number in range(_PROBES)]
        except OSError as error:
            raise SettingsError(f"GOVCLOUD_BREACHED_PASSWORDS_FILE: {path} cannot be read: {error.strerror}") from None
        if not size:
            raise SettingsError(f"GOVCLOUD_BREACHED_PASSWORDS_FILE: {path} is empty")
        lines = [line for line in lines if line]  # behind the last line begins none
        if lines != sorted(lines):
            raise SettingsError(f"GOVCLOUD_BREACHED_PASSWORDS_FILE: {path} is not sorted; run: LC_ALL=C sort -o {path} {path}")

    def __contains__(self, password: str) -> bool:
        """Return whether the list has ``password``, as typed or in small letters."""
        typed = unicodedata.normalize("NFKC", password)
        wanted = {form.encode("utf-8", "surrogatepass") for form in (typed, typed.lower())}
        with self._opened() as (file, size):
            return any(self._has(file, size, self._sought(form)) for form in wanted)

    @contextmanager
    def _opened(self) -> Iterator[tuple[BinaryIO, int]]:
        with self._path.open("rb", buffering=0) as file:
            yield file, os.fstat(file.fileno()).st_size

    def _sought(self, form: bytes) -> bytes:
        # SHA-1 is what the lists of leaks are made of; it protects nothing here.
        return hashlib.sha1(form, usedforsecurity=False).hexdigest().upper().encode() if self._digests else form

    def _key(self, line: bytes) -> bytes:
        return line[:_DIGEST_LENGTH].upper() if self._digests else line

    def _has(self, file: BinaryIO, size: int, wanted: bytes) -> bool:
        """Search between two places of the file; each step halves the bytes between them."""
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            found = self._key(_line_at(file, middle))
            if found == wanted:
                return True
            if found and found < wanted:
                low = middle + 1
            else:
                high = middle
        return self._key(_line_at(file, low)) == wanted


class Breached:
    """All the lists that a new password is looked up in."""

    def __init__(self, file: Path | None) -> None:
        """Take the operator's file, if there is one, beside the list that ships.

        Raises:
            SettingsError: it cannot be used.
        """
        self._lists = tuple(PasswordList(path) for path in (SHIPPED, file) if path is not None)

    def __contains__(self, password: str) -> bool:
        """Return whether anybody would try ``password``."""
        return any(password in one for one in self._lists)


def _line_at(file: BinaryIO, offset: int) -> bytes:
    """Return the first whole line that begins at ``offset`` or after it, without its end; nothing at the end of the file."""
    start = max(0, offset - 1)
    file.seek(start)
    block = file.read(_LONGEST_LINE)
    if offset:
        _, _, block = block.partition(b"\n")
    return block.partition(b"\n")[0].rstrip(b"\r")
