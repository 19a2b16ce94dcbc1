"""The filter selects exactly the rows that a check of each of them would open: on SQLite and on PostgreSQL, by their indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy import (
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    NullPool,
    SmallInteger,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column
from sqlalchemy.pool import StaticPool

from govcloud.client import Checks, Columns, ConfigurationError, Question, RowCondition, Rows, View, Views
from govcloud.client.rows import ALL_ROWS, NO_ROWS
from tests.client import places
from tests.factories import databases
from tests.factories.deciding import Asked, Point, deciding, no, yes

XIHU = "330106000000"
READ = "housing:register:read"


def _table(linguistic: str | None) -> Table:
    """Return the table; ``linguistic`` is a collation under which slashes do not count, as many a database has it."""
    return Table(
        "register",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("division", Text, index=True),
        Column("department_path", Text(collation=linguistic)),
        Column("case_number", Text, index=True),
        Column("label", SmallInteger),
    )


def labelled(table: Table) -> Columns:
    """Return the layout of the table with its column of labels."""
    return Columns(table.c.division, table.c.department_path, table.c.case_number, table.c.label)


#: The same for rows that are mappings.
PLAINLY = Columns("division", "department_path", "case_number", "label")


@contextmanager
def _sqlite() -> Iterator[tuple[Engine, Table]]:
    yield create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}), _table(None)


@contextmanager
def _postgresql() -> Iterator[tuple[Engine, Table]]:
    with databases.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            found = connection.scalars(text("SELECT collname FROM pg_collation WHERE collname IN ('und-x-icu', 'en_US', 'en_US.utf8')"))
            linguistic = next(iter(found), None)
        yield engine, _table(linguistic)
        engine.dispose()


@pytest.fixture(scope="module", params=[_sqlite, _postgresql], ids=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest) -> Iterator[tuple[Engine, Table]]:
    """Return a database with a row for every place there is."""
    with request.param() as (engine, table):
        path = table.c.department_path
        Index("by_path", path.collate("C") if engine.dialect.name == "postgresql" else path)
        with engine.begin() as connection:
            table.metadata.create_all(connection)
            connection.execute(insert(table), places.ROWS)
        yield engine, table


@pytest.fixture(scope="module")
def point() -> Iterator[Point]:
    with deciding() as point:
        yield point


def selected(register: tuple[Engine, Table], rows: Rows) -> set[int]:
    engine, table = register
    with engine.connect() as connection:
        return set(connection.scalars(select(table.c.id).where(rows.filter(table))))


@given(views=places.views, bound=places.bounds)
@settings(max_examples=30)
def test_what_is_filtered_is_what_is_checked(
    register: tuple[Engine, Table], point: Point, views: list[dict[str, Any]], bound: int | None
) -> None:
    rows = places.union(views)

    def decide(asked: Asked) -> dict[str, Any]:
        row = asked["resource"]["properties"]
        opens = not row or (places.cleared(bound, row) and any(places.covers(view["rows"], row) for view in views))
        return yes(rows, views, bound) if opens else no("out_of_scope")

    point.decide = decide
    with Checks(point.origin, "housing-web", "secret") as checks:
        opened = checks.check(sub="s", function=READ)
        questions = [Question(READ, {key: row[key] for key in row if key != "id"}) for row in places.ROWS]
        checked = {row["id"] for row, answer in zip(places.ROWS, checks.ask_all("s", None, questions), strict=True) if answer.allowed}
    engine, table = register
    with engine.connect() as connection:
        filtered = set(connection.scalars(opened.views.filter(select(table.c.id), labelled(table))))
    assert filtered == checked
    assert {row["id"] for row in places.ROWS if opened.views.covers(row, PLAINLY)} == checked
    assert {row["id"] for row in places.ROWS if opened.rows.covers(row, PLAINLY)} == checked
    assert {row["id"] for row in opened.views.masked(places.ROWS, PLAINLY)} == checked


def test_everything_and_nothing(register: tuple[Engine, Table]) -> None:
    assert len(selected(register, ALL_ROWS)) == len(places.ROWS)
    assert selected(register, NO_ROWS) == set()


@pytest.mark.parametrize("bound", range(5))
def test_rows_above_the_clearance_are_not_selected(register: tuple[Engine, Table], bound: int) -> None:
    engine, table = register
    with engine.connect() as connection:
        found = set(connection.scalars(select(table.c.label).where(Rows(None, bound).filter(labelled(table)))))
    assert found == {None, *range(bound + 1)}


def test_where_no_column_of_labels_is_named_none_is_looked_at(register: tuple[Engine, Table]) -> None:
    assert len(selected(register, Rows(None, 0))) == len(places.ROWS)
    assert Rows(None, 0).covers({"label": 4})
    assert not Rows(None, 0).covers({"label": 4}, {"label": "label"})


@pytest.mark.parametrize("label", [True, "1", 1.0, -1, 5, [1]])
def test_what_is_no_label_clears_nobody(label: object) -> None:
    assert not Rows(None, 4).covers({"label": label}, PLAINLY)


def test_a_row_without_its_column_of_labels_is_not_shown() -> None:
    assert not Rows(None, 4).covers({"division": XIHU}, PLAINLY)
    assert Rows(None, 4).covers({"label": None}, PLAINLY)


def test_rows_of_several_answers_are_bounded_by_the_lowest() -> None:
    low, high = Rows.within(XIHU), Rows(None, 3)
    assert low.union(high) == high.union(low) == Rows(None, 0)
    assert NO_ROWS.union(high) == high.union(NO_ROWS) == high, "what opens nothing bounds nothing"
    assert high.holds(low)
    assert not low.holds(high)
    assert not Rows(None, 1).holds(Rows((RowCondition(XIHU),), 2))


def test_many_alternatives(register: tuple[Engine, Table]) -> None:
    codes = tuple(f"33{city:02d}{county:02d}000000" for city in range(1, 12) for county in range(1, 70))
    cases = tuple(RowCondition(case_number=f"XH{number}") for number in range(5_000))
    found = selected(register, Rows((*Rows.within(*codes).alternatives, *cases)))  # type: ignore[misc]
    assert found == {row["id"] for row in places.ROWS if row["division"] and re.match("3301(?!00)", row["division"])}


@pytest.mark.parametrize(
    "condition",
    [
        RowCondition(XIHU),
        RowCondition(department_path="/aa/"),
        RowCondition(case_number="XH2026%"),
        RowCondition(XIHU, "/aa/", "XH2026001"),
    ],
)
def test_an_index_answers(register: tuple[Engine, Table], condition: RowCondition) -> None:
    engine, table = register
    statement = select(table).where(Rows((condition,)).filter(table))
    plain = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
    assert " LIKE " not in plain
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {plain}").scalars())
            assert "Seq Scan" not in plan, plan
        else:
            plan = "\n".join(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plain}"))
            assert "SEARCH register USING INDEX" in plan, plan


class Base(DeclarativeBase):
    """Models of a subsystem."""


class Household(Base):
    """A model with the names of the conditions."""

    __tablename__ = "household"
    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(String(12))


class Archive(Base):
    """A model with names of its own."""

    __tablename__ = "archive"
    id: Mapped[int] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column("area_code", String(12))


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number, code in enumerate(("330106000000", "330106001000", "330110000000"), 1):
            session.add_all([Household(id=number, division=code), Archive(id=number, area=code)])
        session.commit()
        yield session
    engine.dispose()


def test_models_aliases_and_changes(session: Session) -> None:
    mine = Views((View(Rows.within(XIHU)),))
    assert [row.id for row in session.scalars(mine.filter(select(Household), Household))] == [1, 2]
    other = aliased(Household)
    assert list(session.scalars(mine.filter(select(other.id), other))) == [1, 2]
    assert list(session.scalars(mine.filter(select(Archive.id), Archive.area))) == [1, 2]
    assert list(session.scalars(mine.filter(select(Archive.id), {"division": Archive.area}))) == [1, 2]
    assert list(session.scalars(mine.filter(select(Archive.id), Columns(division=Archive.area)))) == [1, 2]
    assert [row.id for row in mine.filter(session.query(Household), Household)] == [1, 2]
    session.execute(mine.filter(delete(Household), Household))
    assert list(session.scalars(select(Household.id))) == [3]


def test_what_a_table_does_not_have_no_row_meets(session: Session) -> None:
    cases = Views((View(Rows((RowCondition(case_number="XH1"), RowCondition("330110000000")))),))
    assert list(session.scalars(cases.filter(select(Household.id), Household))) == [3]


@pytest.mark.parametrize(
    "columns",
    [Archive, {"area": Archive.area}, {}, "division", Columns(division="area"), object(), Columns(Archive.area, label="label")],
)
def test_columns_have_to_be_named(columns: object) -> None:
    with pytest.raises(ConfigurationError):
        Rows.within(XIHU).filter(columns)


def test_values_are_bound_and_never_text(session: Session) -> None:
    rows = Rows((RowCondition(case_number="' OR 1=1 --"),))
    statement = str(select(Household).where(rows.filter(Columns(case_number=Household.division))))
    assert "OR 1=1" not in statement


def test_a_text_is_no_label() -> None:
    with pytest.raises(ConfigurationError, match="whole number"):
        Rows(None, 2).filter(Columns(label=Archive.area))
