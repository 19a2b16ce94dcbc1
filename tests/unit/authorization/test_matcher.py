"""The matcher: what the whitelist lets through, and which models the engine refuses to run on."""

from __future__ import annotations

import pytest

from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.policies.matcher import Matcher, MatcherError
from govcloud.authorization.shipped import model_text

TOKENS = frozenset({"r_sub", "p_sub"})


def _same(one: str, two: str) -> bool:
    return one == two


def test_compiled_matcher_evaluates() -> None:
    matcher = Matcher('same(r_sub, p_sub) && !(p_sub == "x") || r_sub != p_sub && r_sub == "y"', TOKENS, {"same": _same})
    assert matcher.eval({"r_sub": "a", "p_sub": "a"}) is True
    assert matcher.eval({"r_sub": "x", "p_sub": "x"}) is False
    assert matcher.eval({"r_sub": "y", "p_sub": "a"}) is True


@pytest.mark.parametrize(
    "expression",
    [
        "r_sub.__class__ == p_sub",
        "__import__('os')",
        "r_sub[0] == p_sub",
        "r_sub + p_sub == p_sub",
        "same(one=r_sub, two=p_sub)",
        "(lambda: r_sub)()",
        "r_sub == 1",
        "r_sub == r_obj",
        "same == r_sub",
        "r_sub(p_sub)",
        "eval(p_sub)",
        "r_sub in p_sub",
        "r_sub if p_sub else r_sub",
        "r_sub ==",
        "",
    ],
)
def test_outside_the_whitelist(expression: str) -> None:
    with pytest.raises(MatcherError):
        Matcher(expression, TOKENS, {"same": _same})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("&& !some(where (p.eft == deny))", ""),
        ("r = sub, fn, all, grant", "r = sub, fn"),
        ("p = sub, fn, cond, scope, eft, id", "p = sub, fn, cond, eft"),
        ("g = _, _", "g = _, _\ng2 = _, _"),
        ("noted(r.sub, p.id)", "noted(r.sub, p.id) || r.fn.startswith(p.fn)"),
        ("noted(r.sub, p.id)", "regexMatch(r.fn, p.fn)"),
    ],
)
def test_a_model_that_the_engine_was_not_made_for(old: str, new: str) -> None:
    assert old in model_text()
    with pytest.raises(MatcherError):
        Engine(model_text().replace(old, new), compile_policy(1, (), ()))
