"""A decision in words: the answer, why, rows and fields, until when, and what would help."""

from __future__ import annotations

from typing import Any

from govcloud.client import Explanation
from govcloud.client.wire import read_decision
from tests.factories.deciding import no, yes

READ = "housing:register:read"


def told(answer: dict[str, Any], language: str = "zh-CN", **names: str) -> list[str]:
    return Explanation(READ, read_decision(answer, {})).lines(language, names={"330106000000": "西湖区", "phone": "电话", **names})


def test_a_yes() -> None:
    rows = {"any": [{"division": "330106000000"}, {"department_path": "/a/", "case_number": "XH1"}]}
    views = [
        {"rows": {"any": [{"division": "330106000000"}]}, "fields": {"mask": ["phone", "id_number"], "hide": ["id_number"]}},
        {"rows": {"any": [{"department_path": "/a/", "case_number": "XH1"}]}},
    ]
    answer = yes(rows, views, ends_at="2026-12-01T00:00:00+00:00")
    assert told(answer) == [
        "可以使用：housing:register:read。",
        "可看的数据：西湖区及以下、/a/及以下且办件 XH1。",
        "脱敏显示：电话（西湖区及以下）。",
        "不显示：id_number（西湖区及以下）。",
        "有效至 2026-12-01 08:00（北京时间）。",
    ]
    assert told(answer, "en")[1] == "Rows that are open: 西湖区 and below, /a/ and below and case XH1."
    assert told(yes())[1] == "可看的数据：全部。"
    assert told(yes({"divisions": []}))[1] == "可看的数据：无。"


def test_a_no() -> None:
    offer = {"url": "https://cloud.example.gov.cn/requests/new?item=1", "owner": "住建厅", "max_days": 30}
    assert told(no(access_request=offer, missing=["resource.division"], trace_id="t"), "en", **{READ: "the register"}) == [
        "May not be used: the register.",
        "Why: No.",
        "The question did not say: resource.division.",
        "Temporary access can be requested: https://cloud.example.gov.cn/requests/new?item=1",
        "It is decided by 住建厅.",
        "30 days at most.",
        "Trace number t",
    ]
    assert told(no()) == ["不能使用：housing:register:read。", "原因：没有权限。"]
    assert told(no(), "fr") == told(no()), "a language that is not known is Chinese"


def test_values_are_no_templates() -> None:
    assert told(no(reason_user={"zh-CN": "{function.__class__}"}))[1] == "原因：{function.__class__}"
