"""Who may use a function, and what somebody may use: exactly those whom ``decide`` allows, whatever the policy and the people are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from govcloud.authorization.answers.candidates import Candidates, roles_about
from govcloud.authorization.answers.checking import Subjected
from govcloud.authorization.answers.entries import PersonEntry, State
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.authorization.shipped import baseline
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.browsing import counted
from tests.factories.people import an_official
from tests.factories.plans import plan_without
from tests.factories.policies import install
from tests.factories.requests import REGISTER, granted
from tests.factories.world import HANGZHOU, SEED, XIHU, YUHANG, Person, World

READ, GUIDE, DOOR = "assistance:case:read", "housing:guide:read", "housing:door:enter"
FUNCTIONS = (REGISTER, GUIDE, DOOR, "housing:register:export")
AT_THE_OFFICE, OUTSIDE = "10.1.2.3", "192.0.2.1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with one zone."""
    return settings.model_copy(update={"network_zones": {"office": (ip_network("10.0.0.0/8"),)}})


def people(services: Services, function: str, resource: dict[str, Any] | None = None, **asked: Any) -> list[PersonEntry]:  # noqa: ANN401
    """Return the whole list, read in small pages."""
    context, most = asked.pop("context", {}), asked.pop("most", 3)
    found: list[PersonEntry] = []
    after: UUID | None = None
    while True:
        page = services.authorization_queries.answers.list_people(function, resource or {}, context, limit=most, after=after, **asked)
        assert len(page.rows) <= most
        found += page.rows
        after = page.after
        if after is None:
            return found


def names(world: World, found: list[PersonEntry]) -> set[str]:
    """Return the logins of the people of the story in a list."""
    by_id = {person.official_id: login for login, person in world.people.items()}
    return {by_id[entry.id] for entry in found}


# By example


def test_everybody_who_may_is_listed_with_what_gave_it(services: Services, world: World, clock: ManualClock) -> None:
    """By assignment, by a duty and by a grant; a grant that has run out, or a person who was disabled, is on no list."""
    assert names(world, people(services, REGISTER)) == {"CHENJIE"}
    granted(services, world)
    criteria = AppointmentCriteria(positions=("窗口受理员",), business_lines=("民政",), division_code=YUHANG)
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "余杭窗口", criteria, "一窗通办")])
    assert names(world, people(services, REGISTER)) == {"CHENJIE", "WANGFANG", "SHANXUEMEI"}
    assert names(world, people(services, REGISTER, {"division": XIHU})) == {"CHENJIE", "WANGFANG"}
    assert names(world, people(services, REGISTER, {"division": YUHANG})) == {"SHANXUEMEI"}
    xihu = world.organisation.ids["xihu"]
    assert names(world, people(services, REGISTER, department_id=xihu)) == {"CHENJIE", "WANGFANG"}
    count = services.authorization_queries.answers.count_people(REGISTER, {}, {})
    assert (count.allowed, count.conditional, count.everybody) == (3, 0, False)
    clock.advance(timedelta(days=11))
    assert names(world, people(services, REGISTER)) == {"CHENJIE", "SHANXUEMEI"}
    services.identity.disable_official(SEED, world.people["CHENJIE"].official_id, "停职")
    assert names(world, people(services, REGISTER)) == {"SHANXUEMEI"}


def test_the_ids_are_those_of_the_question_without_a_session(services: Services, world: World) -> None:
    """Without a session the primary appointment counts; every appointment is asked about on demand, and named."""
    also = NewAppointment(world.organisation.ids["xihu_housing"], "窗口受理员", kind="concurrent")
    services.identity.appoint(SEED, world.li.official_id, also)
    services.authorization.assign_role(SEED, world.li.official_id, "housing_clerk", also.id, reason="兼管")
    assert names(world, people(services, REGISTER)) == {"CHENJIE"}
    every = {entry.id: entry.under for entry in people(services, REGISTER, every_appointment=True)}
    assert every[world.li.official_id] == (also.id,)
    assert every[world.people["CHENJIE"].official_id] == (world.people["CHENJIE"].appointment_id,)


def test_a_function_of_everybody_lists_everybody(services: Services, world: World) -> None:
    found = people(services, "govcloud:request:submit")
    assert names(world, found) == set(world.people)
    assert services.authorization_queries.answers.count_people("govcloud:request:submit", {}, {}).everybody
    own = people(services, "govcloud:password:set", {"official_id": str(world.wang.official_id)})
    assert {entry.id for entry in own} == {world.wang.official_id}


def test_what_a_question_does_not_say_is_named(services: Services, world: World) -> None:
    text = """
    roles:
      counter_clerk: {rules: [{allow: [housing:register:read], when: "resource.level >= 2 and context.case_number == 'XH-1'"}]}
      housing_clerk: {rules: [{allow: ['housing:*']}, {deny: [housing:register:read], when: "resource.secret == true"}]}
    """
    install(services, baseline().extended_by(text, "conditional"))
    found = {entry.id: entry for entry in people(services, REGISTER)}
    wang, chen = found[world.wang.official_id], found[world.people["CHENJIE"].official_id]
    assert (wang.state, wang.missing) == (State.CONDITIONAL, ("context.case_number", "resource.level"))
    assert (chen.state, chen.missing) == (State.CONDITIONAL, ("resource.secret",))
    told = {"level": 3, "secret": False}
    found = {entry.id: entry for entry in people(services, REGISTER, told, context={"case_number": "XH-1"})}
    assert {entry.state for entry in found.values()} == {State.ALLOWED}
    assert people(services, REGISTER, {"level": 1, "secret": True}) == []


def test_a_question_that_has_no_answer_has_no_list(services: Services, world: World, clock: ManualClock) -> None:
    for function, resource in (("housing:nothing:here", {}), ("no function", {}), (REGISTER, {"division": "x"}), ("nowhere:a:b", {})):
        assert people(services, function, resource) == []
        assert services.authorization_queries.answers.count_people(function, resource, {}).allowed == 0
    assert people(services, REGISTER, department_id=UUID(int=7)) == []
    before = clock.now()
    clock.advance(timedelta(hours=1))
    services.subsystems.retire_subsystem(world.system_admin.actor(), "housing", "系统已由新系统替代")
    assert people(services, REGISTER) == []
    assert names(world, people(services, REGISTER, at=before)) == {"CHENJIE"}


def test_as_of_another_moment(services: Services, world: World, clock: ManualClock) -> None:
    """The past answers with the policy, the duties, the grants and the people of that moment."""
    before = clock.now()
    clock.advance(timedelta(days=1))
    grant = granted(services, world)
    clock.advance(timedelta(days=1))
    lent = clock.now()
    clock.advance(timedelta(hours=1))
    services.authorization.suspend_grant(world.li.actor(), grant, "核查")
    clock.advance(timedelta(days=1))
    resting = clock.now()
    clock.advance(timedelta(hours=1))
    services.authorization.resume_grant(world.li.actor(), grant)
    clock.advance(timedelta(days=1))
    again = clock.now()
    clock.advance(timedelta(hours=1))
    services.authorization.close_grant(SEED, grant, "不再需要")
    install(services, baseline().extended_by("roles: {counter_clerk: {}, housing_clerk: {}}", "bare"))
    services.identity.disable_official(SEED, world.people["CHENJIE"].official_id, "停职")
    assert people(services, REGISTER) == []
    assert names(world, people(services, REGISTER, at=before)) == {"CHENJIE"}
    assert names(world, people(services, REGISTER, at=lent)) == {"CHENJIE", "WANGFANG"}
    assert names(world, people(services, REGISTER, at=resting)) == {"CHENJIE"}
    assert names(world, people(services, REGISTER, at=again)) == {"CHENJIE", "WANGFANG"}
    assert people(services, REGISTER, at=before - timedelta(days=4000)) == []


def test_a_list_is_one_of_an_address(services: Services, world: World, clock: ManualClock) -> None:
    """Without an address whoever depends on the zone is named as depending on it; the past is asked with an address as well."""
    rule = """
    roles:
      counter_clerk: {rules: [{allow: [housing:register:read], when: 'context.network_zone == "office"'}]}
      housing_clerk: {rules: [{allow: [housing:register:read]}, {deny: [housing:register:read], when: 'context.network_zone == "outside"'}]}
    """
    install(services, baseline().extended_by(rule, "zones"))
    before = clock.now()
    clock.advance(timedelta(hours=1))
    clerks = {"WANGFANG", "SHANXUEMEI", "CHENJIE"}
    depending = people(services, REGISTER)
    assert names(world, depending) == clerks
    assert {(entry.state, entry.missing) for entry in depending} == {(State.CONDITIONAL, ("context.network_zone",))}
    for at in (None, before):
        assert names(world, people(services, REGISTER, client_address=AT_THE_OFFICE, at=at)) == clerks
    assert people(services, REGISTER, client_address=OUTSIDE) == []
    told = people(services, REGISTER, context={"network_zone": "office", "client_address": AT_THE_OFFICE})
    assert {entry.state for entry in told} == {State.CONDITIONAL}, "nobody names a zone"
    answers = services.authorization_queries.answers
    assert [answers.count_people(REGISTER, {}, {}, client_address=place).allowed for place in (None, OUTSIDE, AT_THE_OFFICE)] == [0, 0, 3]
    queries, wang = services.authorization_queries, world.wang.appointment_id
    assert REGISTER in queries.open_functions(wang, client_address=AT_THE_OFFICE)
    assert REGISTER not in queries.open_functions(wang, client_address=OUTSIDE) | queries.open_functions(wang)


# By property


@dataclass(frozen=True)
class Province:
    """A policy, what people are given under it, and a question."""

    policy: str
    duties: tuple[NewDutyRule, ...]
    moves: tuple[tuple[str, int, int], ...]
    function: str
    resource: dict[str, Any]
    context: dict[str, Any]
    address: str | None


_CONDITIONS = (
    "",
    "",
    "resource.division == subject.division",
    'subject.rank == "一级科员"',
    'subject.position in ["窗口受理员", "数据管理员"] and context.case_number == "XH-1"',
    "resource.level > 2",
    "not (resource.level > 2)",
    "under(resource.department_path, subject.department_path)",
    'subject.level == "county" or context.case_number == "XH-1"',
    "subject.label >= 1",
    "subject.active_appointment",
    'context.time < "12:00"',
    "resource.official_id == subject.official_id",
    '"内设机构负责人" in subject.all_positions',
    '"民政" in subject.business_lines',
    'subject.appointment_kind == "primary"',
    'context.network_zone == "office"',
    'not (context.network_zone == "outside")',
)
_SCOPES = ("", "", "own_division", "own_department", f"divisions: {XIHU}", "own_division and division under 330106", "case in my matters")
_ROLES = ("alpha", "beta", "gamma")
_HELD = ("alpha", "beta", "gamma", "official")


@st.composite
def _rules(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(("allow", "allow", "allow", "allow", "deny")))
    named = draw(st.lists(st.sampled_from((REGISTER, GUIDE, DOOR, "housing:*")), min_size=1, max_size=2, unique=True))
    rule: dict[str, Any] = {effect: named}
    if condition := draw(st.sampled_from(_CONDITIONS)):
        rule["when"] = condition
    if effect == "allow" and (scope := draw(st.sampled_from(_SCOPES))):
        rule["scope"] = scope
    return rule


@st.composite
def _policies(draw: st.DrawFn) -> str:
    roles: dict[str, Any] = {}
    for place, role in enumerate(_ROLES):
        includes = draw(st.lists(st.sampled_from(_ROLES[place + 1 :]), max_size=1)) if place < 2 else []
        roles[role] = {"includes": includes, "rules": draw(st.lists(_rules(), max_size=3))}
    if draw(st.integers(0, 3)) == 0:
        roles["official"] = {"rules": draw(st.lists(_rules(), min_size=1, max_size=2))}
    return yaml.safe_dump({"roles": {"counter_clerk": {}, "housing_clerk": {}, **roles}}, allow_unicode=True)


@st.composite
def _duties(draw: st.DrawFn) -> NewDutyRule:
    criteria = draw(
        st.sampled_from(
            (
                AppointmentCriteria(positions=("窗口受理员",)),
                AppointmentCriteria(positions=("内设机构负责人", "数据管理员"), ranks=("四级调研员", "县处级正职")),
                AppointmentCriteria(business_lines=("民政",), levels=("county",)),
                AppointmentCriteria(kinds=("concurrent",)),
                AppointmentCriteria(division_code=HANGZHOU),
            )
        )
    )
    label = draw(st.uuids()).hex
    return NewDutyRule(draw(st.sampled_from(_ROLES)), label, criteria, "x", bound=draw(st.booleans()))


_MOVES = (
    "assign",
    "assign",
    "assign",
    "narrow",
    "bounded",
    "person",
    "grant",
    "grant",
    "scoped",
    "suspend",
    "disable",
    "concurrent",
    "later",
)


@st.composite
def _provinces(draw: st.DrawFn) -> Province:
    resource = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "division": st.sampled_from((XIHU, YUHANG, HANGZHOU)),
                "department_path": st.sampled_from(("xihu", "xihu_housing", "government")),
                "level": st.integers(1, 4),
                "label": st.integers(0, 3),
                "official_id": st.sampled_from(("WANGFANG", "CHENJIE")),
            },
        )
    )
    return Province(
        policy=draw(_policies()),
        duties=tuple(draw(st.lists(_duties(), max_size=2))),
        moves=tuple(draw(st.lists(st.tuples(st.sampled_from(_MOVES), st.integers(0, 10), st.integers(0, 8)), min_size=3, max_size=9))),
        function=draw(st.sampled_from(FUNCTIONS)),
        resource=resource if draw(st.booleans()) else {},
        context=draw(st.fixed_dictionaries({}, optional={"case_number": st.sampled_from(("XH-1", "XH-2"))})),
        address=draw(st.sampled_from((None, AT_THE_OFFICE, AT_THE_OFFICE, OUTSIDE))),
    )


def _build(services: Services, world: World, province: Province, clock: ManualClock) -> list[Person]:
    """Make the province what the example says; return everybody, three more people than before included."""
    install(services, baseline().extended_by(province.policy, "example"))
    for duty in province.duties:
        # One that is bound for a role whose functions keep no bounds is refused.
        with suppress(GovcloudError):
            services.authorization.add_duty_rules(SEED, [duty])
    everybody = list(world.people.values())
    places = list(world.organisation.ids.values())
    now = clock.now()
    for number, (move, who, other) in enumerate(province.moves):
        person, place = everybody[who], places[other]
        role = _ROLES[number % 3]
        try:
            _move(services, world, move, person, place, role, now)
        except GovcloudError:
            continue
    return everybody


def _move(services: Services, world: World, move: str, person: Person, place: UUID, role: str, now: datetime) -> None:  # noqa: PLR0917 - a step
    grants, path = services.authorization, world.organisation.paths["xihu"]
    match move:
        case "assign":
            grants.assign_role(SEED, person.official_id, role, person.appointment_id)
        case "narrow":
            grants.assign_role(SEED, person.official_id, role, scope={"divisions": [XIHU]})
        case "bounded":
            grants.assign_role(SEED, person.official_id, role, scope={"department_path": path})
        case "person":
            grants.assign_role(SEED, person.official_id, role, until=now + timedelta(hours=1))
        case "concurrent":
            services.identity.appoint(SEED, person.official_id, NewAppointment(place, "窗口受理员", kind="concurrent"))
        case "disable":
            services.identity.disable_official(SEED, person.official_id, "停职")
        case _:
            scope = Scope((XIHU,)) if move == "scoped" else PROVINCE
            starts = now + timedelta(hours=1) if move == "later" else now
            case = "XH-1" if place in list(world.organisation.ids.values())[:4] else None
            usual = NewGrant(
                person.official_id, person.appointment_id, "housing", REGISTER, starts, now + timedelta(days=3), scope, case_number=case
            )
            grant = grants.open_grant(SEED, usual)
            if move == "suspend":
                grants.suspend_grant(world.li.actor(), grant, "核查")


def _told(world: World, province: Province) -> dict[str, Any]:
    """Return the resource with paths and ids in place of the names."""
    told = dict(province.resource)
    if "department_path" in told:
        told["department_path"] = world.organisation.paths[told["department_path"]]
    if "official_id" in told:
        told["official_id"] = str(world.people[told["official_id"]].official_id)
    return told


_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@hypothesis_settings(max_examples=8, suppress_health_check=_QUIET)
@given(_provinces())
def test_lists_say_what_decisions_say(services: Services, world: World, clock: ManualClock, province: Province) -> None:
    _lists_are_decisions(services, world, clock, province)


@pytest.mark.clients
@pytest.mark.timeout(600)
@hypothesis_settings(max_examples=60, suppress_health_check=_QUIET)
@given(_provinces())
def test_lists_say_what_decisions_say_in_a_long_stretch(services: Services, world: World, clock: ManualClock, province: Province) -> None:
    _lists_are_decisions(services, world, clock, province)


def _lists_are_decisions(services: Services, world: World, clock: ManualClock, province: Province) -> None:
    """Check it for everybody, under the primary appointment and under each, in a department, and function by function."""
    nowhere = an_official()
    services.identity.register_officials(SEED, [nowhere])
    everybody = [person.official_id for person in _build(services, world, province, clock)] + [nowhere.id]
    services.authorization.assign_role(SEED, nowhere.id, "beta")
    resource = _told(world, province)
    queries = services.identity_queries
    places = {official: queries.appointments_of(official) for official in everybody}
    primary = {official: next((place.id for place in held if place.kind == "primary"), None) for official, held in places.items()}

    around: dict[str, Any] = {"context": province.context, "client_address": province.address}

    def allowed(official: UUID, appointment: UUID | None, function: str = province.function) -> bool:
        return services.authorization.decide(Question(function, appointment, official, resource, **around)).allowed

    listed = people(services, province.function, resource, most=7, **around)
    assert len({entry.id for entry in listed}) == len(listed)
    assert [entry.id.int for entry in listed] == sorted(entry.id.int for entry in listed)
    mine = {entry.id for entry in listed if entry.state is State.ALLOWED and entry.id in primary}
    assert mine == {official for official in everybody if allowed(official, primary[official])}

    event(f"allowed: {min(len(mine), 3)}, conditional: {any(entry.state is State.CONDITIONAL for entry in listed)}")
    every = people(services, province.function, resource, most=7, **around, every_appointment=True)
    found = {(entry.id, place) for entry in every if entry.state is State.ALLOWED for place in entry.under if entry.id in primary}
    subjects: set[tuple[UUID, UUID | None]] = {(official, place.id) for official, held in places.items() for place in held}
    subjects |= {(official, None) for official, held in places.items() if not held}
    assert found == {subject for subject in subjects if allowed(*subject)}

    xihu = world.organisation.paths["xihu"]
    within = people(services, province.function, resource, most=7, **around, department_id=world.organisation.ids["xihu"])
    there = {
        place.official_id
        for held in places.values()
        for place in held
        if place.kind == "primary" and place.department_path.startswith(xihu)
    }
    assert {entry.id for entry in within if entry.state is State.ALLOWED} == mine & there

    for official in everybody:
        page = services.authorization_queries.answers.list_functions(official, primary[official], "housing", resource, **around)
        one_by_one = {code for code in FUNCTIONS if allowed(official, primary[official], code)}
        assert {entry.id for entry in page.rows if entry.state is State.ALLOWED} == one_by_one
        state = next((entry.state for entry in page.rows if entry.id == province.function), State.DENIED)
        assert state is next((entry.state for entry in listed if entry.id == official), State.DENIED)
    _complete(services, world, province, resource, [entry for entry in listed if entry.id in primary], primary)
    for official, appointment in sorted(subjects, key=str):
        _same_as_checks(services, Subjected(official, appointment, Asked("", resource, **around)))


def _same_as_checks(services: Services, of: Subjected) -> None:
    """Check that launcher, open functions and batch say of one person what decisions say, function by function."""
    official, appointment, asked = of
    answers = services.authorization_queries.answers
    around: dict[str, Any] = {"client_address": asked.client_address}

    def decide(function: str, **told: Any) -> Decision:  # noqa: ANN401 - fields of a question
        return services.authorization.decide(Question(function, appointment, official, client_address=asked.client_address, **told))

    told = {"resource": asked.resource, "context": asked.context}
    entries = answers.list_subsystems(official, appointment, asked.resource, asked.context, **around).rows
    published = [view.code for view, _ in services.subsystem_queries.published_doors()]
    opened = {entry.subsystem.code for entry in entries if entry.state is State.ALLOWED}
    assert opened == {code for code in published if decide(f"{code}:door:enter", **told).allowed}
    event(f"launcher: {len(opened)} open, {len(entries) - len(opened)} conditional")
    # Of the platform's own there are many, all alike to these lists: a few stand for them.
    theirs = [view.code for view in services.subsystem_queries.functions() if view.subsystem_code != "govcloud"]
    catalogue = [*theirs, "govcloud:request:submit", "govcloud:password:set", "govcloud:official:disable"]
    batch = answers.check([Subjected(official, appointment, replace(asked, function=code)) for code in catalogue])
    assert [checked.decision for checked in batch] == [decide(code, **told) for code in catalogue]
    states = {code: checked.state for code, checked in zip(catalogue, batch, strict=True)}
    for entry in entries:
        assert states.get(f"{entry.subsystem.code}:door:enter", entry.state) is entry.state
    if appointment is not None:
        usable = services.authorization_queries.open_functions(appointment, **around)
        assert usable & set(theirs) == {code for code in theirs if decide(code).allowed}


@hypothesis_settings(max_examples=6, suppress_health_check=_QUIET)
@given(_provinces(), _provinces())
def test_the_past_answers_as_it_did(services: Services, world: World, clock: ManualClock, province: Province, later: Province) -> None:
    _past_stays(services, world, clock, province, later)


@pytest.mark.clients
@pytest.mark.timeout(600)
@hypothesis_settings(max_examples=40, suppress_health_check=_QUIET)
@given(_provinces(), _provinces())
def test_the_past_answers_as_it_did_in_a_long_stretch(
    services: Services, world: World, clock: ManualClock, province: Province, later: Province
) -> None:
    _past_stays(services, world, clock, province, later)


def _past_stays(services: Services, world: World, clock: ManualClock, province: Province, later: Province) -> None:
    """Check that, whatever changes afterwards (policy, duties, roles, people), a question about a moment is answered as it was then."""
    everybody = _build(services, world, province, clock)
    clock.advance(timedelta(minutes=1))
    resource, then = _told(world, province), clock.now()
    answers = services.authorization_queries.answers
    around: dict[str, Any] = {"context": province.context, "client_address": province.address}

    def answered(at: datetime | None) -> tuple[Any, ...]:
        asked = Asked(province.function, resource, **around)
        checks = answers.check([Subjected(person.official_id, person.appointment_id, asked) for person in everybody], at=at)
        one = (everybody[0].official_id, everybody[0].appointment_id)
        return (
            people(services, province.function, resource, at=at, **around),
            people(services, province.function, resource, at=at, **around, every_appointment=True),
            [(found.decision.allowed, found.decision.code, found.decision.scope, found.state, found.missing) for found in checks],
            answers.list_functions(*one, "housing", resource, at=at, **around).rows,
            answers.list_subsystems(*one, resource, at=at, **around).rows,
        )

    now = answered(None)
    clock.advance(timedelta(minutes=1))
    _build(services, world, later, clock)
    clock.advance(timedelta(days=4))
    # What is live is what was bound to end as well: four days later the grants of both have run out.
    assert answered(then) == now


def _complete(  # noqa: PLR0917 - what the example is made of
    services: Services,
    world: World,
    province: Province,
    resource: dict[str, Any],
    listed: list[PersonEntry],
    primary: dict[UUID, UUID | None],
) -> None:
    """Check that nothing which a question leaves out would open it to somebody who is on no list."""
    if not resource:
        return  # a question about nothing in particular is wider than every question about something
    more = {"level": 3, "official_id": str(world.wang.official_id), "department_path": world.organisation.paths["xihu"]}
    context = {"case_number": "XH-1", **province.context}
    absent = {official for official in primary if official not in {entry.id for entry in listed}}
    for changed in ({**more, **resource}, {**more, "level": 1, **resource}):
        for official in absent:
            for address in (OUTSIDE, AT_THE_OFFICE) if province.address is None else (province.address,):
                question = Question(province.function, primary[official], official, changed, context, address)
                assert not services.authorization.decide(question).allowed


def test_a_page_takes_few_statements_however_many_people_there_are(services: Services, world: World) -> None:
    """As many for fifty people as for one: each reads its first rows alone, from an index in the order of people."""
    rows = [an_official(world.organisation.ids["xihu_housing"]) for _ in range(50)]
    services.identity.register_officials(SEED, rows)
    for row in rows:
        services.authorization.assign_role(SEED, row.id, "housing_clerk", row.appointments[0].id)
    services.authorization_queries.answers.list_people(REGISTER, {}, {})
    for limit in (1, 51):
        with counted() as asked:
            assert len(services.authorization_queries.answers.list_people(REGISTER, {}, {}, limit=limit).rows) == limit
        assert len(asked) == 6, asked


def test_the_first_page_reads_from_indexes_in_the_order_of_people(services: Services, world: World, clock: ManualClock) -> None:
    criteria = AppointmentCriteria(positions=("窗口受理员",))
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "窗口", criteria, "一窗通办")])
    queries = services.authorization_queries
    policy, duties = queries.policy(), queries.duties.rules().rows
    roles, opening = roles_about(policy, REGISTER)
    wanted = Candidates(REGISTER, clock.now(), tuple(sorted(roles)), duties, everybody=False, opening=opening, paths={})
    session = services.uow.read()
    plan_without(session, "seqscan", "bitmapscan")
    statement = wanted.boundary(None, 21).compile(db.engine, compile_kwargs={"render_postcompile": True})
    plan = "\n".join(session.connection().exec_driver_sql(f"EXPLAIN {statement}", statement.params).scalars())
    for index in ("ix_role_assignment_role_code", "ix_access_grant_function_official_id", "ix_appointment_position"):
        assert index in plan
