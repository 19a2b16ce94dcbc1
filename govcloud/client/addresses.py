"""Paths of a subsystem's own: where a visitor may be sent back to, and which function a path needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from govcloud.client.errors import ConfigurationError

#: Longer ones are not carried through a sign-in; cookies are small.
_LONGEST = 512


def local(path: str | None) -> str:
    """Return ``path`` when it stays on this host, else ``/`` (no open redirect: two slashes, or slash and backslash, leave it)."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(char) < ord(" ") for char in path):
        return "/"
    return path if len(path) <= _LONGEST else "/"


def is_plain(path: str) -> bool:
    """Return whether every reader sees the same path: no empty, ``.`` or ``..`` part, no backslash, no control character.

    A path that the application reads in another way than the table below would go around it.
    """
    if not path.startswith("/") or "\\" in path or any(ord(char) < ord(" ") or char == "\x7f" for char in path):
        return False
    parts = path.split("/")[1:]
    return not any(part in {".", ".."} for part in parts) and "" not in parts[:-1]


@dataclass(frozen=True)
class Paths:
    """Which function opens which path.

    Attributes:
        door: opens every path that nothing else is said of.
        functions: by path; what is said of a path holds for everything below it, and the longest path counts.
        public: paths that are open to everybody, with everything below.
    """

    door: str
    functions: Mapping[str, str] = field(default_factory=dict)
    public: Iterable[str] = ()

    def __post_init__(self) -> None:
        """Check the table.

        Raises:
            ConfigurationError: the door is missing, or a path is written in a way that none comes in.
        """
        object.__setattr__(self, "public", tuple(self.public))
        if not self.door:
            raise ConfigurationError("door names the function that opens what nothing else is said of, <subsystem>:door:enter")
        for path in (*self.functions, *self.public):
            if not is_plain(path):
                raise ConfigurationError(f"a path begins with a slash and has no empty part, not {path!r}")

    def needed(self, path: str) -> str | None:
        """Return the function that opens ``path``; ``None`` when it is open to everybody."""
        named: dict[str, str | None] = {**dict.fromkeys(self.public), **self.functions}
        found = max((known for known in named if below(path, known)), key=len, default=None)
        return self.door if found is None else named[found]


def below(path: str, outer: str) -> bool:
    """Return whether ``path`` is ``outer`` or lies below it."""
    base = outer.rstrip("/")
    return path in {outer, base} or path.startswith(f"{base}/")
