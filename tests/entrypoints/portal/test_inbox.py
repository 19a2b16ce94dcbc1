"""Deciding: the evidence, the three answers, and what stands against them."""

from __future__ import annotations

import re
from collections.abc import Callable

from govcloud.access.commands import Submitted
from govcloud.services import Services
from tests.factories.browsing import Visitor, said
from tests.factories.deciders import give_office
from tests.factories.world import XIHU, World


def _shown(page: str) -> dict[str, str]:
    """Return the version and the digest that the page's forms carry."""
    return {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("version", "evidence")}  # type: ignore[index]


def test_the_inbox_shows_who_wants_what_by_when(li: Visitor, submitted: Submitted) -> None:
    text = said(li.get("/inbox"))
    for words in ("王芳", "杭州市西湖区民政局", "查询住房登记信息", "杭州市", "10 天", submitted.number):
        assert words in text


def test_who_does_not_decide_is_told_who_does(wang: Visitor) -> None:
    assert "您目前的任职不是高级管理员" in said(wang.get("/inbox"))
    assert "您还没有审批过申请" in said(wang.get("/inbox?tab=decided"))


def test_the_evidence_stands_beside_the_decision(li: Visitor, submitted: Submitted) -> None:
    text = said(li.get(f"/inbox/{submitted.line_id}"))
    for words in (
        "证据卡",
        "WANGFANG",
        "核对救助申请人的住房情况",
        "XH-2026-0382",
        "含敏感信息",
        "同部门现有 0 人",
        "按申请同意",
        "缩小后同意",
        "驳回申请",
    ):
        assert words in text


def test_approving_as_asked_takes_two_clicks_from_the_inbox(li: Visitor, wang: Visitor, submitted: Submitted) -> None:
    address = f"/inbox/{submitted.line_id}"
    answer = li.post(address, {"action": "approve", **_shown(li.get(address).text)})
    assert (answer.status_code, answer.location) == (303, address)
    result = said(li.get(address))
    assert "已同意，权限即刻生效，2026-12-04 09:30 自动收回" in result
    assert "撤销这项权限" in result
    assert "临时权限 · 有效" in said(wang.get(f"/requests/{submitted.request_id}"))
    assert submitted.number in said(li.get("/inbox?tab=decided"))
    assert "没有等您审批的申请" in said(li.get("/inbox"))


def test_approving_narrower_shows_as_narrower(li: Visitor, wang: Visitor, submitted: Submitted) -> None:
    address = f"/inbox/{submitted.line_id}"
    page = li.get(address).text
    assert f'<option value="{XIHU}" selected>' in page, "the applicant's county is suggested"
    answer = li.post(address, {"action": "narrow", "scope": XIHU, "days": "5", "comment": "只限本区", **_shown(page)})
    assert answer.status_code == 303
    text = said(wang.get(f"/requests/{submitted.request_id}"))
    assert "期限 5 天" in text
    assert "西湖区" in text
    assert "小于所申请" in text
    assert "只限本区" in text


def test_refusing_needs_a_reason(li: Visitor, wang: Visitor, submitted: Submitted) -> None:
    address = f"/inbox/{submitted.line_id}"
    shown = _shown(li.get(address).text)
    refused = li.post(address, {"action": "reject", "reason_code": "", "refusal": "请写明办件", **shown})
    assert refused.status_code == 422
    assert "驳回理由：请选择一项理由。" in said(refused)
    assert "请写明办件" in refused.text
    assert li.post(address, {"action": "reject", "reason_code": "too_broad", "refusal": "请写明办件", **shown}).status_code == 303
    text = said(wang.get(f"/requests/{submitted.request_id}"))
    assert "李强驳回" in text
    assert "范围过大或期限过长" in text
    assert "重新申请" in text


def test_more_than_was_asked_is_refused(li: Visitor, submitted: Submitted) -> None:
    address = f"/inbox/{submitted.line_id}"
    shown = _shown(li.get(address).text)
    wider = li.post(address, {"action": "narrow", "scope": "330000000000", "days": "5", **shown})
    longer = li.post(address, {"action": "narrow", "scope": XIHU, "days": "20", **shown})
    assert (wider.status_code, longer.status_code) == (422, 422)
    assert "数据范围：" in said(wider)
    assert "使用期限：" in said(longer)
    assert li.post(address, {"action": "narrow", "scope": "x", "days": "many", **shown}).status_code == 422
    assert li.post(address, {"action": "nonsense", **shown}).status_code == 422
    assert li.post(address, {"action": "approve", "version": "x"}).status_code == 422


def test_whoever_comes_second_sees_what_was_decided(
    li: Visitor, visitor: Callable[[], Visitor], world: World, submitted: Submitted
) -> None:
    address = f"/inbox/{submitted.line_id}"
    qian = visitor().sign_in("QIANWEI")
    shown = _shown(qian.get(address).text)
    token = qian.token(address)
    li.post(address, {"action": "approve", **_shown(li.get(address).text)})
    late = qian.client.post(address, data={"action": "reject", "reason_code": "other", "csrf_token": token, **shown})
    assert late.status_code == 409
    assert "李强" in said(late)


def test_nobody_decides_on_their_own_request(services: Services, world: World, li: Visitor) -> None:
    from govcloud.access.commands import NewRequest  # noqa: PLC0415

    give_office(services, world, "SHANXUEMEI", "government")
    own = services.access.submit(world.li.actor(), NewRequest(world.items["housing:register:read"], "自己用", 3, case_number="X-1"))
    page = li.get(f"/inbox/{own.line_id}")
    assert "您不能决定这一项" in said(page)
    assert 'value="approve"' not in page.text
    answer = li.post(f"/inbox/{own.line_id}", {"action": "approve", "version": "1"}, page="/")
    assert answer.status_code == 403
