"""npm oidc-client-ts, unmodified, in Chromium: a single-page application signs in, renews without a page, and signs out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.wrappers import Request, Response

from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC, OidcSettings
from tests.factories.world import PASSWORD, SEED
from tests.real_clients.conftest import Town, free_port, served

pytestmark = [pytest.mark.clients, pytest.mark.browser, pytest.mark.timeout(120)]

NODE = Path(__file__).parent / "node"
LIBRARY = NODE / "node_modules" / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js"


@pytest.fixture
def page(town: Town) -> Iterator[Page]:
    """Open the application, which stands on an origin of its own."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    settings = OidcSettings(web_origins=(origin,))
    new = NewClient("housing", "single-page", "SPA", (f"{origin}/callback",), (f"{origin}/bye",), auth_method=PUBLIC, settings=settings)
    town.services.subsystems.register_client(SEED, new)
    given = {
        "authority": town.issuer,
        "client_id": "single-page",
        "redirect_uri": f"{origin}/callback",
        "post_logout_redirect_uri": f"{origin}/bye",
        "scope": "openid profile",
        "loadUserInfo": True,
        "automaticSilentRenew": False,
    }
    files = {
        "/oidc-client-ts.min.js": (LIBRARY.read_text(encoding="utf-8"), "text/javascript"),
        "/settings.js": (f"const settings = {json.dumps(given)};", "text/javascript"),
    }
    html = (NODE / "single_page.html").read_text(encoding="utf-8")

    @Request.application
    def site(request: Request) -> Response:
        text, kind = files.get(request.path, (html, "text/html"))
        return Response(text, mimetype=kind)

    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert program is not None, "Chromium is missing: `make test-clients` installs it"
    with served(port, site), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        opened = chromium.new_context(ignore_https_errors=True).new_page()
        opened.goto(f"{origin}/")
        yield opened
        chromium.close()


def state(page: Page, key: str) -> dict[str, Any]:
    """Return what the application shows, once it shows ``key``."""
    page.wait_for_function("key => document.getElementById('state')?.textContent.includes(`\"${key}\"`)", arg=key)
    shown: dict[str, Any] = json.loads(page.inner_text("#state"))
    return shown


def test_it_signs_in_renews_and_signs_out(town: Town, page: Page) -> None:
    state(page, "ready")
    page.click("#in")
    page.fill("#login", "WANGFANG")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    signed_in = state(page, "sub")
    assert signed_in["sub"] == str(town.world.wang.official_id)
    assert signed_in["code"] == "WANGFANG"
    assert signed_in["iss"] == town.issuer
    page.click("#renew")
    renewed = state(page, "renewed")["renewed"]
    assert renewed["sub"] == signed_in["sub"]
    assert renewed["token"] != signed_in["token"]
    page.click("#out")
    assert state(page, "signedOut")["signedOut"]
    assert town.services.signon.sessions_of(town.world.wang.official_id) == ()
