"""The reference names what there is: every endpoint, every header, every error, and the very file that is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask

import govcloud.client
from govcloud.client import CheckDecision, Columns, Limits
from govcloud.signon.cas import errors
from govcloud.signon.forwarding.headers import ASSERTION, HEADERS
from govcloud.subsystems.protocols import ForwardAuthSettings

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "blueprint"), [("cas", "cas."), ("forward-auth", "forward_auth.")])
def test_a_page_names_every_endpoint_of_its_protocol(app: Flask, name: str, blueprint: str) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(blueprint)}
    assert rules
    assert [rule for rule in sorted(rules) if f"`GET {rule}`" not in page(name)] == []


def test_every_error_of_cas_is_explained() -> None:
    codes = {value for name, value in vars(errors).items() if name.isupper()}
    assert [code for code in sorted(codes) if f"| `{code}` |" not in page("cas")] == []


def test_nginx_writes_every_header_that_the_platform_says() -> None:
    """One that it did not write would reach the application as a browser made it up."""
    file = (ROOT / "deploy" / "nginx" / "forward-auth.conf").read_text(encoding="utf-8")
    assert set(HEADERS) == set(ForwardAuthSettings().headers)
    for header in (*HEADERS.values(), ASSERTION):
        assert f"proxy_set_header {header} " in file
        assert f"$upstream_http_{header.lower().replace('-', '_')};" in file
        assert f"| `{header}` |" in page("forward-auth")
    assert f"```nginx\n{file}```" in page("forward-auth")


@pytest.mark.parametrize("name", ["client", "client.zh-CN"])
def test_everything_that_subsystems_import_is_explained(name: str) -> None:
    text = page(name)
    assert [word for word in govcloud.client.__all__ if not re.search(rf"`[^`]*\b{word}\b[^`]*`", text)] == []
    for record in (Limits, Columns, CheckDecision):
        assert [item.name for item in fields(record) if f"`{item.name}`" not in text] == [], record


def test_everything_that_subsystems_import_is_there() -> None:
    assert [name for name in govcloud.client.__all__ if not hasattr(govcloud.client, name)] == []
    with pytest.raises(AttributeError):
        govcloud.client.Nonsense  # noqa: B018


@pytest.mark.parametrize("needless", ["flask", "sqlalchemy", "jwt", "cryptography"])
def test_checks_need_nothing_but_httpx(needless: str) -> None:
    program = f"import sys; sys.modules[{needless!r}] = None; import govcloud.client as c; c.Checks, c.AsyncAccess, c.Settings, c.Columns"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
