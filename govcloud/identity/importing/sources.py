"""Sources of people: a file as a table of the columns of people."""

from __future__ import annotations

from pathlib import Path

from govcloud.identity.importing.columns import COLUMNS
from govcloud.kernel.tables import sources
from govcloud.kernel.tables.sources import Source


def examine(path: Path, name: str = "") -> Source:
    """Return the people at ``path``; ``name`` is what the file was called where it comes from.

    Raises:
        Invalid: the file is empty, or of a kind that is not read here.
    """
    return sources.examine(path, COLUMNS, name)


__all__ = ["Source", "examine"]
