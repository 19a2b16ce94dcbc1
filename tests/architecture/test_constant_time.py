"""Secrets are compared in constant time: no ``==`` on them anywhere; in the database the index looks up keyed digests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2] / "govcloud"
#: Last words of names that hold what a guesser would like to know.
SECRETS = frozenset(
    {"secret", "password", "token", "digest", "verifier", "signature", "mac", "hmac", "otp", "challenge", "thumbprint", "seal", "mark"}
)
#: What is compared with ``==`` although its name ends so, and why nothing can be learned from how long it takes.
NO_SECRETS: dict[str, str] = {
    "client/searching.py: after == token": "of pages of a search, both from the same server",
    "web/stays.py: mark in text": "what browsers call themselves",
    "web/possession.py: certificate.thumbprint != keys[THUMBPRINT]": "of a certificate, which is public; its key was proven to the proxy",
    "authorization/drafting/reviewing.py: impact.digest != shown.digest": "over a list that the reviewer was shown",
    "identity/working_life/correcting.py: old == digest": "keyed digests of two numbers that both come from the administrator",
    "identity/working_life/feed.py: known.digest != digest": "of an event that the same client sent before",
    "identity/importing/planning.py: known.digest != person.digest": "keyed digests of numbers within one file",
    "signon/breached.py: password in one": "a search in a file of known passwords",
    "signon/password_rules.py: password in self._breached": "the same",
}


def test_no_secret_is_compared_with_equals() -> None:
    found = [place for path in sorted(HOUSE.rglob("*.py")) for place in comparisons(path)]
    assert [place for place in found if place not in NO_SECRETS] == []
    assert set(NO_SECRETS) <= set(found), "no longer there"


def test_the_rule_sees_what_it_is_for() -> None:
    for line in ("given == secret", "self._code_digest != row.digest", "client_secret in known", "a.password == form['password']"):
        assert list(suspicious(ast.parse(line))), line
    for line in (
        "secret is None",
        "token == ''",
        "Session.token_digest == digest(token)",
        "len(token) > 9",
        "_ROW.c.digest == digest",
        "compare_digest(a, secret)",
    ):
        assert not list(suspicious(ast.parse(line))), line


def comparisons(path: Path) -> Iterator[str]:
    """Return the places of a file at which a secret is compared, as ``file: expression``."""
    for node in suspicious(ast.parse(path.read_text(encoding="utf-8"))):
        yield f"{path.relative_to(HOUSE)}: {ast.unparse(node)}"


def suspicious(tree: ast.AST) -> Iterator[ast.Compare]:
    """Return the comparisons in which a secret takes part, but for those with a constant and with a column."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) or _is_named_constant(side) or _is_column(side) for side in sides):
            continue
        if any(_last_word(side) in SECRETS for side in sides):
            yield node


def _is_named_constant(node: ast.expr) -> bool:
    """Say whether an expression is a constant of a module, which everybody can read in the code."""
    return isinstance(node, ast.Name) and node.id.isupper()


def _is_column(node: ast.expr) -> bool:
    """Say whether an expression is a column of a table: an attribute of a class, or one among the columns of a table (``TABLE.c.name``)."""
    if not isinstance(node, ast.Attribute):
        return False
    if isinstance(node.value, ast.Name):
        return node.value.id[:1].isupper()
    return isinstance(node.value, ast.Attribute) and node.value.attr == "c" and _is_named_constant(node.value.value)


def _last_word(node: ast.expr) -> str:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.lower().rpartition("_")[2]
