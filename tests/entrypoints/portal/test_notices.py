"""消息 in the portal: the bell counts, the list leads on, one reads one's own, and mail is set up by a code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr

from govcloud.access.commands import Submitted
from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.browsing import Visitor, alerts, inline_code, said
from tests.factories.mailbox import Mailbox, mailbox
from tests.factories.world import World

JOBS = Actor.system("jobs")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """Return a mail server."""
    with mailbox() as found:
        yield found


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Give the platform that mail server, where the test has one."""
    if "box" not in request.fixturenames:
        return settings
    port = request.getfixturevalue("box").port
    return settings.model_copy(update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{port}"), "mail_from": "noreply@cloud.example"})


def test_the_bell_counts_what_is_unread_on_every_page(li: Visitor, wang: Visitor, submitted: Submitted) -> None:
    bell = re.compile(r'href="/notices" title="消息">.*?<span class="count">(\S+)</span>', re.DOTALL)
    for address in ("/", "/inbox", "/account", "/notices"):
        assert bell.search(li.get(address).text), address
    assert not bell.search(wang.get("/").text)


def test_the_list_says_what_happened_and_leads_there(
    li: Visitor, wang: Visitor, submitted: Submitted, services: Services, world: World
) -> None:
    page = li.get("/notices")
    assert "王芳申请“查询住房登记信息”，等待浙江省住房和城乡建设厅答复" in said(page)
    assert inline_code(page) == []
    found = re.search(r'action="(/notices/[0-9a-f-]+/open)"', page.text)
    assert found
    answer = li.post(found[1], page="/notices")
    assert (answer.status_code, answer.location) == (303, f"/inbox/{submitted.line_id}")
    assert "没有未读的消息" in said(li.get("/notices?unread=1"))
    assert wang.post(found[1], page="/account").status_code == 404, "it is not hers"
    services.access.reject(world.li.actor(), submitted.line_id, 1, "not_needed")
    text = said(wang.get("/notices?group=asking"))
    assert "浙江省住房和城乡建设厅驳回了“查询住房登记信息”" in text
    assert "还没有消息" in said(wang.get("/notices?group=holding"))


def test_all_are_read_at_once(li: Visitor, submitted: Submitted) -> None:
    answer = li.post("/notices/read", {"unread": "1"}, page="/notices")
    assert (answer.status_code, answer.location) == (303, "/notices?unread=1")
    assert "没有未读的消息" in said(li.get("/notices?unread=1"))
    assert "已读" in said(li.get("/notices"))


def test_without_a_token_nothing_is_read(li: Visitor, submitted: Submitted, services: Services, world: World) -> None:
    assert li.client.post("/notices/read").status_code == 400
    assert li.client.post("/notices/settings", data={"language": "zh"}).status_code == 400
    assert services.notice_queries.unread(world.li.official_id) == 1


def test_who_is_not_signed_in_sees_none(visitor: Callable[[], Visitor]) -> None:
    for address in ("/notices", "/notices/settings", "/waiting"):
        assert visitor().get(address).status_code == 302, address


def test_an_english_reader_gets_english(li: Visitor, submitted: Submitted) -> None:
    li.client.set_cookie("govcloud_language", "en")
    text = said(li.get("/notices"))
    assert "asks for “查询住房登记信息” and waits for 浙江省住房和城乡建设厅" in text
    assert "Mark all as read" in text


def test_without_a_mail_server_it_is_said(wang: Visitor) -> None:
    assert "平台没有接入邮件服务" in said(wang.get("/notices/settings"))
    answer = wang.post("/notices/address", {"address": "wang@zj.example"}, page="/notices/settings")
    assert answer.status_code == 409
    assert "消息只在平台内显示" in alerts(answer)


def test_mail_is_set_up_by_the_code_that_comes(wang: Visitor, services: Services, box: Mailbox) -> None:
    page = "/notices/settings"
    wrong = wang.post("/notices/address", {"address": "wang@"}, page=page)
    assert wrong.status_code == 422
    assert "应为邮箱地址" in alerts(wrong)
    assert wang.post("/notices/address", {"address": "wang@zj.example"}, page=page).status_code == 303
    services.delivery.deliver_due(JOBS)
    code = re.search(r"[0-9]{6}", box.received[0].text)
    assert code
    wrong = wang.post("/notices/address/confirm", {"code": "x"}, page=page)
    assert wrong.status_code == 422
    assert "验证码不正确" in alerts(wrong)
    assert wang.post("/notices/address/confirm", {"code": code[0]}, page=page).status_code == 303
    text = said(wang.get(page))
    assert "w***@zj.example 已确认" in text
    assert "wang@zj.example" not in wang.get(page).text
    assert wang.post("/notices/address/remove", page=page).status_code == 303
    assert "w***@zj.example" not in said(wang.get(page))


def test_what_is_mailed_is_chosen(wang: Visitor, services: Services, world: World) -> None:
    page = "/notices/settings"
    assert wang.post(page, {"mailed": ["lapsed", "approved"], "language": "en"}).status_code == 303
    assert services.notice_desk.choices(world.wang.official_id).mailed == ("approved", "lapsed")
    shown = wang.get(page).text
    assert re.findall(r'value="(\w+)" checked', shown) == ["approved", "lapsed"]
    assert wang.post(page, {"mailed": "everything", "language": "zh"}).status_code == 422
    assert inline_code(wang.get(page)) == []


def test_a_link_that_is_nobodys_leads_nowhere(wang: Visitor) -> None:
    assert wang.post(f"/notices/{uuid4()}/open", page="/account").status_code == 404
    assert wang.get("/notices?after=garbage&group=garbage").status_code == 200
