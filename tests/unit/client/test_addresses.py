"""Which function a path needs, and which paths are taken at all: whatever is read in two ways is not let in."""

from __future__ import annotations

from typing import Any

import pytest

from govcloud.client import ConfigurationError, Settings
from govcloud.client.addresses import Paths, is_plain, local

TABLE = Paths(
    "h:door:enter", {"/register": "h:register:read", "/register/export": "h:register:export", "/static/x": "h:x:y"}, ("/static", "/healthz")
)


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("/", "h:door:enter"),
        ("/other", "h:door:enter"),
        ("/registers", "h:door:enter"),
        ("/Register", "h:door:enter"),
        ("/register", "h:register:read"),
        ("/register/", "h:register:read"),
        ("/register/7", "h:register:read"),
        ("/register/export", "h:register:export"),
        ("/register/export/all", "h:register:export"),
        ("/register/exports", "h:register:read"),
        ("/static/app.css", None),
        ("/static/x", "h:x:y"),
        ("/healthz", None),
        ("/healthz2", "h:door:enter"),
    ],
)
def test_the_longest_path_counts(path: str, function: str | None) -> None:
    assert TABLE.needed(path) == function


def test_a_path_that_is_public_and_needs_a_function_needs_it() -> None:
    assert Paths("h:door:enter", {"/a": "h:a:read"}, ("/a",)).needed("/a/b") == "h:a:read"


@pytest.mark.parametrize(
    "path", ["//register", "/./register", "/x/../register", "/register//7", "/..", "\\register", "/a\\b", "/a\x00", "", "x", "/a\n"]
)
def test_a_path_that_is_read_in_two_ways_is_odd(path: str) -> None:
    assert not is_plain(path)


@pytest.mark.parametrize("path", ["/", "/register/", "/登记/7", "/a.b/..c/...", "/a%2e"])
def test_a_path_that_is_read_in_one_way(path: str) -> None:
    assert is_plain(path)


@pytest.mark.parametrize(("door", "functions"), [("", {}), ("h:door:enter", {"register": "h:a:b"}), ("h:door:enter", {"/a//b": "h:a:b"})])
def test_a_table_that_nothing_would_match(door: str, functions: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Paths(door, functions)


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "", None, "/a\r\nb", "/" + "x" * 600]
)
def test_one_comes_back_to_ones_own_pages_only(path: str | None) -> None:
    assert local(path) == "/"


GOOD: dict[str, Any] = {
    "issuer": "https://cloud.example",
    "client_id": "h",
    "client_secret": "s",
    "base_url": "https://h.example/app/",
    "cookie_secret": "c" * 32,
}


def test_settings() -> None:
    settings = Settings(**GOOD)
    assert (settings.base_url, settings.mount, settings.cookie_name, settings.is_secure) == (
        "https://h.example/app",
        "/app",
        "__Host-h",
        True,
    )
    assert "c" * 32 not in repr(settings)
    assert Settings(**{**GOOD, "base_url": "http://127.0.0.1:8001"}).cookie_name == "h"


@pytest.mark.parametrize("change", [{"base_url": "h.example"}, {"base_url": "https://"}, {"cookie_name": "a b"}, {"cookie_name": "a;b"}])
def test_settings_that_cannot_be_used(change: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Settings(**{**GOOD, **change})


def test_settings_of_the_environment() -> None:
    environment = {f"GOVCLOUD_{name.upper()}": value for name, value in GOOD.items()} | {"GOVCLOUD_TIMEOUT": "1.5"}
    settings = Settings.from_environment(environment)
    assert (settings.client_id, settings.limits.total) == ("h", 1.5)
    with pytest.raises(ConfigurationError, match="GOVCLOUD_CLIENT_SECRET"):
        Settings.from_environment({**environment, "GOVCLOUD_CLIENT_SECRET": ""})
    with pytest.raises(ConfigurationError, match="seconds"):
        Settings.from_environment({**environment, "GOVCLOUD_TIMEOUT": "soon"})
