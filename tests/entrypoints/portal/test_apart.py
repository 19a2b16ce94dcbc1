"""What requesters and approvers see of separation of duty, and the receipt that they can take along."""

from __future__ import annotations

import json

from govcloud.access.commands import Submitted
from govcloud.access.evidence.receipt_checks import check_receipt
from govcloud.services import Services
from tests.factories.apart import ACCEPT, REGISTER, excepted, in_force
from tests.factories.browsing import Visitor, said
from tests.factories.requests import ask
from tests.factories.world import World


def test_a_blocked_request_says_why_and_what_to_do(services: Services, world: World, wang: Visitor, li: Visitor) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT, name="受理与核对分离")
    asked = ask(services, world)
    page = said(wang.get(f"/requests/{asked.request_id}"))
    assert "职责冲突，等待例外" in page
    assert "受理与核对分离" in page
    assert ACCEPT in page
    assert "请先交还与之冲突的权限" in page
    assert "撤回申请" in page
    decision = said(li.get(f"/inbox/{asked.line_id}"))
    assert "职责冲突，暂不能决定" in decision
    assert "您的决定" not in decision
    excepted(services, world, world.wang, "accept-and-check", days=20)
    decision = said(li.get(f"/inbox/{asked.line_id}"))
    assert "已有例外，至 2026-12-14" in decision
    assert "您的决定" in decision


def test_the_card_says_what_is_known_and_what_is_not(services: Services, li: Visitor, submitted: Submitted) -> None:
    page = said(li.get(f"/inbox/{submitted.line_id}"))
    assert "没有职责分离规则涉及这项功能" in page
    assert "使用人是否用过这项功能：不详" in page
    assert "安全标记：需要 0 级，使用人为 0 级" in page


def test_receipt_and_card_are_downloaded_and_hold(
    services: Services, world: World, wang: Visitor, li: Visitor, submitted: Submitted
) -> None:
    decided = services.access.approve(world.li.actor(), submitted.line_id, 1)
    base = f"/lines/{submitted.line_id}/receipts/{decided.decision_id}"
    assert base in wang.get(f"/requests/{submitted.request_id}").text
    page = li.get(f"/inbox/{submitted.line_id}").text
    assert f"{base}/evidence" in page
    answer = wang.get(base)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    keys = wang.get("/.well-known/govcloud-receipt-keys.json").json
    card = json.loads(li.get(f"{base}/evidence").text)
    assert check_receipt(json.loads(answer.text), keys, card).payload["decision"]["outcome"] == "approved"
    assert wang.get(f"{base}/evidence").status_code == 404, "the card is for those who decide"
    assert wang.get(f"/lines/{submitted.line_id}/receipts/{submitted.line_id}").status_code == 404
