"""Answers over the API: lists, explanations and the log, for those who may ask."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.authorization.decision_log.reading import LogAsked
from govcloud.authorization.shipped import baseline
from govcloud.kernel.clock import ManualClock
from govcloud.settings import Settings
from tests.entrypoints.api.conftest import SignIn
from tests.factories.policies import OPERATOR, drafted, install, province_policy
from tests.factories.requests import REGISTER, granted
from tests.factories.world import POLICY, World

if TYPE_CHECKING:
    from govcloud.services import Services

READ = "assistance:case:read"
HERE, OFFICE = "127.0.0.1", "10.1.2.3"
AT_THE_OFFICE = """
roles:
  counter_clerk: {rules: [{allow: [housing:register:read], when: 'context.network_zone == "office"'}]}
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with one zone."""
    return settings.model_copy(update={"network_zones": {"office": (ip_network("10.0.0.0/8"),)}})


def test_who_may_use_a_function_page_by_page(caller: SignIn, services: Services, world: World, clock: ManualClock) -> None:
    before = clock.now()
    clock.advance(timedelta(minutes=1))
    granted(services, world)
    guard = caller("WUXIAOYAN")
    names: list[str] = []
    cursor = None
    while True:
        page = guard.post("/ask/people", {"function": REGISTER, "limit": 1, "cursor": cursor}).json
        names += [row["name"] for row in page["people"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert sorted(names) == ["王芳", "陈杰"]
    then = guard.post("/ask/people", {"function": REGISTER, "at": before.isoformat()}).json
    assert [(row["name"], row["state"], row["because"]) for row in then["people"]] == [("陈杰", "allowed", ["role:housing_clerk"])]
    assert caller("HEWEI").post("/ask/people", {"function": REGISTER}).status_code == 200
    assert caller("HEWEI").post("/ask/people", {"function": READ}).status_code == 403
    for login in ("WANGFANG", "SUNLI", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        assert caller(login).post("/ask/people", {"function": REGISTER}).status_code == 403


def test_what_somebody_may_use_and_why(caller: SignIn, services: Services, world: World) -> None:
    wang = caller("WANGFANG")
    own: dict[str, Any] = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id)}
    listed = wang.post("/ask/functions", {**own, "subsystem": "housing"}).json
    assert [row["function"] for row in listed["functions"]] == ["housing:door:enter", "housing:guide:read"]
    found = wang.post("/ask/explain", {**own, "function": REGISTER, "resource": {"division": "330106000000"}}).json
    assert (found["allowed"], found["reason"], found["rules"]) == (False, "no_permission", [])
    [remedy] = found["remedies"]
    assert remedy["url"] == f"http://localhost/requests/new?item={world.items[REGISTER]}"
    other = {**own, "official_id": str(world.li.official_id), "appointment_id": str(world.li.appointment_id), "function": REGISTER}
    assert wang.post("/ask/explain", other).status_code == 403
    mixed = {**own, "official_id": str(world.li.official_id), "function": REGISTER}
    assert wang.post("/ask/explain", mixed).status_code == 403
    guard = caller("WUXIAOYAN").post("/ask/explain", other).json
    assert [rule["role"] for rule in guard["rules"]] == ["housing_clerk"]
    by_number = caller("WUXIAOYAN").post("/ask/explain", {**other, "policy": services.authorization_queries.policy().number}).json
    assert by_number["policy"] == guard["policy"]
    assert caller("WUXIAOYAN").post("/ask/explain", {**other, "policy": 999}).status_code == 404
    assert wang.post("/ask/explain", {**own, "function": REGISTER, "policy": 1}).status_code == 404
    assert caller("SUNLI").post("/ask/explain", {**own, "function": REGISTER}).status_code == 200, "her own department's person"
    assert caller("SUNLI").post("/ask/explain", other).status_code == 403


def test_remedies_say_which_rows_and_how_much_is_needed(caller: SignIn, services: Services, world: World) -> None:
    rule = "{allow: [housing:register:read], scope: own_department and case in my matters or own_department, label: 本部门}"
    install(services, province_policy(f"roles: {{counter_clerk: {{name: 窗口受理, rules: [{rule}]}}}}"))
    own = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id), "function": REGISTER}
    here, wang = services.identity_queries.department(world.wang.department_id), caller("WANGFANG")
    assert here is not None

    def remedy(**resource: object) -> dict[str, Any]:
        remedies: list[dict[str, Any]] = wang.post("/ask/explain", {**own, "resource": resource}).json["remedies"]
        return next(item for item in remedies if item["kind"] in {"rows", "label", "level"})

    rows = remedy(department_path="/elsewhere/")
    assert (rows["kind"], rows["rows"], rows["divisions"]) == ("rows", {"any": [{"department_path": here.path}]}, [])
    label = remedy(department_path=here.path, label=3)
    assert (label["kind"], label["needs"], label["has"], label["rows"]) == ("label", 3, 0, None)


def test_a_draft_decides_for_a_trial_and_for_nobody_else(caller: SignIn, services: Services, world: World) -> None:
    chen = world.people["CHENJIE"]
    fewer = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter']}]}}"
    draft_id = drafted(services, world.security_admin, province_policy(fewer).text)
    body = {"official_id": str(chen.official_id), "appointment_id": str(chen.appointment_id), "function": REGISTER}
    guard = caller("WUXIAOYAN")
    live, trial = (guard.post("/ask/explain", body | more).json for more in ({}, {"draft_id": str(draft_id)}))
    assert (live["allowed"], live["draft_id"], live["policy"]) == (True, None, 1)
    assert (trial["allowed"], trial["draft_id"], trial["policy"]) == (False, str(draft_id), 0)
    assert guard.post("/ask/explain", body).json["allowed"], "the draft took nobody's place"
    assert services.decision_log.read(OPERATOR, LogAsked()).rows == (), "a trial is no decision"
    both = guard.post("/ask/explain", body | {"draft_id": str(draft_id), "policy": 1})
    assert (both.status_code, both.json["fields"][0]["field"]) == (422, "draft_id")
    assert guard.post("/ask/explain", body | {"draft_id": str(uuid4())}).status_code == 404
    # Whoever may not read drafts, or not try decisions out, does not even hear that there is one.
    mine = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id), "function": REGISTER}
    assert caller("WANGFANG").post("/ask/explain", mine | {"draft_id": str(draft_id)}).status_code == 404
    guo = world.audit_admin
    own = {"official_id": str(guo.official_id), "appointment_id": str(guo.appointment_id), "function": REGISTER}
    assert caller("ZHENGGUOHUA").post("/ask/explain", own | {"draft_id": str(draft_id)}).status_code == 404
    wrong = drafted(services, world.security_admin, "roles: [")
    assert guard.post("/ask/explain", body | {"draft_id": str(wrong)}).json["code"] == "bad_policy"


def test_who_may_try_decisions_out_need_not_read_drafts(caller: SignIn, services: Services, world: World) -> None:
    tries = "roles: {official: {name: 公职人员, rules: [{allow: ['govcloud:decision:try', 'housing:door:enter']}]}}"
    install(services, province_policy(tries))
    draft_id = drafted(services, world.security_admin, province_policy().text)
    mine = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id), "function": REGISTER}
    wang = caller("WANGFANG")
    assert wang.post("/ask/explain", mine | {"policy": 1}).status_code == 200
    assert wang.post("/ask/explain", mine | {"draft_id": str(draft_id)}).status_code == 404


def test_from_an_address(caller: SignIn, services: Services, world: World) -> None:
    """About oneself the question is asked from where one is; another address is for those who may try decisions out."""
    install(services, baseline().extended_by(POLICY, "a").extended_by(AT_THE_OFFICE, "b"))
    own: dict[str, Any] = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id)}
    why, what = {**own, "function": REGISTER}, {**own, "subsystem": "housing"}
    wang, guard, owner = caller("WANGFANG"), caller("WUXIAOYAN"), caller("HEWEI")
    assert wang.post("/ask/explain", why).json["reason"] == "condition_not_met"
    assert REGISTER not in [row["function"] for row in wang.post("/ask/functions", what).json["functions"]]
    for path, body in (("/ask/explain", why), ("/ask/functions", what)):
        assert wang.post(path, {**body, "client_address": OFFICE}).status_code == 403
        assert caller("SUNLI").post(path, {**body, "client_address": OFFICE}).status_code == 403, "in charge of her, and no more"
        assert guard.post(path, {**body, "client_address": "office"}).status_code == 422
    assert guard.post("/ask/explain", why).json["missing"] == ["context.network_zone"], "where the guard is says nothing of her"
    assert guard.post("/ask/explain", {**why, "client_address": OFFICE}).json["allowed"] is True
    listed = guard.post("/ask/functions", {**what, "client_address": OFFICE}).json["functions"]
    assert (REGISTER, "allowed") in [(row["function"], row["state"]) for row in listed]
    states = {
        address: {
            row["name"]: row["state"] for row in owner.post("/ask/people", {"function": REGISTER, "client_address": address}).json["people"]
        }
        for address in (OFFICE, HERE, None)
    }
    assert [states[address].get("王芳") for address in (OFFICE, HERE, None)] == ["allowed", None, "conditional"]


def test_checks_one_and_many_and_what_may_be_entered(caller: SignIn, services: Services, world: World) -> None:
    granted(services, world)
    own: dict[str, Any] = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id)}
    wang, guard = caller("WANGFANG"), caller("WUXIAOYAN")
    yes = wang.post("/ask/check", {**own, "function": REGISTER, "resource": {"division": "330106000000"}}).json
    assert (yes["allowed"], yes["state"], yes["reason"], yes["missing"]) == (True, "allowed", "allowed", [])
    question = Question(REGISTER, world.wang.appointment_id, world.wang.official_id, {"division": "330106000000"})
    decision = services.authorization.decide(question)
    assert (yes["epoch"], yes["obligations"]) == (decision.epoch, obligations_of(decision))
    names = [row["subsystem"] for row in wang.post("/ask/subsystems", own).json["subsystems"]]
    assert names == ["assistance", "housing"]
    asked = [{**own, "function": REGISTER}, {**own, "function": "housing:register:export"}, {**own, "function": "no function"}]
    found = wang.post("/ask/checks", {"checks": asked}).json["checks"]
    assert [one["reason"] for one in found] == ["allowed", "no_permission", "unknown_function"]
    # A batch with one person who is not the reader's to ask about is not answered at all.
    other = {"official_id": str(world.li.official_id), "appointment_id": str(world.li.appointment_id), "function": REGISTER}
    assert wang.post("/ask/checks", {"checks": [*asked, other]}).status_code == 403
    assert [one["allowed"] for one in guard.post("/ask/checks", {"checks": [*asked, other]}).json["checks"]] == [True, False, False, False]
    assert wang.post("/ask/check", other).status_code == 403
    assert wang.post("/ask/subsystems", {key: other[key] for key in own}).status_code == 403
    for wrong in ([], [{**own, "function": REGISTER}] * 501, [{"function": REGISTER}]):
        assert wang.post("/ask/checks", {"checks": wrong}).status_code == 422
    assert wang.post("/ask/check", {**own, "function": REGISTER, "resource": {"division": "x"}}).json["reason"] == "bad_resource"


def test_many_checks_have_a_share(caller: SignIn, services: Services, world: World, clock: ManualClock) -> None:
    bucket = 2 * services.settings.decision_rate
    assert services.decision_rates.take(f"official:{world.wang.official_id}", bucket - 4, clock.now()) is None
    one = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id), "function": REGISTER}
    wang, li = caller("WANGFANG"), {**one, "official_id": str(world.li.official_id), "appointment_id": str(world.li.appointment_id)}
    assert [wang.post("/ask/checks", {"checks": [one] * 2}).status_code for _ in range(2)] == [200, 200]
    refused = wang.post("/ask/checks", {"checks": [one]})
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (503, "too_many_requests", "1")
    assert caller(world.li.login).post("/ask/checks", {"checks": [li]}).status_code == 200, "others have their own"
    clock.advance(timedelta(seconds=1))
    assert wang.post("/ask/checks", {"checks": [one]}).status_code == 200


def test_a_change_is_not_missed(caller: SignIn, services: Services, world: World, clock: ManualClock) -> None:
    """``min_epoch``: what is known must be as new, and what is not is no answer; the past has no such thing."""
    guard = caller("WUXIAOYAN")
    own = {"official_id": str(world.wang.official_id), "appointment_id": str(world.wang.appointment_id)}
    one = {"checks": [{**own, "function": REGISTER}]}
    asked: dict[str, dict[str, Any]] = {
        "/ask/check": {**own, "function": REGISTER},
        "/ask/checks": one,
        "/ask/explain": {**own, "function": REGISTER},
        "/ask/functions": {**own, "subsystem": "housing"},
        "/ask/subsystems": own,
        "/ask/people": {"function": REGISTER},
    }
    epoch = guard.post("/ask/check", asked["/ask/check"]).json["epoch"]
    for path, body in asked.items():
        assert guard.post(path, {**body, "min_epoch": epoch}).status_code == 200, path
        behind = guard.post(path, {**body, "min_epoch": epoch + 1})
        assert (behind.status_code, behind.json["code"]) == (503, "inputs_behind"), path
        past = guard.post(path, {**body, "min_epoch": epoch, "at": clock.now().isoformat()})
        assert (past.status_code, past.json["fields"][0]["field"]) == (422, "min_epoch"), path
        assert guard.post(path, {**body, "min_epoch": -1}).status_code == 422, path


def test_the_log(caller: SignIn, services: Services, world: World) -> None:
    question = Question(REGISTER, world.wang.appointment_id, world.wang.official_id)
    services.decision_log.note(question, services.authorization.decide(question), "housing-web")
    services.decision_log.flush()
    auditor = caller("ZHENGGUOHUA")
    [entry] = auditor.get("/decision-log").json["entries"]
    assert (entry["official_id"], entry["kind"], entry["function"]) == (str(world.wang.official_id), "denied", REGISTER)
    assert auditor.get(f"/decision-log?official_id={uuid4()}").json["entries"] == []
    assert caller("HEWEI").get("/decision-log?subsystem=housing").json["entries"] == [entry]
    assert caller("HEWEI").get("/decision-log").status_code == 403
    assert caller("HEWEI").get("/decision-log?subsystem=assistance").status_code == 403
    assert caller("WANGFANG").get("/decision-log").status_code == 403


def test_what_is_wrong_is_said_by_field(caller: SignIn) -> None:
    guard = caller("WUXIAOYAN")
    for body, field in (
        ({}, "function"),
        ({"function": REGISTER, "limit": 0}, "limit"),
        ({"function": REGISTER, "at": "2026-01-01T00:00:00"}, "at"),
        ({"function": REGISTER, "colour": 1}, "colour"),
    ):
        answer = guard.post("/ask/people", body)
        assert answer.status_code == 422, body
        assert [item["field"] for item in answer.json["fields"]] == [field]
