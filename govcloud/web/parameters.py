"""Reading parameters of a request: each at most once (RFC 6749 section 3.1), of bounded length, without control characters."""

from __future__ import annotations

import re

from werkzeug.datastructures import MultiDict

LONGEST = 2048
_SHOWN = 40
_UNSHOWN = re.compile(r"[^A-Za-z0-9_.-]")


class BadParameterError(Exception):
    """A parameter is repeated, too long, or holds characters that no value may have; ``name`` says which."""

    def __init__(self, name: str, problem: str) -> None:
        """Keep the name, shortened and in ASCII, as it is shown."""
        # RFC 6749 section 5.2 allows few characters in a description.
        self.name = _UNSHOWN.sub("?", name[:_SHOWN])
        super().__init__(f"parameter {self.name}: {problem}")


def read_parameters(given: MultiDict[str, str]) -> dict[str, str]:
    """Return the parameters by name; one that is sent empty counts as not sent (RFC 6749 section 3.1).

    Raises:
        BadParameterError: names the first that cannot be taken.
    """
    parameters: dict[str, str] = {}
    for name, values in given.lists():
        if len(values) > 1:
            raise BadParameterError(name, "sent more than once")
        value = values[0]
        if len(value) > LONGEST:
            raise BadParameterError(name, f"longer than {LONGEST} characters")
        if not value.isprintable():
            raise BadParameterError(name, "holds control characters")
        if value:
            parameters[name] = value
    return parameters
