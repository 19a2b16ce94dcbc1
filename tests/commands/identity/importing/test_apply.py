"""Applying an import: who is new, changed, unchanged; twice is once; interrupted goes on; a race is settled by looking again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from govcloud.audit.findings import Report as AuditReport
from govcloud.identity.importing import applying
from govcloud.identity.importing.report import Report, Summary
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.service import Hooks
from govcloud.identity.importing.sources import examine
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.imports import OPERATOR, Row, a_row, write_csv, write_json, write_xlsx
from tests.factories.people import id_number, phone_number
from tests.factories.world import World

HR = Order("hr")


def apply(services: Services, path: Path, rows: Iterable[Row], order: Order = HR, hooks: Hooks | None = None) -> Report:
    report = Report()
    services.importing.apply(OPERATOR, examine(write_csv(path, rows)), order, report, hooks or Hooks())
    return report


def counts(services: Services) -> dict[str, int]:
    tables = ("official", "official_version", "account", "appointment", "credential", "audit_event")
    return {table: services.uow.read().scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables}


def verify(services: Services) -> AuditReport:
    jobs = Actor.system("jobs")
    assert services.sequencer.run_until_empty(jobs) is not None
    return services.audit.verify(OPERATOR, full=True)


def register_elsewhere(url: str, code: str) -> None:
    """Register somebody as another process would, with no more than a look-up needs."""
    engine = create_engine(url)
    with engine.begin() as connection:
        official_id = connection.scalar(
            text(
                "INSERT INTO official (id, employee_code, name, pinyin, initials, id_number_sealed, id_number_digest, created_at)"
                " VALUES (gen_random_uuid(), :code, '先到', 'xiandao', 'xd', '', 'other', now()) RETURNING id"
            ),
            {"code": code},
        )
        connection.execute(
            text(
                "INSERT INTO official_version (id, official_id, status, rank, staffing_type, security_label, valid_from)"
                " VALUES (gen_random_uuid(), :id, 'active', '', '编外', 0, '2020-01-01')"
            ),
            {"id": official_id},
        )
    engine.dispose()


def test_people_are_registered_with_account_and_appointments(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(1, name="单小丽"), a_row(2, name="解晓"), a_row(2, kind="兼职", at="xihu_housing", position="数据管理员", name="")]
    report = apply(services, tmp_path / "people.csv", rows)
    assert report.findings == []
    assert report.summary == Summary(lines=3, new=2, begun=3)
    queries = services.identity_queries
    shan = queries.official_by_code("IM00001")
    assert shan is not None
    assert (shan.pinyin, shan.rank, shan.staffing_type, shan.security_label) == ("shanxiaoli", "一级科员", "行政编制", 1)
    assert shan.masked_phone == f"{phone_number(30_001)[:3]}****{phone_number(30_001)[-4:]}"
    found = queries.official_by_id_number(id_number(30_001))
    assert found is not None
    assert found.id == shan.id
    account = queries.account_by_login("im00001")
    assert account is not None
    assert account.official_id == shan.id
    xie = queries.official_by_code("IM00002")
    assert xie is not None
    assert [(view.kind, view.position) for view in queries.appointments_of(xie.id)] == [
        ("primary", "窗口受理员"),
        ("concurrent", "数据管理员"),
    ]
    assert not verify(services).findings


def test_importing_twice_is_importing_once(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(60)]
    apply(services, tmp_path / "people.csv", rows)
    before = counts(services)
    again = apply(services, tmp_path / "people.csv", rows)
    assert again.summary == Summary(lines=60, unchanged=60)
    # Only that somebody imported is new: two events of the run itself.
    assert counts(services) == before | {"audit_event": before["audit_event"] + 2}


def test_what_differs_is_changed_and_what_is_empty_stays(services: Services, world: World, tmp_path: Path, clock: ManualClock) -> None:
    apply(services, tmp_path / "a.csv", [a_row(1)])
    clock.advance(timedelta(days=1))
    changed = a_row(1, name="仇丽", phone="", rank="", staffing_type="事业编制", security_label="2", position="内设机构负责人")
    report = apply(services, tmp_path / "b.csv", [changed])
    assert report.summary == Summary(lines=1, changed=1, begun=1, ended=1)
    view = services.identity_queries.official_by_code("IM00001")
    assert view is not None
    assert (view.name, view.pinyin, view.rank, view.staffing_type, view.security_label) == ("仇丽", "qiuli", "一级科员", "事业编制", 2)
    assert view.masked_phone is not None
    [place] = services.identity_queries.appointments_of(view.id)
    assert (place.position, place.starts_at) == ("内设机构负责人", clock.now())
    yesterday = services.identity_queries.official(view.id, clock.now() - timedelta(hours=1))
    assert yesterday is not None
    assert yesterday.staffing_type == "行政编制"
    assert apply(services, tmp_path / "b.csv", [changed]).summary == Summary(lines=1, unchanged=1)


def test_windows_of_appointments(services: Services, world: World, tmp_path: Path) -> None:
    rows = [
        a_row(1, starts_at="2026-12-01", ends_at="2027-12-01"),
        a_row(2, starts_at="2020/1/1", ends_at="2021-01-01"),
        a_row(2, name="", kind="挂职", starts_at="2021-01-01 08:00"),
    ]
    report = apply(services, tmp_path / "a.csv", rows)
    assert report.findings == []
    assert apply(services, tmp_path / "a.csv", rows).summary == Summary(lines=3, unchanged=2)
    future = services.identity_queries.official_by_code("IM00001")
    assert future is not None
    assert services.identity_queries.appointments_of(future.id) == ()
    rows[0]["ends_at"] = "2028-01-01"
    assert apply(services, tmp_path / "a.csv", rows).summary == Summary(lines=3, changed=1, unchanged=1, begun=1, ended=1)
    assert apply(services, tmp_path / "a.csv", rows).summary == Summary(lines=3, unchanged=2)


@pytest.mark.parametrize("kind", ["gb18030", "utf-8-sig", "xlsx", "json", "jsonl"])
def test_every_kind_of_source_says_the_same(services: Services, world: World, tmp_path: Path, kind: str) -> None:
    names = {"𠮷田": "", "买买提·艾力": "maimaitiaili", "\U00030edd明": "", "仇和": "qiuhe", "\ue863安": ""}
    rows = [a_row(number, name=name) for number, name in enumerate(names)]
    path = tmp_path / "people"
    match kind:
        case "xlsx":
            write_xlsx(path, rows)
        case "json" | "jsonl":
            write_json(path, rows, lines=kind == "jsonl")
        case _:
            write_csv(path, rows, encoding=kind)
    report = Report()
    services.importing.apply(OPERATOR, examine(path), HR, report)
    assert report.findings == []
    for name, pinyin in names.items():
        [found] = services.identity_queries.search_officials(name).rows
        assert found.name == name
        if pinyin:
            assert services.identity_queries.search_officials(pinyin).rows == (found,)


def test_an_interrupted_import_goes_on_where_it_stopped(
    services: Services, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "MOST_ROWS", 20)
    rows = [a_row(number) for number in range(50)]

    def stop(done: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(services, tmp_path / "a.csv", rows, hooks=Hooks(progress=stop))
    [run] = services.import_queries.runs()
    assert (run.state, run.lines_done, run.summary.new) == ("running", 40, 40)
    report = apply(services, tmp_path / "a.csv", rows)
    assert report.summary == Summary(lines=50, new=50, begun=50)
    [run] = services.import_queries.runs()
    assert (run.state, run.lines_done, run.summary) == ("done", 50, report.summary)
    assert not verify(services).findings


def test_somebody_registered_meanwhile_is_found_at_the_second_look(
    services: Services, world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_row(1)
    real: Any = vars(applying)["write"]
    raced: list[bool] = []

    def race(*args: Any) -> None:  # noqa: ANN401 - handed on as they come
        if not raced:
            raced.append(True)
            # A transaction of its own, as another process would have it.
            register_elsewhere(settings.database_url, row["employee_code"])
        real(*args)

    monkeypatch.setattr(applying, "write", race)
    report = apply(services, tmp_path / "a.csv", [row])
    assert raced
    assert report.summary.refused == 1
    assert [found.field for found in report.findings] == ["id_number"]


def test_progress_and_what_keeps_up_are_told_after_every_command(
    services: Services, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "MOST_ROWS", 10)
    told: list[int] = []
    sealed: list[object] = []
    jobs = Actor.system("jobs")
    hooks = Hooks(told.append, lambda: sealed.append(services.sequencer.run_until_empty(jobs)))
    apply(services, tmp_path / "a.csv", [a_row(number) for number in range(25)], hooks=hooks)
    assert told == [10, 20, 25]
    assert len(sealed) == 4
    assert services.audit_queries.waiting() == 0


def test_a_department_admin_imports_into_the_own_subtree_only(services: Services, world: World, tmp_path: Path) -> None:
    sun = world.people["SUNLI"].actor()
    inside, outside = a_row(1), a_row(2, at="xihu_housing")
    source = examine(write_csv(tmp_path / "a.csv", [inside, outside]))
    with pytest.raises(Denied):
        services.importing.apply(sun, source, Order("console"))
    with pytest.raises(Denied):
        services.importing.dry_run(sun, source, Order("console", world.organisation.ids["xihu_housing"]))
    report = Report()
    services.importing.apply(sun, source, Order("console", world.organisation.ids["xihu_civil_affairs"]), report)
    assert (report.summary.new, report.summary.refused) == (1, 1)
    assert [(found.line, found.field) for found in report.findings] == [(3, "department_uscc")]
    assert services.identity_queries.official_by_code("IM00002") is None


def test_who_serves_elsewhere_too_is_changed_from_above_only(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(1), a_row(1, kind="兼职", at="xihu_housing")]
    apply(services, tmp_path / "a.csv", rows)
    report = Report()
    order = Order("console", world.organisation.ids["xihu_civil_affairs"])
    services.importing.apply(
        world.people["SUNLI"].actor(), examine(write_csv(tmp_path / "b.csv", [a_row(1, rank="二级科员")])), order, report
    )
    assert report.summary.refused == 1


def test_nobody_else_may_import(services: Services, world: World, tmp_path: Path) -> None:
    source = examine(write_csv(tmp_path / "a.csv", [a_row(1)]))
    for actor in (world.wang.actor(), world.security_admin.actor(), world.audit_admin.actor(), Actor.anonymous()):
        with pytest.raises(Denied):
            services.importing.apply(actor, source, HR)
    services.importing.apply(world.system_admin.actor(), source, HR)
