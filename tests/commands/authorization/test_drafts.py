"""Drafts of a policy: who makes and who approves them, what is pinned, what lapses, and what the database itself refuses."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.drafting.service import NewDraft, Shown
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.document import MAX_BYTES
from govcloud.authorization.shipped import baseline
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.policies import OPERATOR, approved, drafted, province_policy, put_in_force, second_officer, shown
from tests.factories.world import SEED, Person, World

EXPORT = "roles: {exporter: {includes: [housing_clerk], rules: [{allow: 'housing:register:export'}]}}"
OPENED = "roles: {official: {name: 公职人员, rules: [{allow: ['housing:guide:read']}]}}"
NOWHERE = UUID(int=7)


@pytest.fixture
def checker(services: Services, world: World) -> Person:
    return second_officer(services, world)


def changed(more: str = EXPORT) -> str:
    return province_policy(more).text


def test_a_draft_comes_into_force_through_two_people(services: Services, world: World, checker: Person) -> None:
    maker, chen = world.security_admin, world.people["CHENJIE"]
    draft_id = drafted(services, maker, province_policy().text.replace("      - housing:register:read\n", "", 1))
    before = services.draft_queries.draft(draft_id)
    assert (before.state, before.base_number, before.revision, before.maker_id) == ("open", 1, 1, maker.official_id)
    services.drafting.work_out(maker.actor(), draft_id)
    impact = services.draft_queries.impact_of(draft_id)
    assert impact is not None
    assert (impact.state, impact.totals.losses) == ("done", 1)
    run = services.drafting.submit(maker.actor(), draft_id, 1)
    assert run.cases > 50
    services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id), "同意")
    question = Question("housing:register:read", chen.appointment_id)
    assert services.authorization.decide(question).allowed
    assert services.drafting.apply(maker.actor(), draft_id) == 2
    assert not services.authorization.decide(question).allowed
    version = services.draft_queries.versions()[0]
    assert (version.number, version.basis, version.maker_id, version.reviewer_id) == (
        2,
        "approved",
        maker.official_id,
        checker.official_id,
    )
    assert services.draft_queries.draft(draft_id).state == "applied"
    with pytest.raises(Conflict):
        services.drafting.apply(maker.actor(), draft_id)


def test_nobody_approves_their_own_draft(services: Services, world: World, checker: Person) -> None:
    draft_id = drafted(services, world.security_admin, changed())
    services.drafting.work_out(checker.actor(), draft_id)
    services.drafting.submit(world.security_admin.actor(), draft_id, 1)
    with pytest.raises(Denied) as refused:
        services.drafting.approve(world.security_admin.actor(), draft_id, shown(services, draft_id))
    assert refused.value.code == "own_draft"
    with pytest.raises(Denied) as refused:
        services.drafting.reject(world.security_admin.actor(), draft_id, shown(services, draft_id), "no")
    assert refused.value.code == "own_draft"
    assert services.draft_queries.reviews(draft_id) == ()


@pytest.mark.parametrize("login", ["ZHOUJIANJUN", "ZHENGGUOHUA", "LIQIANG", "SUNLI", "WANGFANG"])
def test_only_security_officers_touch_policies(services: Services, world: World, checker: Person, login: str) -> None:
    other = world.people[login].actor()
    draft_id = drafted(services, world.security_admin, changed())
    services.drafting.work_out(checker.actor(), draft_id)
    services.drafting.submit(world.security_admin.actor(), draft_id, 1)
    for attempt in (
        lambda: services.drafting.create(other, NewDraft("x", "y", changed())),
        lambda: services.drafting.copy(other, draft_id),
        lambda: services.drafting.change(other, draft_id, 1, NewDraft("x", "y", changed())),
        lambda: services.drafting.rebase(other, draft_id, 1),
        lambda: services.drafting.submit(other, draft_id, 1),
        lambda: services.drafting.withdraw(other, draft_id),
        lambda: services.drafting.discard(other, draft_id, "no"),
        lambda: services.drafting.roll_back(other, 1, "no"),
        lambda: services.drafting.work_out(other, draft_id),
        lambda: services.drafting.approve(other, draft_id, shown(services, draft_id)),
        lambda: services.drafting.reject(other, draft_id, shown(services, draft_id), "no"),
        lambda: services.drafting.apply(other, draft_id),
        lambda: services.drafting.roll_back_at_once(other, 1, "emergency"),
        lambda: services.drafting.start_shadow(other, draft_id, 1),
        lambda: services.drafting.stop_shadow(other, draft_id),
        lambda: services.authorization.install_policy(other, province_policy(EXPORT)),
    ):
        with pytest.raises(Denied):
            attempt()
    assert services.draft_queries.draft(draft_id).state == "submitted"
    assert services.draft_queries.live_number() == 1


def test_the_operator_neither_submits_nor_approves(services: Services, world: World, checker: Person) -> None:
    mine = services.drafting.create(OPERATOR, NewDraft("来自文件", "升级", changed(), "policy.yaml"))
    assert services.draft_queries.draft(mine).maker_id is None
    with pytest.raises(Denied) as refused:
        services.drafting.submit(OPERATOR, mine, 1)
    assert refused.value.code == "not_a_person"
    theirs = drafted(services, world.security_admin, changed())
    services.drafting.submit(world.security_admin.actor(), theirs, 1)
    with pytest.raises(Denied):
        services.drafting.approve(OPERATOR, theirs, shown(services, theirs))
    # An officer does not submit what nobody answers for, but takes a copy over.
    with pytest.raises(Denied):
        services.drafting.submit(checker.actor(), mine, 1)
    copied = services.drafting.copy(checker.actor(), mine)
    assert services.draft_queries.draft(copied).maker_id == checker.official_id
    services.drafting.submit(checker.actor(), copied, 1)


def test_another_text_wants_another_approval(services: Services, world: World, checker: Person) -> None:
    maker = world.security_admin
    draft_id = approved(services, maker, checker, changed())
    assert services.drafting.change(maker.actor(), draft_id, 1, NewDraft("调整策略", "再改", changed(OPENED))) == 2
    assert services.draft_queries.draft(draft_id).state == "open"
    with pytest.raises(Conflict):
        services.drafting.apply(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 2)
    with pytest.raises(Conflict) as refused:
        services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id))
    assert refused.value.code == "impact_missing"
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id))
    assert services.drafting.apply(checker.actor(), draft_id) == 2


def test_the_same_text_again_changes_nothing(services: Services, world: World, checker: Person) -> None:
    draft_id = approved(services, world.security_admin, checker, changed())
    assert services.drafting.change(world.security_admin.actor(), draft_id, 1, NewDraft("新名称", "新原因", changed())) == 1
    found = services.draft_queries.draft(draft_id)
    assert (found.state, found.title, found.reason) == ("approved", "新名称", "新原因")


def test_what_was_shown_is_what_is_approved(services: Services, world: World, checker: Person) -> None:
    maker = world.security_admin
    draft_id = drafted(services, maker, changed())
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    good = shown(services, draft_id)
    for wrong, code in (
        (Shown(2, good.checksum, good.impact_id, good.digest), "draft_changed"),
        (Shown(1, "0" * 64, good.impact_id, good.digest), "draft_changed"),
        (Shown(1, good.checksum, None, good.digest), "impact_missing"),
        (Shown(1, good.checksum, NOWHERE, good.digest), "impact_missing"),
        (Shown(1, good.checksum, good.impact_id, "0" * 64), "impact_changed"),
    ):
        with pytest.raises(Conflict) as refused:
            services.drafting.approve(checker.actor(), draft_id, wrong)
        assert refused.value.code == code
    # Another draft's impact is not this one's.
    other = drafted(services, maker, changed(OPENED))
    services.drafting.work_out(maker.actor(), other)
    foreign = shown(services, other)
    with pytest.raises(Conflict):
        services.drafting.approve(checker.actor(), draft_id, Shown(1, good.checksum, foreign.impact_id, foreign.digest))
    services.drafting.approve(checker.actor(), draft_id, good)


def test_an_old_impact_and_an_old_approval_do_not_count(services: Services, world: World, checker: Person, clock: ManualClock) -> None:
    maker = world.security_admin
    draft_id = drafted(services, maker, changed())
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(Conflict) as refused:
        services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id))
    assert refused.value.code == "impact_missing"
    services.drafting.work_out(checker.actor(), draft_id)
    services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id))
    clock.advance(timedelta(days=7, seconds=1))
    with pytest.raises(Conflict) as refused:
        services.drafting.apply(checker.actor(), draft_id)
    assert refused.value.code == "approval_over"


def test_a_draft_whose_base_was_replaced_says_so_and_moves(services: Services, world: World, checker: Person) -> None:
    maker = world.security_admin
    waiting = approved(services, maker, checker, changed())
    other = drafted(services, checker, changed(OPENED).replace("housing:guide:read", "housing:guide:read", 1))
    services.drafting.work_out(checker.actor(), other)
    services.drafting.submit(checker.actor(), other, 1)
    services.drafting.approve(maker.actor(), other, shown(services, other))
    assert services.drafting.apply(checker.actor(), other) == 2
    assert services.draft_queries.draft(waiting).stale
    with pytest.raises(Conflict) as refused:
        services.drafting.apply(maker.actor(), waiting)
    assert refused.value.code == "base_replaced"
    assert services.drafting.rebase(maker.actor(), waiting, 1) == 2
    found = services.draft_queries.draft(waiting)
    assert (found.state, found.base_number, found.stale) == ("open", 2, False)
    difference = services.draft_queries.difference(waiting)
    assert difference.roles_added == ("exporter",)
    assert difference.rules_removed == ()


def test_a_rebase_of_the_same_lines_is_refused(services: Services, world: World, checker: Person) -> None:
    maker, base = world.security_admin, province_policy().text
    line = "    label: 住房保障岗位职责\n"
    mine = drafted(services, maker, base.replace(line, "    label: 甲\n"))
    assert put_in_force(services, world, base.replace(line, "    label: 乙\n")) == 2
    with pytest.raises(Conflict) as refused:
        services.drafting.rebase(maker.actor(), mine, 1)
    assert refused.value.code == "rebase_conflict"
    assert services.draft_queries.draft(mine).base_number == 1
    assert checker


def test_a_rejection_leaves_the_draft_open_with_its_reason(services: Services, world: World, checker: Person) -> None:
    draft_id = drafted(services, world.security_admin, changed())
    services.drafting.submit(world.security_admin.actor(), draft_id, 1)
    with pytest.raises(Invalid):
        services.drafting.reject(checker.actor(), draft_id, shown(services, draft_id), " ")
    services.drafting.reject(checker.actor(), draft_id, shown(services, draft_id), "范围过大")
    assert services.draft_queries.draft(draft_id).state == "open"
    (review,) = services.draft_queries.reviews(draft_id)
    assert (review.verdict, review.comment, review.reviewer_id) == ("reject", "范围过大", checker.official_id)
    services.drafting.submit(world.security_admin.actor(), draft_id, 1)


def test_taking_back_lets_an_approval_lapse(services: Services, world: World, checker: Person) -> None:
    maker = world.security_admin
    draft_id = approved(services, maker, checker, changed())
    with pytest.raises(Denied):
        services.drafting.withdraw(checker.actor(), draft_id)
    services.drafting.withdraw(maker.actor(), draft_id)
    with pytest.raises(Conflict):
        services.drafting.apply(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 2)
    with pytest.raises(Conflict):
        services.drafting.apply(maker.actor(), draft_id)
    services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id))
    assert services.drafting.apply(maker.actor(), draft_id) == 2


@pytest.mark.parametrize("wrong", ["roles: {a: {rules: [{allow: 'govcloud:*'}]}}", "roles: [", "x", "roles: {a: {}, a: {}}", "\x07"])
def test_a_wrong_text_is_kept_and_goes_no_further(services: Services, world: World, wrong: str) -> None:
    """Nothing is lost while somebody writes; and nothing of it decides, beside the live policy or in its place."""
    maker, drafting = world.security_admin.actor(), services.drafting
    draft_id = drafting.create(maker, NewDraft("x", "y", wrong))
    assert services.draft_queries.text(draft_id) == wrong
    assert services.draft_queries.findings(draft_id)
    for refused in (
        lambda: drafting.submit(maker, draft_id, 1),
        lambda: drafting.start_shadow(maker, draft_id, 1),
        lambda: services.draft_queries.document(draft_id),
    ):
        with pytest.raises(PolicyError):
            refused()
    drafting.work_out(maker, draft_id)
    impact = services.draft_queries.impact_of(draft_id)
    assert impact is not None
    # A key that stands twice is YAML all the same, of which the last counts; the others are not even that.
    assert impact.state == ("done" if wrong.startswith("roles: {a: {}") else "failed")
    copied = drafting.copy(maker, draft_id)
    assert services.draft_queries.text(copied) == wrong
    assert drafting.change(maker, draft_id, 1, NewDraft("x", "y", changed())) == 2
    assert services.draft_queries.findings(draft_id) == ()
    assert drafting.submit(maker, draft_id, 2).cases > 50
    # Whoever makes it wrong again takes it out of the hands of the second person.
    drafting.change(maker, draft_id, 2, NewDraft("x", "y", wrong))
    assert services.draft_queries.draft(draft_id).state == "open"


def test_what_is_no_text_of_a_policy_at_all_is_not_kept(services: Services, world: World) -> None:
    maker = world.security_admin.actor()
    for wrong in ("roles: {}\0", "x" * (MAX_BYTES + 1), "住" * (MAX_BYTES // 3 + 1), "\ud800"):
        with pytest.raises(PolicyError):
            services.drafting.create(maker, NewDraft("x", "y", wrong))
    with pytest.raises(Invalid):
        services.drafting.create(maker, NewDraft(" ", "", changed()))
    with pytest.raises(NotFound):
        services.drafting.create(maker, NewDraft("x", "y", changed(), base_number=99))
    assert services.draft_queries.drafts() == ()


def test_a_draft_must_not_open_installing_to_people(services: Services, world: World) -> None:
    """Somebody who could install alone would need no second person ever after."""
    around = "roles: {security_admin: {name: 安全管理员, rules: [{allow: 'govcloud:policy:install'}]}}"
    maker = world.security_admin.actor()
    draft_id = services.drafting.create(maker, NewDraft("x", "y", changed(around)))
    with pytest.raises(PolicyError, match="第二人"):
        services.drafting.submit(maker, draft_id, 1)


def test_a_policy_that_locks_everybody_out_is_not_applied(services: Services, world: World, checker: Person) -> None:
    alone = province_policy("roles: {'system:operator': {rules: [{allow: 'govcloud:role:assign'}]}}").text
    draft_id = approved(services, world.security_admin, checker, alone)
    with pytest.raises(Conflict) as refused:
        services.drafting.apply(checker.actor(), draft_id)
    assert refused.value.code == "would_lock_out"
    assert services.draft_queries.live_number() == 1


def test_a_policy_that_drops_a_held_role_is_not_applied_and_says_so_before(services: Services, world: World, checker: Person) -> None:
    draft_id = approved(services, world.security_admin, checker, baseline().text)
    impact = services.draft_queries.impact_of(draft_id)
    assert impact is not None
    assert impact.roles_lost == ("counter_clerk", "housing_clerk")
    with pytest.raises(Conflict) as refused:
        services.drafting.apply(checker.actor(), draft_id)
    assert refused.value.code == "role_in_use"
    assert services.draft_queries.draft(draft_id).state == "approved"


def test_rolling_back_is_a_draft_like_any_other(services: Services, world: World) -> None:
    maker = world.security_admin
    assert put_in_force(services, world, changed(OPENED)) == 2
    checker = world.people["HEWEI"]
    with pytest.raises(Conflict):
        services.drafting.roll_back(maker.actor(), 2, "没有差别")
    draft_id = services.drafting.roll_back(maker.actor(), 1, "改错了")
    found = services.draft_queries.draft(draft_id)
    assert (found.rollback_of, found.base_number) == (1, 2)
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id))
    assert services.drafting.apply(checker.actor(), draft_id) == 3
    assert services.draft_queries.version_text(3) == services.draft_queries.version_text(1)


def test_an_emergency_brings_back_only_what_was_in_force(services: Services, world: World) -> None:
    assert put_in_force(services, world, changed(OPENED)) == 2
    with pytest.raises(NotFound):
        services.drafting.roll_back_at_once(OPERATOR, 9, "事故处置")
    with pytest.raises(Invalid):
        services.drafting.roll_back_at_once(OPERATOR, 1, "")
    with pytest.raises(Conflict):
        services.drafting.roll_back_at_once(OPERATOR, 2, "事故处置")
    assert services.drafting.roll_back_at_once(OPERATOR, 1, "事故处置") == 3
    version = services.draft_queries.versions()[0]
    assert (version.basis, version.note, version.reviewer_id) == ("emergency", "事故处置", None)
    # A policy is never installed beside that way again.
    with pytest.raises(Denied):
        services.authorization.install_policy(OPERATOR, province_policy(EXPORT))
    with pytest.raises(Denied):
        services.authorization.install_policy(SEED, province_policy(EXPORT))


def test_the_database_refuses_a_maker_who_approves(services: Services, world: World, checker: Person, superuser_url: str) -> None:
    draft_id = drafted(services, world.security_admin, changed())
    services.drafting.work_out(world.security_admin.actor(), draft_id)
    services.drafting.submit(world.security_admin.actor(), draft_id, 1)
    impact = services.draft_queries.impact_of(draft_id)
    assert impact is not None
    insert = text(
        "INSERT INTO policy_review (id, draft_id, maker_id, reviewer_id, revision, checksum, base_number, impact_id, verdict, comment, at)"
        " VALUES (gen_random_uuid(), :draft, :maker, :reviewer, 1, :checksum, 1, :impact, 'approve', '', now())"
    )
    maker, other = world.security_admin.official_id, checker.official_id
    usual = {"draft": draft_id, "maker": maker, "reviewer": other, "checksum": impact.checksum, "impact": impact.id}
    engine = create_engine(superuser_url)
    for wrong, constraint in (
        ({"reviewer": maker}, "ck_policy_review_second_person"),
        ({"maker": other, "reviewer": maker}, "fk_policy_review_draft_id_maker_id"),
        ({"checksum": "0" * 64}, "fk_policy_review_impact_id_checksum"),
        ({"impact": None}, "ck_policy_review_seen"),
    ):
        with pytest.raises(IntegrityError, match=constraint), engine.begin() as connection:
            connection.execute(insert, usual | wrong)
    engine.dispose()


def test_the_database_refuses_a_version_of_another_text(services: Services, world: World, checker: Person, superuser_url: str) -> None:
    draft_id = approved(services, world.security_admin, checker, changed())
    (review,) = services.draft_queries.reviews(draft_id)
    insert = text(
        "INSERT INTO policy_version (id, number, source, checksum, document, installed_at, installed_by, basis, review_id)"
        " VALUES (gen_random_uuid(), 2, 'x', :checksum, :document, now(), 'x', 'approved', :review)"
    )
    engine = create_engine(superuser_url)
    for wrong, constraint in (
        ({"checksum": "0" * 64, "document": "x", "review": review.id}, "text|fk_policy_version_review_id_checksum"),
        ({"checksum": review.checksum, "document": "another text", "review": review.id}, "ck_policy_version_text"),
        ({"checksum": review.checksum, "document": changed(), "review": None}, "ck_policy_version_review"),
    ):
        with pytest.raises(IntegrityError, match=constraint), engine.begin() as connection:
            connection.execute(insert, wrong)
    engine.dispose()


def test_one_officer_is_told_that_there_has_to_be_another(services: Services, world: World) -> None:
    assert services.draft_queries.officers() == 1
    second = second_officer(services, world)
    assert services.draft_queries.officers() == 2
    services.identity.disable_official(world.system_admin.actor(), second.official_id, "停用")
    assert services.draft_queries.officers() == 1
