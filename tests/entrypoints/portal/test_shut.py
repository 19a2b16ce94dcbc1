"""What people see of what stays shut: an approval taken back, lines given up, conflicts beforehand, and the part in a case."""

from __future__ import annotations

from govcloud.access.lifecycle import LineState
from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.subsystems.changes import ItemChange
from tests.factories.apart import ACCEPT, in_force
from tests.factories.browsing import Visitor, said
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.requests import REGISTER, ask
from tests.factories.world import XIHU, World


def test_an_approval_is_taken_back_on_its_page(services: Services, world: World, wang: Visitor, li: Visitor) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    address = f"/inbox/{lines[REGISTER]}"
    assert "在此之前可以收回同意" in said(li.get(address))
    empty = li.post(f"{address}/retract", {"version": "2"}, page=address)
    assert empty.status_code == 422
    assert "请选择一项理由" in said(empty)
    answer = li.post(f"{address}/retract", {"version": "2", "reason_code": "not_needed", "refusal": "改由本厅办理"}, page=address)
    assert (answer.status_code, answer.location) == (303, address)
    after = said(li.get(address))
    assert "已收回同意" in after
    assert "改由本厅办理" in after
    assert "在此之前可以收回同意" not in after
    late = li.post(f"{address}/retract", {"version": "2", "reason_code": "other"}, page=address)
    assert late.status_code == 409
    assert "不能收回同意" in said(late)
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    assert "改由本厅办理" in said(wang.get(f"/requests/{request.id}"))
    assert "在开通前收回了对" in said(wang.get("/notices"))


def test_withdrawing_says_what_becomes_of_the_rest(services: Services, world: World, wang: Visitor) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    change = ItemChange("查询住房登记信息", "姓名、房屋坐落", max_days=30, requires_case_number=True)
    services.subsystems.change_item(Actor.system("operator"), world.items[REGISTER], 1, change, "内容缩减")
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    page = f"/requests/{request.id}"
    assert wang.post(f"{page}/lines/{lines[CASES]}/withdraw", {"version": "1"}, page=page).status_code == 303
    text = said(wang.get(page))
    assert "申请已撤回" in text
    assert "其余已同意的申请项不能再按所同意的开通" in text
    assert "本项不再开通" in text


def test_the_search_and_the_basket_say_what_would_wait(services: Services, world: World, wang: Visitor) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT, name="受理与核对分离")
    for page in ("/requests/new?q=住房登记", "/search?q=住房登记"):
        assert "须有" in said(wang.get(page)), page
    assert "受理与核对分离" in said(wang.get("/requests/new?q=住房登记"))
    wang.post("/basket", {"item": str(world.items[REGISTER])}, page="/requests/new")
    assert "职责冲突，须有例外" in said(wang.get("/basket"))


def test_the_part_in_a_case_is_picked_where_a_rule_asks(services: Services, world: World, wang: Visitor) -> None:
    item = str(world.items[REGISTER])
    assert 'name="duty"' not in wang.get(f"/requests/new?item={item}").text
    in_force(services, world, "four-eyes", kind="per_case", name="经办不复核")
    assert 'name="duty"' in wang.get(f"/requests/new?item={item}").text
    form = {"item": item, "reason": "办理救助", "case_number": "XH-1", "days": "5", "scope": XIHU}
    refused = wang.post("/requests/new", form)
    assert refused.status_code == 422
    assert "请选明是经办还是复核" in said(refused)
    assert wang.post("/requests/new", {**form, "duty": "handle"}).status_code == 303
    [line] = services.access_queries.my_requests(world.wang.official_id).entries[0].lines
    assert (line.state, line.duty) == (LineState.PENDING, "handle")


def test_the_part_is_picked_for_each_item_of_a_basket(services: Services, world: World, wang: Visitor) -> None:
    in_force(services, world, "four-eyes", kind="per_case", name="经办不复核")
    item = str(world.items[REGISTER])
    wang.post("/basket", {"item": item}, page="/requests/new")
    assert f'name="duty-{item}"' in wang.get("/basket").text
    form = {
        "source": "basket",
        "self": "1",
        "reason": "办理救助",
        "case_number": "XH-1",
        "mode": "progressive",
        "listed": item,
        "item": item,
        f"days-{item}": "5",
        f"scope-{item}": XIHU,
        "step": "review",
    }
    refused = wang.post("/requests/ask", form, page="/basket")
    assert refused.status_code == 422
    assert "请选明是经办还是复核" in said(refused)
    review = wang.post("/requests/ask", {**form, f"duty-{item}": "review"}, page="/basket")
    assert f'name="duty-{item}" value="review"' in review.text


def test_a_correction_that_conflicts_by_now_says_so(services: Services, world: World, wang: Visitor) -> None:
    asked = ask(services, world)
    services.approving.returning.send_back(world.li.actor(), asked.line_id, 1, "请写明用途")
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    page = f"/requests/{asked.request_id}"
    form = {"version": "2", "reason": "办理困难家庭救助", "case_number": "XH-2026-0117", "days": "6", "scope": ""}
    assert wang.post(f"{page}/lines/{asked.line_id}/resubmit", form, page=page).status_code == 303
    text = said(wang.get(page))
    assert "与已有的权限职责冲突" in text
    assert "职责冲突，等待例外" in text
