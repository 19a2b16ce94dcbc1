"""Which function a path of an application needs, by the application's rules: pairs of a path's beginning and a function's code.

The application behind the proxy reads the path in its own way, and nobody knows in which. So a path is compared as the most lenient
server would read it (decoded, without parameters, in any case, slashes run together), and one that two servers may take for two
places is refused outright.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

#: Encoded slashes and backslashes, the end of a C string, and anything that is encoded twice.
_HIDDEN = re.compile(r"%(2f|5c|00|25[0-9a-f]{2})", re.IGNORECASE)


class UnreadablePathError(ValueError):
    """The path may mean two places."""


def needed_function(rules: Sequence[tuple[str, str]], uri: str) -> str | None:
    """Return the function that ``uri`` (path and query) needs: that of the longest rule that fits; ``None``: no rule does.

    Raises:
        UnreadablePathError: there are rules, and nobody can say which of them the path falls under.
    """
    if not rules:
        return None
    path = _segments(uri.partition("#")[0].partition("?")[0])
    fitting = [(len(beginning), function) for beginning, function in _prepared(rules) if path[: len(beginning)] == beginning]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def _prepared(rules: Sequence[tuple[str, str]]) -> list[tuple[list[str], str]]:
    return [(_segments(beginning), function) for beginning, function in rules]


def _segments(path: str) -> list[str]:
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or "\\" in path or _HIDDEN.search(path):
        raise UnreadablePathError(path)
    decoded = [unicodedata.normalize("NFKC", unquote(segment.partition(";")[0])) for segment in path.split("/")]
    if any(segment in {".", ".."} or "/" in segment or "\\" in segment or ";" in segment for segment in decoded):
        raise UnreadablePathError(path)
    # Some servers take ``/admin.`` and ``/admin%20`` for ``/admin``.
    return [segment.rstrip(". ").casefold() for segment in decoded if segment.rstrip(". ")]
