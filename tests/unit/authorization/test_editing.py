"""Small changes to a policy's text: exactly the rule that is meant comes or goes, and every other line stays as it was."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govcloud.authorization.drafting.editing import with_rule, without_rule
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.policies.document import parse_document
from govcloud.authorization.shipped import baseline
from govcloud.kernel.errors import Conflict

RULES = [rule for rule in baseline().rules if rule.role != "official" or rule.label]


@settings(max_examples=8)
@given(rule=st.sampled_from(RULES))
def test_a_rule_goes_and_nothing_else(rule: object) -> None:
    result = without_rule(baseline(), rule)  # type: ignore[arg-type]
    difference = compare(baseline(), result)
    assert difference.rules_removed == (rule,)
    assert difference.rules_added == ()
    comments = [line for line in baseline().text.splitlines() if line.lstrip().startswith("#")]
    kept = [line for line in result.text.splitlines() if line.lstrip().startswith("#")]
    assert len(comments) - len(kept) <= 1


@settings(max_examples=8)
@given(role=st.sampled_from(sorted({rule.role for rule in RULES})), when=st.sampled_from(["", "subject.label >= 2"]))
def test_a_rule_comes_and_nothing_goes(role: str, when: str) -> None:
    rule: dict[str, object] = {"deny": ["housing:register:read"], "label": "试用"}
    if when:
        rule["when"] = when
    result = with_rule(baseline(), role, rule)
    difference = compare(baseline(), result)
    assert [(item.role, item.function, item.condition, item.label) for item in difference.rules_added] == [
        (role, "housing:register:read", when, "试用")
    ]
    assert difference.rules_removed == ()
    old, new = baseline().text.splitlines(), result.text.splitlines()
    added = [line for line in difflib.ndiff(old, new) if line.startswith(("+ ", "- "))]
    assert not [line for line in added if line.startswith("- ")]


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(PolicyError):
        with_rule(baseline(), "audit_admin", {"allow": ["govcloud:*"]})
    with pytest.raises(PolicyError):
        with_rule(baseline(), "audit_admin", {"allow": ["housing:register:read"], "when": "subject.nothing == 1"})
    with pytest.raises(Conflict):
        with_rule(baseline(), "nobody", {"allow": ["housing:register:read"]})
    flow = parse_document("roles: {a: {rules: [{allow: 'housing:x:y'}]}}", "flow")
    with pytest.raises(Conflict):
        with_rule(flow, "a", {"allow": ["housing:register:read"]})
    with pytest.raises(Conflict):
        without_rule(flow, flow.rules[0])
