"""The JSON way in: access and the organisation for programs of the same session, described by its own OpenAPI document.

To add a route: a function in ``routes.py`` (or the room of its subject), one row in its table;
parsing, errors and the document follow from the row.
"""

from __future__ import annotations

from govcloud.entrypoints.api.blueprint import api

__all__ = ["api"]
