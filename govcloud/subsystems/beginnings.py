"""Addresses compared with registered beginnings: by parsed origin and whole segments of the path, never as text.

``https://app.example`` as a text also begins ``https://app.example.evil`` and ``https://app.example@evil``; ``/app`` also begins
``/application`` and, for a server that resolves it, ``/app/..;/admin``. So an address that servers might read in two ways is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LONGEST = 2048
_MOST_SEGMENTS = 40
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
#: What browsers drop, turn or refuse; a space or a line end would also let a header be split.
_NOWHERE = re.compile(r"[\s\\<>\"^`{|}]")
#: Encoded once or twice: slash, backslash, dot and the end of a C string.
_HIDDEN = re.compile(r"%(25)*(2f|5c|2e|00)", re.IGNORECASE)
#: What stands for itself whether it is encoded or not (RFC 3986 section 6.2.2.2), and a percent sign that encodes nothing.
_ENCODED = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~")
_BROKEN = re.compile(r"%(?![0-9a-fA-F]{2})")
_JSESSIONID = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A web address taken apart: its origin in one spelling, its path without a servlet's session id, and the rest as it came."""

    origin: str
    path: str
    query: str
    fragment: str

    @property
    def address(self) -> str:
        """Return the address in the form in which two are compared."""
        return f"{self.origin}{self.path}{self.query}{self.fragment}"

    def beginnings(self) -> list[str]:
        """Return every registered beginning that would fit, in the form of ``canonical``."""
        return list(dict.fromkeys([*self._ancestors(), f"{self.origin}{self.path}", f"{self.origin}{self.path}{self.query}"]))

    def _ancestors(self) -> Iterator[str]:
        """Give the origin and every folder of the path, with and without the slash at its end."""
        yield f"{self.origin}/"
        at = 1
        while (at := self.path.find("/", at)) > 0:
            yield f"{self.origin}{self.path[:at]}"
            at += 1
            yield f"{self.origin}{self.path[:at]}"


def place_of(address: str) -> Place | None:
    """Return an address taken apart, or ``None`` when it is none that every browser and server reads alike."""
    split = _split(address)
    if split is None:
        return None
    parts, origin = split
    path = _JSESSIONID.sub("", parts.path) or "/"
    if not path.isascii() or not path.startswith("/") or _is_ambiguous(path):
        return None
    path = _ENCODED.sub(_plain, path)
    query, fragment = f"?{parts.query}" if parts.query else "", f"#{parts.fragment}" if parts.fragment else ""
    return Place(origin, path, query, fragment)


def canonical(address: str) -> str | None:
    """Return an address in the form in which it is compared, or ``None`` when it is none."""
    place = place_of(address)
    return place.address if place else None


def origin_of(address: str) -> str | None:
    """Return scheme, host and port of an address in one spelling (RFC 6454 section 4), or ``None`` when it has none for certain.

    Its path may be anything: it is read by whoever serves that origin.
    """
    split = _split(address)
    return split[1] if split else None


def _split(address: str) -> tuple[SplitResult, str] | None:
    if len(address) > LONGEST or not address.isprintable() or _NOWHERE.search(address):
        return None
    try:
        parts = urlsplit(address)
        origin = _origin(parts)
    except ValueError:
        return None
    return (parts, origin) if origin else None


def _origin(parts: SplitResult) -> str | None:
    host, port = parts.hostname or "", parts.port
    if ":" in host:
        host = f"[{host}]"
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    return f"{parts.scheme}://{host}" if port in {None, _PORTS[parts.scheme]} else f"{parts.scheme}://{host}:{port}"


def _is_ambiguous(path: str) -> bool:
    """Say whether two servers may take the path for two places: dots, empty segments, parameters before them, encoded slashes."""
    segments = [segment.partition(";")[0] for segment in path.split("/")[1:]]
    odd = any(segment in {".", ".."} for segment in segments) or "" in segments[:-1]
    return odd or len(segments) > _MOST_SEGMENTS or any(rule.search(path) for rule in (_HIDDEN, _BROKEN))


def _plain(encoded: re.Match[str]) -> str:
    """Write an encoded character as itself where both are one, in capitals where not: ``/a%70p`` is ``/app`` to every server."""
    character = chr(int(encoded[1], 16))
    return character if character in _UNRESERVED else encoded[0].upper()
