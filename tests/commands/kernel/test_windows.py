"""The boxes by which windows of one owner are kept apart mean what ranges mean: half-open, exact to the microsecond, one owner each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import databases

START = datetime(2026, 11, 26, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: What a constraint compares, beside what it stands for.
SAME = """
SELECT (window_box(%(one)s, %(f1)s, %(t1)s) && window_box(%(two)s, %(f2)s, %(t2)s) AND window_owner(%(one)s) ~= window_owner(%(two)s)
        AND (%(t1)s::timestamptz IS NULL OR %(t1)s > %(f1)s) AND (%(t2)s::timestamptz IS NULL OR %(t2)s > %(f2)s)),
       (%(one)s::uuid = %(two)s::uuid AND tstzrange(%(f1)s, %(t1)s) && tstzrange(%(f2)s, %(t2)s))
"""

owners = st.sampled_from(
    [
        UUID("01a218d8-85ad-7609-9eba-0ac44878c895"),
        UUID("01a218d8-85ad-7609-9eba-0ac44878c894"),
        UUID("01a218d8-85ad-7609-9ebb-0ac44878c895"),
        UUID("01a218d8-85ae-7609-9eba-0ac44878c895"),
        UUID(int=0),
        UUID(int=2**128 - 1),
    ]
)
#: Mostly neighbours, so that windows touch; sometimes far away.
moments = st.one_of(
    st.integers(0, 6).map(lambda count: START + count * MICROSECOND),
    st.datetimes(datetime(1900, 1, 1), datetime(2250, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
windows = st.tuples(moments, st.one_of(st.none(), moments)).filter(lambda window: window[1] is None or window[0] <= window[1])


@pytest.fixture(scope="module")
def connection(template_database: str) -> Iterator[psycopg.Connection]:
    with databases.clone(template_database) as name, psycopg.connect(databases.owner_url(name)) as found:
        yield found


@given(owners, owners, windows, windows)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_boxes_meet_where_windows_of_one_owner_do(
    connection: psycopg.Connection,
    one: UUID,
    two: UUID,
    first: tuple[datetime, datetime | None],
    second: tuple[datetime, datetime | None],
) -> None:
    values = {"one": one, "two": two, "f1": first[0], "t1": first[1], "f2": second[0], "t2": second[1]}
    row = connection.execute(SAME, values).fetchone()
    assert row is not None
    assert row[0] == row[1]


def test_what_ends_after_the_year_2255_is_taken_as_open(connection: psycopg.Connection) -> None:
    owner, late = UUID(int=7), datetime(9999, 12, 31, tzinfo=UTC)
    query = "SELECT window_box(%s, %s, %s) && window_box(%s, %s, NULL)"
    assert connection.execute(query, (owner, START, late, owner, START + timedelta(days=365))).fetchone() == (True,)
    assert connection.execute(query, (owner, START, START + MICROSECOND, owner, START + MICROSECOND)).fetchone() == (False,)
