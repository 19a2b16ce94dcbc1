"""The platform as ``make run`` starts it, on ports of its own, and whoever follows the guides there: a shell and browsers."""

from __future__ import annotations

import html
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx

from govcloud.cli.stack import free_ports

ROOT = Path(__file__).parents[2]
_START_SECONDS = 300
_ACCOUNT = re.compile(r"^│ ([A-Z]+) +│ (\S+) ", re.MULTILINE)
_READY = "Ctrl-C stops everything"


def blocks(page: str, language: str = "sh") -> list[str]:
    """Return what a page of the documentation says to copy, in its order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(rf"^([ ]*)```{language}\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


@dataclass(frozen=True)
class FirstLook:
    """The running platform: its address, the folder of its data, and the sample accounts with their passwords."""

    url: str
    home: Path
    passwords: Mapping[str, str]
    windows: ExitStack

    def moved(self, text: str, moved: Mapping[str, str]) -> str:
        """Return a text of a guide with the addresses that are elsewhere here, the platform's among them."""
        for there, here in {"http://127.0.0.1:8000": self.url, **moved}.items():
            text = text.replace(there, here)
        return text

    def shell(self, commands: str, moved: Mapping[str, str], folder: Path = ROOT) -> str:
        """Run commands of a guide as they stand there, but for what is ``moved``; return what they print."""
        # On the port of the guides the address is the default one.
        environment = os.environ | {"GOVCLOUD_HOME": str(self.home), "GOVCLOUD_PUBLIC_URL": self.url, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["/bin/bash", "-ec", self.moved(commands, moved)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def browser(self, login: str) -> Person:
        """Open a private window, in which nobody is signed in yet."""
        person = Person(self.url, login, self.passwords[login])
        self.windows.callback(person.http.close)
        return person


class Person:
    """Somebody at a browser: cookies, links and forms."""

    def __init__(self, platform: str, login: str, password: str) -> None:
        """Take where to sign in, and as whom."""
        self._platform = platform
        self._account = {"login": login, "password": password}
        # A browser asks for pages in the language of the screenshots.
        headers = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html", "Accept-Language": "zh-CN"}
        self.http = httpx.Client(follow_redirects=True, timeout=60, trust_env=False, headers=headers)

    def open(self, address: str) -> httpx.Response:
        """Open an address; when the platform asks who one is, sign in."""
        page = self.http.get(address)
        if str(page.url).startswith(f"{self._platform}/sign-in"):
            page = self.press(page, "/sign-in", **self._account)
        return page

    def follow(self, page: httpx.Response, words: str) -> httpx.Response:
        """Click the link that says ``words``."""
        links = re.findall(r'<a\b[^>]*href="([^"]+)"[^>]*>(.*?)</a>', page.text, re.DOTALL)
        address = next((href for href, text in links if words in re.sub(r"<[^>]+>", "", text)), None)
        assert address is not None, (words, page.url)
        return self.open(urljoin(str(page.url), html.unescape(address)))

    def press(self, page: httpx.Response, action: str, /, **fields: str) -> httpx.Response:
        """Send the form that goes to ``action``, filled in with ``fields``."""
        forms = re.findall(r"<form\b[^>]*>.*?</form>", page.text, re.DOTALL)
        form = next(found for found in forms if re.search(rf'action="{re.escape(action)}"', found))
        hidden = {}
        for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', form):
            given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            hidden[html.unescape(given["name"])] = html.unescape(given.get("value", ""))
        address = urljoin(str(page.url), html.unescape(action))
        return self.http.post(address, data=hidden | fields, headers={"Referer": str(page.url)})


@contextmanager
def first_look(home: Path) -> Iterator[FirstLook]:
    """Start everything, as ``make run`` does after its set-up."""
    ports = free_ports()
    options = ("--port", ports.platform, "--housing-port", ports.housing, "--assistance-port", ports.assistance, "--workers", 1)
    command = [sys.executable, "-m", "govcloud", "run", *map(str, options)]
    environment = os.environ | {"GOVCLOUD_HOME": str(home), "COLUMNS": "160"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        late = threading.Timer(_START_SECONDS, running.kill)
        late.start()
        try:
            said = []
            for line in running.stdout:
                said.append(line)
                if _READY in line:
                    break
            late.cancel()
            printed = "".join(said)
            assert _READY in printed, printed
            with ExitStack() as windows:
                yield FirstLook(ports.platform_url, home, dict(_ACCOUNT.findall(printed)), windows)
        finally:
            late.cancel()
            running.send_signal(signal.SIGINT)
            running.wait(timeout=60)
