"""The first row of a table: which column stands where."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.refusals import doubled, no_headings


def places_of(headings: Sequence[object], columns: Columns) -> tuple[int | None, ...]:
    """Return the column of each heading; unknown columns are left out, as every export has some of its own.

    Raises:
        Invalid: a required column is not there, or a column stands there twice.
    """
    places = tuple(columns.place_of(heading) for heading in headings)
    if lacking := columns.missing(places):
        raise no_headings(lacking)
    known = [place for place in places if place is not None]
    for place in known:
        if known.count(place) > 1:
            raise doubled(columns[place].heading)
    return places
