"""Reading which constraint the database refused with."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the violated constraint, as PostgreSQL reports it (field ``n`` of its error message)."""
    diagnostics = getattr(error.orig, "diag", None)
    name: str | None = getattr(diagnostics, "constraint_name", None)
    return name
