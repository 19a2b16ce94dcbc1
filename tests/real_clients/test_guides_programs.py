"""The programs of the guides "connect your subsystem" as they stand there: written into a file, run as the guide says, and looked at."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.real_clients.conftest import free_port
from tests.real_clients.first_look import ROOT, FirstLook, blocks
from tests.real_clients.test_guides import hello, look, running, secret_in

__all__ = ["hello", "look"]
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

EXCHANGE = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which the guide's commands find what they name: ``.venv``."""
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


@contextmanager
def started(look: FirstLook, folder: Path, command: str, port: int, moved: Mapping[str, str]) -> Iterator[None]:
    """Run the command of a guide that starts a program, until it is looked at no more."""
    # ``exec``: the shell becomes the program, so that ending one ends both.
    text = look.moved(command, moved).replace(".venv/bin/flask", "exec .venv/bin/flask")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with running(["/bin/bash", "-c", text], port, cwd=folder, env=environment, stderr=subprocess.DEVNULL):
        yield


def test_openid_connect_as_the_guide_says(look: FirstLook, hello: tuple[int, str], folder: Path) -> None:
    port, secret = hello
    here = f"http://127.0.0.1:{port}"
    (program,) = blocks("connect/oidc.md", "python")
    *_, run = blocks("connect/oidc.md")
    (folder / "hello.py").write_text(look.moved(program, {}), encoding="utf-8")
    moved = {"the-secret-above": secret, "--port 5000": f"--port {port}"}
    with started(look, folder, run, port, moved):
        # Nobody else holds the door: they see why not, and the button.
        refused = look.browser("ZHAOMIN").open(f"{here}/")
        assert refused.status_code == 403
        assert "申请临时权限" in refused.text
        entered = look.browser("WANGFANG").open(f"{here}/")
        assert (str(entered.url), entered.text) == (f"{here}/", "王芳, 杭州市西湖区民政局")
        assert "failed" not in look.shell(".venv/bin/govcloud client test hello", {})
    # Without the page running it says what is wrong.
    assert "failed" in look.shell(".venv/bin/govcloud client test hello || true", {})


def test_cas_as_the_guide_says(look: FirstLook, hello: tuple[int, str], folder: Path) -> None:
    assert hello
    port = free_port()
    here = f"http://127.0.0.1:{port}/"
    (program,) = blocks("connect/cas.md", "python")
    register, run = blocks("connect/cas.md")
    moved = {"http://127.0.0.1:5001/": here, "--port 5001": f"--port {port}"}
    look.shell(register, moved)
    (folder / "hello_cas.py").write_text(look.moved(program, moved), encoding="utf-8")
    with started(look, folder, run, port, moved):
        entered = look.browser("WANGFANG").open(here)
        assert (str(entered.url), entered.text) == (here, "WANGFANG, 王芳")
        assert look.browser("WANGFANG").open(f"{here}?ticket=ST-forged").text == "the ticket does not hold"
        assert "failed" not in look.shell(".venv/bin/govcloud client test hello-cas", {})


def test_oauth_as_the_guide_says(look: FirstLook, folder: Path) -> None:
    ask, introspect, use_key, may_call, exchange = blocks("connect/oauth.md")
    make_key, ask_with_key = blocks("connect/oauth.md", "python")
    register, rest = ask.split("\n", 1)
    secret = secret_in(look.shell(register, {}, folder))
    answer = httpx.Response(200, text=look.shell(rest, {"the-secret-above": secret}, folder)).json()
    assert answer["expires_in"] == 300
    assert "refresh_token" not in answer
    assert set(answer["scope"].split()) == {"authzen", "scim", "api"}
    mine = f"CLIENT_SECRET={secret}\n"
    said = look.shell(mine + introspect, {"the-token": answer["access_token"]}, folder)
    assert httpx.Response(200, text=said).json()["active"] is True

    for name, text in (("make_key.py", make_key), ("ask.py", ask_with_key)):
        (folder / name).write_text(look.moved(text, {}), encoding="utf-8")
    look.shell(".venv/bin/python make_key.py", {}, folder)
    look.shell(use_key, {}, folder)
    assert "invalid_client" in look.shell(rest, {"the-secret-above": secret}, folder)  # the secret is gone at once
    assert look.shell(".venv/bin/python ask.py", {}, folder) == "Bearer\n"

    look.shell(may_call, {}, folder)
    housing = secret_in(look.shell(".venv/bin/govcloud client rotate-secret housing", {}, folder))
    token = access_token(look, housing)
    called = look.shell(f"CLIENT_SECRET={housing}\n" + exchange, {"the-access-token": token}, folder)
    found = httpx.Response(200, text=called).json()
    assert (found["issued_token_type"], found["token_type"]) == (EXCHANGE, "Bearer")


def access_token(look: FirstLook, secret: str) -> str:
    """Return the access token of a sign-in of 王芳 at the sample subsystem of housing."""
    shown = look.shell(".venv/bin/govcloud client show housing", {})
    found = re.search(r'http://[^"\s]+/callback', shown)
    assert found, shown
    back = found[0]
    wang = look.browser("WANGFANG")
    wang.open(f"{look.url}/")
    verifier = "a" * 43
    asked = {"response_type": "code", "client_id": "housing", "redirect_uri": back, "scope": "openid profile", "state": "s"}
    # BASE64URL(SHA256(verifier)), RFC 7636 section 4.2.
    asked |= {"code_challenge": "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA", "code_challenge_method": "S256"}
    answer = wang.http.get(f"{look.url}/oidc/authorize?{urlencode(asked)}", follow_redirects=False)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    tokens = httpx.post(f"{look.url}/oidc/token", data=form, auth=("housing", secret), trust_env=False)
    assert tokens.status_code == 200, tokens.text
    return str(tokens.json()["access_token"])
