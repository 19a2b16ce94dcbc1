"""What one holds and hands back; what one oversees and revokes."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from govcloud.access.commands import Submitted
from govcloud.services import Services
from tests.factories.browsing import Visitor, said
from tests.factories.world import World


@pytest.fixture
def grant_id(services: Services, world: World, submitted: Submitted) -> UUID:
    """Return 王芳's grant, approved by 李强 for five days."""
    decided = services.access.approve(world.li.actor(), submitted.line_id, 1, days=5)
    assert decided.grant_id is not None
    return decided.grant_id


def test_standing_access_names_the_role_and_temporary_the_request(wang: Visitor, grant_id: UUID, submitted: Submitted) -> None:
    text = said(wang.get("/access"))
    assert "查看救助案件" in text
    assert "窗口受理" in text
    assert submitted.number in text
    assert "7 天内到期" in text
    assert "还剩 5 天" in text


def test_the_level_of_enforcement_stands_wherever_a_grant_does(wang: Visitor, li: Visitor, grant_id: UUID, submitted: Submitted) -> None:
    level = "L3 行级过滤"
    pages = [
        (wang, "/requests"),
        (wang, f"/requests/{submitted.request_id}"),
        (wang, "/access"),
        (wang, f"/access/{grant_id}/relinquish"),
        (li, "/inbox?tab=decided"),
        (li, f"/inbox/{submitted.line_id}"),
        (li, "/grants"),
        (li, f"/grants/{grant_id}/revoke"),
    ]
    for visitor, address in pages:
        assert level in said(visitor.get(address)), address
    assert li.post(f"/grants/{grant_id}/revoke", {"reason": "核查已经结束"}).status_code == 303
    for visitor, address in ((wang, "/access"), (li, f"/inbox/{submitted.line_id}")):
        assert level in said(visitor.get(address)), address


def test_a_grant_is_handed_back_after_a_preview(wang: Visitor, li: Visitor, grant_id: UUID) -> None:
    address = f"/access/{grant_id}/relinquish"
    assert "需要时须重新申请" in said(wang.get(address))
    assert wang.post(address).status_code == 303
    text = said(wang.get("/access"))
    assert "已交还，权限即刻失效" in text
    assert "本人提前交还" in text
    assert wang.get(address).status_code == 404
    assert li.get(address).status_code == 404


def test_nobody_hands_back_what_is_not_theirs(li: Visitor, grant_id: UUID) -> None:
    assert li.post(f"/access/{grant_id}/relinquish", page="/").status_code == 403
    assert li.post(f"/access/{uuid4()}/relinquish", page="/").status_code == 404


def test_revoking_asks_for_a_reason_and_tells_the_holder(wang: Visitor, li: Visitor, grant_id: UUID) -> None:
    assert "王芳" in said(li.get("/grants"))
    address = f"/grants/{grant_id}/revoke"
    missing = li.post(address, {"reason": " "})
    assert missing.status_code == 422
    assert "撤销理由：不能为空" in said(missing)
    assert li.post(address, {"reason": "核查已经结束"}).status_code == 303
    assert "目前没有有效的临时权限" in said(li.get("/grants"))
    assert "核查已经结束" in said(wang.get("/access"))
    assert li.get(address).status_code == 404


def test_the_page_of_grants_is_for_those_who_oversee(wang: Visitor, grant_id: UUID) -> None:
    assert wang.get("/grants").status_code == 403
    assert wang.get(f"/grants/{grant_id}/revoke").status_code == 403
    assert wang.post(f"/grants/{grant_id}/revoke", {"reason": "x"}, page="/").status_code == 403
    assert "授权管理" not in said(wang.get("/"))
