"""The workbench and the search: what opens, what waits."""

from __future__ import annotations

from govcloud.access.commands import Submitted
from govcloud.authorization.answers.entries import State
from govcloud.services import Services
from govcloud.signon.views import TicketRequest
from tests.factories.browsing import Visitor, said
from tests.factories.launching import entered
from tests.factories.policies import install, province_policy
from tests.factories.world import PASSWORD, World


def test_it_shows_what_the_appointment_opens_by_owner(wang: Visitor) -> None:
    page = wang.get("/")
    text = said(page)
    assert page.status_code == 200
    assert text.index("浙江省住房和城乡建设厅") < text.index("住房保障管理系统")
    assert 'href="http://127.0.0.1:8002/"' in page.text
    assert "L3 行级过滤" in text
    assert "共 2 个子系统" in text


def test_it_counts_what_waits(wang: Visitor, li: Visitor, submitted: Submitted) -> None:
    assert "我的申请在办 1" in said(wang.get("/"))
    assert "待我审批 1" in said(li.get("/"))
    assert "待我审批 0" in said(wang.get("/"))


def test_cards_are_found_by_name_pinyin_and_owner(wang: Visitor) -> None:
    housing, assistance = "住房保障管理系统", "民政救助业务系统"
    both = wang.get("/").text
    assert housing in both
    assert assistance in both
    for query, found, left_out in (
        ("住房保障", housing, assistance),
        ("zfbz", housing, assistance),
        ("zhufangbaozhang", housing, assistance),
        ("minzhengjiuzhu", assistance, housing),
    ):
        page = wang.get("/", query_string={"q": query}).text
        assert found in page, query
        assert left_out not in page, query
    nothing = wang.get("/?q=nothing-like-it").text
    assert housing not in nothing
    assert assistance not in nothing


def test_who_opens_nothing_is_told_what_to_do(li: Visitor) -> None:
    text = said(li.get("/"))
    assert "此任职还没有可打开的子系统" in text
    assert "申请权限" in text


def test_search_finds_subsystems_and_what_can_be_requested(wang: Visitor) -> None:
    page = wang.get("/search?q=住房")
    assert "住房保障管理系统" in page.text
    assert "查询住房登记信息" in page.text
    part = wang.get("/search?q=住房&part=1")
    assert "<html" not in part.text
    assert "查询住房登记信息" in part.text
    assert "&lt;b&gt;" in wang.get("/search?q=<b>&part=1").text
    assert "请输入要查找的内容" in said(wang.get("/search"))


def test_a_favourite_stands_first_and_goes_again(wang: Visitor) -> None:
    assert "常用与最近使用" not in said(wang.get("/"))
    kept = wang.post("/favourites", {"subsystem": "assistance", "kept": "1"}, page="/")
    assert (kept.status_code, kept.headers["Location"]) == (303, "/#app-assistance")
    page = wang.get("/")
    assert "常用与最近使用 1" in said(page)
    assert page.text.count('aria-pressed="true"') == 2  # in the first row and in its group
    wang.post("/favourites", {"subsystem": "assistance", "kept": "0"}, page="/")
    assert "常用与最近使用" not in said(wang.get("/"))


def test_what_is_no_subsystem_in_service_is_no_favourite(wang: Visitor) -> None:
    assert wang.post("/favourites", {"subsystem": "nothing", "kept": "1"}, page="/").status_code == 404


def test_a_subsystem_that_was_entered_shows_as_signed_in_and_in_the_next_session_as_used_last(
    wang: Visitor, services: Services, world: World
) -> None:
    session = services.signon.sessions_of(world.wang.official_id)[0]
    client = services.subsystem_queries.client_by_client_id("housing-web")
    assert client is not None
    request = TicketRequest(redirect_uri=client.redirect_uris[0], code_challenge="x" * 43, scope="openid")
    services.signon.issue_ticket(world.wang.actor(session_id=session.session_id), session, client, request)
    text = said(wang.get("/"))
    assert "常用与最近使用 1" in text
    assert "本次已登录（OIDC）" in text
    services.signon.sign_out(world.wang.actor(), session.session_id)
    again = services.signon.sign_in("WANGFANG", PASSWORD, None, None)
    known = services.launcher.remembered(world.wang.official_id, again.session_id)
    assert known.signed_in == {}
    assert list(known.lately) == [client.subsystem_id]


def test_what_hangs_on_circumstances_is_shown_as_such(services: Services, world: World, wang: Visitor) -> None:
    """A door that no answer opens for certain is no dead end and no promise: it says what it hangs on, in both languages."""
    rule = """
    roles:
      counter_clerk: {rules: [{allow: [housing:door:enter], when: 'resource.level >= 2 and context.case_number == "XH-1"'}]}
    """
    install(services, province_policy(rule))
    assert entered(services, world.wang.appointment_id)["housing"] is State.CONDITIONAL
    assert not services.authorization.may_enter(world.wang.appointment_id, "housing").allowed
    text = said(wang.get("/"))
    assert "住房保障管理系统" in text
    assert "视情况开放，取决于：办件编号、resource.level" in text
    assert "Depends on: Case number, resource.level" in said(wang.get("/?lang=en", headers={"Accept-Language": "en"}))
