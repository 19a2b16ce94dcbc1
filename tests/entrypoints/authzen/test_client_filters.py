"""What subsystems filter and mask by the client is what the platform answers row by row: with rules and grants of every kind at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import cycle
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Engine, Integer, MetaData, Table, Text, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.authorization.scopes.scope import RowCondition, Scope
from govcloud.authorization.shipped import baseline
from govcloud.client import Checks, Columns, FieldState, Question
from govcloud.client.wire import read_rows
from govcloud.identity.inputs import OfficialChange
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
IN_MY_LINES = """
      - allow: housing:register:read
        when: resource.line in subject.business_lines
        label: 本业务条线的行
"""
EVERYWHERE = """
      - allow: housing:register:read
        fields: {mask: [phone], hide: [id_number]}
        label: 全省，脱敏
"""
NOT_THIS_ONE = """
      - deny: housing:register:read
        when: resource.id == "2"
"""
#: Rules whose conditions ask about the row: a list cannot know of any row what they read. Rows 1 and 2, which two of them name, lie in the
#: own department and have no label, so that nothing else keeps them out.
READING_THE_ROW = (
    IN_MY_LINES,
    EVERYWHERE,
    NOT_THIS_ONE,
    """
      - allow: housing:register:read
        scope: own_division
        label: 本区划的行
""",
    """
      - allow: housing:register:read
        when: resource.id != "1"
        scope: own_department
""",
    """
      - allow: housing:register:read
        when: not (resource.sealed == true) or subject.label >= 3
        fields: {mask: [note]}
""",
    """
      - allow: housing:register:read
        when: resource.label < 2
        scope: own_division
""",
    """
      - deny: housing:register:read
        when: resource.sealed == true
""",
    """
      - deny: housing:register:read
        when: resource.division == "330106001000"
""",
    """
      - deny: housing:register:read
        when: resource.type == "secret"
""",
)
PLACES = ("division", "department_path", "case_number")
LINES = ("民政", "住房和城乡建设", "审计", "民政", None)
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
    columns = (
        Column("division", Text),
        Column("department_path", Text),
        Column("case_number", Text),
        Column("label", Integer),
        Column("line", Text),
        Column("sealed", Boolean),
    )
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
        # Cycles of seven, five and four beside the three cases, so that they do not go together.
        told = zip(places_there, cycle(places.LABELS), cycle(LINES), cycle((None, False, True, False)), strict=False)
        rows = [dict(zip(PLACES, place, strict=True), label=label, line=line, sealed=sealed) for place, label, line, sealed in told]
        connection.execute(insert(table), rows)
    yield engine, table
    engine.dispose()


@pytest.fixture
def checks(app: Flask, world: World) -> Iterator[Checks]:
    """Return the housing subsystem's client."""
    credentials = world.clients["housing"]
    with httpx.Client(transport=httpx.WSGITransport(app)) as http:
        yield Checks("http://localhost", credentials.client_id, credentials.secret or "", http=http)


def ruled(rules: str) -> PolicyDocument:
    """Return the policy of the small province with more rules of 王芳's own role."""
    source = POLICY.replace("        label: 民政窗口岗位职责\n", f"        label: 民政窗口岗位职责{rules}", 1)
    return baseline().extended_by(source, "small province")


def cleared(services: Services, world: World, clearance: int) -> str:
    """Give 王芳 a clearance; return how she is asked about."""
    services.identity.change_official(world.system_admin.actor(), world.wang.official_id, OfficialChange(security_label=clearance))
    return str(world.wang.official_id)


def laid_out(table: Table) -> Columns:
    """Return the layout of the table."""
    return Columns(table.c.division, table.c.department_path, table.c.case_number, table.c.label)


def question(row: dict[str, Any], *told: str) -> Question:
    """Return the check of one row: its place and its label, and what else is ``told`` of it; what is empty it does not say."""
    keys = (*PLACES, "label", *told)
    return Question(READ, {key: row[key] for key in keys if row[key] is not None}, str(row["id"]))


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


@given(alternatives=st.lists(st.lists(ALTERNATIVES, min_size=1, max_size=3), max_size=3), clearance=st.integers(0, 4))
@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filter_and_masks_are_what_is_answered_row_by_row(
    *,
    services: Services,
    world: World,
    register: tuple[Engine, Table],
    checks: Checks,
    alternatives: list[list[RowCondition]],
    clearance: int,
) -> None:
    install(services, ruled(RULES))
    engine, table = register
    sub, layout = cleared(services, world, clearance), laid_out(table)
    with granted(services, world, [Scope(any_of=item) for item in alternatives]):
        opened = checks.check(sub=sub, function=READ)
        assert opened.allowed
        with engine.connect() as connection:
            filtered = set(connection.scalars(opened.views.filter(select(table.c.id), layout)))
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        asked = dict(zip([row["id"] for row in rows], checks.ask_all(sub, None, [question(row) for row in rows]), strict=True))
        allowed = {key for key, answer in asked.items() if answer.allowed}
        # A row that says nothing of where it stands is asked about as the function is: whether there are any rows. No list shows it here.
        placed = {row["id"] for row in rows if any(row[key] is not None for key in PLACES)}
        assert filtered == allowed & placed
        assert all(row["label"] is None or row["label"] <= clearance for row in rows if row["id"] in filtered)
        assert all(opened.views.covers(row, layout) is (row["id"] in filtered) for row in rows)
        for row in rows:
            if row["id"] in filtered:
                states = [opened.views.state(row, name, layout) for name in FIELDS]
                assert states == [asked[row["id"]].views.state(row, name, layout) for name in FIELDS]


@given(
    rules=st.lists(st.sampled_from(READING_THE_ROW), min_size=1, max_size=4, unique=True),
    alternatives=st.lists(ALTERNATIVES, max_size=2),
    clearance=st.integers(0, 4),
)
@settings(max_examples=15, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rules_that_read_the_row_make_lists_narrower_and_never_wider(
    *,
    services: Services,
    world: World,
    register: tuple[Engine, Table],
    checks: Checks,
    rules: list[str],
    alternatives: list[RowCondition],
    clearance: int,
) -> None:
    install(services, ruled("".join(rules)))
    engine, table = register
    sub, layout = cleared(services, world, clearance), laid_out(table)
    with granted(services, world, [Scope(any_of=alternatives)] if alternatives else []):
        opened = checks.check(sub=sub, function=READ)
        with engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
            filtered = set(connection.scalars(opened.views.filter(select(table.c.id), layout))) if opened.allowed else set[int]()
        answers = checks.ask_all(sub, None, [question(row, "line", "sealed") for row in rows])
        for row, answer in zip(rows, answers, strict=True):
            if row["id"] in filtered:
                assert answer.allowed, row
                for name in FIELDS:
                    in_the_list, alone = (views.state(row, name, layout) for views in (opened.views, answer.views))
                    assert list(FieldState).index(alone) <= list(FieldState).index(in_the_list), (row, name)


def test_a_rule_that_reads_the_row_opens_no_list_and_each_row(
    services: Services, world: World, register: tuple[Engine, Table], checks: Checks
) -> None:
    install(services, ruled(IN_MY_LINES))
    engine, table = register
    sub = cleared(services, world, 0)
    opened = checks.check(sub=sub, function=READ)
    assert (opened.allowed, opened.code) == (False, "condition_not_met")
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    answers = checks.ask_all(sub, None, [question(row, "line") for row in rows])
    shown = [row for row, answer in zip(rows, answers, strict=True) if answer.allowed]
    assert {row["line"] for row in shown} == {"民政"}
    assert {row["label"] for row in shown} == {None, 0}


def test_a_row_that_a_deny_names_is_in_no_list(services: Services, world: World, register: tuple[Engine, Table], checks: Checks) -> None:
    install(services, ruled(f"{EVERYWHERE}{NOT_THIS_ONE}"))
    sub = cleared(services, world, 0)
    assert not checks.ask(sub, None, Question(READ, {"division": XIHU}, "2")).allowed
    assert checks.ask(sub, None, Question(READ, {"division": XIHU}, "8")).allowed
    # The list cannot leave out the second row alone, so it is not opened at all.
    assert checks.check(sub=sub, function=READ).code == "forbidden_by_rule"


@given(alternatives=st.lists(ALTERNATIVES, max_size=4))
def test_both_sides_read_a_scope_alike(alternatives: list[RowCondition]) -> None:
    scope = Scope(any_of=alternatives)
    rows = read_rows(scope.to_json())
    place: dict[str, Any]
    for place in places.ROWS:
        assert rows.covers(place) is scope.covers(place)
