"""策略草稿 in the console: the way of a text through two officers' pages, what is refused, and what nobody else may do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from govcloud.authorization.drafting.service import NewDraft
from govcloud.authorization.scopes.fields import FieldRule
from tests.entrypoints.console.conftest import Enter
from tests.factories.browsing import Visitor, alerts, counted, inline_code, said
from tests.factories.policies import OPERATOR, drafted, province_policy, put_in_force, second_officer, shown

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from tests.factories.world import World

HERE = "/console/policy_drafts"
OPENED = "roles: {visitor: {name: 访客, rules: [{allow: ['housing:guide:read']}]}}"
FEWER = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter'], scope: own_division}]}}"


@pytest.fixture
def other(services: Services, world: World, enter: Enter) -> Visitor:
    """Return a second security officer."""
    second_officer(services, world)
    return enter("HEWEI")


def step(visitor: Visitor, draft_id: UUID, name: str, **form: object) -> TestResponse:
    return visitor.post(f"{HERE}/{draft_id}/{name}", form, page=f"{HERE}/{draft_id}")


def fields(page: TestResponse) -> dict[str, str]:
    """Return what the form of the second person carries."""
    form = page.text[page.text.index('aria-labelledby="review"') :]
    return dict(re.findall(r'<input type="hidden" name="(revision|checksum|impact_id|digest)" value="([^"]+)"', form))


def test_a_text_goes_through_two_officers(services: Services, security: Visitor, other: Visitor) -> None:
    new = security.get(f"{HERE}/new")
    assert "housing_clerk" in new.text
    assert inline_code(new) == []
    form = {"title": "收回查询", "reason": "岗位调整", "base": "1", "text": province_policy(FEWER).text}
    answer = security.post(f"{HERE}/new", form)
    assert answer.status_code == 303, said(answer)
    (draft,) = services.draft_queries.drafts()
    page = security.get(f"{HERE}/{draft.id}")
    assert "收回查询" in said(page)
    assert "还没有试算影响" in said(page)
    assert step(security, draft.id, "impact").status_code == 303
    page = security.get(f"{HERE}/{draft.id}")
    assert inline_code(page) == []
    assert "查询住房登记信息" in said(page)
    people = security.get(f"{HERE}/{draft.id}/people?kind=losses")
    assert "陈杰" in said(people)
    assert "失去" in said(people)
    assert inline_code(people) == []
    assert step(security, draft.id, "submit", revision=1).status_code == 303
    # The maker sees no form to approve, and is refused when sending one.
    mine = security.get(f"{HERE}/{draft.id}")
    assert 'aria-labelledby="review"' not in mine.text
    refused = step(security, draft.id, "approve", revision=1, checksum=draft.checksum)
    assert refused.status_code == 403
    assert "不能批准自己起草的策略" in said(refused)
    theirs = other.get(f"{HERE}/{draft.id}")
    assert step(other, draft.id, "approve", **fields(theirs), comment="同意").status_code == 303
    assert step(security, draft.id, "apply").status_code == 303
    assert services.draft_queries.live_number() == 2
    index = said(other.get(f"{HERE}/"))
    assert "经第二人批准" in index
    assert "吴晓燕" in index
    assert "何伟" in index
    text = security.get(f"{HERE}/{draft.id}/text")
    assert "系统管理员" in text.text
    assert inline_code(text) == []


def test_a_rule_that_the_level_cannot_enforce_is_shown_at_its_line(services: Services, security: Visitor) -> None:
    wrong = province_policy("roles: {guide: {name: 指南查阅, rules: [{allow: 'housing:guide:read', scope: own_division}]}}").text
    answer = security.post(f"{HERE}/new", {"title": "x", "reason": "y", "base": "1", "text": wrong})
    (draft,) = services.draft_queries.drafts()
    said_there = alerts(security.get(answer.headers["Location"]))
    assert "housing:guide:read 的接入级别为 L0" in said_there
    assert "请先把接入级别提高到 L2" in said_there
    refused = step(security, draft.id, "submit", revision=1)
    assert refused.status_code in {409, 422}
    assert services.draft_queries.draft(draft.id).state == draft.state


def test_errors_are_shown_by_line_and_nothing_typed_is_lost(services: Services, security: Visitor) -> None:
    wrong = province_policy().text.replace("scope: own_division", "scope: everywhere", 1)
    line = wrong[: wrong.index("scope: everywhere")].count("\n") + 1
    answer = security.post(f"{HERE}/new", {"title": "x", "reason": "y", "base": "1", "text": wrong})
    assert answer.status_code == 303
    (draft,) = services.draft_queries.drafts()
    form = security.get(answer.headers["Location"])
    place = f"第 {line} 行第 {wrong.splitlines()[line - 1].index('everywhere') + 1} 列"
    assert place in alerts(form)
    assert "scope: everywhere" in form.text
    assert inline_code(form) == []
    page = security.get(f"{HERE}/{draft.id}")
    assert place in alerts(page)
    assert f'/{draft.id}/text#l{line}"' in page.text
    assert "提交批准</button>" not in page.text
    assert "试算影响</button>" not in page.text
    assert place in alerts(security.get(f"{HERE}/{draft.id}/text"))
    refused = step(security, draft.id, "submit", revision=1)
    assert refused.status_code == 422
    assert services.draft_queries.draft(draft.id).state == "open"
    # What is not kept at all stands in the form again.
    missing = security.post(f"{HERE}/{draft.id}/edit", {"title": "", "reason": "y", "revision": "1", "text": "roles: ["})
    assert missing.status_code == 422
    assert "roles: [" in missing.text
    mended = {"title": "x", "reason": "y", "revision": "1", "text": province_policy().text}
    assert security.post(f"{HERE}/{draft.id}/edit", mended).headers["Location"].endswith(f"/{draft.id}")


def test_an_approval_of_what_was_not_shown_is_refused(services: Services, world: World, other: Visitor) -> None:
    maker = world.security_admin
    draft_id = drafted(services, maker, province_policy(OPENED).text)
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    carried = fields(other.get(f"{HERE}/{draft_id}"))
    services.drafting.change(maker.actor(), draft_id, 1, NewDraft("x", "y", province_policy(FEWER).text))
    services.drafting.submit(maker.actor(), draft_id, 2)
    refused = step(other, draft_id, "approve", **carried)
    assert refused.status_code == 409
    assert "与您看到的不是同一稿" in alerts(refused)
    assert services.draft_queries.reviews(draft_id) == ()
    # Without an impact of this revision there is nothing to approve yet.
    assert "请先试算影响" in said(other.get(f"{HERE}/{draft_id}"))


def test_one_officer_alone_is_told(security: Visitor) -> None:
    assert "只有 1 位安全管理员" in alerts(security.get(f"{HERE}/"))


def test_a_draft_of_the_command_line_is_taken_over(services: Services, security: Visitor) -> None:
    draft_id = services.drafting.create(OPERATOR, NewDraft("升级", "新版本", province_policy(OPENED).text, "policy.yaml"))
    page = security.get(f"{HERE}/{draft_id}")
    assert "运维命令行" in said(page)
    assert "提交批准" not in said(page)
    answer = step(security, draft_id, "copy")
    assert answer.status_code == 303
    assert str(draft_id) not in answer.headers["Location"]


def test_a_replaced_base_is_told_and_mended(services: Services, world: World, security: Visitor) -> None:
    draft_id = drafted(services, world.security_admin, province_policy(OPENED).text)
    put_in_force(services, world, province_policy().text.replace("label: 民政窗口岗位职责", "label: 民政窗口"))
    page = security.get(f"{HERE}/{draft_id}")
    assert "草稿写在第 1 版之上，现行的已是第 2 版" in said(page)
    refused = step(security, draft_id, "submit", revision=1)
    assert refused.status_code == 409
    assert step(security, draft_id, "rebase", revision=1).status_code == 303
    assert not services.draft_queries.draft(draft_id).stale


def test_a_rollback_is_drafted_from_the_list(services: Services, world: World, security: Visitor) -> None:
    put_in_force(services, world, province_policy(OPENED).text)
    page = security.get(f"{HERE}/rollback/1")
    assert "（visitor）" in said(page)
    assert security.post(f"{HERE}/rollback/1", {"reason": ""}).status_code == 422
    assert security.post(f"{HERE}/rollback/1", {"reason": "改错了"}).status_code == 303
    assert services.draft_queries.drafts()[0].rollback_of == 1
    assert security.get(f"{HERE}/rollback/99").status_code == 404


def test_an_emergency_stays_in_sight(services: Services, world: World, security: Visitor) -> None:
    put_in_force(services, world, province_policy(OPENED).text)
    services.drafting.roll_back_at_once(OPERATOR, 1, "影响办事")
    told = alerts(security.get(f"{HERE}/"))
    assert "紧急回退" in told
    assert "影响办事" in told


def test_a_rule_is_drafted_from_a_role(services: Services, security: Visitor) -> None:
    page = security.get(f"{HERE}/rule?role=housing_clerk")
    assert inline_code(page) == []
    typed = {"role": "housing_clerk", "effect": "allow", "functions": "housing:register:export", "when": "", "scope": "own_division"}
    looked = security.post(f"{HERE}/rule", typed | {"step": "preview"})
    # The dumped text of the small province names its rules in blocks, so the new one finds its place.
    assert "1 / 11 个任职受影响" in said(looked)
    assert "陈杰" in said(looked)
    assert services.draft_queries.drafts() == ()
    wrong = security.post(f"{HERE}/rule", typed | {"step": "preview", "when": "subject.nothing == 1"})
    assert wrong.status_code == 422
    assert "subject 没有属性" in said(wrong)
    saved = security.post(f"{HERE}/rule", typed | {"step": "save", "title": "开放导出", "reason": "业务需要"})
    assert saved.status_code == 303, said(saved)
    (draft,) = services.draft_queries.drafts()
    difference = services.draft_queries.difference(draft.id)
    assert [rule.function for rule in difference.rules_added] == ["housing:register:export"]
    assert difference.rules_removed == ()


def test_a_rule_masks_and_hides_fields(services: Services, security: Visitor) -> None:
    typed = {
        "role": "housing_clerk",
        "effect": "allow",
        "functions": "housing:register:export",
        "mask": "phone、address",
        "hide": "id_number",
    }
    saved = security.post(f"{HERE}/rule", typed | {"step": "save", "title": "开放导出", "reason": "业务需要"})
    assert saved.status_code == 303, said(saved)
    (draft,) = services.draft_queries.drafts()
    [rule] = services.draft_queries.difference(draft.id).rules_added
    assert rule.fields == FieldRule(frozenset({"phone", "address"}), frozenset({"id_number"}))
    for wrong in ({"effect": "deny"}, {"mask": "id_number"}, {"mask": "not-a-name"}):
        answer = security.post(f"{HERE}/rule", typed | wrong | {"step": "preview"})
        assert answer.status_code == 422, wrong


def test_a_rule_is_drafted_away(services: Services, security: Visitor) -> None:
    found = re.search(r"/console/policies/details/\?id=([0-9a-f-]+)", security.get("/console/policies/?search=housing:register:read").text)
    assert found
    details = security.get(f"/console/policies/details/?id={found[1]}")
    assert f"{HERE}/drop/{found[1]}" in details.text
    page = security.get(f"{HERE}/drop/{found[1]}")
    assert "1 / 11 个任职受影响" in said(page)
    assert security.post(f"{HERE}/drop/{found[1]}", {"title": "收回", "reason": "岗位调整"}).status_code == 303
    (draft,) = services.draft_queries.drafts()
    assert [rule.function for rule in services.draft_queries.difference(draft.id).rules_removed] == ["housing:register:read"]


def test_the_audit_officer_reads_and_does_nothing(services: Services, world: World, auditor: Visitor) -> None:
    draft_id = drafted(services, world.security_admin, province_policy(OPENED).text)
    page = auditor.get(f"{HERE}/{draft_id}")
    assert page.status_code == 200
    assert "<form" not in page.text[page.text.index("<main") : page.text.index("</main")].replace("/language", "")
    assert auditor.get(f"{HERE}/").status_code == 200
    for path in ("new", f"{draft_id}/edit", "rollback/1", "rule"):
        assert auditor.get(f"{HERE}/{path}").status_code == 403, path
    token = auditor.token("/account")
    for name in ("submit", "withdraw", "rebase", "discard", "copy", "impact", "approve", "reject", "apply", "shadow", "unshadow"):
        answer = auditor.client.post(f"{HERE}/{draft_id}/{name}", data={"csrf_token": token, "revision": "1"})
        assert answer.status_code == 403, name
    assert auditor.client.post(f"{HERE}/{draft_id}/nonsense", data={"csrf_token": token}).status_code == 404


def test_forms_without_their_token_do_nothing(services: Services, world: World, security: Visitor) -> None:
    draft_id = drafted(services, world.security_admin, province_policy(OPENED).text)
    for name in ("submit", "discard", "impact", "shadow"):
        assert security.client.post(f"{HERE}/{draft_id}/{name}", data={"revision": "1", "reason": "x", "hours": "1"}).status_code == 400
    assert services.draft_queries.draft(draft_id).state == "open"


def test_the_pages_take_few_statements(services: Services, world: World, security: Visitor) -> None:
    maker = world.security_admin
    first = drafted(services, maker, province_policy(OPENED).text)
    services.drafting.work_out(maker.actor(), first)
    with counted() as one:
        security.get(f"{HERE}/")
    for _ in range(5):
        drafted(services, maker, province_policy(OPENED).text)
    with counted() as many:
        security.get(f"{HERE}/")
    assert len(many) == len(one)
    with counted() as page:
        security.get(f"{HERE}/{first}")
    assert len(page) < 60


def test_a_shadow_is_started_and_seen(services: Services, world: World, security: Visitor) -> None:
    draft_id = drafted(services, world.security_admin, province_policy(OPENED).text)
    assert step(security, draft_id, "shadow", hours="0").status_code == 422
    assert step(security, draft_id, "shadow", hours="24").status_code == 303
    assert "运行中" in said(security.get(f"{HERE}/{draft_id}"))
    assert step(security, draft_id, "shadow", hours="24").status_code == 409
    assert step(security, draft_id, "unshadow").status_code == 303
    assert "运行中" not in said(security.get(f"{HERE}/{draft_id}"))


def test_english_is_complete(security: Visitor, services: Services, world: World) -> None:
    maker = world.security_admin
    draft_id = drafted(services, maker, province_policy(FEWER).text, title="Fewer")
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    assert shown(services, draft_id).digest
    security.post("/language", {"language": "en", "next": "/account"}, page="/account")
    for path in ("/", f"/{draft_id}", f"/{draft_id}/people", f"/{draft_id}/text", "/new", "/rule"):
        page = security.get(f"{HERE}{path}")
        assert page.status_code == 200, path
        assert "Policy drafts and versions" in said(page), path
