"""What a tier leaves open: read from what people write, checked, and turned into steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.entrypoints.console.catalogue.subsystem_rows import read_rows
from govcloud.kernel.errors import Invalid
from govcloud.kernel.validation import Fields
from govcloud.subsystems.approval import MOST_NEEDED, TIERS, Step, care, checked_approval, read_approval, steps_of, written_approval

people = st.integers(1, MOST_NEEDED)
serial = st.lists(st.fixed_dictionaries({"kind": st.sampled_from(["owner", "superior"]), "needed": people}), min_size=2, max_size=4)
policies: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.sampled_from([("one", {}), ("auto", {}), ("two_units", {})]),
    st.integers(2, MOST_NEEDED).map(lambda needed: ("quorum", {"needed": needed})),
    serial.map(lambda steps: ("serial", {"steps": steps})),
)


@given(policies)
def test_what_is_written_is_read_back(policy: tuple[str, dict[str, Any]]) -> None:
    tier, approval = policy
    fields = Fields()
    assert checked_approval(tier, approval, fields) == approval
    assert not fields.findings
    assert read_approval(tier, written_approval(approval)) == approval
    assert steps_of(tier, approval)


@pytest.mark.parametrize(
    ("tier", "text", "approval"),
    [
        ("quorum", " 3 ", {"needed": 3}),
        ("serial", "主管部门，上级部门：2", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 2}]}),
        ("serial", "owner、superior", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]}),
        ("one", "", {}),
    ],
)
def test_people_write_it_in_their_ways(tier: str, text: str, approval: dict[str, Any]) -> None:
    assert read_approval(tier, text) == approval


@given(st.sampled_from(TIERS), st.text(max_size=20))
def test_whatever_is_written_is_checked(tier: str, text: str) -> None:
    fields = Fields()
    stored = checked_approval(tier, read_approval(tier, text), fields)
    assert fields.findings or steps_of(tier, stored)


def test_tiers_compare_by_the_people_they_take() -> None:
    order: list[tuple[str, dict[str, Any]]] = [
        ("auto", {}),
        ("one", {}),
        ("quorum", {"needed": 2}),
        ("two_units", {}),
        ("serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]}),
        ("quorum", {"needed": 3}),
    ]
    assert sorted(order, key=lambda policy: care(*policy)) == order
    assert steps_of("two_units", {}) == (Step(needed=2, distinct_units=True),)


def test_rows_of_onboarding_carry_it() -> None:
    row = "register:read,查询,说明,3,是,姓名,{},30,是,是"
    _, [item] = read_rows("housing", row.format("多人同意 2"))
    assert (item.tier, item.approval) == ("quorum", {"needed": 2})
    _, [item] = read_rows("housing", row.format("serial owner、superior:2"))
    assert item.approval["steps"][1] == {"kind": "superior", "needed": 2}
    with pytest.raises(Invalid):
        read_rows("housing", row.format("两人 2"))
