"""Every generated number is valid, of nobody alive, and different from every other."""

from __future__ import annotations

import pytest
from stdnum.cn import ric, uscc

from govcloud.cli.seed.divisions import Divisions
from govcloud.cli.seed.numbers import CreditCodes, IdNumbers, Phones, Shuffle, is_woman, stream

COUNT = 20_000


@pytest.fixture(scope="module")
def id_numbers() -> IdNumbers:
    return IdNumbers(Divisions().county_codes, stream(1, "test"))


def test_id_numbers_pass_gb_11643(id_numbers: IdNumbers) -> None:
    counties = set(Divisions().county_codes)
    for index in range(COUNT):
        number = id_numbers[index]
        assert number[:6] in counties
        assert 1840 <= ric.get_birth_date(number).year < 1900
        assert number[-1] == ric.calc_check_digit(number)


def test_id_numbers_never_repeat(id_numbers: IdNumbers) -> None:
    assert len({id_numbers[index] for index in range(COUNT)}) == COUNT
    assert len(id_numbers) > 1_000_000_000


def test_about_half_are_women(id_numbers: IdNumbers) -> None:
    women = sum(is_woman(id_numbers[index]) for index in range(COUNT))
    assert 0.45 < women / COUNT < 0.55


def test_credit_codes_pass_gb_32100() -> None:
    codes = CreditCodes(stream(1, "test"))
    made = [codes.code(index, "11", "330106000000") for index in range(10_000)]
    assert all(uscc.is_valid(code) for code in made)
    assert len(set(made)) == len(made)
    assert all(code.startswith("11330106") for code in made)


def test_the_organisations_part_of_a_credit_code_has_its_own_check_digit() -> None:
    # GB 11714 section 3.2: eleven minus the rest of the weighted sum by eleven, X for ten.
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    for index in range(200):
        body = CreditCodes(stream(1, "test")).code(index, "12", "330000")[8:17]
        rest = (11 - sum(int(digit) * weight for digit, weight in zip(body, weights, strict=False)) % 11) % 11
        assert body[8] == ("X" if rest == 10 else str(rest))


def test_phones_are_of_a_range_that_no_operator_has() -> None:
    phones = Phones(stream(1, "test"))
    made = {phones[index] for index in range(COUNT)}
    assert len(made) == COUNT
    assert all(len(phone) == 11 and phone.startswith("154") for phone in made)


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1013, 4096])
def test_a_shuffle_is_a_reordering(size: int) -> None:
    shuffle = Shuffle(size, stream(1, size))
    assert sorted(shuffle[index] for index in range(size)) == list(range(size))
    with pytest.raises(IndexError):
        shuffle[size]
