"""时限与工作日历 in the console: previewed, then set; for the security officer alone."""

from __future__ import annotations

import io

from govcloud.kernel.actor import Actor
from govcloud.services import Services
from tests.factories.browsing import Visitor, alerts, said

PAGE = "/console/clocks/"
RULES = {
    "morning_from": "09:00",
    "morning_to": "12:00",
    "afternoon_from": "13:30",
    "afternoon_to": "17:00",
    **dict.fromkeys(("auto_hours", "one_hours", "quorum_hours", "two_units_hours", "serial_hours"), "13"),
}
REASON = "简单事项应当尽快答复"


def test_rules_are_previewed_then_set(security: Visitor, services: Services) -> None:
    given = RULES | {"one_hours": "4", "reason": REASON}
    preview = security.post(PAGE, given)
    assert "一人审批 13 4" in said(preview)
    assert services.clock_policies.current().one_hours == 13
    assert "确认规则变化" not in said(security.post(PAGE, given | {"back": "1"}))
    assert security.post(PAGE, given | {"confirmed": "1"}).status_code == 303
    text = said(security.get(PAGE))
    assert "规则已保存" in text
    assert "一人审批 ： 13 → 4" in text or "一人审批：13 → 4" in text.replace(" ：", "：").replace("： ", "：")
    assert "内容没有变化" in said(security.post(PAGE, given))


def test_what_cannot_be_is_named(security: Visitor) -> None:
    answer = security.post(PAGE, RULES | {"one_hours": "0", "morning_from": "noon", "reason": REASON})
    assert answer.status_code == 422
    assert "应为时刻" in alerts(answer)
    assert "应在 1 与 260 之间" in alerts(answer)
    assert security.post(PAGE, RULES | {"reason": "短"}).status_code == 422


def test_the_calendar_is_previewed_then_imported(security: Visitor, services: Services) -> None:
    days = "date,day,name\n2027-01-01,holiday,元旦\n"
    form = {"reason": "国办放假安排", "file": (io.BytesIO(days.encode()), "days.csv"), "csrf_token": security.token(PAGE)}
    preview = security.client.post(f"{PAGE}calendar", data=form, content_type="multipart/form-data")
    assert "2027-01-01 休息 元旦" in said(preview)
    assert "其中首次公布：2027" in said(preview)
    assert 2027 not in services.calendars.years()
    sent = {"reason": "国办放假安排", "text": days.replace("\n", "\r\n"), "confirmed": "1"}
    assert security.post(f"{PAGE}calendar", sent, page=PAGE).status_code == 303
    assert "2027" in said(security.get(PAGE))
    assert 2027 in services.calendars.years()


def test_a_file_that_cannot_be_read_is_named(security: Visitor) -> None:
    answer = security.post(f"{PAGE}calendar", {"reason": REASON, "text": "date,day,name\nx,y,z"}, page=PAGE)
    assert answer.status_code == 422
    assert "工作日历不能读取" in alerts(answer)
    assert "请选择 UTF-8" in alerts(security.post(f"{PAGE}calendar", {"reason": REASON}, page=PAGE))


def test_nobody_else_gets_in(system: Visitor, auditor: Visitor) -> None:
    for visitor in (system, auditor):
        assert visitor.get(PAGE).status_code == 403
        assert visitor.post(PAGE, RULES | {"one_hours": "4", "reason": REASON}, page="/account").status_code == 403
        assert visitor.post(f"{PAGE}calendar", {"text": "x", "reason": REASON}, page="/account").status_code == 403


def test_a_year_that_nobody_imported_is_missed_before_it_begins(security: Visitor, services: Services) -> None:
    """It is November, and the days of the next year are announced by now."""
    assert "2027 年的放假安排尚未导入" in said(security.get(PAGE))
    services.calendars.import_days(Actor.system("operator"), "date,day,name\n2027-01-01,holiday,元旦\n", "国办通知")
    assert "放假安排尚未导入" not in said(security.get(PAGE))
