"""The list of known passwords: a binary search in a sorted file finds what is there and nothing else, in either form."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.settings import SettingsError
from govcloud.signon import breached
from govcloud.signon.breached import SHIPPED, Breached, PasswordList

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def as_digests(path: Path, passwords: list[str], *, counts: bool = True) -> PasswordList:
    lines = sorted(sha1(word.encode(), usedforsecurity=False).hexdigest().upper() for word in passwords)
    path.write_text("".join(f"{line}:{number + 1}\r\n" if counts else f"{line.lower()}\n" for number, line in enumerate(lines)))
    return PasswordList(path)


def as_words(path: Path, passwords: list[str], *, end: str = "\n") -> PasswordList:
    path.write_bytes("\n".join(sorted(set(passwords), key=str.encode)).encode() + end.encode())
    return PasswordList(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(WORDS, min_size=1, max_size=40, unique=True), st.lists(WORDS, max_size=10))
def test_what_is_in_the_file_is_found_and_nothing_else(tmp_path: Path, known: list[str], others: list[str]) -> None:
    lists = [
        as_digests(tmp_path / "counted", known),
        as_digests(tmp_path / "plain-digests", known, counts=False),
        as_words(tmp_path / "words", known),
        as_words(tmp_path / "no-end", known, end=""),
    ]
    for one in lists:
        assert [word for word in known if word not in one] == []
        # A password is looked up as typed and in small letters.
        assert [word for word in others if word in one] == [word for word in others if word in known or word.lower() in known]


def test_a_long_list_is_read_in_few_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"password-{number}" for number in range(20_000)]
    known = as_digests(tmp_path / "long", many)
    reads: list[int] = []
    line_at = breached._line_at

    def counted(file: BinaryIO, offset: int) -> bytes:
        reads.append(offset)
        return line_at(file, offset)

    monkeypatch.setattr(breached, "_line_at", counted)
    assert "password-777" in known
    assert "nobody-has-this" not in known
    assert len(reads) < 4 * 25  # two words in two forms, the logarithm of a megabyte each


def test_a_list_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    unsorted, empty = tmp_path / "unsorted", tmp_path / "empty"
    unsorted.write_text("\n".join(f"{number:04}" for number in range(500, 0, -1)))
    empty.write_text("")
    for path, said in ((unsorted, "LC_ALL=C sort"), (empty, "is empty"), (tmp_path / "missing", "cannot be read")):
        with pytest.raises(SettingsError, match=said):
            Breached(path)


def test_what_ships_is_sorted_and_of_use() -> None:
    lines = SHIPPED.read_bytes().splitlines()
    assert lines == sorted(set(lines))
    assert len(lines) > 1000
    shipped = Breached(None)
    assert "Password123!" in shipped
    assert "Xihu-2026-lake" not in shipped


def test_a_list_that_is_replaced_counts_at_once(tmp_path: Path) -> None:
    known = as_words(tmp_path / "words", ["one-password"])
    assert "another" not in known
    (tmp_path / "words").write_text("another\none-password\n")
    assert "another" in known
