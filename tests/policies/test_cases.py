"""Every case under ``policies/cases`` holds for the shipped policy."""

from __future__ import annotations

import pytest

from govcloud.authorization.deciding.cases import Case, load_cases
from govcloud.authorization.shipped import baseline, policies_folder

CASES = tuple(load_cases(policies_folder() / "cases", baseline()))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    assert case.run() == []


def test_a_wrong_expectation_is_seen() -> None:
    case = CASES[0]
    wrong = case.spec.model_copy(update={"expect": case.spec.expect.model_copy(update={"allowed": not case.spec.expect.allowed})})
    assert Case(case.file, wrong, case.at, case.engine, case.catalogue).run()


def test_names_are_unique() -> None:
    names = [str(case) for case in CASES]
    assert len(names) == len(set(names))
