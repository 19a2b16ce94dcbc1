"""Reads the data files beside this package, once each."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml

_COMMENT = "#"
# libyaml's loader reads ten times faster; builds of PyYAML without it have only the other.
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table(name: str) -> list[tuple[str, ...]]:
    """Return the rows of ``data/<name>.tsv``; lines that begin with ``#`` are remarks."""
    lines = _text(f"{name}.tsv").splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith(_COMMENT)]


@cache
def document(name: str) -> Any:  # noqa: ANN401 - the shape of a YAML file stands in its head
    """Return the content of ``data/<name>.yaml``; callers do not change it."""
    return yaml.load(_text(f"{name}.yaml"), Loader=_LOADER)  # noqa: S506 - both are safe loaders


def _text(name: str) -> str:
    return (resources.files(__package__) / "data" / name).read_text(encoding="utf-8")
