"""npm openid-client, unmodified, as a confidential client: code flow, userinfo, refresh, introspection, revocation, pushed requests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN, OidcSettings
from tests.factories.world import SEED
from tests.real_clients.conftest import Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120)]

NODE = Path(__file__).parent / "node"


def run(town: Town, login: str) -> dict[str, Any]:
    """Let the Node program use the platform, with a browser in which ``login`` signs in; return what it says in the end."""
    callback = f"http://127.0.0.1:{town.ports.echo}/callback"
    settings = OidcSettings(grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS))
    new = NewClient("housing", "node-client", "Node", (callback,), (f"{callback}/bye",), settings=settings)
    secret = town.services.subsystems.register_client(SEED, new).secret
    assert secret is not None
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_EXTRA_CA_CERTS": str(town.made.authority),
        "ISSUER": town.issuer,
        "CLIENT_ID": "node-client",
        "CLIENT_SECRET": secret,
        "REDIRECT": callback,
    }
    node = shutil.which("node")
    assert node is not None, "node is missing: `make test-clients` installs it"
    browser = town.browser()
    with subprocess.Popen(
        [node, str(NODE / "openid_client.mjs")],
        env=environment,
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        for line in program.stdout:
            said: dict[str, Any] = json.loads(line)
            if "open" not in said:
                return said | {"browser": browser}
            answer = browser.open(said["open"], login)
            program.stdin.write(json.dumps({"at": str(answer.url)}) + "\n")
            program.stdin.flush()
        raise AssertionError(program.stderr.read()[-3000:])


def test_everything_that_it_can_do_works(town: Town) -> None:
    said = run(town, "WANGFANG")
    wang = str(town.world.wang.official_id)
    assert said["claims"]["sub"] == said["userinfo"]["sub"] == wang
    assert said["claims"]["iss"] == town.issuer
    assert said["userinfo"]["employee_code"] == "WANGFANG"
    assert said["refreshed"]
    assert said["introspected"]["active"]
    assert said["introspected"]["sub"] == wang
    assert said["afterwards"] == {"active": False}
    assert said["own"]["type"] == "bearer"
    assert said["own"]["expires"] <= 300
    assert said["pushed"]


def test_it_signs_out_where_it_signed_in(town: Town) -> None:
    said = run(town, "WANGFANG")
    browser = said["browser"]
    answer = browser.open(said["logout"])
    assert answer.url.path == "/callback/bye"
    assert browser.open(f"{town.issuer}/").url.path == "/sign-in"
    assert town.services.signon.sessions_of(town.world.wang.official_id) == ()
