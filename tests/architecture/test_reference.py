"""The reference names what there is: every endpoint, every header, every error, and the very file that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

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
