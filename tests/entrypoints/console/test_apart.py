"""Separation of duty on the console: one officer proposes, another sees who would break the rule and approves; exceptions, violations."""

from __future__ import annotations

from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.working_life.orders import Order
from govcloud.kernel.actor import Actor
from govcloud.services import Services
from tests.entrypoints.console.conftest import Enter
from tests.factories.apart import ACCEPT, REGISTER, in_force, second_officer
from tests.factories.browsing import Visitor, said
from tests.factories.requests import ask, granted
from tests.factories.world import SEED, World

REASON = "经办与审核分离，按规定办理"


def test_a_rule_from_its_proposal_to_its_end(services: Services, world: World, enter: Enter, security: Visitor) -> None:
    granted(services, world)
    second_officer(services, world)
    hewei = enter("HEWEI")
    form = {
        "code": "accept-and-check",
        "name": "受理与核对分离",
        "kind": "static",
        "functions": f"{REGISTER}、{ACCEPT}",
        "most": "1",
        "liftable": "y",
        "reason": "受理人不核对住房登记",
    }
    assert security.post("/console/sod_rules/new/", form).status_code == 303
    [draft] = services.authorization_queries.apart.drafts()
    own = f"/console/sod_drafts/command/approve/{draft.id}"
    refused = security.post(own, {"reason": REASON})
    assert refused.status_code == 403
    assert "另一名安全管理员" in said(refused)
    shown = said(hewei.get(own))
    assert "目前有 1 人违反这条规则" in shown
    assert "王芳" in shown, "whoever would break it is named first"
    assert hewei.post(own, {"reason": REASON}).status_code == 303
    [rule] = services.authorization_queries.apart.rules()
    assert (rule.code, rule.version, rule.liftable) == ("accept-and-check", 1, True)
    listed = said(security.get("/console/sod_rules/"))
    assert "受理与核对分离" in listed
    assert "不得同时持有" in listed
    details = said(security.get(f"/console/sod_rules/details/?id={rule.id}"))
    assert "何伟" in details, "who approved it"
    assert "吴晓燕" in details, "who proposed it"
    assert "王芳" in details, "who breaks it"
    assert security.post(f"/console/sod_rules/command/end/{rule.id}", {"reason": REASON}).status_code == 303
    [ending] = services.authorization_queries.apart.drafts()
    assert "结束规则" in said(hewei.get("/console/sod_drafts/"))
    assert security.post(f"/console/sod_drafts/command/drop/{ending.id}", {"reason": REASON}).status_code == 303
    assert services.authorization_queries.apart.drafts() == ()


def test_a_wrong_rule_keeps_what_was_typed(security: Visitor) -> None:
    answer = security.post(
        "/console/sod_rules/new/", {"code": "Bad Code", "name": "名称", "kind": "static", "functions": "no:such:one", "most": "1"}
    )
    assert answer.status_code == 422
    assert 'value="Bad Code"' in answer.text


def test_exceptions_and_violations(services: Services, world: World, security: Visitor, auditor: Visitor) -> None:
    grant_id = granted(services, world)
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    services.apart.look_for_violations(Actor.system("jobs"))
    shown = said(auditor.get("/console/sod_violations/"))
    assert "王芳" in shown
    assert "受理救助案件" in shown, "by its name"
    services.access.revoke(world.li.actor(), grant_id, "办件已结束")
    asked = ask(services, world, days=5, case_number="XH-2026-0500")
    form = {"employee_code": "WANGFANG", "rule_code": "accept-and-check", "ends_at": "2026-12-31T18:00", "reason": REASON}
    assert security.post("/console/sod_exceptions/new/", form).status_code == 303
    assert services.access_queries.line(world.li.actor(), asked.line_id).state == "pending", "the line that waited for it goes on"
    listed = said(security.get("/console/sod_exceptions/"))
    assert "王芳" in listed
    assert "吴晓燕" in listed
    [given] = services.authorization_queries.apart.exceptions()
    assert auditor.post(
        f"/console/sod_exceptions/command/end/{given.id}", {"reason": REASON}, page="/console/sod_exceptions/"
    ).status_code in {403, 400}
    assert security.post(f"/console/sod_exceptions/command/end/{given.id}", {"reason": REASON}).status_code == 303
    assert services.authorization_queries.apart.exceptions() == ()


def test_others_see_nothing_of_it(system: Visitor, enter: Enter) -> None:
    for path in ("sod_rules", "sod_drafts", "sod_exceptions", "sod_violations"):
        assert system.get(f"/console/{path}/").status_code == 403
        assert enter("WANGFANG").get(f"/console/{path}/").status_code == 403


def test_a_violation_says_from_where_it_comes(services: Services, world: World, security: Visitor) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    clerks = AppointmentCriteria(positions=("窗口受理员",))
    rule = NewDutyRule(role_code="housing_clerk", label="窗口兼办住房", criteria=clerks, reason="试点")
    services.authorization.add_duty_rules(world.security_admin.actor(), [rule])
    services.apart.look_for_violations(Actor.system("jobs"))
    found = next(one for one in services.authorization_queries.apart.violations() if one.official_id == world.wang.official_id)
    page = said(security.get(f"/console/sod_violations/details/?id={found.id}"))
    assert "岗位规则“窗口兼办住房”" in page
    assert "授予的角色“窗口受理”" in page


def test_a_role_that_an_undone_leave_did_not_give_back_stands_on_the_persons_page(services: Services, world: World, enter: Enter) -> None:
    chen, operator = world.people["CHENJIE"], Actor.system("operator")
    services.authorization.assign_role(SEED, chen.official_id, "counter_clerk", chen.appointment_id, reason="轮岗")
    services.identity.leave(operator, chen.official_id, Order("误操作"))
    in_force(services, world, "apart", REGISTER, ACCEPT)
    services.identity.undo_leave(operator, chen.official_id, "误操作，撤销")
    page = said(enter("ZHOUJIANJUN").get(f"/console/officials/details/?id={chen.official_id}"))
    assert "撤销离职时没有恢复的角色" in page
