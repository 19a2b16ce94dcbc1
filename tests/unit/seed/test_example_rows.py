"""The examples' data files are what the generator writes, and the story's counties are in them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from stdnum.cn import ric

from govcloud.cli.seed.example_rows import assistance_cases, files, housing_register

DATA = Path(__file__).parents[3] / "examples" / "data"


@pytest.mark.parametrize("name", ["housing_register.csv", "assistance_cases.csv"])
def test_files_are_as_generated(name: str) -> None:
    written = (DATA / name).read_text(encoding="utf-8")
    assert written == files()[name], "write them anew: python -m govcloud.cli.seed.example_rows examples/data"


def test_the_storys_counties_have_households() -> None:
    counties = Counter(row["division_code"] for row in housing_register())
    assert counties["330106000000"] > counties["330110000000"] > 10
    assert sum(counties.values()) == 200


def test_rows_are_unique_and_their_numbers_valid() -> None:
    homes, cases = list(housing_register()), list(assistance_cases())
    assert len({row["register_no"] for row in homes}) == len(homes)
    assert len({row["case_no"] for row in cases}) == len(cases)
    assert all(row["id_number"][-1] == ric.calc_check_digit(row["id_number"]) for row in homes)
    assert {row["id_number"] for row in cases} <= {row["id_number"] for row in homes}
