"""Both example subsystems: their pages filter, mask, ask once and explain, whatever the decision point opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from examples import assistance, housing
from examples.store import DATA
from tests.factories.deciding import MANY, ONE, Asked, Point, no, yes

XIHU, YUHANG = "330106000000", "330110000000"
OFFER = {"url": "https://cloud.example.gov.cn/requests/new?item=1", "owner": "住建厅", "max_days": 30}


@pytest.fixture
def site(request: pytest.FixtureRequest, point: Point, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """Return a browser in which 王芳 is signed in at one of the examples."""
    monkeypatch.setenv("GOVCLOUD_ISSUER", point.origin)
    monkeypatch.setenv("GOVCLOUD_CLIENT_ID", "example")
    monkeypatch.setenv("GOVCLOUD_CLIENT_SECRET", "secret")
    create: Callable[[], Flask] = request.param
    app = create()
    browser = app.test_client()
    with browser.session_transaction() as kept:
        known = {"sub": "s", "sid": "q", "name": "王芳", "department": "民政局", "division": XIHU, "appointment_id": "a"}
        kept["govcloud_official"] = {**known, "id_token": "x.y.z"}
    yield browser
    app.extensions["govcloud_client"][2].close()


at_housing = pytest.mark.parametrize("site", [housing.create_app], indirect=True)
at_assistance = pytest.mark.parametrize("site", [assistance.create_app], indirect=True)


def only(*functions: str, rows: Any = None, views: Any = None) -> Callable[[Asked], Any]:  # noqa: ANN401 - any JSON
    """Open some functions, for some rows."""

    def decide(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        if asked["action"]["name"] not in functions:
            return no(access_request=OFFER)
        division = asked["resource"]["properties"].get("division")
        codes = (rows or {}).get("divisions")
        return yes(rows, views) if division is None or codes is None or division in codes else no("out_of_scope")

    return decide


@at_housing
def test_the_start_page_asks_once_what_it_offers(site: FlaskClient, point: Point) -> None:
    point.decide = only("housing:door:enter")
    assert "您还没有权限，进入后可以申请。" in site.get("/").text
    point.decide = only("housing:door:enter", "housing:register:read", "housing:register:export")
    assert "您已有权限，可以导出。" in site.get("/").text
    assert point.paths == [ONE, MANY] * 2


@at_housing
def test_the_register_shows_granted_rows_masked(site: FlaskClient, point: Point) -> None:
    rows = {"divisions": [XIHU, YUHANG]}
    views = [{"rows": {"divisions": [XIHU]}}, {"rows": {"divisions": [YUHANG]}, "fields": {"mask": ["name"], "hide": ["address"]}}]
    point.decide = only("housing:register:read", rows=rows, views=views)
    first, last = site.get("/register").text, site.get("/register?page=5").text
    assert 'data-division="330106000000"' in first
    assert "欧阳亚敏" in first
    assert "330213********0623" in first
    assert "330213187205120623" not in first, "nobody needs the whole number here"
    assert "西溪街道" in first
    assert 'data-division="330110000000"' in last
    assert "户主**" not in last
    assert "—" in last, "an address that is hidden"
    assert '<strong id="shown">100</strong> 条（全库 200 条）' in first
    assert "<li>可看的数据：杭州市西湖区及以下、杭州市余杭区及以下。</li>" in first
    assert "<li>不显示：房屋坐落（杭州市余杭区及以下）。</li>" in first


@at_housing
def test_why_tells_what_is_open_and_what_would_help(site: FlaskClient, point: Point) -> None:
    point.decide = only("housing:door:enter", "housing:register:read")
    text = site.get("/why").text
    assert "可以使用：查询住房登记信息。" in text
    assert "不能使用：导出住房登记信息。" in text
    assert "由住建厅审批。" in text


@at_assistance
def test_cases_offer_what_each_row_allows(site: FlaskClient, point: Point) -> None:
    point.decide = only("assistance:case:read", rows={"divisions": [XIHU]})
    assert "可受理" not in site.get("/").text
    point.decide = only("assistance:case:read", "assistance:case:accept", rows={"divisions": [XIHU]})
    assert "可受理" in site.get("/").text
    assert point.paths == [ONE, MANY] * 2
    assert len(point.heard[-1].body["evaluations"]) == 2, "rows of one county are one question, the payments another"


@at_assistance
def test_payments_want_a_label_and_what_leads_sees_is_masked(site: FlaskClient, point: Point) -> None:
    fields = {"mask": ["name"], "hide": ["id_number"]}
    point.decide = only("assistance:case:read", rows={"divisions": [XIHU]}, views=[{"rows": {"divisions": [XIHU]}, "fields": fields}])
    page = site.get("/").text
    assert "您的权限或安全标记不足" in page
    assert "林美欣" not in page
    assert "330305********2284" not in page
    assert "<li>不显示：证件号码" in page
    assert site.get("/payments").status_code == 403
    point.decide = only("assistance:case:read", "assistance:payment:read", rows={"divisions": [XIHU]})
    assert "您的权限或安全标记不足" not in site.get("/").text
    assert "林美欣" in site.get("/payments").text


@at_assistance
def test_one_case_is_asked_about_by_itself(site: FlaskClient, point: Point) -> None:
    point.decide = only("assistance:case:read", rows={"divisions": [XIHU]})
    page = site.get("/cases/JZ330106202600006")
    assert page.status_code == 200
    assert "330305********2284" in page.text
    assert point.heard[0].body["resource"]["id"] == "JZ330106202600006"
    assert point.heard[0].body["resource"]["properties"] == {"division": XIHU, "case_number": "JZ330106202600006"}
    other = next(line for line in (DATA / "assistance_cases.csv").read_text(encoding="utf-8").splitlines() if YUHANG in line).split(",")[0]
    assert site.get(f"/cases/{other}").status_code == 403
    assert site.get("/cases/none").status_code == 404
    point.decide = only()
    assert site.get("/cases/none").status_code == 403, "who may read nothing does not learn which cases there are"
