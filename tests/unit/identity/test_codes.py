"""National codes: ID numbers, credit codes and division codes, with their check digits."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.identity import codes
from tests.factories.people import credit_code, id_number

TODAY = date(2026, 11, 24)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check(head: str) -> str:
    """Return an ID number with the check digit of GB 11643, computed from its weights and not by the library."""
    return head + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(head, WEIGHTS, strict=True)) % 11]


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014", with_check("33010618850229001"[:6] + "18840229" + "001")])
def test_right_id_numbers_pass(number: str) -> None:
    assert codes.id_number_fault(number, TODAY) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("110105194912310021", "校验位"),
        ("11010519491231002x", "18 位"),
        ("1101051949123100", "18 位"),
        ("１１０１０５１９４９１２３１００２X", "18 位"),
        ("", "18 位"),
        (with_check("99010519491231002"), "省级"),
        (with_check("11010519490231002"), "出生日期"),
        (with_check("11010520270101002"), "合理范围"),
        (with_check("11010517991231002"), "合理范围"),
    ],
)
def test_wrong_id_numbers_are_named(number: str, said: str) -> None:
    fault = codes.id_number_fault(number, TODAY)
    assert fault is not None
    assert said in str(fault)


@given(st.integers(0, 10**6), st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_an_id_number_is_always_found(number: int, place: int, digit: str) -> None:
    right = id_number(number)
    wrong = right[:place] + digit + right[place + 1 :]
    assert (codes.id_number_fault(wrong, TODAY) is None) == (wrong == right)


@pytest.mark.parametrize("code", ["91110000600037341L", "11330000002482285E"[:17] + "X"])
def test_a_credit_code_is_judged_by_its_check_digit(code: str) -> None:
    expected = code == "91110000600037341L"
    assert (codes.uscc_fault(code) is None) == expected


@given(st.integers(0, 10**5), st.integers(8, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_of_a_credit_code_is_always_found(number: int, place: int, char: str) -> None:
    right = credit_code(number)
    wrong = right[:place] + char + right[place + 1 :]
    assert (codes.uscc_fault(wrong) is None) == (wrong == right)


@pytest.mark.parametrize("code", ["91110000600037341", "I1110000600037341L", "9111000O600037341L", "91110000600037341l", ""])
def test_a_malformed_credit_code_is_refused(code: str) -> None:
    assert codes.uscc_fault(code) is not None


@pytest.mark.parametrize(
    ("code", "level", "prefix"),
    [
        ("330000000000", "province", "33"),
        ("331000000000", "city", "3310"),
        ("330110000000", "county", "330110"),
        ("330106001000", "township", "330106001"),
        ("330106010000", "township", "330106010"),
        ("330106001001", "village", "330106001001"),
        ("429004000000", "county", "429004"),
    ],
)
def test_level_and_prefix_of_a_division(code: str, level: str, prefix: str) -> None:
    assert codes.division_fault(code) is None
    assert codes.division_level(code) == level
    assert codes.division_prefix(code) == prefix


@pytest.mark.parametrize(
    "code", ["33010600000", "3301060000000", "33010600000A", "000000000000", "990000000000", "330006000000", "330100001000", ""]
)
def test_a_malformed_division_code_is_refused(code: str) -> None:
    assert codes.division_fault(code) is not None


def test_a_city_does_not_cover_its_namesake_in_digits() -> None:
    assert codes.division_covers("330000000000", "331002000000")
    assert codes.division_covers("331000000000", "331002000000")
    # 3310 (台州) and 3311 (丽水): cutting off all zeros would have made 台州 cover both.
    assert not codes.division_covers("331000000000", "331102000000")
    assert not codes.division_covers("331002000000", "331000000000")


DIVISIONS = st.builds(
    lambda parts, depth: "33" + "".join(f"{part:0{width}d}" if place < depth else "0" * width for place, (part, width) in enumerate(parts)),
    st.tuples(*(st.tuples(st.integers(1, 10**width - 1), st.just(width)) for width in (2, 2, 3, 3))),
    st.integers(0, 4),
)


@given(DIVISIONS, DIVISIONS)
def test_covering_is_an_order(outer: str, inner: str) -> None:
    assert codes.division_covers(outer, outer)
    assert codes.division_covers("330000000000", inner)
    if codes.division_covers(outer, inner) and codes.division_covers(inner, outer):
        assert outer == inner


@pytest.mark.parametrize(
    ("phone", "right"), [("13800138000", True), ("12800138000", False), ("1380013800", False), ("+8613800138000", False)]
)
def test_phone_numbers(phone: str, right: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (codes.phone_fault(phone) is None) == right
