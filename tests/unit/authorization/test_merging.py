"""Carrying a draft over to another version: both changes are kept, or the conflict is told; never something in between."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govcloud.authorization.drafting.checking import findings, located
from govcloud.authorization.drafting.editing import with_rule, without_rule
from govcloud.authorization.drafting.merging import merged, rebased
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.shipped import baseline
from govcloud.kernel.errors import Conflict, FieldError
from govcloud.kernel.messages import Message

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n"]), max_size=8).map("".join)


@given(base=LINES, side=LINES)
def test_a_side_without_changes_takes_the_other(base: str, side: str) -> None:
    assert merged(base, base, side) == side
    assert merged(base, side, base) == side
    assert merged(base, side, side) == side


@given(base=LINES, mine=LINES, theirs=LINES)
def test_what_merges_merges_alike_from_both_sides(base: str, mine: str, theirs: str) -> None:
    try:
        one = merged(base, mine, theirs)
    except Conflict:
        with pytest.raises(Conflict):
            merged(base, theirs, mine)
    else:
        assert merged(base, theirs, mine) == one


RULES = [rule for rule in baseline().rules if rule.label]


@settings(max_examples=8)
@given(mine=st.sampled_from(RULES), theirs=st.sampled_from(RULES))
def test_a_rebase_means_both_changes_or_is_refused(mine: object, theirs: object) -> None:
    base = baseline()
    draft = without_rule(base, mine)  # type: ignore[arg-type]
    live = with_rule(without_rule(base, theirs), "audit_admin", {"deny": ["housing:x:y"]})  # type: ignore[arg-type]
    try:
        result = rebased(base, draft, live)
    except Conflict:
        return
    difference = compare(live, result)
    assert difference.rules_added == ()
    assert set(difference.rules_removed) <= {mine}
    assert len(difference.rules_removed) == (0 if mine == theirs else 1)


def test_findings_name_their_lines() -> None:
    text = "functions: {}\nroles:\n  a:\n    rules:\n      - allow: ['housing:x:y']\n        when: subject.nope == 1\n      - deny: bad\n"
    found = findings(text, "x")
    assert {(item.line, item.place) for item in found} == {(6, "roles.a.rules[0].when"), (7, "roles.a.rules")}
    assert [item.column for item in found] == [15, 15]
    (broken,) = findings("roles:\n  a: [", "x")
    assert broken.line is not None
    assert findings("roles: {a: {}}", "x") == ()
    (twice,) = findings("roles:\n  a: {}\n  a: {}\n", "x")
    assert (twice.line, twice.place) == (3, "document")
    (nowhere,) = located("", PolicyError([FieldError("roles.x", Message("x"))]))
    assert nowhere.line is None
