"""The sealed cookie: only what was sealed here, under this name, not too long ago, counts."""

from __future__ import annotations

import pytest

from govcloud.client import ConfigurationError
from govcloud.client.cookies import SealedCookie

SECRET = "of chance, thirty-two characters and more"


class Clock:
    """A clock that is moved."""

    now = 1_795_700_000.0


def cookie(name: str = "housing", secret: str = SECRET, *, secure: bool = True) -> SealedCookie:
    return SealedCookie(name, secret, seconds=60, secure=secure, wall=lambda: Clock.now)


def sent(set_cookie: str) -> str:
    """Return what a browser sends back."""
    return set_cookie.partition(";")[0]


def test_what_was_sealed_is_opened_among_others() -> None:
    header = cookie().seal({"who": "王芳"})
    assert header.endswith("Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert "王芳" not in header
    assert cookie().open(f"a=b; odd[name]=x; {sent(header)}; c=d") == {"who": "王芳"}
    assert "Secure" not in cookie(secure=False).seal({"a": 1})


@pytest.mark.parametrize("other", [cookie("assistance"), cookie(secret=SECRET + "!")])
def test_another_cookie_is_not_taken_for_it(other: SealedCookie) -> None:
    value = sent(other.seal({"who": "王芳"})).partition("=")[2]
    assert cookie().open(f"housing={value}") == {}


@pytest.mark.parametrize("header", ["", "housing", "housing=", "housing=王芳", "housing=gAAAAA", ";;;=;", "housing=" + "A" * 10_000])
def test_anything_else_is_nothing(header: str) -> None:
    assert cookie().open(header) == {}


def test_a_planted_cookie_does_not_hide_the_real_one() -> None:
    assert cookie().open(f"housing=planted; {sent(cookie().seal({'a': 1}))}") == {"a": 1}


def test_it_gets_old(monkeypatch: pytest.MonkeyPatch) -> None:
    header = sent(cookie().seal({"a": 1}))
    monkeypatch.setattr(Clock, "now", Clock.now + 61)
    assert cookie().open(header) == {}


def test_nothing_takes_it_away() -> None:
    assert cookie().seal({}) == cookie().remove()
    assert "housing=; Max-Age=0" in cookie().remove()


def test_limits() -> None:
    with pytest.raises(ConfigurationError, match="32"):
        cookie(secret="short")
    with pytest.raises(ConfigurationError, match="too long"):
        cookie().seal({"a": "x" * 4_000})
