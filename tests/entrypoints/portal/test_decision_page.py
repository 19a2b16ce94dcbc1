"""What a decision page says of lines that wait for nobody here: returned, closed, half agreed; and of what its reader did already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest

from govcloud.access.commands import Alternative, Correction, NewSubmission, Submitted, WantedItem
from govcloud.access.evidence.card import evidence_digest
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.commands.access.test_clocks import JOBS
from tests.commands.access.test_delegating import lend
from tests.factories.browsing import Visitor, said
from tests.factories.deciders import end_offices, give_office, set_tier
from tests.factories.requests import ask
from tests.factories.world import XIHU, World


def english(visitor: Visitor) -> Visitor:
    visitor.client.set_cookie("govcloud_language", "en")
    return visitor


@pytest.fixture
def qian(visitor: Callable[[], Visitor]) -> Visitor:
    """Return 钱伟, who decides for the housing department as well."""
    return visitor().sign_in("QIANWEI")


def test_a_returned_line_says_who_sent_it_back_and_what_comes_next(
    services: Services, world: World, clock: ManualClock, li: Visitor, submitted: Submitted
) -> None:
    address = f"/inbox/{submitted.line_id}"
    services.approving.returning.send_back(world.people["QIANWEI"].actor(), submitted.line_id, 1, "请附名单")
    clock.advance(timedelta(days=20))
    page = said(li.sign_in("LIQIANG").get(address))
    for words in (
        "已退回补正",
        "钱伟于 2026-11-24 09:30 退回",
        "请附名单",
        "时限暂停",
        "须在 2026-12-24 09:30 前补正",
        "重新出现在待我审批",
    ):
        assert words in page, words
    assert "已超" not in page, "the clock stands"
    assert "按申请同意" not in page
    page = said(english(li).get(address))
    for words in ("Returned for correction", "请附名单", "has until 2026-12-24 09:30 to correct it"):
        assert words in page, words


def test_what_was_agreed_before_a_correction_is_shown_as_what_counts_no_more(
    services: Services, world: World, li: Visitor, qian: Visitor
) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    services.approving.returning.send_back(world.people["QIANWEI"].actor(), line_id, 1, "请附名单")
    services.approving.returning.resubmit(world.wang.actor(), line_id, 2, Correction("名单见附页", 6, Scope((XIHU,)), "XH-2026-0117"))
    page = said(qian.get(f"/inbox/{line_id}"))
    assert "李强 已同意 退回前作出，不再计入" in page
    assert "须 2 人同意，已同意 0 人" in page
    assert "按申请同意" in said(li.get(f"/inbox/{line_id}")), "their word of before does not bind them"
    assert "made before it was returned, no longer counts" in said(english(qian).get(f"/inbox/{line_id}"))


def test_a_quorum_with_some_votes_says_what_is_missing_to_who_voted(services: Services, world: World, li: Visitor, qian: Visitor) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    asked = ask(services, world)
    address = f"/inbox/{asked.line_id}"
    services.access.approve(world.li.actor(), asked.line_id, 1, days=6)
    page = said(li.get(address))
    for words in ("您已同意", "须 2 人同意，已同意 1 人", "还须 1 人同意", "等待浙江省住房和城乡建设厅"):
        assert words in page, words
    assert "您不能决定" not in page
    decided = said(li.get("/inbox?tab=decided"))
    assert "已同意" in decided
    assert "待审批" in decided, "the line itself still waits"
    assert "1/2" in decided
    other = said(qian.get(address))
    assert "李强 已同意" in other
    assert "按申请同意" in other
    page = said(english(li).get(address))
    for words in ("You have approved", "1 more approval is needed", "2 have to agree, 1 have"):
        assert words in page, words
    services.access.reject(world.people["QIANWEI"].actor(), asked.line_id, 1, "not_needed")
    li.client.set_cookie("govcloud_language", "zh")
    decided = said(li.get("/inbox?tab=decided"))
    assert "已驳回" in decided, "what became of it, beside one's own word"


def test_a_closed_quorum_names_everybody_who_agreed(services: Services, world: World, li: Visitor) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    first = services.access.approve(world.li.actor(), line_id, 1, days=6)
    second = services.access.approve(world.people["QIANWEI"].actor(), line_id, 1)
    answer = li.get(f"/inbox/{line_id}")
    page = said(answer)
    assert "李强（浙江省住房和城乡建设厅）、钱伟（浙江省住房和城乡建设厅）" in page
    for decided in (first, second):
        assert f"/receipts/{decided.decision_id}/shown" in answer.text
    assert "6 天" in page, "what all of them allow"


@pytest.mark.parametrize(("end", "words"), [("withdraw", "申请人已撤回"), ("lapse", "在时限内无人作出决定，已逾期失效")])
def test_a_line_that_nobody_decided_says_why(  # noqa: PLR0917 - fixtures and a case
    services: Services, world: World, clock: ManualClock, li: Visitor, end: str, words: str
) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    asked = ask(services, world)
    services.access.approve(world.li.actor(), asked.line_id, 1)
    if end == "withdraw":
        services.access.withdraw(world.wang.actor(), asked.line_id, 1)
    else:
        clock.advance(timedelta(days=30))
        while services.escalating.run(JOBS):
            pass
        li.sign_in("LIQIANG")
    page = said(li.get(f"/inbox/{asked.line_id}"))
    assert words in page
    assert "已有 1 人同意" in page
    assert "李强 已同意" in page


def test_a_refusal_shows_what_it_offered(services: Services, world: World, li: Visitor, submitted: Submitted) -> None:
    services.access.reject(world.li.actor(), submitted.line_id, 1, "too_broad", "请缩小", alternative=Alternative(Scope((XIHU,)), 3, None))
    page = said(li.get(f"/inbox/{submitted.line_id}"))
    for words in ("已驳回", "范围过大或期限过长", "请缩小", "建议改为", "西湖区", "3 天"):
        assert words in page, words


def test_the_card_is_the_one_that_was_decided_on(services: Services, world: World, li: Visitor, submitted: Submitted) -> None:
    decided = services.access.approve(world.li.actor(), submitted.line_id, 1)
    stored = services.receipts.evidence_of(submitted.line_id, decided.decision_id)
    assert stored["held_now"] == 0
    answer = li.get(f"/inbox/{submitted.line_id}")
    assert decided.evidence_hash == evidence_digest(stored)
    assert decided.evidence_hash in answer.text
    assert "使用人目前没有同样的临时权限" in said(answer), "the grant that came of it was not there then"


def test_whose_right_a_delegate_used_is_told_who_used_it(services: Services, world: World, clock: ManualClock, li: Visitor) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    lend(services, clock, world.li, world.people["CHENJIE"])
    line_id = ask(services, world).line_id
    services.access.approve(world.people["CHENJIE"].actor(), line_id, 1)
    page = said(li.get(f"/inbox/{line_id}"))
    assert "陈杰已受您委托同意" in page
    assert "您已同意" not in page
    assert "陈杰 approved in your right" in said(english(li).get(f"/inbox/{line_id}"))


def test_who_left_the_office_keeps_the_list_without_dead_links(services: Services, world: World, li: Visitor, submitted: Submitted) -> None:
    services.access.approve(world.li.actor(), submitted.line_id, 1)
    assert f"/inbox/{submitted.line_id}" in li.get("/inbox?tab=decided").text
    end_offices(services, world, world.li)
    page = li.get("/inbox?tab=decided")
    assert submitted.number in said(page)
    assert f"/inbox/{submitted.line_id}" not in page.text
    assert li.get(f"/inbox/{submitted.line_id}").status_code == 404


def test_an_approved_line_of_a_whole_says_that_it_is_held_back(services: Services, world: World, li: Visitor) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    wanted = [WantedItem(world.items[name], 5, Scope((XIHU,))) for name in ("housing:register:read", "assistance:case:read")]
    done = services.asking.submit(world.wang.actor(), NewSubmission(tuple(wanted), "办理", case_number="XH-1", mode="atomic"))
    line_id = next(line.line_id for line in done.requests[0].lines if line.item_id == world.items["housing:register:read"])
    services.access.approve(world.li.actor(), line_id, 1)
    page = said(li.get(f"/inbox/{line_id}"))
    assert "尚未开通" in page
    assert "其余申请项也获同意后一并生效" in page


def test_files_are_added_with_a_correction(wang: Visitor, li: Visitor, submitted: Submitted) -> None:
    address, request = f"/inbox/{submitted.line_id}", f"/requests/{submitted.request_id}"
    li.post(f"{address}/return", {"version": "1", "missing": "请附名单"}, page=address)
    fields = {"version": "2", "reason": "名单见附件", "case_number": "XH-2026-0382", "days": "6", "scope": ""}

    def send(name: str, content: bytes) -> int:
        form = {**fields, "csrf_token": wang.token(request), "files": (BytesIO(content), name)}
        return wang.client.post(f"{request}/lines/{submitted.line_id}/resubmit", data=form).status_code

    assert send("名单.exe", b"MZ") == 422
    assert "名单.exe" not in said(li.get(address))
    assert send("名单.pdf", b"%PDF-1.7 x") == 303
    assert "名单.pdf" in said(wang.get(request))
