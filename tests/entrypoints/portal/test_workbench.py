"""The workbench and the search: what opens, what waits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from govcloud.access.commands import Submitted
from govcloud.authorization.answers.entries import State
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import TicketRequest
from tests.entrypoints.cas.conftest import RESCUE, CasParty, register_cas
from tests.entrypoints.forward_auth.conftest import Proxy, register_application
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


# What each protocol's session is, told by each protocol's own way in.


def enter_by_oidc(wang: Visitor, services: Services, client_id: str) -> None:
    client = services.subsystem_queries.client_by_client_id(client_id)
    assert client is not None
    asked = {"client_id": client_id, "redirect_uri": client.redirect_uris[0], "response_type": "code", "scope": "openid"}
    pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    answer = wang.get("/oidc/authorize", query_string=asked | pkce)
    assert answer.location.startswith(client.redirect_uris[0])


def enter_by_cas(wang: Visitor, services: Services) -> None:
    register_cas(services, "assistance", RESCUE)
    party = CasParty(wang.client)
    party.user(party.ticket())


def enter_by_proxy(wang: Visitor, services: Services) -> None:
    proxy = Proxy(wang.client.application, register_application(services))
    proxy.at_platform = wang.client
    proxy.enter()


def by_oidc(wang: Visitor, services: Services) -> None:
    enter_by_oidc(wang, services, "assistance-web")


@pytest.mark.parametrize(("enter", "word"), [(by_oidc, "OIDC"), (enter_by_cas, "CAS"), (enter_by_proxy, "转发认证")])
def test_each_protocols_session_shows_on_the_card_and_goes_with_it(
    wang: Visitor, services: Services, world: World, enter: Callable[[Visitor, Services], None], word: str
) -> None:
    assert "本次已登录" not in said(wang.get("/"))
    enter(wang, services)
    text = said(wang.get("/"))
    # In the first row and in its group, and on no other card.
    assert text.count(f"本次已登录（{word}）") == text.count("本次已登录") == 2
    services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "离岗")
    again = said(wang.sign_in("WANGFANG").get("/"))
    assert "本次已登录" not in again
    assert "最近使用" in again


def test_sessions_of_several_protocols_stand_side_by_side(wang: Visitor, services: Services) -> None:
    for enter in (by_oidc, enter_by_cas, enter_by_proxy):
        enter(wang, services)
    text = said(wang.get("/"))
    for word in ("OIDC", "CAS", "转发认证"):
        assert text.count(f"本次已登录（{word}）") == 2, word
    assert "常用与最近使用 1" in text


def test_another_browser_of_the_same_person_is_not_signed_in_there(
    wang: Visitor, services: Services, visitor: Callable[[], Visitor]
) -> None:
    enter_by_cas(wang, services)
    elsewhere = said(visitor().sign_in("WANGFANG").get("/"))
    assert "本次已登录" not in elsewhere
    assert "最近使用" in elsewhere


def test_the_owner_filter_shows_that_owners_subsystems_alone(wang: Visitor, services: Services, world: World) -> None:
    housing, assistance = "住房保障管理系统", "民政救助业务系统"
    owners = dict(re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)</option>', wang.get("/").text))
    departments = world.organisation.ids
    assert owners == {str(departments["housing"]): "浙江省住房和城乡建设厅", str(departments["civil_affairs"]): "浙江省民政厅"}
    page = wang.get("/", query_string={"owner": departments["civil_affairs"]})
    assert assistance in said(page)
    assert housing not in said(page)
    assert f'<option value="{departments["civil_affairs"]}" selected>' in page.text
    # With words both have to fit, and the row of what is at hand does not stand before what was looked for.
    by_oidc(wang, services)
    both = said(wang.get("/", query_string={"owner": departments["housing"], "q": "zfbz"}))
    assert housing in both
    assert "常用与最近使用" not in both
    neither = said(wang.get("/", query_string={"owner": departments["housing"], "q": "jiuzhu"}))
    assert "没有符合条件的子系统" in neither
    # An owner that is none shows everything, and one who owns nothing that is open shows nothing.
    assert housing in said(wang.get("/?owner=nobody"))
    assert housing not in said(wang.get("/", query_string={"owner": departments["audit"]}))


def at_hand(wang: Visitor) -> list[str]:
    """Return the names on the cards of the first row, in their order."""
    row = re.search(r'<section class="group" aria-labelledby="at-hand">(.*?)</section>', wang.get("/").text, re.DOTALL)
    return re.findall(r"<h3><a [^>]*>([^<]+)</a>", row[1]) if row else []


def test_what_was_used_last_stands_first_and_favourites_before_it(wang: Visitor, services: Services, clock: ManualClock) -> None:
    housing, assistance = "住房保障管理系统", "民政救助业务系统"
    assert at_hand(wang) == []
    used: list[str] = []
    for client, name in (("housing-web", housing), ("assistance-web", assistance)):
        clock.advance(timedelta(minutes=1))
        enter_by_oidc(wang, services, client)
        used.insert(0, name)
        assert at_hand(wang) == used
    # A new stay counts, though the subsystem was used before.
    clock.advance(timedelta(minutes=1))
    wang = again(wang, services)
    enter_by_oidc(wang, services, "housing-web")
    assert at_hand(wang) == [housing, assistance]
    wang.post("/favourites", {"subsystem": "assistance", "kept": "1"}, page="/")
    assert at_hand(wang) == [assistance, housing]


def test_coming_in_again_within_a_session_makes_it_the_last_one(
    wang: Visitor, services: Services, world: World, clock: ManualClock
) -> None:
    housing, assistance = "住房保障管理系统", "民政救助业务系统"
    entries = []
    for client in ("housing-web", "assistance-web", "housing-web"):
        clock.advance(timedelta(minutes=1))
        enter_by_oidc(wang, services, client)
        entries.append(clock.now())
    assert at_hand(wang) == [housing, assistance]
    session = services.signon.sessions_of(world.wang.official_id)[0]
    known = services.launcher.remembered(world.wang.official_id, session.session_id)
    client_of = services.subsystem_queries.subsystems_of_clients(["housing-web", "assistance-web"])
    ids = {name: client_of[name][0] for name in client_of}
    assert known.lately == {ids["housing-web"]: entries[2], ids["assistance-web"]: entries[1]}
    # Since when one is signed in there has not moved.
    assert known.signed_in[ids["housing-web"]] == {"oidc": entries[0]}


def again(wang: Visitor, services: Services) -> Visitor:
    """Sign out and in."""
    wang.post("/sign-out", page="/")
    return wang.sign_in("WANGFANG")


def test_what_was_used_more_than_thirty_days_ago_is_forgotten(wang: Visitor, services: Services, clock: ManualClock) -> None:
    by_oidc(wang, services)
    clock.advance(timedelta(days=29))
    assert at_hand(wang.sign_in("WANGFANG")) == ["民政救助业务系统"]
    clock.advance(timedelta(days=2))
    assert at_hand(wang.sign_in("WANGFANG")) == []


def test_what_hangs_on_circumstances_is_shown_as_such(services: Services, world: World, wang: Visitor) -> None:
    """A door that no answer opens for certain is no dead end and no promise: it says what it hangs on, in both languages."""
    rule = """
    roles:
      counter_clerk: {rules: [{allow: [housing:door:enter], when: 'resource.level >= 2 and context.case_number == "XH-1"'}]}
    """
    install(services, province_policy(rule))
    assert entered(services, world.wang.appointment_id)["housing"] is State.CONDITIONAL
    assert not services.authorization.decide(Question(door_of("housing"), world.wang.appointment_id)).allowed
    text = said(wang.get("/"))
    assert "住房保障管理系统" in text
    assert "视情况开放，取决于：办件编号、resource.level" in text
    assert "Depends on: Case number, resource.level" in said(wang.get("/?lang=en", headers={"Accept-Language": "en"}))
