"""Paths of the department tree: ``"/<hex>/<hex>/"``, the ids from the root to the department itself."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from uuid import UUID


def path_below(parent: str | None, department_id: UUID) -> str:
    """Return the path of a department below ``parent`` (``None``: it is a root)."""
    return f"{parent or '/'}{department_id.hex}/"


def lies_within(path: str, above: str) -> bool:
    """Say whether the department at ``path`` is the one at ``above`` or lies below it."""
    return path.startswith(above)


def moved(path: str, old: str, new: str) -> str:
    """Return where ``path`` is after the subtree at ``old`` was moved to ``new``."""
    if not lies_within(path, old):
        raise ValueError(f"{path} does not lie within {old}")
    return new + path.removeprefix(old)


def path_above_all(paths: Sequence[str]) -> str | None:
    """Return the path of the lowest department that all ``paths`` lie within; ``None`` when they share no root."""
    if not paths:
        return None
    shared = posixpath.commonpath(paths)
    return None if shared == "/" else f"{shared}/"
