"""A complete list: who vanished is disabled, with sessions and grants, but never more than the threshold allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.identity.importing.report import Report
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.sources import examine
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from tests.factories.imports import OPERATOR, Row, a_row, write_csv
from tests.factories.world import PASSWORD, World


def sync(services: Services, path: Path, rows: list[Row], allow: float = 2.0, **order: object) -> Report:
    report = Report()
    wanted = Order("hr", complete=True, allow_vanish=allow, **order)  # type: ignore[arg-type]
    services.importing.apply(OPERATOR, examine(write_csv(path, rows)), wanted, report)
    return report


def status(services: Services, code: str) -> str:
    view = services.identity_queries.official_by_code(code)
    assert view is not None
    return view.status


def test_who_vanished_is_disabled_and_nobody_else(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(100)]
    assert sync(services, tmp_path / "a.csv", rows).summary.vanished == 0
    found = services.identity_queries.official_by_code("IM00007")
    account = services.identity_queries.account_by_login("IM00007")
    assert found is not None
    assert account is not None
    services.signon.set_password(OPERATOR, account.id, PASSWORD)
    services.signon.sign_in("IM00007", PASSWORD, "192.0.2.1", None)
    assert len(services.signon.sessions_of(found.id)) == 1
    gone = [row for row in rows if row["employee_code"] not in {"IM00007", "IM00042"}]
    report = sync(services, tmp_path / "b.csv", gone)
    assert report.summary.vanished == 2
    assert {status(services, code) for code in ("IM00007", "IM00042")} == {"suspended"}
    assert services.signon.sessions_of(found.id) == ()
    # Those whom the source never named are none of its business.
    assert status(services, "WANGFANG") == status(services, "IM00001") == "active"
    assert sync(services, tmp_path / "b.csv", gone).summary.vanished == 0


def test_too_many_vanished_writes_nothing(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(20)]
    sync(services, tmp_path / "a.csv", rows)
    half = [row | {"rank": "二级科员"} for row in rows[:10]]
    with pytest.raises(Conflict) as refused:
        sync(services, tmp_path / "b.csv", half)
    assert refused.value.code == "too_many_vanish"
    assert "10 人" in str(refused.value.message)
    assert "50.0%" in str(refused.value.message)
    assert "--allow-vanish" in str(refused.value.remedy)
    assert status(services, "IM00015") == "active"
    unchanged = services.identity_queries.official_by_code("IM00001")
    assert unchanged is not None
    assert unchanged.rank == "一级科员"
    assert sync(services, tmp_path / "b.csv", half, 50).summary.vanished == 10
    assert status(services, "IM00015") == "suspended"


def test_a_refused_line_still_names_its_person(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(4)]
    sync(services, tmp_path / "a.csv", rows)
    broken = [rows[0] | {"phone": "12"}, *rows[1:]]
    report = sync(services, tmp_path / "b.csv", broken)
    assert (report.summary.refused, report.summary.vanished) == (1, 0)
    assert status(services, "IM00000") == "active"


def test_the_list_of_a_department_is_about_its_subtree(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(number, at="yuhang_civil_affairs") for number in range(3)] + [a_row(9, at="xihu_housing")]
    sync(services, tmp_path / "a.csv", rows)
    department = world.organisation.ids["yuhang_civil_affairs"]
    dry = services.importing.dry_run(
        OPERATOR, examine(write_csv(tmp_path / "b.csv", rows[:2])), Order("hr", department, complete=True, allow_vanish=60)
    )
    assert dry.summary.vanished == 2  # the third, and 单雪梅 who was there before
    report = sync(services, tmp_path / "b.csv", rows[:2], 60, department_id=department)
    assert report.summary.vanished == 2
    assert status(services, "IM00002") == status(services, "SHANXUEMEI") == "suspended"
    assert status(services, "IM00009") == "active"


def test_a_disabled_person_is_not_restored_by_a_list(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(2)]
    sync(services, tmp_path / "a.csv", rows)
    sync(services, tmp_path / "b.csv", rows[:1], 60)
    report = sync(services, tmp_path / "a.csv", rows)
    assert report.summary.refused == 1
    assert report.findings[0].field == "employee_code"
    assert status(services, "IM00001") == "suspended"
