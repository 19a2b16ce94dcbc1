"""Two officers at the same moment: one approval, one version, and never a yes to a text that was not there any more."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from govcloud.authorization.drafting.service import NewDraft, Shown
from govcloud.kernel.errors import Conflict, Denied
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.policies import approved, drafted, province_policy, second_officer, shown
from tests.factories.racing import together
from tests.factories.world import World

ROWS = "SELECT id FROM policy_draft FOR UPDATE"
POLICY_LOCK = "SELECT pg_advisory_xact_lock(x'706f6c696379'::bigint)"
ONE = "roles: {visitor: {name: 访客, rules: [{allow: ['housing:guide:read']}]}}"
OTHER = "roles: {guest: {name: 来宾, rules: [{allow: ['housing:guide:read']}]}}"


def submitted(services: Services, world: World) -> tuple[UUID, Shown]:
    maker = world.security_admin
    draft_id = drafted(services, maker, province_policy(ONE).text)
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    return draft_id, shown(services, draft_id)


def test_two_approvers_give_one_approval(app: Flask, settings: Settings, services: Services, world: World) -> None:
    first, second = second_officer(services, world), second_officer(services, world, "QIANWEI")
    draft_id, seen = submitted(services, world)
    found = together(
        app,
        settings,
        ROWS,
        lambda: services.drafting.approve(first.actor(), draft_id, seen),
        lambda: services.drafting.approve(second.actor(), draft_id, seen),
    )
    assert sum(isinstance(item, Conflict) for item in found) == 1, found
    assert len(services.draft_queries.reviews(draft_id)) == 1


def test_a_change_and_an_approval_never_both(app: Flask, settings: Settings, services: Services, world: World) -> None:
    checker = second_officer(services, world)
    draft_id, seen = submitted(services, world)
    changed = NewDraft("x", "y", province_policy(OTHER).text)
    together(
        app,
        settings,
        ROWS,
        lambda: services.drafting.approve(checker.actor(), draft_id, seen),
        lambda: services.drafting.change(world.security_admin.actor(), draft_id, 1, changed),
    )
    draft = services.draft_queries.draft(draft_id)
    assert (draft.state, draft.revision) == ("open", 2)
    applied = together(app, settings, ROWS, lambda: services.drafting.apply(checker.actor(), draft_id))
    assert isinstance(applied[0], Conflict)


def test_two_applications_make_one_version(app: Flask, settings: Settings, services: Services, world: World) -> None:
    checker = second_officer(services, world)
    draft_id = approved(services, world.security_admin, checker, province_policy(ONE).text)
    apply = [lambda actor=actor: services.drafting.apply(actor, draft_id) for actor in (checker.actor(), world.security_admin.actor())]
    found = together(app, settings, POLICY_LOCK, *apply)
    assert sorted(map(str, (item for item in found if isinstance(item, int)))) == ["2"]
    assert sum(isinstance(item, Conflict) for item in found) == 1
    assert services.draft_queries.live_number() == 2


def test_two_drafts_of_one_base_do_not_both_come_in(app: Flask, settings: Settings, services: Services, world: World) -> None:
    checker = second_officer(services, world)
    one = approved(services, world.security_admin, checker, province_policy(ONE).text)
    other = approved(services, checker, world.security_admin, province_policy(OTHER).text)
    found = together(
        app,
        settings,
        POLICY_LOCK,
        lambda: services.drafting.apply(checker.actor(), one),
        lambda: services.drafting.apply(checker.actor(), other),
    )
    assert [item for item in found if isinstance(item, int)] == [2]
    (refused,) = (item for item in found if isinstance(item, Conflict))
    assert refused.code == "base_replaced"


def test_an_officer_who_lost_the_office_meanwhile_approves_nothing(services: Services, world: World) -> None:
    checker = second_officer(services, world)
    draft_id, seen = submitted(services, world)
    (held,) = (row for row in services.authorization_queries.assignments_of(checker.official_id) if row.role_code == "security_admin")
    services.authorization.end_assignment(world.security_admin.actor(), held.id, "不再担任")
    with pytest.raises(Denied) as refused:
        services.drafting.approve(checker.actor(), draft_id, seen)
    assert refused.value.code == "no_permission"
