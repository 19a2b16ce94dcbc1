"""Case numbers: written in many ways they are one case, and never is one case taken for another."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.case_numbers import case_key, same_case, spellings, written
from govcloud.authorization.scopes.rows import RowCondition, in_normal_form
from govcloud.client.case_numbers import spellings as client_spellings
from govcloud.client.rows import RowCondition as ClientCondition

PARTS = st.text("浙建审杭民初号" + string.ascii_uppercase + string.digits, min_size=1, max_size=6)
BRACKETS = st.sampled_from(["〔〕", "[]", "()", "（）", "【】", "［］", "〖〗", "{}"])
DASHES = st.sampled_from(["-", "－", "—", "–", "——", "‐", "−", "﹣"])
NOTHING = st.sampled_from(["", " ", "  ", "\u3000", "\u200b", "\ufeff", "\u00a0"])


def wide(text: str) -> str:
    """Return the same in full width."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


@st.composite
def ways(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return two ways to write one number, and another number."""
    head, year, tail = draw(PARTS), str(draw(st.integers(1990, 2030))), draw(PARTS)

    def once() -> str:
        pair = draw(BRACKETS)
        pieces = [draw(NOTHING), head, pair[0], year, pair[1], draw(NOTHING), draw(DASHES), tail, draw(NOTHING)]
        whole = "".join(pieces)
        whole = wide(whole) if draw(st.booleans()) else whole
        return whole.lower() if draw(st.booleans()) else whole

    return once(), once(), f"{head}〔{year}〕-{tail}9"


@given(ways())
def test_one_number_is_one_case_however_it_is_written(numbers: tuple[str, str, str]) -> None:
    one, two, other = numbers
    assert same_case(one, two)
    assert case_key(one) == case_key(two)
    assert not same_case(one, other)
    assert not RowCondition(case_number=written(one)).covers({"case_number": other})
    conditions = [RowCondition(case_number=text) for text in (written(one).upper(), written(two).upper(), written(other))]
    assert len(in_normal_form(conditions)) == 2
    assert conditions[0].meet(conditions[1]) is not None
    assert conditions[0].meet(conditions[2]) is None


@given(st.text(max_size=60))
def test_the_form_is_one(number: str) -> None:
    """Whatever comes in: written twice it is as written once."""
    once = written(number)
    assert written(once) == once
    assert case_key(once) == case_key(number)
    assert not any(character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} for character in once)


@given(st.text("浙A1-〔〕", min_size=1, max_size=20))
def test_every_spelling_is_the_same_case(number: str) -> None:
    found = spellings(written(number) or "x")
    assert len(found) <= 30
    assert found == client_spellings(written(number) or "x")
    row = RowCondition(case_number=written(number) or "x")
    client = ClientCondition(case_number=written(number) or "x")
    assert all(row.covers({"case_number": spelling}) and client.covers({"case_number": spelling}) for spelling in found)
    assert {case_key(spelling) for spelling in found} == {case_key(written(number) or "x")}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("浙建[2026]12号", "浙建〔2026〕12号"),
        ("（2026）浙01民初123号", "〔2026〕浙01民初123号"),
        (" ＸＨ－２０２６—０１ ", "XH-2026-01"),
        ("XH——1", "XH-1"),
        ("\u200b", ""),
        ("", ""),
    ],
)
def test_how_numbers_are_kept(given: str, kept: str) -> None:
    assert written(given) == kept


def test_no_number_is_no_case() -> None:
    assert not same_case(None, None)
    assert not same_case("1", None)
