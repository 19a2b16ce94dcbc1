"""Checking input: every finding at once, values shortened, and text that cannot be stored refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.batches import MOST_ROWS, one_place, within_limit
from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields, has_control_characters, searchable, shorten


def test_nothing_wrong_raises_nothing() -> None:
    fields = Fields()
    assert fields.text("name", "  王芳 ", most=5) == "王芳"
    assert fields.choice("kind", "primary", ("primary", "concurrent")) == "primary"
    assert fields.number("days", 3, least=1, most=3) == 3
    assert fields.matching("code", " A1 ", re.compile("[A-Z0-9]+"), Message("代码")) == "A1"
    fields.done()


def test_everything_wrong_is_named_in_its_row() -> None:
    fields = Fields()
    for index in range(2):
        row = fields.row(index)
        row.text("name", "", most=5)
        row.number("days", 0, least=1, most=3)
    with pytest.raises(Invalid) as error:
        fields.done()
    assert [item.field for item in error.value.fields] == ["rows[0].name", "rows[0].days", "rows[1].name", "rows[1].days"]


def test_the_answer_to_a_hopeless_batch_is_bounded() -> None:
    fields = Fields()
    for index in range(5000):
        fields.row(index).text("name", "", most=5)
    with pytest.raises(Invalid) as error:
        fields.done()
    assert len(error.value.fields) == 100


def test_composed_and_decomposed_text_is_stored_alike() -> None:
    assert Fields().text("name", "e\u0301", most=5) == "é"


@pytest.mark.parametrize(
    ("text", "one_line", "many_lines"),
    [
        ("王芳", False, False),
        ("a\nb", True, False),
        ("a\x00", True, True),
        ("a\u202eb", True, True),
        ("\ud800", True, True),
        ("\ue000", False, False),
    ],
)
def test_control_characters(text: str, *, one_line: bool, many_lines: bool) -> None:
    assert has_control_characters(text) == one_line
    assert has_control_characters(text, multiline=True) == many_lines


@given(st.text(max_size=200))
def test_what_is_shown_or_searched_is_printable(text: str) -> None:
    assert shorten(text).isprintable()
    assert len(shorten(text)) <= 60 * 8 + 1
    assert not has_control_characters(searchable(text))
    assert searchable(searchable(text)) == searchable(text)


def test_batches_have_bounds_and_a_name() -> None:
    within_limit([0], Fields())
    for rows in ([], [0] * (MOST_ROWS + 1)):
        with pytest.raises(Invalid):
            within_limit(rows, Fields())
    assert one_place(["a"]) == "a"
    assert one_place(["a", "b"]) == "batch"
