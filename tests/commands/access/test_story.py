"""The product in one minute, at the level of the services: refused, asked, narrowed, granted, used, ended; all of it on record."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from govcloud.access.evidence.card import evidence_digest
from govcloud.access.lifecycle import GrantState, LineState, RequestState
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.requests import ask, granted, may_read
from tests.factories.world import XIHU, YUHANG, World


def test_from_refusal_to_revocation(services: Services, world: World, clock: ManualClock) -> None:
    access, queries = services.access, services.access_queries
    assert not may_read(services, world.wang)

    submitted = ask(services, world, scope=PROVINCE)
    waiting = queries.request(world.wang.actor(), submitted.request_id)
    assert waiting.state is RequestState.PENDING
    assert waiting.number.startswith("QX20261124-")
    assert waiting.lines[0].waits_for == ("浙江省住房和城乡建设厅",)
    assert [entry.line_id for entry in queries.inbox(world.li.actor()).entries] == [submitted.line_id]
    assert not may_read(services, world.wang)

    page = queries.decision_page(world.li.actor(), submitted.line_id)
    assert page.may_decide
    assert page.approval_refusals == ()
    assert [choice.name for choice in page.scope_choices if choice.suggested] == ["西湖区"]
    decided = access.approve(
        world.li.actor(), submitted.line_id, page.line.version, scope=Scope((XIHU,)), days=5, evidence_hash=page.evidence_hash
    )
    assert decided.state is LineState.APPROVED
    assert decided.ends_at == clock.now() + timedelta(days=5)
    assert may_read(services, world.wang)
    assert not may_read(services, world.wang, YUHANG)
    assert not may_read(services, world.people["SHANXUEMEI"], YUHANG)

    held = queries.my_access(world.wang.official_id)
    assert [(entry.grant.state, entry.grant.scope_names, entry.request_number) for entry in held] == [
        (GrantState.ACTIVE, ("西湖区",), submitted.number)
    ]
    assert decided.grant_id is not None
    assert not access.revoke(world.li.actor(), decided.grant_id, "办件已结束").replayed
    assert not may_read(services, world.wang)
    shown = queries.request(world.wang.actor(), submitted.request_id).lines[0]
    assert shown.grant is not None
    assert (shown.grant.state, shown.grant.close_reason) == (GrantState.CLOSED, "办件已结束")


def test_access_ends_by_itself_at_the_very_moment(services: Services, world: World, clock: ManualClock) -> None:
    clock.advance(timedelta(days=2))
    granted(services, world, days=1)
    clock.advance(timedelta(days=1) - timedelta(microseconds=1))
    assert may_read(services, world.wang)
    clock.advance(timedelta(microseconds=1))
    assert not may_read(services, world.wang)
    assert services.access_queries.my_access(world.wang.official_id)[0].grant.state is GrantState.EXPIRED


def test_the_story_of_a_request_is_one_chain_of_the_record(services: Services, world: World) -> None:
    submitted = ask(services, world)
    decided = services.access.approve(world.li.actor(), submitted.line_id, 1, comment="仅限本案")
    assert decided.grant_id is not None
    services.access.revoke(world.li.actor(), decided.grant_id, "办件已结束")
    entries = services.audit_queries.by_chain(str(submitted.request_id))
    assert [entry.name for entry in entries] == [
        "access:request:submitted",
        "access:line:approved",
        "authorization:grant:opened",
        "authorization:grant:closed",
        "access:grant:revoked",
    ]


def test_the_evidence_is_kept_with_the_decision(services: Services, world: World) -> None:
    submitted = ask(services, world, matter_id=world.matter_id, reason="<script>alert('核对')</script> ' OR 1=1 --")
    card = services.access_queries.evidence_card(submitted.line_id)
    assert (card.beneficiary.name, card.beneficiary.department, card.beneficiary.position) == ("王芳", "杭州市西湖区民政局", "窗口受理员")
    assert card.requester is None
    assert card.matter == "困难家庭救助一件事"
    assert card.reason == "<script>alert('核对')</script> ' OR 1=1 --"
    assert card.item.sensitive
    assert card.item.integration_level == 3
    assert "房屋坐落" in card.item.exposes
    assert (card.peers_holding, card.held_now, card.approved_before, card.latest_decisions) == (0, 0, 0, ())
    decided = services.access.approve(world.li.actor(), submitted.line_id, 1, evidence_hash=card.digest())
    row = services.uow.read().execute(text("SELECT evidence, evidence_hash FROM decision")).one()
    assert row.evidence == card.to_json()
    assert row.evidence_hash == decided.evidence_hash == card.digest() == evidence_digest(row.evidence)


def test_later_cards_show_peers_and_earlier_decisions(services: Services, world: World, clock: ManualClock) -> None:
    granted(services, world, days=7)
    clock.advance(timedelta(hours=1))
    colleague = world.people["SUNLI"]
    line_id = ask(services, world, colleague, days=3).line_id
    card = services.access_queries.evidence_card(line_id)
    assert (card.peers_holding, card.held_now, card.approved_before, card.rejected_before) == (1, 0, 1, 0)
    assert [(past.outcome, past.days, past.department, past.scope_names) for past in card.latest_decisions] == [
        ("approved", 7, "杭州市西湖区民政局", ("西湖区",))
    ]
    services.access.reject(world.li.actor(), line_id, 1, "not_needed")
    clock.advance(timedelta(hours=1))
    later = services.access_queries.evidence_card(ask(services, world, colleague, days=3).line_id)
    assert (later.approved_before, later.rejected_before) == (1, 1)
    assert services.access_queries.evidence_card(line_id).rejected_before == 0
