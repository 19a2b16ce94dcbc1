"""At the size of a province the reads of the lists stand on their indexes: EXPLAIN after ANALYZE at 20,000 entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.listing.queries import Wanted
from govcloud.subsystems.listing.views import ListPage
from tests.factories.imports import OPERATOR
from tests.factories.lists import Row, list_file, power
from tests.factories.world import World

_PLACES = ("housing", "civil_affairs", "data", "audit", "xihu", "xihu_civil_affairs", "xihu_housing", "yuhang_civil_affairs")


def _rows() -> list[Row]:
    rows = []
    for number in range(2_500):
        for place in _PLACES:
            row = power(number % 1000, at=place, kind=f"0{1 + number // 1000}", name=f"{number:05d}号事项", legal_basis="")
            rows.append(row)
    return rows


@contextmanager
def noted() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that run meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.timeout(240)
def test_pages_and_searches_use_their_indexes(services: Services, world: World, superuser_url: str, tmp_path: Path) -> None:
    outcome = services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "a.csv", "power", _rows()), ListOrder())
    assert (outcome.plan.counts()["added"], len(services.subsystem_queries.editions("power").rows)) == (20_000, 1)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("ANALYZE power_item; ANALYZE power_item_version; ANALYZE department_version")
    queries, xihu = services.subsystem_queries, world.organisation.paths["xihu"]
    reads: dict[str, Callable[[], ListPage]] = {
        "uq_power_item_live|ix_power_item_department_id": lambda: queries.list_page("power", Wanted(world.organisation.ids["data"])),
        "ix_power_item_code": lambda: queries.list_page("power", Wanted(text="330130777000")),
        "ix_power_item_version_name": lambda: queries.list_page("power", Wanted(text="01234号", paths=(xihu,))),
    }
    for indexes, read in reads.items():
        with noted() as seen:
            assert read().rows
        [(statement, parameters)] = [pair for pair in seen if "FROM power_item " in pair[0]]
        with db.engine.connect() as connection:
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
        assert any(index in plan for index in indexes.split("|")), plan
        assert "Seq Scan on power_item" not in plan, plan
