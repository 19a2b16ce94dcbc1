"""Whom a change of policy touches: exactly those for whom some decision comes out otherwise, by name, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.answering import Seen, opens
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.drafting.effects import GAINS, Effect
from govcloud.authorization.drafting.measuring import Measured
from govcloud.authorization.drafting.views import TouchedPage
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.shipped import model_text
from govcloud.authorization.subjects.snapshot import Snapshot
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.jobs.job import ACTOR
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.policies import OPERATOR, drafted, province_policy
from tests.factories.world import SEED, XIHU, YUHANG, World

FUNCTIONS = ("housing:door:enter", "housing:guide:read", "housing:register:read", "assistance:case:read", "assistance:case:accept")
Key = tuple[UUID, UUID | None, str]


def measured(services: Services, document: PolicyDocument) -> Measured:
    live = services.authorization_queries.policy()
    return services.drafting.measuring.measure(live, document, services.clock.now())


def named(services: Services, found: Measured) -> dict[Key, Effect]:
    """Return every effect by person, appointment and function, through the list of names."""
    effects: dict[Key, Effect] = {}
    for group in found.groups:
        if group.kind == "part":
            continue
        people = services.draft_queries.people_of(found, group, 500) if group.kind != "unplaced" else []
        assert group.kind == "unplaced" or len(people) == group.size, group
        for person in people:
            for function, effect in group.effects.items():
                key = (person.official_id, person.appointment_id, function)
                assert key not in effects, "somebody stands in two groups"
                effects[key] = effect
    return effects


def snapshots(services: Services, document: PolicyDocument) -> Iterator[tuple[UUID, UUID, Snapshot, Engine]]:
    """Give everybody as decisions would see them under ``document``."""
    decider = services.drafting.measuring._decider
    policy = compile_policy(0, document.roles, document.rules)
    engine, now = Engine(model_text(), policy), services.clock.now()
    duties = decider.duties()
    people = {
        subject.official_id
        for key in services.identity_queries.departments_under("/")
        for subject in services.identity_queries.subjects_in(key.id, 100)
    }
    for subject in services.identity_queries.subjects_among(people):
        standing = decider.standing(subject.official_id, subject.appointment_id, now)
        if isinstance(standing, str):
            continue
        who = (subject.official_id, subject.appointment_id, now)
        facts = (decider.facts.assignments(*who), decider.facts.grants(*who))
        yield subject.official_id, subject.appointment_id, decider.snapshot(standing, policy, duties, *facts, now), engine


def opened(services: Services, document: PolicyDocument) -> set[Key]:
    """Return who may use which function now, one decision after another."""
    now, traits = services.clock.now(), services.subsystem_queries.function_traits(FUNCTIONS)
    return {
        (official, appointment, function)
        for official, appointment, snapshot, engine in snapshots(services, document)
        for function in FUNCTIONS
        if opens(function, traits[function], Seen(snapshot, engine, 0, now))
    }


_ROLES = ("official", "counter_clerk", "housing_clerk", "extra")
_WHEN = (
    "",
    "subject.division == '330106000000'",
    "subject.position == '窗口受理员'",
    "subject.label >= 1",
    "subject.rank in ['一级科员', '县处级正职'] and not (subject.level == 'province')",
    "'民政' in subject.business_lines or resource.division == subject.division",
    "context.weekday in [1, 2] and subject.post == '科员'",
    "not (resource.secret == true)",
    "'安全管理员' in subject.all_positions",
    "within(subject.division, '330100000000')",
)


def _rule(draw: st.DrawFn) -> str:
    role = draw(st.sampled_from(_ROLES))
    functions = draw(st.lists(st.sampled_from((*FUNCTIONS, "housing:*", "assistance:*")), min_size=1, max_size=2, unique=True))
    effect, when = draw(st.sampled_from(("allow", "allow", "deny"))), draw(st.sampled_from(_WHEN))
    scope = draw(st.sampled_from(("", "own_division", "divisions: 330106000000"))) if effect == "allow" else ""
    parts = [f"{effect}: [{', '.join(repr(item) for item in functions)}]"]
    parts += [f'when: "{when}"'] if when else []
    parts += [f'scope: "{scope}"'] if scope else []
    return f"{role}\t{{{', '.join(parts)}}}"


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Return a policy of a few random rules on a few roles."""
    rules = [_rule(draw) for _ in range(draw(st.integers(0, 6)))]
    includes = draw(st.sampled_from(("", "includes: [counter_clerk], ", "includes: [housing_clerk], ")))
    lines = []
    for role in _ROLES:
        mine = [rule.split("\t")[1] for rule in rules if rule.startswith(f"{role}\t")]
        lines.append(f"  {role}: {{name: {role}, {includes if role == 'extra' else ''}rules: [{', '.join(mine)}]}}")
    return "roles:\n" + "\n".join(lines)


@pytest.fixture
def busy(services: Services, world: World, clock: ManualClock) -> World:
    """A province in which people hold roles by duty, by name, with bounds, and grants of several kinds."""
    people, now = world.people, clock.now()
    services.authorization.add_duty_rules(
        SEED,
        [
            NewDutyRule("counter_clerk", "窗口", AppointmentCriteria(positions=("窗口受理员",), business_lines=("民政",)), "岗位"),
            NewDutyRule("housing_clerk", "西湖", AppointmentCriteria(division_code=XIHU), "岗位"),
            NewDutyRule("housing_clerk", "以后", AppointmentCriteria(posts=("处长",)), "岗位", starts_at=now + timedelta(days=3)),
        ],
    )
    services.authorization.assign_role(
        OPERATOR, people["LIQIANG"].official_id, "housing_clerk", scope={"divisions": [YUHANG]}, reason="兼管"
    )
    services.authorization.assign_role(OPERATOR, people["ZHAOMIN"].official_id, "counter_clerk", reason="兼管")
    for login, begins, scope in (("WANGFANG", 0, Scope((XIHU,))), ("HEWEI", 5, Scope(None)), ("QIANWEI", 0, Scope(None))):
        person = people[login]
        services.authorization.open_grant(
            SEED,
            NewGrant(
                person.official_id,
                person.appointment_id,
                "housing",
                "housing:register:read",
                now + timedelta(days=begins),
                now + timedelta(days=9),
                scope,
            ),
        )
    return world


def test_a_rule_that_goes_is_lost_by_those_who_have_it(services: Services, world: World) -> None:
    new = province_policy("roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter'], scope: own_division}]}}")
    effects = named(services, measured(services, new))
    chen = world.people["CHENJIE"]
    assert effects == {
        (chen.official_id, chen.appointment_id, "housing:guide:read"): Effect.LOST,
        (chen.official_id, chen.appointment_id, "housing:register:read"): Effect.LOST,
    }


def test_everybody_who_gains_is_counted_once(services: Services, busy: World) -> None:
    new = province_policy("roles: {official: {name: 公职人员, rules: [{allow: ['housing:guide:read']}]}}")
    found = measured(services, new)
    # 李强 has a duty that begins later, so he might have had it anyhow.
    gained = {key for key, effect in named(services, found).items() if effect in GAINS and key[2] == "housing:guide:read"}
    had = {key for key in opened(services, province_policy()) if key[2] == "housing:guide:read"}
    assert {key[:2] for key in gained | had} == {(p.official_id, p.appointment_id) for p in busy.people.values()}
    assert gained.isdisjoint(had)
    assert found.population == len(busy.people)


def test_what_depends_on_the_thing_is_conditional(services: Services, world: World) -> None:
    when = "when: 'resource.division == subject.division'"
    new = province_policy(f"roles: {{counter_clerk: {{name: 窗口受理, rules: [{{allow: ['housing:register:read'], {when}}}]}}}}")
    effects = named(services, measured(services, new))
    wang = world.wang
    assert effects[wang.official_id, wang.appointment_id, "housing:register:read"] is Effect.MAY_GAIN
    assert effects[wang.official_id, wang.appointment_id, "assistance:case:read"] is Effect.LOST


def test_another_condition_or_scope_is_altered(services: Services, world: World) -> None:
    text = province_policy().text
    assert text.count("scope: own_division") == 2
    everywhere = "[{allow: ['housing:door:enter', 'housing:guide:read', 'housing:register:read']}]"
    new = province_policy(f"roles: {{housing_clerk: {{name: 住房保障经办, rules: {everywhere}}}}}")
    effects = named(services, measured(services, new))
    assert set(effects.values()) == {Effect.ALTERED}
    assert {key[0] for key in effects} == {world.people["CHENJIE"].official_id}


def test_a_deny_takes_from_grants_too(services: Services, busy: World) -> None:
    new = province_policy("roles: {official: {name: 公职人员, rules: [{deny: ['housing:register:read']}]}}")
    effects = named(services, measured(services, new))
    people = busy.people
    lost = {key[0] for key, effect in effects.items() if key[2] == "housing:register:read" and effect is Effect.LOST}
    may_lose = {key[0] for key, effect in effects.items() if key[2] == "housing:register:read" and effect is Effect.MAY_LOSE}
    assert {people["WANGFANG"].official_id, people["QIANWEI"].official_id, people["CHENJIE"].official_id} <= lost
    # A grant that begins later is lost perhaps.
    assert people["HEWEI"].official_id in may_lose


def test_somebody_named_in_a_condition_is_found(services: Services, world: World) -> None:
    li = world.li
    when = f"subject.official_id == '{li.official_id}'"
    new = province_policy(f'roles: {{official: {{name: 公职人员, rules: [{{allow: ["housing:guide:read"], when: "{when}"}}]}}}}')
    gained = {key for key, effect in named(services, measured(services, new)).items() if key[2] == "housing:guide:read"}
    assert gained == {(li.official_id, li.appointment_id, "housing:guide:read")}


def test_parts_of_the_platform_are_shown(services: Services, world: World) -> None:
    assert world
    found = measured(services, province_policy("roles: {'system:jobs': {name: 定时任务, rules: []}}"))
    parts = {group.roles: dict(group.effects) for group in found.groups}
    assert parts.keys() == {("system:jobs",)}
    assert parts["system:jobs",]["govcloud:line:lapse"] is Effect.LOST


def test_what_no_catalogue_has_is_said(services: Services, world: World) -> None:
    assert world
    found = measured(services, province_policy("roles: {official: {name: 公职人员, rules: [{allow: ['housing:roof:mend', 'nowhere:*']}]}}"))
    assert found.unknown == ("housing:roof:mend", "nowhere:*")


def test_a_text_that_says_the_same_touches_nobody(services: Services, world: World) -> None:
    assert world
    assert measured(services, province_policy("roles: {idle: {name: 无人}}")).groups == ()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=policies(), new=policies())
def test_names_are_exactly_those_whose_decisions_differ(services: Services, busy: World, old: str, new: str) -> None:
    assert busy
    before, after = province_policy(old), province_policy(new)
    live = compile_policy(1, before.roles, before.rules)
    found = services.drafting.measuring.measure(live, after, services.clock.now())
    effects = named(services, found)
    had, has = opened(services, before), opened(services, after)
    for key, effect in effects.items():
        if key[2] not in FUNCTIONS:
            continue
        if effect is Effect.GAINED:
            assert key in has - had
        if effect is Effect.LOST:
            assert key in had - has
    assert had ^ has <= set(effects)


def test_the_list_is_read_page_by_page(services: Services, busy: World) -> None:
    maker = busy.security_admin
    text = province_policy("roles: {official: {name: 公职人员, rules: [{allow: ['housing:guide:read', 'assistance:case:read']}]}}").text
    draft_id = drafted(services, maker, text)
    impact_id = services.drafting.work_out(maker.actor(), draft_id)
    impact = services.draft_queries.impact(impact_id)
    whole = services.draft_queries.touched(impact_id, limit=200)
    assert whole.after is None
    assert len(whole.rows) == impact.totals.touched
    for size in (1, 2, 3, 7):
        assert _paged(services, impact_id, size) == [row[0] for row in whole.rows]
    gainers = services.draft_queries.touched(impact_id, function="housing:guide:read", effects=GAINS, limit=200)
    assert len(gainers.rows) == next(item.gains for item in impact.functions if item.function == "housing:guide:read")


def _paged(services: Services, impact_id: UUID, size: int) -> list[object]:
    found: list[object] = []
    page: TouchedPage | None = None
    while page is None or page.after is not None:
        page = services.draft_queries.touched(impact_id, after=page.after if page else None, limit=size)
        assert len(page.rows) <= size
        found += [row[0] for row in page.rows]
    return found


def test_a_list_of_yesterday_is_the_list_that_was_counted(services: Services, busy: World, clock: ManualClock) -> None:
    maker = busy.security_admin
    text = province_policy("roles: {official: {name: 公职人员, rules: [{allow: ['housing:guide:read']}]}}").text
    impact_id = services.drafting.work_out(maker.actor(), drafted(services, maker, text))
    before = services.draft_queries.touched(impact_id, limit=200).rows
    clock.advance(timedelta(hours=1))
    services.identity.disable_official(busy.system_admin.actor(), busy.people["SUNLI"].official_id, "停用")
    services.authorization.assign_role(OPERATOR, busy.people["LIQIANG"].official_id, "counter_clerk", reason="以后")
    assert services.draft_queries.touched(impact_id, limit=200).rows == before


def test_the_jobs_work_out_what_takes_long(services: Services, world: World) -> None:
    maker = world.security_admin
    draft_id = drafted(
        services, maker, province_policy("roles: {official: {name: 公职人员, rules: [{allow: ['housing:guide:read']}]}}").text
    )
    services.drafting.work_out(maker.actor(), draft_id, at_once=False)
    waiting = services.draft_queries.impact_of(draft_id)
    assert waiting is not None
    assert (waiting.state, waiting.digest) == ("waiting", None)
    assert services.drafting.work(ACTOR) == 1
    done = services.draft_queries.impact_of(draft_id)
    assert done is not None
    assert (done.state, done.percent, done.totals.touched) == ("done", 100, len(world.people))
    assert services.drafting.work(ACTOR) == 0
