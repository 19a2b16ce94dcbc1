"""What approvers do on the pages beside a yes or a no: return, hold, hand on, comment, decide on several, delegate, sign in advance."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from govcloud.access.commands import Submitted
from govcloud.access.deciding.decision_links import link_token
from govcloud.access.lifecycle import LineState
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.web.moments import minute
from tests.factories.browsing import Visitor, said
from tests.factories.deciders import make_routine, new_rule, put_together, set_tier
from tests.factories.requests import ask, may_read
from tests.factories.world import World, give_password


@pytest.fixture
def qian(visitor: Callable[[], Visitor]) -> Visitor:
    """Return 钱伟, who decides beside 李强."""
    return visitor().sign_in("QIANWEI")


def hidden(page: str, *names: str) -> dict[str, str]:
    """Return the values of hidden fields."""
    return {name: re.search(rf'name="{re.escape(name)}" value="([^"]+)"', page)[1] for name in names}  # type: ignore[index]


def test_a_line_goes_back_and_comes_again(li: Visitor, wang: Visitor, submitted: Submitted) -> None:
    address, request = f"/inbox/{submitted.line_id}", f"/requests/{submitted.request_id}"
    empty = li.post(f"{address}/return", {"version": "1", "missing": " "}, page=address)
    assert empty.status_code == 422
    answer = li.post(f"{address}/return", {"version": "1", "missing": "请附救助对象名单"}, page=address)
    assert (answer.status_code, answer.location) == (303, "/inbox")
    listed = said(wang.get("/requests"))
    assert "已退回补正" in listed, "what waits for oneself is not said to wait for others"
    assert "待审批" not in listed
    assert "还剩" not in listed, "no department owes an answer"
    page = wang.get(request)
    assert "请附救助对象名单" in said(page)
    assert "补正后重新提交" in said(page)
    fields = {"version": "2", "reason": "名单见附页", "case_number": "XH-2026-0382", "days": "6", "scope": ""}
    wrong = wang.post(f"{request}/lines/{submitted.line_id}/resubmit", {**fields, "days": "99"}, page=request)
    assert wrong.status_code == 422
    again = wang.post(f"{request}/lines/{submitted.line_id}/resubmit", fields, page=request)
    assert (again.status_code, again.location) == (303, request)
    text = said(li.get(address))
    assert "第 2 次提交；退回时要求：请附救助对象名单" in text
    assert "按申请同意" in text


def test_taking_on_handing_on_and_talking(li: Visitor, qian: Visitor, wang: Visitor, submitted: Submitted, world: World) -> None:
    address, request = f"/inbox/{submitted.line_id}", f"/requests/{submitted.request_id}"
    assert li.post(f"{address}/holder", {"action": "claim"}, page=address).status_code == 303
    assert "李强正在办理" in said(qian.get(address))
    assert "没有等您审批的申请" in said(qian.get("/inbox"))
    assert "李强办理中" in said(qian.get("/inbox?below=1"))
    listed = said(qian.get(f"{address}?hand_on=1"))
    assert "钱伟" in listed
    nobody = qian.post(f"{address}/holder", {"action": "reassign", "official": "", "reason": "x"}, page=address)
    assert nobody.status_code == 422
    given = {"action": "reassign", "official": str(world.people["QIANWEI"].official_id), "reason": "李强外出"}
    assert qian.post(f"{address}/holder", given, page=address).status_code == 303
    assert "按申请同意" in said(qian.get(address))
    assert qian.post(f"{address}/comments", {"text": "请问几户？"}, page=address).status_code == 303
    assert "请问几户？" in said(wang.get(request))
    assert wang.post(f"{request}/lines/{submitted.line_id}/comments", {"text": "三户。"}, page=request).status_code == 303
    assert "三户。" in said(qian.get(address))


def test_several_lines_previewed_and_confirmed(services: Services, world: World, li: Visitor, submitted: Submitted) -> None:
    set_tier(services, world, "one", function="housing:register:export")
    other = ask(services, world, item_id=world.items["housing:register:export"], days=7)
    nothing = li.post("/inbox/preview", {}, page="/inbox")
    assert (nothing.status_code, nothing.location) == (303, "/inbox")
    picked = {"pick": [str(submitted.line_id), str(other.line_id)]}
    preview = li.post("/inbox/preview", picked, page="/inbox")
    assert "将对 2 项作出决定" in said(preview)
    names = [f"{name}.{line}" for name in ("version", "evidence") for line in picked["pick"]]
    fields = {**picked, **hidden(preview.text, *names)}
    without = li.post("/inbox/together", {**fields, "action": "reject"}, page="/inbox")
    assert without.status_code == 422
    # One of them changes between preview and confirmation: it is refused alone.
    services.access.withdraw(world.wang.actor(), other.line_id, 1)
    done = li.post("/inbox/together", {**fields, "action": "approve"}, page="/inbox")
    assert "已同意" in said(done)
    assert "没有办成" in said(done)
    assert may_read(services, world.wang)


def test_a_quorum_tells_how_many_have_agreed(services: Services, world: World, li: Visitor, qian: Visitor, wang: Visitor) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line = ask(services, world)
    address = f"/inbox/{line.line_id}"
    assert "已同意 0/2" in said(qian.get("/inbox"))
    li.post(address, {"action": "approve", **hidden(li.get(address).text, "version", "evidence")}, page=address)
    assert "您的同意已记录（1/2）" in said(li.get(address))
    assert "须 2 人同意，已同意 1 人" in said(wang.get(f"/requests/{line.request_id}"))
    qian.post(address, {"action": "approve", **hidden(qian.get(address).text, "version", "evidence")}, page=address)
    assert may_read(services, world.wang)


def test_a_refusal_offers_something_to_click(li: Visitor, wang: Visitor, submitted: Submitted) -> None:
    address = f"/inbox/{submitted.line_id}"
    fields = {"action": "reject", "reason_code": "too_broad", "refusal": "请缩小", "alternative_days": "3"}
    assert li.post(address, {**fields, "alternative_days": "x"}, page=address).status_code == 422
    li.post(address, {**fields, **hidden(li.get(address).text, "version", "evidence")}, page=address)
    page = wang.get(f"/requests/{submitted.request_id}")
    assert "审批人建议：" in said(page)
    link = re.search(r'href="(/requests/new\?[^"]*days=3[^"]*)"', page.text)
    assert link is not None
    assert wang.get(link[1].replace("&amp;", "&")).status_code == 200


def test_delegating_on_the_page(services: Services, world: World, clock: ManualClock, li: Visitor, visitor: Callable[[], Visitor]) -> None:
    line = ask(services, world)
    give_password(services, world.people["CHENJIE"])
    chen = visitor().sign_in("CHENJIE")
    assert chen.get(f"/inbox/{line.line_id}").status_code == 404
    fields = {"delegate": "CHENJIE", "starts_at": "", "ends_at": minute(clock.now() + timedelta(days=3)), "reason": "出差"}
    for wrong in ({"delegate": "NOBODY"}, {"ends_at": ""}, {"reason": ""}, {"delegate": "LIQIANG"}):
        assert li.post("/delegations", {**fields, **wrong}, page="/delegations").status_code == 422
    assert li.post("/delegations", fields, page="/delegations").status_code == 303
    assert "生效中" in said(li.get("/delegations"))
    text = said(chen.get(f"/inbox/{line.line_id}"))
    assert "您受李强委托审批" in text
    address = f"/inbox/{line.line_id}"
    chen.post(address, {"action": "approve", **hidden(chen.get(address).text, "version", "evidence")}, page=address)
    assert "受李强委托" in said(li.get(address))
    [view] = services.approving.delegating.of(world.li.official_id)
    assert chen.post(f"/delegations/{view.id}/end", {}, page="/delegations").status_code == 303
    assert "已结束" in said(li.get("/delegations"))


def test_signing_in_advance_on_the_page(services: Services, world: World, clock: ManualClock, li: Visitor, wang: Visitor) -> None:
    item_id = make_routine(services, world, "auto")
    assert wang.get("/approval-rules").status_code == 403
    fields = {
        "item_id": f"{item_id}@{services.subsystem_queries.items([item_id])[item_id].version}",
        "departments": "杭州市西湖区民政局\n",
        "max_days": "10",
        "ends_at": minute(clock.now() + timedelta(days=30)),
        "scope": "",
        "reason": "例行核对",
    }
    for wrong in ({"departments": "没有这个局"}, {"max_days": ""}, {"reason": ""}, {"item_id": ""}, {"item_id": str(item_id)}):
        assert li.post("/approval-rules", {**fields, **wrong}, page="/approval-rules").status_code == 422
    assert li.post("/approval-rules", fields, page="/approval-rules").status_code == 303
    line = ask(services, world)
    assert services.access_queries.line(world.wang.actor(), line.line_id).state is LineState.APPROVED
    assert "按预先签署的规则自动开通" in said(wang.get(f"/requests/{line.request_id}"))
    page = li.get("/approval-rules")
    assert "已开通 1 次" in said(page)
    [rule] = services.approving.presigning.within(world.li.actor())
    li.post(f"/approval-rules/{rule.id}/end", {"reason": "改为人工"}, page="/approval-rules")
    assert "已终止" in said(li.get("/approval-rules"))


def test_a_rule_is_signed_again_on_the_page(services: Services, world: World, clock: ManualClock, li: Visitor, qian: Visitor) -> None:
    item_id = make_routine(services, world, "one")
    rule_id = services.approving.presigning.sign(world.li.actor(), new_rule(world, clock, on_silence=True))
    assert "默许" in said(li.get("/approval-rules"))
    set_tier(services, world, "auto")
    version = services.subsystem_queries.items([item_id])[item_id].version
    page = said(qian.get("/approval-rules"))
    assert "可申请项有变化，待重新签署" in page
    assert f"现为第 {version} 版" in page
    assert "预先签署的规则须重新签署" in said(qian.get("/notices"))
    form = {"item_version": str(version), "ends_at": minute(clock.now() + timedelta(days=30)), "reason": "已核对"}
    address = f"/approval-rules/{rule_id}/sign-again"
    qian.post(address, form, page="/approval-rules")
    assert "只有级别为“一人审批”" in said(qian.get("/approval-rules")), "a rule on silence stays one"
    set_tier(services, world, "one")
    qian.post(address, form, page="/approval-rules")
    assert "有变化，规则没有签署" in said(qian.get("/approval-rules")), "another version than was shown"
    qian.post(address, {**form, "ends_at": ""}, page="/approval-rules")
    assert "请填写规则有效至何时" in said(qian.get("/approval-rules"))
    qian.post(address, {**form, "item_version": str(version + 1)}, page="/approval-rules")
    assert "重新签署，按原来的界限继续生效" in said(qian.get("/approval-rules"))
    assert "钱伟" in said(li.get("/approval-rules"))
    qian.client.set_cookie("govcloud_language", "en")
    assert "On silence" in said(qian.get("/approval-rules"))


def test_a_link_in_a_mail_demands_sign_in_and_a_fresh_proof(
    services: Services, clock: ManualClock, visitor: Callable[[], Visitor], submitted: Submitted
) -> None:
    address = f"/decide/{link_token(services.keys, submitted.line_id, 1, clock.now())}"
    stranger = visitor()
    assert "/sign-in" in stranger.get(address).location
    li = visitor().sign_in("LIQIANG")
    # A sign-in a moment ago is a proof; an old one is not.
    assert li.get(address).location == f"/inbox/{submitted.line_id}"
    clock.advance(timedelta(minutes=20))
    proof = li.get(address)
    assert proof.status_code == 303
    assert proof.location.startswith("/step-up?")
    assert li.get("/decide/forged").location == "/inbox"
    # It carries no authority: somebody else who follows it finds nothing.
    wang = visitor().sign_in("WANGFANG")
    assert wang.get(wang.get(address).location).status_code == 404


def test_the_lines_of_one_request_are_decided_in_one_act(
    services: Services, world: World, li: Visitor, submitted: Submitted, superuser_url: str
) -> None:
    set_tier(services, world, "one", function="housing:register:export")
    other = ask(services, world, item_id=world.items["housing:register:export"], days=7)
    put_together(superuser_url, submitted.request_id, other.line_id)
    address = f"/inbox/{submitted.line_id}"
    page = li.get(address)
    assert "同一申请中您可以决定的 2 项" in said(page)
    first, second = f"{submitted.line_id}.", f"{other.line_id}."
    fields = hidden(page.text, f"{first}version", f"{first}evidence", f"{second}version", f"{second}evidence")
    nothing = li.post(f"{address}/together", {**fields, f"{first}action": "skip", f"{second}action": "skip"}, page=address)
    assert nothing.status_code == 422
    unsaid = li.post(f"{address}/together", {**fields, f"{first}action": "approve", f"{second}action": "reject"}, page=address)
    assert unsaid.status_code == 422
    narrowed = {**fields, f"{first}action": "narrow", f"{first}days": "3", f"{second}action": "reject", f"{second}reason_code": "too_broad"}
    assert li.post(f"{address}/together", narrowed, page=address).status_code == 303
    shown = services.access_queries.request(world.wang.actor(), submitted.request_id).lines
    assert {line.id: line.decision.outcome for line in shown if line.decision} == {submitted.line_id: "approved", other.line_id: "rejected"}
