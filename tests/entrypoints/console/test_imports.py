"""The console's imports: upload, report, confirm, progress; and who may do what there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from werkzeug.test import TestResponse

from govcloud.identity.importing import applying, vanishing
from govcloud.jobs.job import ACTOR
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.entrypoints.console.administrators import said
from tests.factories.imports import a_row, csv_bytes, uscc_of
from tests.factories.people import id_number
from tests.factories.world import PASSWORD, World

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Admin:
    """Somebody who is signed in."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, form: dict[str, object] | None = None, *, token: bool = True) -> TestResponse:
        found = _TOKEN.search(self.client.get("/console/imports/" if "import" in path else "/account").text) if token else None
        data = {**(form or {}), **({"csrf_token": found[1]} if found else {})}
        return self.client.post(path, data=data, content_type="multipart/form-data")

    def upload(self, content: bytes, name: str = "people.csv", **form: object) -> TestResponse:
        return self.post("/console/imports/upload", {"file": (BytesIO(content), name), "scope": "all", **form})


Sign = Callable[[str], Admin]


@pytest.fixture
def admin(app: Flask, world: World) -> Callable[[str], Admin]:
    """Return a maker of signed-in people."""

    def sign_in(login: str) -> Admin:
        client = app.test_client()
        token = _TOKEN.search(client.get("/sign-in").text)
        assert token
        answer = client.post("/sign-in", data={"login": login, "password": PASSWORD, "csrf_token": token[1]})
        assert answer.status_code == 303
        return Admin(client)

    return sign_in


def uploaded(answer: TestResponse) -> str:
    """Return the address of the run that an upload led to."""
    assert answer.status_code == 303, said(answer)
    return str(answer.location)


def test_upload_report_confirm_and_outcome(admin: Sign, services: Services, world: World) -> None:
    zhou = admin("ZHOUJIANJUN")
    bad = a_row(2, id_number=id_number(30_002)[:-1] + "A", name="=1+1")
    run = uploaded(zhou.upload(csv_bytes([a_row(1), bad]), "人员 名单.csv"))
    page = zhou.get(run)
    assert "待确认" in said(page)
    assert "确认后写入 1 人" in said(page)
    assert "会被表格软件当作公式" in said(page)
    assert id_number(30_002)[:-1] not in page.text
    assert services.identity_queries.official_by_code("IM00001") is None
    report = zhou.get(f"{run}/report.csv")
    assert report.text.startswith("\ufeff行号,列,值")
    assert ",'=1+1," in report.text
    assert "attachment" in report.headers["Content-Disposition"]
    assert zhou.post(f"{run}/confirm").status_code == 303
    waiting = zhou.get(run)
    assert "正在导入" in said(waiting)
    assert waiting.headers["Refresh"] == "3"
    assert services.importing.work(ACTOR) == 1
    done = zhou.get(run)
    assert "导入完成" in said(done)
    assert "Refresh" not in done.headers
    assert services.identity_queries.official_by_code("IM00001") is not None
    assert services.identity_queries.official_by_code("IM00002") is None
    assert zhou.post(f"{run}/confirm").status_code == 409
    assert "人员 名单.csv" in said(zhou.get("/console/imports/"))
    [opened] = [entry for entry in services.audit_queries.newest() if entry.name == "identity:import:opened"]
    assert opened.actor_name == "周建军"


def test_a_large_upload_is_checked_by_the_jobs(admin: Sign, services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govcloud.entrypoints.console.people.imports._AT_ONCE", 10)
    zhou = admin("ZHOUJIANJUN")
    run = uploaded(zhou.upload(csv_bytes([a_row(1)])))
    assert "预检中" in said(zhou.get(run))
    services.importing.work(ACTOR)
    assert "待确认" in said(zhou.get(run))


def test_an_unreadable_file_is_named_at_once_or_in_its_run(admin: Sign, world: World) -> None:
    zhou = admin("ZHOUJIANJUN")
    assert "请选择要导入的文件" in said(zhou.post("/console/imports/upload", {"scope": "all"}))
    empty = zhou.upload(b"")
    assert (empty.status_code, "文件是空的" in said(empty)) == (422, True)
    run = uploaded(zhou.upload(b"PK\x03\x04broken", "a.xlsx"))
    assert "不是有效的 XLSX" in said(zhou.get(run))
    assert "未完成" in said(zhou.get(run))


def test_a_hundred_megabytes_are_refused_early(admin: Sign, world: World) -> None:
    zhou = admin("ZHOUJIANJUN")
    field = b'--x\r\nContent-Disposition: form-data; name="scope"\r\n\r\n' + b"x" * (2 << 20) + b"\r\n--x--\r\n"
    sent = {"content_type": "multipart/form-data; boundary=x", "input_stream": BytesIO(field)}
    assert zhou.client.post("/console/imports/upload", content_length=len(field), **sent).status_code == 413
    claimed = {"CONTENT_LENGTH": str(200 << 20)}
    answer = zhou.client.post("/console/imports/upload", environ_overrides=claimed, **sent)
    assert answer.status_code == 413
    assert "内容过大" in said(answer)


def test_a_department_admin_imports_into_the_own_department(admin: Sign, services: Services, world: World) -> None:
    sun = admin("SUNLI")
    page = sun.get("/console/imports/")
    assert page.status_code == 200
    assert "全省" not in said(page).split("导入记录")[0].split("导入范围")[1]
    rows = [a_row(1), a_row(2, at="xihu_housing")]
    assert sun.upload(csv_bytes(rows)).status_code == 403
    run = uploaded(sun.upload(csv_bytes(rows), scope="department"))
    assert "不在本次导入的范围内" in said(sun.get(run))
    sun.post(f"{run}/confirm")
    services.importing.work(ACTOR)
    assert services.identity_queries.official_by_code("IM00001") is not None
    assert services.identity_queries.official_by_code("IM00002") is None
    # Others' runs are not shown, and theirs are to who is above.
    other = uploaded(admin("ZHOUJIANJUN").upload(csv_bytes([a_row(5)])))
    assert sun.get(other).status_code == 404
    assert sun.post(f"{other}/discard").status_code == 404
    assert admin("ZHOUJIANJUN").get(run).status_code == 200


def test_rights_are_those_of_the_moment_of_writing(admin: Sign, services: Services, world: World) -> None:
    sun = admin("SUNLI")
    run = uploaded(sun.upload(csv_bytes([a_row(1)]), scope="department"))
    sun.post(f"{run}/confirm")
    services.identity.end_appointment(world.system_admin.actor(), world.people["SUNLI"].appointment_id, "调离")
    services.importing.work(ACTOR)
    assert services.identity_queries.official_by_code("IM00001") is None
    [found] = services.import_queries.runs()
    assert found.state == "failed"


@pytest.mark.parametrize("login", ["WANGFANG", "LIQIANG", "WUXIAOYAN", "ZHENGGUOHUA"])
def test_nobody_else_comes_in(admin: Sign, world: World, login: str) -> None:
    visitor = admin(login)
    assert visitor.get("/console/imports/").status_code == 403
    assert visitor.post("/console/imports/upload", token=False).status_code in {400, 403}


def test_forms_need_their_token(admin: Sign, world: World) -> None:
    zhou = admin("ZHOUJIANJUN")
    assert zhou.post("/console/imports/upload", {"file": (BytesIO(b"x"), "a.csv")}, token=False).status_code == 400


def test_a_complete_list_asks_for_the_share(admin: Sign, services: Services, world: World) -> None:
    zhou = admin("ZHOUJIANJUN")
    rows = [a_row(number) for number in range(4)]
    first = uploaded(zhou.upload(csv_bytes(rows), complete="yes"))
    zhou.post(f"{first}/confirm")
    services.importing.work(ACTOR)
    run = uploaded(zhou.upload(csv_bytes(rows[:3]), complete="yes"))
    assert "1 人将被停用" in said(zhou.get(run))
    refused = zhou.post(f"{run}/confirm", {"allow_vanish": "2"})
    assert (refused.status_code, "超过安全阈值" in said(refused)) == (409, True)
    assert zhou.post(f"{run}/confirm", {"allow_vanish": "30"}).status_code == 303
    services.importing.work(ACTOR)
    assert "已停用 1 人" in said(zhou.get(run))


def test_whom_a_complete_list_would_disable_is_named_before_it_is_confirmed(
    admin: Sign, services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vanishing, "_PAGE", 7)
    zhou = admin("ZHOUJIANJUN")
    rows = [a_row(number) for number in range(30)]
    first = uploaded(zhou.upload(csv_bytes(rows), complete="yes"))
    zhou.post(f"{first}/confirm")
    services.importing.work(ACTOR)
    few = said(zhou.get(uploaded(zhou.upload(csv_bytes(rows[:28]), complete="yes"))))
    gone = [services.identity_queries.official_by_code(rows[number]["employee_code"]) for number in (28, 29)]
    assert all(one is not None and f"{one.name} {one.employee_code}" in few for one in gone)
    assert "等共" not in few
    assert rows[0]["employee_code"] not in few
    many = uploaded(zhou.upload(csv_bytes(rows[:5]), complete="yes"))
    page = said(zhou.get(many))
    assert "，等共 25 人" in page
    assert sum(row["employee_code"] in page for row in rows[5:]) == 20
    assert not any(row["employee_code"] in page for row in rows[:5])
    assert zhou.post(f"{many}/confirm", {"allow_vanish": "100"}).status_code == 303
    assert "将被停用的人员" not in said(zhou.get(many))
    services.importing.work(ACTOR)
    assert "已停用 25 人" in said(zhou.get(many))
    whole = said(zhou.get(uploaded(zhou.upload(csv_bytes(rows[:5]), complete="yes"))))
    assert "将被停用" not in whole


def test_an_interrupted_run_is_taken_up_by_the_jobs(
    admin: Sign, services: Services, world: World, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    monkeypatch.setattr(applying, "MOST_ROWS", 10)
    zhou = admin("ZHOUJIANJUN")
    run = uploaded(zhou.upload(csv_bytes([a_row(number) for number in range(25)])))
    zhou.post(f"{run}/confirm")

    def stop(done: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.importing.work(ACTOR, applying.Hooks(stop))
    assert "80%" in said(zhou.get("/console/imports/"))
    assert services.importing.work(ACTOR) == 0
    clock.advance(timedelta(minutes=3))
    assert services.importing.work(ACTOR) == 1
    [found] = services.import_queries.runs()
    assert (found.state, found.summary.new) == ("done", 25)


def test_an_upload_that_nobody_confirms_is_forgotten(admin: Sign, services: Services, world: World, clock: ManualClock) -> None:
    run = uploaded(admin("ZHOUJIANJUN").upload(csv_bytes([a_row(1)])))
    kept = text("SELECT count(*) FROM import_chunk")
    assert services.uow.read().scalar(kept) == 1
    sealed = services.uow.read().scalars(text("SELECT sealed FROM import_chunk")).one()
    assert id_number(30_001).encode() not in sealed
    services.importing.work(ACTOR)
    assert services.uow.read().scalar(kept) == 1
    clock.advance(timedelta(days=1, minutes=1))
    services.importing.work(ACTOR)
    assert services.uow.read().scalar(kept) == 0
    zhou = admin("ZHOUJIANJUN")
    assert "已放弃" in said(zhou.get(run))
    assert zhou.post(f"{run}/confirm").status_code == 409


def test_templates_are_offered(admin: Sign, world: World) -> None:
    sun = admin("SUNLI")
    assert sun.get("/console/imports/template.csv").text.startswith("\ufeff工号,姓名")
    book = CalamineWorkbook.from_filelike(BytesIO(sun.get("/console/imports/template.xlsx").data))
    assert book.sheet_names == ["人员", "填写说明"]
    assert sun.get("/console/imports/template.exe").status_code == 404


def test_codes_are_issued_and_open_accounts(admin: Sign, services: Services, world: World) -> None:
    sun = admin("SUNLI")
    run = uploaded(sun.upload(csv_bytes([a_row(number) for number in range(3)]), scope="department"))
    sun.post(f"{run}/confirm")
    services.importing.work(ACTOR)
    listed = sun.post("/console/activation/issue", {"department": uscc_of("xihu_civil_affairs"), "as": "csv"})
    assert listed.mimetype == "text/csv", said(listed)
    lines = listed.text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["IM00000", "IM00001", "IM00002"]
    assert listed.headers["Cache-Control"] == "no-store"
    one = sun.post("/console/activation/issue", {"employee_code": "IM00001"})
    assert "单小丽" in said(one)
    assert sun.post("/console/activation/issue", {"employee_code": "CHENJIE"}).status_code == 403
    assert sun.post("/console/activation/issue", {"employee_code": "NOBODY"}).status_code == 422
    assert admin("WANGFANG").get("/console/activation/").status_code == 403
