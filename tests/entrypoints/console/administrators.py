"""Administrators at the console with a browser of their own, who fill in forms and confirm previews."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass
class Administrator:
    """Somebody at the console."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(f"/console{path}")

    def post(self, path: str, form: Mapping[str, object]) -> TestResponse:
        """Submit a form as its page would."""
        if not self.token:
            # One token serves every form of a session.
            found = _TOKEN.search(self.get("/").text)
            assert found is not None
            self.token = found[1]
        return self.client.post(f"/console{path}", data={**form, "csrf_token": self.token})

    def confirm(self, path: str, previewed: TestResponse) -> TestResponse:
        """Confirm what a preview shows, with exactly the values that it carries."""
        form: dict[str, list[str]] = {}
        for name, value in _HIDDEN.findall(previewed.text):
            form.setdefault(name, []).append(unescape(value))
        return self.client.post(f"/console{path}", data={**form, "step": "confirm"})


Become = Callable[[str], Administrator]


def said(answer: TestResponse) -> str:
    """Return the text of a page without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))
