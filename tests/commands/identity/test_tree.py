"""Reading the tree: one level at a time, the way up, search, history; and that none of it grows with the province."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import event

from govcloud.identity.inputs import NewDivision
from govcloud.identity.reorganisation import Rename
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from tests.factories.people import a_department
from tests.factories.world import PROVINCE, SEED, World

MANY = 10_000
BUDGET = 0.020


def test_one_level_says_where_there_is_more(services: Services, world: World) -> None:
    ids, tree = world.organisation.ids, services.tree_queries
    roots = tree.children(None)
    assert [(node.name, node.has_children) for node in roots.nodes] == [("浙江省人民政府", True)]
    first = tree.children(ids["government"], 4)
    assert [node.id for node in first.nodes] == [ids[key] for key in ("housing", "civil_affairs", "data", "audit")]
    rest = tree.children(ids["government"], 4, first.after)
    assert [(node.id, node.has_children) for node in rest.nodes] == [(ids["xihu"], True), (ids["yuhang_civil_affairs"], False)]
    assert rest.after is None
    assert tree.children(uuid4()).nodes == ()


def test_the_way_up(services: Services, world: World) -> None:
    bureau = services.identity_queries.department(world.organisation.ids["xihu_civil_affairs"])
    assert bureau is not None
    assert [node.name for node in services.tree_queries.ancestors(bureau)] == ["浙江省人民政府", "杭州市西湖区人民政府"]


@pytest.mark.parametrize("words", ["西湖区民", "民政局", "XIHUQUMIN", "hzsxhq", "xhqmzj"])
def test_departments_are_found_by_any_part_of_name_pinyin_or_initials(services: Services, world: World, words: str) -> None:
    assert "杭州市西湖区民政局" in {view.name for view in services.tree_queries.search(words).rows}


def test_search_pages_and_stays_within(services: Services, world: World) -> None:
    tree, paths = services.tree_queries, world.organisation.paths
    found, after = [], None
    while True:
        page = tree.search("民政", 1, after)
        found += [view.name for view in page.rows]
        if (after := page.after) is None:
            break
    # 人民政府 contains 民政 as well.
    named = ["浙江省人民政府", "浙江省民政厅", "杭州市西湖区人民政府", "杭州市西湖区民政局", "杭州市余杭区民政局"]
    assert sorted(found) == sorted(named)
    assert [view.name for view in tree.search("民政", within=(paths["xihu_civil_affairs"],)).rows] == ["杭州市西湖区民政局"]
    assert tree.search("民政", within=()).rows == ()
    bureau = services.identity_queries.department(world.organisation.ids["xihu"])
    assert bureau is not None
    assert tree.search(bureau.uscc.lower()).rows == (bureau,)
    for nothing in ("", "  ", "%", "_", "不存在的机构", "a" * 18, "'; DROP TABLE department; --"):
        assert tree.search(nothing).rows == ()


def test_search_and_history_know_the_past(services: Services, world: World, clock: ManualClock) -> None:
    ids, tree, before = world.organisation.ids, services.tree_queries, clock.now()
    clock.advance(timedelta(days=1))
    services.identity.reorganise(SEED, Rename(ids["data"], "浙江省数字政府建设局", "省数字局"))
    assert tree.search("数据局").rows == ()
    assert [view.id for view in tree.search("数据局", at=before).rows] == [ids["data"]]
    assert [view.id for view in tree.search("省数字局").rows] == [ids["data"]]
    versions = tree.history(ids["data"]).versions
    assert [(version.department.name, version.until) for version in versions] == [
        ("浙江省数字政府建设局", None),
        ("浙江省数据局", clock.now()),
    ]
    assert {version.parent_name for version in versions} == {"浙江省人民政府"}
    assert tree.last_known(uuid4()) is None
    assert tree.last_known(ids["data"], before - timedelta(days=1)) is None


@contextmanager
def noted() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that run meanwhile, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401 - the driver's
        statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def timed(read: Callable[[], object]) -> float:
    """Return how many seconds a read takes."""
    started = time.perf_counter()
    read()
    return time.perf_counter() - started


@pytest.fixture
def wide(services: Services, superuser_url: str) -> list[UUID]:
    """Return the ids of 10,000 departments: a root, 99 below it, and 100 below each of these."""
    services.identity.register_divisions(SEED, [NewDivision(PROVINCE, "浙江省")])
    root = a_department(name="浙江省人民政府")
    middle = [replace(a_department(root.id, name=f"第{number:02d}市人民政府"), position=number) for number in range(99)]
    leaves = [
        replace(a_department(above.id, name=f"{above.name[:3]}第{number:02d}局"), position=number)
        for above in middle
        for number in range(100)
    ]
    rows = [root, *middle, *leaves]
    services.identity.register_departments(SEED, rows[:MANY])
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return [row.id for row in rows[:MANY]]


def test_reads_at_ten_thousand_departments_are_single_statements_on_an_index_and_fast(services: Services, wide: list[UUID]) -> None:
    tree = services.tree_queries
    leaf = services.identity_queries.department(wide[-1])
    assert leaf is not None
    reads: dict[str, Callable[[], object]] = {
        "roots": lambda: tree.children(None),
        "children": lambda: tree.children(wide[0]),
        "next page": lambda: tree.children(wide[1], 20, tree.children(wide[1], 20).after),
        "ancestors": lambda: tree.ancestors(leaf),
        "search": lambda: tree.search("42市第17局"),
        "initials": lambda: tree.search("szfrm"),
    }
    for name, read in reads.items():
        read()
        with noted() as statements:
            read()
        took = min(timed(read) for _ in range(5))
        assert len(statements) == (2 if name == "next page" else 1), name
        # Several tests share two cores: the budget is that of a quiet machine, four times over.
        assert took < BUDGET * 4, (name, took)
        statement, parameters = statements[-1]
        with db.engine.connect() as connection:
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
        assert "Seq Scan on department_version" not in plan, (name, plan)
        assert "Index" in plan, (name, plan)
