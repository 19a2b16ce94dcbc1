"""A browser without a screen: follows redirects, keeps cookies, reads forms and links from the page, and submits what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx


class StoryError(Exception):
    """The page is not what the story needs; the text says what was looked for and what came instead."""


@dataclass
class Form:
    """A form as it stands on the page: where it goes, how, and the values that it would send."""

    action: str
    method: str
    id: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def choose(self, name: str, label: str) -> str:
        """Return the value of the option of ``name`` whose label contains ``label``."""
        for value, text in self.choices.get(name, []):
            if label in text:
                return value
        raise StoryError(f"the choice {name!r} has no option {label!r}: {[text for _, text in self.choices.get(name, [])]}")


class _Reader(HTMLParser):
    """Collects forms, links and the visible text of a page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.forms: list[Form] = []
        self.links: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._option: tuple[str, list[str]] | None = None
        self._link: tuple[str, str, list[str]] | None = None
        self._area: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style"}:
            self._silent += 1
        elif tag == "a" and "href" in given:
            self._link = (given.get("id", ""), urljoin(self.base, given["href"]), [])
        elif tag == "form":
            self._form = Form(urljoin(self.base, given.get("action") or self.base), given.get("method", "get").lower(), given.get("id", ""))
            self.forms.append(self._form)
        elif self._form is not None:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in {"radio", "checkbox"}:
                form.choices.setdefault(name, []).append((given.get("value", "on"), given.get("aria-label", given.get("value", ""))))
            if kind not in {"radio", "checkbox", "submit"} or "checked" in given:
                form.values[name] = given.get("value", "")
        elif tag == "textarea" and name:
            self._area = name
            form.values[name] = ""
        elif tag == "select" and name:
            self._select = name
            form.choices[name] = []
        elif tag == "option" and self._select:
            self._option = (given.get("value", ""), [])
            if "selected" in given or self._select not in form.values:
                form.values[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._silent -= 1
        elif tag == "a" and self._link:
            self.links.append((self._link[0], self._link[1], " ".join(self._link[2]).strip()))
            self._link = None
        elif tag == "option" and self._option and self._form and self._select:
            self._form.choices[self._select].append((self._option[0], "".join(self._option[1]).strip()))
            self._option = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._option:
            self._option[1].append(data)
        elif self._area and self._form:
            self._form.values[self._area] += data
        else:
            self.text.append(data)
            if self._link:
                self._link[2].append(data.strip())


@dataclass(frozen=True)
class Page:
    """An answer as a person sees it: address, status, text, forms and links."""

    url: str
    status: int
    html: str
    text: str
    forms: tuple[Form, ...]
    links: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """Read an answer."""
        reader = _Reader(str(response.url))
        reader.feed(response.text)
        text = " ".join("".join(reader.text).split())
        return cls(str(response.url), response.status_code, response.text, text, tuple(reader.forms), tuple(reader.links))

    def link(self, *, id: str = "", text: str = "", to: str = "") -> str:  # noqa: A002 - HTML's own word
        """Return the address of the first link with this id, this text or this piece of address."""
        for link_id, href, label in self.links:
            if (id and link_id == id) or (text and text in label) or (to and to in href):
                return href
        raise StoryError(f"no link {id or text or to!r} on {self.url} ({self.status}): {self.text[:300]}")

    def form(self, to: str, *, having: str = "") -> Form:
        """Return the first form that goes to an address with ``to`` in it and has a field named ``having``."""
        for form in self.forms:
            if to in form.action and (not having or having in form.values or having in form.choices):
                return form
        raise StoryError(f"no form to {to!r} with {having!r} on {self.url} ({self.status}): {self.text[:300]}")

    def expect(self, status: int, *words: str) -> Self:
        """Return the page when it has this status and these words; otherwise the story does not hold."""
        if self.status != status:
            raise StoryError(f"expected {status} at {self.url}, got {self.status}: {self.text[:300]}")
        for word in words:
            if word not in self.text:
                raise StoryError(f"{word!r} is not on {self.url}: {self.text[:300]}")
        return self


class Browser:
    """One person's browser: cookies of every host that it visited, nothing else."""

    def __init__(self) -> None:
        """Start without cookies, reading Chinese."""
        self._http = httpx.Client(follow_redirects=True, timeout=15, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        self.passwords_typed = 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def open(self, url: str) -> Page:
        """Go to ``url``, through every redirect."""
        return Page.of(self._http.get(url))

    def submit(self, form: Form, **values: str) -> Page:
        """Send ``form`` with ``values`` in place of what stands in it, and go where that leads."""
        sent = form.values | values
        self.passwords_typed += "password" in sent
        if form.method == "get":
            return Page.of(self._http.get(form.action, params=sent))
        return Page.of(self._http.post(form.action, data=sent))
