"""What subsystems filter and mask by the client is what the platform answers row by row: with rules and grants of every kind at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scope import RowCondition, Scope
from govcloud.authorization.shipped import baseline
from govcloud.client import Checks, Question
from govcloud.client.wire import read_rows
from govcloud.services import Services
from tests.client import places
from tests.factories.policies import install
from tests.factories.world import POLICY, SEED, XIHU, YUHANG, World

READ = "housing:register:read"
FIELDS = ("phone", "id_number", "note")
#: Rules of 王芳's own role, beside her grants.
RULES = """
      - allow: housing:register:read
        scope: own_department
        fields: {mask: [phone], hide: [id_number]}
        label: 本部门的行，脱敏
      - allow: housing:register:read
        scope: own_division and case in my matters
        fields: {mask: [phone, note]}
        label: 本区划内经手的办件
"""
ALTERNATIVES = st.builds(
    RowCondition,
    st.sampled_from([None, XIHU, YUHANG, "330100000000"]),
    st.sampled_from([None, "/aa/", "/aa/bb/"]),
    st.sampled_from([None, "XH2026001"]),
).filter(lambda item: item.to_json() != {})


@pytest.fixture
def register(services: Services, world: World) -> Iterator[tuple[Engine, Table]]:
    """Return a subsystem's own table, with a row for every place there is, and two of 王芳's department."""
    own = services.identity_queries.department(world.wang.department_id)
    assert own is not None
    columns = (Column("division", Text), Column("department_path", Text), Column("case_number", Text))
    table = Table("register", MetaData(), Column("id", Integer, primary_key=True), *columns)
    engine = create_engine("sqlite://", poolclass=StaticPool)
    places_there = [
        (division, path, case)
        for division in (XIHU, "330106001000", YUHANG, "330109000000", None)
        for path in (own.path, f"{own.path}aa/", "/aa/", "/aa/bb/", "/aab/", None)
        for case in ("XH2026001", "xh2026001", None)
    ]
    with engine.begin() as connection:
        table.metadata.create_all(connection)
        keys = ("division", "department_path", "case_number")
        connection.execute(insert(table), [dict(zip(keys, place, strict=True)) for place in places_there])
    yield engine, table
    engine.dispose()


@pytest.fixture
def checks(app: Flask, world: World) -> Iterator[Checks]:
    """Return the housing subsystem's client."""
    credentials = world.clients["housing"]
    with httpx.Client(transport=httpx.WSGITransport(app)) as http:
        yield Checks("http://localhost", credentials.client_id, credentials.secret or "", http=http)


@contextmanager
def granted(services: Services, world: World, scopes: list[Scope]) -> Iterator[None]:
    """Open the register to 王芳 for these rows, one grant each, and close it again."""
    now, wang = services.clock.now(), world.wang
    made = []
    for scope in scopes:
        new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), scope)
        made.append(services.authorization.open_grant(SEED, new))
    yield
    for grant_id in made:
        services.authorization.close_grant(SEED, grant_id, "办结")


@given(alternatives=st.lists(st.lists(ALTERNATIVES, min_size=1, max_size=3), max_size=3))
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filter_and_masks_are_what_is_answered_row_by_row(
    services: Services, world: World, register: tuple[Engine, Table], checks: Checks, alternatives: list[list[RowCondition]]
) -> None:
    source = POLICY.replace("        label: 民政窗口岗位职责\n", f"        label: 民政窗口岗位职责{RULES}", 1)
    install(services, baseline().extended_by(source, "small province"))
    engine, table = register
    sub = str(world.wang.official_id)
    with granted(services, world, [Scope(any_of=item) for item in alternatives]):
        opened = checks.check(sub=sub, function=READ)
        assert opened.allowed
        with engine.connect() as connection:
            filtered = set(connection.scalars(opened.views.filter(select(table.c.id), table)))
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        questions = {row["id"]: Question(READ, {key: row[key] for key in row if key != "id" and row[key] is not None}) for row in rows}
        # A row that says nothing of where it stands cannot be asked about: that question is the function as such. No rule opens it here.
        placed = {key: question for key, question in questions.items() if question.resource}
        asked = dict(zip(placed, checks.ask_all(sub, None, list(placed.values())), strict=True))
        assert filtered == {key for key, answer in asked.items() if answer.allowed}
        assert all(opened.views.covers(row) is (row["id"] in filtered) for row in rows)
        for row in rows:
            if row["id"] in filtered:
                states = [opened.views.state(row, name) for name in FIELDS]
                assert states == [asked[row["id"]].views.state(row, name) for name in FIELDS]


@given(alternatives=st.lists(ALTERNATIVES, max_size=4))
def test_both_sides_read_a_scope_alike(alternatives: list[RowCondition]) -> None:
    scope = Scope(any_of=alternatives)
    rows = read_rows(scope.to_json())
    place: dict[str, Any]
    for place in places.ROWS:
        assert rows.covers(place) is scope.covers(place)
