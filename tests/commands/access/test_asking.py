"""What helps to ask: the basket, the search and what it says of each thing, matters, and comparing with a colleague."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from govcloud.access.asking.basket import MOST_KEPT
from govcloud.access.asking.queries import Chosen
from govcloud.access.asking.views import Hit, HitKind
from govcloud.access.commands import NewSubmission, WantedItem
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.changes import SubsystemChange
from govcloud.subsystems.inputs import NewItem
from tests.factories.browsing import counted
from tests.factories.requests import ask, granted
from tests.factories.world import SEED, XIHU, World

OPERATOR = Actor.system("operator")
READ, CASE, EXPORT = "housing:register:read", "assistance:case:read", "housing:register:export"


def hits(services: Services, world: World, words: str, kind: HitKind = HitKind.ITEM) -> dict[str, Hit]:
    """Return what 王芳 finds of a kind, by code."""
    return {hit.code: hit for hit in services.asking_queries.search(world.wang.actor(), words) if hit.kind is kind}


# The basket


def test_a_basket_keeps_what_is_put_in_until_it_is_asked_for(services: Services, world: World) -> None:
    wang = world.wang.actor()
    services.asking.put_in_basket(wang, [Chosen(world.items[READ]), Chosen(world.items[CASE], Scope((XIHU,)), 3)])
    services.asking.put_in_basket(wang, [Chosen(world.items[READ], days=7), Chosen(world.items[CASE])])
    kept = services.asking_queries.basket(wang)
    assert [(item.entry.id, item.days, item.scope) for item in kept] == [
        (world.items[READ], 7, None),
        (world.items[CASE], 3, Scope((XIHU,))),
    ]
    assert kept[0].waits_for == ("浙江省住房和城乡建设厅",)
    assert services.asking_queries.basket_count(wang) == len(kept)
    services.asking.submit(wang, NewSubmission((WantedItem(world.items[READ], 7, Scope((XIHU,))),), "办理救助", case_number="X"))
    assert [item.entry.id for item in services.asking_queries.basket(wang)] == [world.items[CASE]]
    services.asking.take_out_of_basket(wang, [world.items[CASE], uuid4()])
    assert services.asking_queries.basket(wang) == ()


def test_a_basket_is_its_owners_in_one_duty(services: Services, world: World) -> None:
    services.asking.put_in_basket(world.wang.actor(), [Chosen(world.items[READ])])
    assert services.asking_queries.basket(world.people["SUNLI"].actor()) == ()
    services.asking.take_out_of_basket(world.people["SUNLI"].actor(), [world.items[READ]])
    assert services.asking_queries.basket_count(world.wang.actor()) == 1
    for actor in (Actor.anonymous(), Actor.system("jobs"), Actor.official(world.wang.official_id, "王芳")):
        with pytest.raises(Denied):
            services.asking.put_in_basket(actor, [Chosen(world.items[READ])])


def test_only_what_can_be_requested_is_kept_and_not_without_end(services: Services, world: World) -> None:
    wang = world.wang.actor()
    with pytest.raises(Invalid) as unknown:
        services.asking.put_in_basket(wang, [Chosen(world.items[READ]), Chosen(uuid4())])
    assert [field.field for field in unknown.value.fields] == ["items.1"]
    with pytest.raises(Invalid):
        services.asking.put_in_basket(wang, [Chosen(world.items[READ], days=31)])
    items = services.subsystems.offer_items(SEED, [NewItem(CASE, f"查看救助案件{number}", "姓名") for number in range(MOST_KEPT + 1)])
    with pytest.raises(Conflict) as full:
        services.asking.put_in_basket(wang, [Chosen(item) for item in items])
    assert full.value.code == "basket_full"
    assert services.asking_queries.basket_count(wang) == 0


# The search


@pytest.mark.parametrize("words", ["住房登记", "zhufangdengji", "zfdj", "查询 登记", "HOUSING:REGISTER", "住房保障 zfdj"])
def test_an_item_is_found_by_name_pinyin_initials_and_code(services: Services, world: World, words: str) -> None:
    assert READ in hits(services, world, words)


@pytest.mark.parametrize("words", ["", "  ", "%", "_", "\\", "' OR '1'='1", "不存在的事", "\x00"])
def test_text_is_searched_for_and_never_a_pattern(services: Services, world: World, words: str) -> None:
    assert services.asking_queries.search(world.wang.actor(), words) == ()


def test_each_hit_says_had_already_may_be_asked_for_or_neither_and_why(services: Services, world: World, clock: ManualClock) -> None:
    found = hits(services, world, "住房登记")
    assert (found[READ].held, found[READ].may_ask, found[READ].why) == (False, True, ())
    assert (found[READ].owner, found[READ].place) == ("浙江省住房和城乡建设厅", "住房保障管理系统")
    assert (found[EXPORT].may_ask, [refusal.code for refusal in found[EXPORT].why]) == (False, ["nobody_decides"])
    case = hits(services, world, "救助案件")[CASE]
    assert (case.held, case.until) == (True, None)
    granted(services, world, days=5)
    found = hits(services, world, "住房登记")
    assert (found[READ].held, found[READ].until) == (True, clock.now() + timedelta(days=5))
    submitted = ask(services, world)
    waiting = hits(services, world, "住房登记")[READ].waiting
    assert waiting is not None
    assert (waiting.number, waiting.request_id) == (submitted.number, submitted.request_id)
    assert hits(services, world, "住房登记", HitKind.FUNCTION) == {}, "their items say it already"


def test_functions_subsystems_and_matters_are_found_too(services: Services, world: World) -> None:
    functions = hits(services, world, "公租房", HitKind.FUNCTION)
    assert (functions["housing:guide:read"].held, functions["housing:guide:read"].items) == (True, ())
    wang = hits(services, world, "mzjz", HitKind.SUBSYSTEM)["assistance"]
    assert (wang.held, wang.items) == (True, (world.items[CASE],))
    matter = hits(services, world, "knjt", HitKind.MATTER)["RESCUE-01"]
    assert (matter.may_ask, matter.of, matter.owner) == (True, 1, "浙江省民政厅")
    assert hits(services, world, "rescue-01", HitKind.MATTER)
    closed = hits(services, world, "进入住房", HitKind.FUNCTION)
    assert closed == {}, "doors are the subsystems' own"
    accept = services.asking_queries.search(world.people["SHANXUEMEI"].actor(), "受理救助")
    assert [(hit.kind, hit.held) for hit in accept] == [(HitKind.FUNCTION, True)]
    lacking = services.asking_queries.search(world.li.actor(), "受理救助")
    assert [(hit.may_ask, [refusal.code for refusal in hit.why]) for hit in lacking] == [(False, ["not_offered"])]


def test_names_that_change_are_found_by_their_new_names(services: Services, world: World) -> None:
    services.subsystems.change_subsystem(OPERATOR, "housing", SubsystemChange("安居系统", 3, "http://127.0.0.1:8001/"))
    assert "housing" in hits(services, world, "anju", HitKind.SUBSYSTEM)
    assert hits(services, world, "住房保障管理", HitKind.SUBSYSTEM) == {}


def test_what_is_not_published_is_not_found(services: Services, world: World) -> None:
    with services.uow.begin(SEED, "govcloud:subsystem:register") as tx:
        tx.session.execute(text("UPDATE subsystem SET status = 'retired' WHERE code = 'housing'"))
    assert services.asking_queries.search(world.wang.actor(), "住房保障") == ()
    assert [hit.kind for hit in services.asking_queries.search(world.wang.actor(), "查询住房登记")] == []
    matter = hits(services, world, "困难家庭", HitKind.MATTER)["RESCUE-01"]
    assert (matter.may_ask, matter.of) == (False, 1)


def test_more_hits_take_no_more_statements(services: Services, world: World) -> None:
    services.asking_queries.search(world.wang.actor(), "查看救助案件")
    with counted() as few:
        services.asking_queries.search(world.wang.actor(), "查看救助案件")
    services.subsystems.offer_items(SEED, [NewItem(CASE, f"查看救助案件{number}", "姓名") for number in range(15)])
    with counted() as many:
        found = services.asking_queries.search(world.wang.actor(), "查看救助案件", 20)
    assert len(found) > 15
    assert len(many) <= len(few)


# Matters


def test_a_matter_is_shown_as_one_would_ask_for_it(services: Services, world: World) -> None:
    assert world.matter_id is not None
    shown = services.asking_queries.matter(world.wang.actor(), world.matter_id)
    assert (shown.name, shown.lead_department_name, shown.version) == ("困难家庭救助一件事", "浙江省民政厅", 1)
    assert [(item.entry.id, item.standing.may_ask, item.waits_for) for item in shown.items] == [
        (world.items[READ], True, ("浙江省住房和城乡建设厅",))
    ]
    services.subsystems.end_matter(OPERATOR, world.matter_id, 1, "不再办理")
    with pytest.raises(NotFound):
        services.asking_queries.matter(world.wang.actor(), world.matter_id)


# The same as a colleague has


def test_the_difference_to_a_colleague_is_shown_and_recorded(services: Services, world: World) -> None:
    sun, wang = world.people["SUNLI"], world.wang
    granted(services, world, beneficiary_appointment_id=None)
    difference = services.asking.compare(sun.actor(), wang.appointment_id)
    assert difference.colleague_name == "王芳"
    assert {item.entry.function for item in difference.items} == {READ, CASE}
    assert all(item.days is None and item.scope is None for item in difference.items)
    assert "受理救助案件" in difference.closed
    event = services.uow.read().execute(text("SELECT actor_id, subject FROM audit_event WHERE name = 'access:colleague:compared'")).one()
    assert tuple(event) == (str(sun.official_id), f"official:{wang.official_id}")
    back = services.asking.compare(wang.actor(), sun.appointment_id)
    assert back.items == ()


def test_nobody_looks_into_another_department(services: Services, world: World) -> None:
    for stranger in (world.people["SHANXUEMEI"], world.people["CHENJIE"], world.li):
        with pytest.raises(Denied) as caught:
            services.asking.compare(world.wang.actor(), stranger.appointment_id)
        assert caught.value.code == "colleague_elsewhere"
    with pytest.raises(NotFound):
        services.asking.compare(world.wang.actor(), uuid4())
    refused = services.uow.read().scalar(text("SELECT count(*) FROM audit_event WHERE name = 'kernel:command:refused'"))
    assert refused == len(("SHANXUEMEI", "CHENJIE", "LIQIANG"))


def test_colleagues_are_those_of_the_department_and_below(services: Services, world: World) -> None:
    queries = services.asking_queries
    assert [person.name for person in queries.colleagues(world.wang.actor(), "")] == ["孙丽"]
    assert [person.name for person in queries.colleagues(world.wang.actor(), "sl")] == ["孙丽"]
    assert queries.colleagues(world.wang.actor(), "单雪梅") == ()
    assert queries.colleagues(world.wang.actor(), "王芳") == (), "oneself is not a colleague"
    elsewhere = [world.people[login].appointment_id for login in ("SHANXUEMEI", "SUNLI", "CHENJIE")]
    assert [person.name for person in queries.people(world.wang.actor(), elsewhere)] == ["孙丽"]
