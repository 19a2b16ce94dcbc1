"""Which function a path needs: by whole segments, as the most lenient server would read them, or not at all."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.signon.forwarding.paths import UnreadablePathError, needed_function

RULES = (("/admin", "old:admin:use"), ("/admin/report/", "old:report:read"), ("/导出", "old:export:run"))
ASCII_RULES = RULES[:2]


@pytest.mark.parametrize(
    ("uri", "function"),
    [
        ("/", None),
        ("/administrator", None),
        ("/public/admin", None),
        ("/?x=/admin", None),
        ("/admin", "old:admin:use"),
        ("/admin/", "old:admin:use"),
        ("/admin?x=1", "old:admin:use"),
        ("/admin/users/1", "old:admin:use"),
        ("/ADMIN/users", "old:admin:use"),
        ("//admin", "old:admin:use"),
        ("/%61dmin", "old:admin:use"),
        ("/admin;jsessionid=1/x", "old:admin:use"),
        ("/admin.", "old:admin:use"),
        ("/admin%20/x", "old:admin:use"),
        ("/%EF%BD%81dmin", "old:admin:use"),
        ("/admin/report", "old:report:read"),
        ("/admin//report/1", "old:report:read"),
        ("/admin/reports", "old:admin:use"),
    ],
)
def test_the_longest_rule_that_fits(uri: str, function: str | None) -> None:
    assert needed_function(ASCII_RULES, uri) == function


@pytest.mark.parametrize(
    "uri",
    [
        "/public/../admin",
        "/public/..;/admin",
        "/public/%2e%2e/admin",
        "/./admin",
        "/public%2f..%2fadmin",
        "/%2561dmin",
        "/a%5cadmin",
        "/a\\admin",
        "/x%00/admin",
        "/%3b/admin",
        "/%EF%BC%8Fadmin",
        "admin",
        "",
        "http://app/admin",
        "/王",
        "/x\x00",
    ],
)
def test_what_may_mean_two_places_is_none(uri: str) -> None:
    with pytest.raises(UnreadablePathError):
        needed_function(ASCII_RULES, uri)


def test_an_application_without_rules_is_asked_nothing() -> None:
    assert needed_function((), "/public/../admin") is None


@given(st.lists(st.sampled_from(["a", "admin", "Admin", "%61dmin", "", "x;y", "."]), max_size=5), st.text(max_size=5))
def test_no_spelling_of_a_guarded_path_is_unguarded(segments: list[str], tail: str) -> None:
    uri = "/" + "/".join(["", "%41DMIN", *segments]) + "?" + quote(tail)
    try:
        assert needed_function(ASCII_RULES, uri) is not None
    except UnreadablePathError:
        return
