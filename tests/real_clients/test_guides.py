"""The guides "connect your subsystem" followed by hand: their own text, the platform as ``make run`` starts it, unmodified software."""

from __future__ import annotations

import base64
import html
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from tests.real_clients.conftest import free_port, open_folder
from tests.real_clients.first_look import FirstLook, blocks, first_look
from tests.real_clients.programs import NODE

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

#: What /etc/nginx/nginx.conf of Debian says, as far as it concerns a site.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
{temporary}
    access_log off;
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    gzip on;
    include {folder}/conf.d/*.conf;
}}
"""


@pytest.fixture(scope="module")
def look() -> Iterator[FirstLook]:
    """Start the platform, and register the subsystem ``hello`` as step 1 of the OpenID Connect guide says."""
    with open_folder() as folder, first_look(folder) as look:
        yield look


@pytest.fixture(scope="module")
def hello(look: FirstLook) -> tuple[int, str]:
    """Follow steps 1 and 3 of the OpenID Connect guide; return the port of the page, and the secret that is printed once."""
    port = free_port()
    register, publish, *_ = blocks("connect/oidc.md")
    printed = look.shell(register + publish, {"http://127.0.0.1:5000": f"http://127.0.0.1:{port}"})
    assert "hello: published" in printed
    give_the_door(look)
    return port, secret_in(printed)


def secret_in(printed: str) -> str:
    found = re.search(r"secret \(shown this once\): (\S+)", printed)
    assert found, printed
    return found[1]


def give_the_door(look: FirstLook) -> None:
    """Let 王芳 request the door and 李强 approve, as the guide says."""
    wang, li = look.browser("WANGFANG"), look.browser("LIQIANG")
    form = wang.follow(wang.open(f"{look.url}/requests/new"), "进入接入试验")
    sent = wang.press(form, "/requests/new", reason="接入试验", days="5")
    assert "/requests/" in str(sent.url), sent.text
    waiting = li.follow(li.open(f"{look.url}/inbox"), "进入接入试验")
    decided = li.press(waiting, waiting.url.path, action="approve")
    assert decided.status_code == 200, decided.text


@contextmanager
def running(command: Sequence[str], port: int, **options: object) -> Iterator[None]:
    """Run a program for a while, once it listens on ``port``."""
    with subprocess.Popen(list(command), **options) as program:  # type: ignore[call-overload]
        try:
            for _ in range(400):
                assert program.poll() is None, f"{command[0]} ended"
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except ConnectionRefusedError:
                    threading.Event().wait(0.05)
            else:
                pytest.fail(f"{command[0]} does not listen on port {port}")
            yield
        finally:
            program.terminate()
            program.wait(timeout=20)


def copied(look: FirstLook, client_id: str, library: str) -> str:
    """Copy the settings of a client for a library in the console, on the way that the guide names."""
    he = look.browser("HEWEI")
    page = he.open(f"{look.url}/console/")
    for words in ("业务子系统", "接入试验"):
        page = he.follow(page, words)
    address = re.search(rf'href="([^"]+/{client_id}/)"', page.text)
    assert address, page.text
    page = he.open(f"{look.url}{html.unescape(address[1])}?for={library}")
    found = re.search(r'<pre id="ready"[^>]*><code>(.*?)</code>', page.text, re.DOTALL)
    assert found, page.text
    return html.unescape(found[1])


@pytest.fixture
def application(look: FirstLook, hello: tuple[int, str], tmp_path: Path) -> Iterator[str]:
    """Follow the guide of forward-auth up to the open address; return that."""
    assert hello
    port, behind = free_port(), free_port()
    here = f"http://127.0.0.1:{port}"
    moved = {"http://127.0.0.1:5002": here, "8080": str(behind), "hello-old": f"hello-{port}"}
    register, show, *_ = blocks("connect/forward-auth.md")
    old = secret_in(look.shell(register, moved))
    text = copied(look, f"hello-{port}", "nginx").replace("http://127.0.0.1:8080;", f"http://127.0.0.1:{behind};")
    # The client's name is in the names of its cookies and in its credentials; this is what the guide has one print.
    encoded = look.shell(f"printf %s 'hello-{port}:{old}' | base64 -w0", {})
    assert encoded == base64.b64encode(f"hello-{port}:{old}".encode()).decode()
    sites = tmp_path / "conf.d"
    sites.mkdir()
    (sites / "hello-old.conf").write_text(text.replace("BASE64_OF_CLIENT_ID_COLON_SECRET", encoded), encoding="utf-8")
    temporary = "".join(f"    {kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = tmp_path / "nginx.conf"
    main.write_text(NGINX.format(folder=tmp_path, temporary=temporary), encoding="utf-8")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    subprocess.run([nginx, "-t", "-q", "-c", main, "-e", tmp_path / "error.log"], check=True)
    program = ["/bin/bash", "-c", "exec " + show.replace("8080", str(behind)).strip()]
    server = [nginx, "-c", str(main), "-e", str(tmp_path / "error.log")]
    with running(program, behind, stderr=subprocess.DEVNULL), running(server, port):
        yield here


def told(page: httpx.Response) -> dict[str, str]:
    """Return what the application of the guide shows."""
    return {name: unquote(value) for name, _, value in (line.partition(": ") for line in page.text.splitlines())}


def test_forward_auth_as_the_guide_says(look: FirstLook, application: str) -> None:
    wang = look.browser("WANGFANG")
    seen = told(wang.open(f"{application}/"))
    assert seen.pop("X-Govcloud-Identity").count(".") == 2
    assert seen.pop("X-Govcloud-Appointment")
    assert seen == {
        "X-Govcloud-Name": "王芳",
        "X-Govcloud-Employee-Code": "WANGFANG",
        "X-Govcloud-Department": "杭州市西湖区民政局",
        "X-Govcloud-Division": "330106000000",
    }
    tested = look.shell(f".venv/bin/govcloud client test hello-{application.rpartition(':')[2]}", {})
    assert "failed" not in tested, tested
    forged = {"X-Govcloud-Name": "root", "X-Govcloud-Client-Address": "10.1.2.3"}
    assert told(wang.http.get(f"{application}/", headers=forged))["X-Govcloud-Name"] == "王芳"
    assert httpx.get(f"{application}/", headers=forged, trust_env=False).status_code == 303
    refused = look.browser("ZHAOMIN").open(f"{application}/")
    assert refused.status_code == 403
    assert "申请临时权限" in refused.text
    out = wang.http.get(f"{application}/.govcloud/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert str(out.url) == f"{look.url}/sign-in"
    assert str(wang.http.get(f"{application}/").url).startswith(f"{look.url}/sign-in?")


def test_authlib_as_the_console_says(look: FirstLook, hello: tuple[int, str], tmp_path: Path) -> None:
    """The text of the client's page is the whole program."""
    port, secret = hello
    (tmp_path / "hello.py").write_text(copied(look, "hello", "authlib"), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": secrets.token_hex(32), "GOVCLOUD_CLIENT_SECRET": secret}
    program = [sys.executable, "-m", "flask", "--app", "hello", "run", "--port", str(port)]
    with running(program, port, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL):
        wang = look.browser("WANGFANG")
        entered = wang.open(f"http://127.0.0.1:{port}/")
        assert entered.text == "王芳, 杭州市西湖区民政局"
        assert str(entered.url) == f"http://127.0.0.1:{port}/"
        refused = look.browser("ZHAOMIN").open(f"http://127.0.0.1:{port}/")
        assert refused.status_code == 403
        assert "申请临时权限" in refused.text


def test_openid_client_as_the_console_says(look: FirstLook, hello: tuple[int, str], tmp_path: Path) -> None:
    """The text of the client's page with one thing added: how a request comes back, which is the web framework's."""
    port, secret = hello
    text = copied(look, "hello", "openid-client")
    here = re.search(r"^// at http://127\.0\.0\.1:\d+/\S+$", text, re.MULTILINE)
    assert here, text
    line = "(await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next()).value"
    comes_back = f"console.log(signIn.href);\nconst request = {{ url: {line} }};"
    program = f'import {{ createInterface }} from "node:readline/promises";\n{text}'.replace(here[0], comes_back)
    (tmp_path / "hello.mjs").write_text(f"{program}process.stdin.destroy();\n", encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    environment = {"PATH": os.environ["PATH"], "CLIENT_SECRET": secret}
    said, told = conversation(["node", "hello.mjs"], tmp_path, environment, lambda address: came_back(look, address))
    assert told.startswith(f"http://127.0.0.1:{port}/")
    assert "aud: 'hello'" in said, said
    assert f"iss: '{look.url}'" in said


def test_python_cas_as_the_console_says(look: FirstLook, hello: tuple[int, str], tmp_path: Path) -> None:
    """The same: what the page says in words at 1 and 2 is done by hand."""
    assert hello
    here = f"http://127.0.0.1:{free_port()}/"
    register, _ = blocks("connect/cas.md")
    look.shell(register, {"http://127.0.0.1:5001/": here})
    text = copied(look, "hello-cas", "python-cas")
    by_hand = {r"^# 1\. send the browser to (client\.get_login_url\(\))$": r"print(\1, flush=True)", r"^# 2\. at .*$": "ticket = input()"}
    for words, done in by_hand.items():
        text, times = re.subn(words, done, text, flags=re.MULTILINE)
        assert times == 1, (words, text)
    (tmp_path / "hello_cas.py").write_text(f'{text}print(user, attributes["name"])\n', encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}

    def ticket(address: str) -> str:
        return parse_qs(urlsplit(came_back(look, address)).query)["ticket"][0]

    said, told = conversation([sys.executable, "hello_cas.py"], tmp_path, environment, ticket)
    assert told.startswith("ST-")
    assert said.strip() == "WANGFANG 王芳"


def conversation(command: Sequence[str], folder: Path, environment: Mapping[str, str], answer: Callable[[str], str]) -> tuple[str, str]:
    """Run a program and answer its first line; return all that it says afterwards, and what it was told."""
    pipe = subprocess.PIPE
    with subprocess.Popen(list(command), cwd=folder, env=dict(environment), stdin=pipe, stdout=pipe, stderr=pipe, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        first = program.stdout.readline().strip()
        assert first, program.stderr.read()
        told = answer(first)
        said, failed = program.communicate(f"{told}\n", timeout=60)
        assert program.returncode == 0, failed
    return said, told


def came_back(look: FirstLook, address: str) -> str:
    """Let 王芳, who is signed in, open where a program sends her; return where the platform sends her back to."""
    wang = look.browser("WANGFANG")
    wang.open(f"{look.url}/")
    answer = wang.http.get(address, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])
