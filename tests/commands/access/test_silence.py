"""Tacit approval (默许): silence is a yes only where the owner signed that beforehand, for nothing sensitive, and once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from govcloud.access.commands import Correction
from govcloud.access.evidence.receipt_checks import check_receipt
from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.changes import FunctionChange
from tests.commands.access.test_clocks import story, until
from tests.factories.deciders import end_offices, make_routine, new_rule, set_tier
from tests.factories.racing import together
from tests.factories.requests import REGISTER, ask, granted, may_read
from tests.factories.world import XIHU, World

JOBS = Actor.system("jobs")
OVER = "2026-11-26T09:30"
"""When the time to answer is over of what is asked for when the tests begin."""


@pytest.fixture
def rule_id(services: Services, world: World, clock: ManualClock) -> UUID:
    """Return a rule of 李强's by which silence about the register is a yes."""
    make_routine(services, world, "one")
    return services.approving.presigning.sign(world.li.actor(), new_rule(world, clock, on_silence=True))


def run(services: Services) -> None:
    while services.escalating.run(JOBS):
        pass
    db.session.remove()


def state(services: Services, world: World, line_id: UUID) -> LineState:
    return services.access_queries.line(world.wang.actor(), line_id).state


def test_silence_is_a_yes_at_the_end_of_the_time_to_answer(services: Services, world: World, clock: ManualClock, rule_id: UUID) -> None:
    line_id = ask(services, world).line_id
    assert state(services, world, line_id) is LineState.PENDING, "it does not open at once"
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert page.card.silence is not None
    assert (page.card.silence.rule_id, page.card.silence.signed_by) == (str(rule_id), "李强")
    until(clock, OVER, less=timedelta(seconds=1))
    run(services)
    assert state(services, world, line_id) is LineState.PENDING
    clock.advance(timedelta(seconds=1))
    run(services)
    shown = services.access_queries.line(world.wang.actor(), line_id)
    assert shown.state is LineState.APPROVED
    assert may_read(services, world.wang)
    assert shown.decision is not None
    assert (shown.decision.by_rule, shown.decision.by_silence, shown.decision.decided_by.name) == (True, True, "李强")
    assert story(services, line_id) == ["access:line:reminded", "access:line:approved"]
    [receipt] = services.receipts.of_line(line_id)
    card = services.receipts.evidence_of(line_id, receipt.decision_id)
    payload = check_receipt(receipt.document, services.receipts.archive(), card).payload
    assert (payload["right"]["capacity"], payload["rule"]["id"]) == ("silence", str(rule_id))
    kinds = [one.kind for one in services.notice_queries.page(world.people["QIANWEI"].official_id).entries]
    assert ("silent" in kinds, "settled" in kinds) == (True, False)
    assert "approved" in [one.kind for one in services.notice_queries.page(world.wang.official_id).entries]
    [view] = services.approving.presigning.within(world.li.actor())
    assert (view.on_silence, view.granted) == (True, 1)
    # The signer may take it back like everything else of their department's.
    assert shown.grant is not None
    services.access.revoke(world.people["QIANWEI"].actor(), shown.grant.id, "核查")
    assert not may_read(services, world.wang)


@pytest.mark.parametrize("why", ["ended", "signed later", "held", "days", "signer gone", "item changed", "taken back", "expired"])
def test_without_such_a_rule_silence_goes_up(services: Services, world: World, clock: ManualClock, why: str) -> None:
    make_routine(services, world, "one")
    signing = services.approving.presigning
    if why == "taken back":
        grant_id = granted(services, world, days=1, case_number="XH-2026-0001")
        services.access.revoke(world.li.actor(), grant_id, "核查")
    if why == "signed later":
        line_id = ask(services, world).line_id
        clock.advance(timedelta(seconds=1))
    ends = {"ends_at": clock.now() + timedelta(days=1)} if why == "expired" else {}
    rule_id = signing.sign(world.li.actor(), new_rule(world, clock, on_silence=True, max_days=9 if why == "days" else 10, **ends))
    if why != "signed later":
        line_id = ask(services, world).line_id
    if why == "ended":
        signing.end(world.li.actor(), rule_id, "停")
    if why == "signer gone":
        end_offices(services, world, world.li)
    if why == "item changed":
        function = FunctionChange("查询住房登记信息", sensitive=False, integration_level=3, label=1)
        services.subsystems.change_function(world.people["HEWEI"].actor(), REGISTER, function, "定级")
    until(clock, OVER)
    if why == "held":
        services.approving.handling.claim(world.people["QIANWEI"].actor(), line_id)
    run(services)
    assert state(services, world, line_id) is LineState.PENDING
    assert story(services, line_id)[-1] == "access:line:deputised"
    assert not may_read(services, world.wang)


def test_who_was_sent_back_was_not_left_without_an_answer(services: Services, world: World, clock: ManualClock, rule_id: UUID) -> None:
    line_id = ask(services, world).line_id
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "缺")
    corrected = Correction("补正后的事由，核对住房", 10, Scope((XIHU,)), "XH-2026-0117")
    services.approving.returning.resubmit(world.wang.actor(), line_id, 2, corrected)
    assert services.access_queries.decision_page(world.li.actor(), line_id).card.silence is None
    until(clock, OVER)
    run(services)
    assert state(services, world, line_id) is LineState.PENDING


def test_about_what_no_rule_on_silence_is_signed(services: Services, world: World, clock: ManualClock) -> None:
    signing = services.approving.presigning
    with pytest.raises(Invalid) as caught:  # a sensitive function
        signing.sign(world.li.actor(), new_rule(world, clock, on_silence=True))
    assert [field.field for field in caught.value.fields] == ["item_id"]
    make_routine(services, world, "one")
    with pytest.raises(Invalid):  # not at once what takes a person's word
        signing.sign(world.li.actor(), new_rule(world, clock))
    hewei = world.people["HEWEI"].actor()
    above, internal = (FunctionChange("查询住房登记信息", sensitive=False, integration_level=3, label=label) for label in (2, 1))
    services.subsystems.change_function(hewei, REGISTER, above, "定级")
    with pytest.raises(Invalid):  # a label above internal
        signing.sign(world.li.actor(), new_rule(world, clock, on_silence=True))
    services.subsystems.change_function(hewei, REGISTER, internal, "定级")
    for tier, approval in (("auto", {}), ("quorum", {"needed": 2}), ("two_units", {})):
        set_tier(services, world, tier, approval)
        with pytest.raises(Invalid):
            signing.sign(world.li.actor(), new_rule(world, clock, on_silence=True))


def test_a_no_in_the_last_moment_and_silence(  # noqa: PLR0917 - fixtures
    app: Flask, settings: Settings, services: Services, world: World, clock: ManualClock, rule_id: UUID
) -> None:
    """Whoever comes first decides; the other finds the line decided."""
    line_id = ask(services, world).line_id
    until(clock, "2026-11-25T09:30")
    run(services)
    until(clock, OVER)

    gate = f"SELECT 1 FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE"
    refuse, silence = lambda: services.access.reject(world.li.actor(), line_id, 1, "not_needed"), lambda: services.escalating.run(JOBS)
    outcomes = together(app, settings, gate, refuse, silence)
    final = state(services, world, line_id)
    assert final in {LineState.APPROVED, LineState.REJECTED}
    assert may_read(services, world.wang) is (final is LineState.APPROVED)
    assert len(services.receipts.of_line(line_id)) == 1
    if final is LineState.APPROVED:
        assert any(isinstance(one, Conflict) for one in outcomes)
