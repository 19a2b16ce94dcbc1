"""The language of conditions: three values, types, what an undetermined one lacks, and errors that point at the column."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.errors import ConditionError
from govcloud.authorization.policies.conditions import Condition, compile_condition
from govcloud.authorization.policies.vocabulary import CONTEXT, RESOURCE, SUBJECT
from tests.unit.authorization.worlds import CONDITIONS

FACTS: dict[str, dict[str, Any]] = {
    "subject": {
        "official_id": "me",
        "division": "330106000000",
        "department_path": "/a/b/",
        "label": 3,
        "business_lines": ("民政",),
        "rank": "县处级副职",
        "level": "county",
        "active_appointment": True,
        "appointment_kind": "primary",
    },
    "resource": {
        "division": "330106001000",
        "department_path": "/a/b/c/",
        "level": 2,
        "secret": False,
        "role": "clerk",
        "rank": "一级科员",
    },
    "context": {"time": "09:30", "weekday": 2, "workday": True, "network_zone": "office"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("resource.role == 'clerk'", True),
        ("resource.role != 'clerk'", False),
        ("under(resource.department_path, subject.department_path)", True),
        ("under(subject.department_path, resource.department_path)", False),
        ("within(resource.division, subject.division)", True),
        ("within(subject.division, resource.division)", False),
        ("subject.label >= 3 and resource.level < subject.label", True),
        ("'08:00' <= context.time < '18:00'", True),
        ("context.weekday in [6, 7]", False),
        ("context.weekday not in [6, 7]", True),
        ("'民政' in subject.business_lines", True),
        ("not resource.secret", True),
        ("resource.secret == false", True),
        ("true", True),
        ("false", False),
        # the working calendar, the network zone, the appointment acted under
        ("context.workday", True),
        ("not context.workday", False),
        ("context.workday == true and '09:00' <= context.time", True),
        ("context.network_zone == 'office'", True),
        ("context.network_zone in ['internet', 'outside']", False),
        ("subject.active_appointment", True),
        ("subject.appointment_kind in ['primary', 'attachment']", True),
        # ranks and levels stand above one another; as texts they would not
        ("subject.rank >= '县处级副职'", True),
        ("subject.rank > '县处级副职'", False),
        ("subject.rank > '一级科员'", True),
        ("subject.rank < '厅局级正职'", True),
        ("'乡科级正职' <= subject.rank <= '县处级正职'", True),
        ("subject.rank == '县处级副职'", True),
        ("subject.rank in ['县处级副职', '县处级正职']", True),
        ("subject.rank == '警长'", False),
        ("subject.rank > resource.rank", True),
        ("resource.rank < subject.rank", True),
        ("subject.rank > resource.role", None),
        ("subject.level >= 'township'", True),
        ("subject.level >= 'city'", False),
        ("subject.level == 'county'", True),
        # undetermined: an attribute that is not there, or of another type than is compared
        ("resource.absent == 1", None),
        ("not (resource.absent == 1)", None),
        ("resource.level == '2'", None),
        ("resource.role", None),
        ("within(resource.role, subject.division)", False),
        ("within(subject.division, resource.role)", None),
        ("resource.secret == 0", None),
        ("context.case_number == 'XH-1'", None),
        ("subject.post == '科员'", None),
        ("resource.level in resource.absent", None),
        ("resource.level in resource.role", None),
        # Kleene: what is certain stays certain
        ("resource.absent == 1 or subject.label == 3", True),
        ("resource.absent == 1 and subject.label == 4", False),
        ("resource.absent == 1 or subject.label == 4", None),
        ("resource.absent == 1 and subject.label == 3", None),
    ],
)
def test_value(text: str, *, value: bool | None) -> None:
    assert compile_condition(text).holds(FACTS) is value


@pytest.mark.parametrize("text", ["context.workday", "subject.active_appointment", "resource.secret"])
@pytest.mark.parametrize("odd", [None, "yes", 1, "true", []])
def test_what_is_neither_true_nor_false_is_undetermined(text: str, odd: object) -> None:
    owner, name = text.split(".")
    facts = {**FACTS, owner: {**FACTS[owner], name: odd}}
    assert compile_condition(text).holds(facts) is None
    assert compile_condition(f"not {text}").holds(facts) is None
    assert compile_condition(f"{text} and subject.label == 3").holds(facts) is None


# What an undetermined condition lacks


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("resource.absent == 1", {"resource.absent"}),
        ("not (resource.absent == 1)", {"resource.absent"}),
        ("resource.one == 1 and resource.two == 2", {"resource.one", "resource.two"}),
        ("resource.one == 1 or resource.two == 2", {"resource.one", "resource.two"}),
        ("resource.one == resource.two", {"resource.one", "resource.two"}),
        ("under(resource.path, subject.department_path)", {"resource.path"}),
        ("context.case_number == resource.role", {"context.case_number"}),
        ("resource.flag", {"resource.flag"}),
        ("not resource.flag", {"resource.flag"}),
        ("1 <= resource.absent <= 3", {"resource.absent"}),
        ("resource.absent in ['a']", {"resource.absent"}),
        # what is determined misses nothing
        ("resource.level == 2", set()),
        ("resource.absent == 1 or subject.label == 3", set()),
        ("resource.absent == 1 and subject.label == 4", set()),
        # undetermined for good: nothing that a question can tell would help
        ("resource.level == '2'", set()),
        ("subject.post == '科员'", set()),
        ("subject.post == resource.absent", set()),
        ("resource.role", set()),
        # one part that cannot come right spoils an and, and leaves the other parts of an or
        ("resource.absent == 1 and resource.level == '2'", set()),
        ("resource.absent == 1 or resource.level == '2'", {"resource.absent"}),
        ("not (resource.absent == 1 or resource.level == '2')", set()),
        ("not (resource.absent == 1 and resource.level == '2')", {"resource.absent"}),
        # what is false already needs not be told
        ("resource.absent == 1 or subject.label == 4", {"resource.absent"}),
        ("resource.one == 1 and (resource.two == 2 or subject.label == 4)", {"resource.one", "resource.two"}),
    ],
)
def test_missing(text: str, missing: set[str]) -> None:
    assert compile_condition(text).missing(FACTS) == missing


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("resource.absent == 1", {"resource.absent"}),
        ("resource.absent == 1 and resource.level == '2'", {"resource.absent"}),
        ("resource.absent == 1 or resource.level == '2'", set()),
    ],
)
def test_missing_for_it_to_be_false(text: str, missing: set[str]) -> None:
    """A deny that is undetermined is lifted when its condition turns out false."""
    assert compile_condition(text).missing(FACTS, wanted=False) == missing


def test_the_zone_can_be_told_and_the_calendar_cannot() -> None:
    facts = {**FACTS, "context": {"time": "09:30", "weekday": 2}}
    assert compile_condition("context.network_zone == 'office'").missing(facts) == {"context.network_zone"}
    assert compile_condition("context.workday").missing(facts) == frozenset()


_VALUES: dict[str, st.SearchStrategy[object]] = {
    "resource.level": st.sampled_from((None, 1, 3, "3")),
    "resource.a": st.sampled_from((None, "x, y", "z", 7)),
    "resource.division": st.sampled_from((None, "330106000000", "330110000000")),
    "resource.department_path": st.sampled_from((None, "/a/b/", "/c/")),
    "context.network_zone": st.sampled_from((None, "office", "outside")),
}


@given(st.sampled_from(sorted(set(CONDITIONS) - {""})), st.fixed_dictionaries(_VALUES), st.booleans())
def test_what_is_missing_is_what_can_bring_it_about(text: str, told: dict[str, Any], wanted: bool) -> None:  # noqa: FBT001
    """Whatever is told of the rest, an undetermined condition becomes ``wanted`` by some values of what it lacks, or else by none."""
    condition, facts = compile_condition(text), _facts(told)
    missing = condition.missing(facts, wanted=wanted)
    if condition.holds(facts) is not None:
        assert missing == frozenset()
        return
    reached = {_holds_with(condition, told, names, wanted=wanted) for names in (frozenset(missing), frozenset())}
    assert (True in reached) == bool(missing)
    everything = frozenset(name for name, value in told.items() if value is None)
    assert _holds_with(condition, told, everything, wanted=wanted) == bool(missing)


def _holds_with(condition: Condition, told: dict[str, Any], names: frozenset[str], *, wanted: bool) -> bool:
    """Return whether some values of ``names`` bring the condition to ``wanted``."""
    candidates: dict[str, tuple[object, ...]] = {
        "resource.level": (1, 3),
        "resource.a": ("x, y", "z"),
        "resource.division": ("330106000000", "330110000000"),
        "resource.department_path": ("/a/b/", "/c/"),
        "context.network_zone": ("office", "outside"),
    }
    tried: list[dict[str, Any]] = [dict(told)]
    for name in sorted(names):
        tried = [{**known, name: value} for known in tried for value in candidates[name]]
    return any(condition.holds(_facts(known)) is wanted for known in tried)


def _facts(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    facts = {"subject": FACTS["subject"], "resource": {}, "context": {"time": "09:30", "weekday": 2, "workday": True}}
    for name, value in told.items():
        owner, _, attribute = name.partition(".")
        facts[owner] = {**facts[owner], attribute: value}
    return facts


# Mistakes


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("subject.salary > 3", 1),
        ("subject.label == 'three'", 1),
        ("resource.a == 1 and subject.name == 'x'", 21),
        ("'中文' == '中文' and subject.wrong == 1", 18),
        ("context.weekday in ['1']", 1),
        ("subject.label in []", 18),
        ("open('/etc/passwd')", 1),
        ("resource.__class__.__name__ == 'x'", 1),
        ("(lambda: True)()", 1),
        ("[x for x in subject.business_lines]", 1),
        ("resource.a == 1 if true else false", 1),
        ("subject.label + 1 == 2", 1),
        ("under(resource.a)", 1),
        ("under(subject.label, subject.division)", 7),
        ("other.a == 1", 1),
        ("subject.label", 1),
        ("resource.a ==", 14),
        ("resource.a == 1; resource.b == 2", 16),
        ("", 1),
        ("1.5 == resource.a", 1),
        ("resource.a == None", 15),
        ("b'x' == resource.a", 1),
        ("resource.a is true", 1),
        ("f'{resource.a}' == 'x'", 1),
        # values that an attribute never has: the comparison would silently never be true
        ("'8:00' <= context.time", 1),
        ("context.time < '18.00'", 16),
        ("context.time < '25:00'", 16),
        ("context.weekday in [0, 6]", 20),
        ("context.weekday == 8", 20),
        ("subject.label >= 5", 18),
        ("resource.label > 5", 18),
        ("subject.rank >= '处长'", 17),
        ("resource.a == 1 and subject.rank >= '处长'", 37),
        ("subject.level == '县'", 18),
        ("subject.level > 'country'", 17),
        ("subject.appointment_kind == 'main'", 29),
        ("subject.kind in ['official', 'robot']", 17),
        # a rank is neither above nor below a level, a label or a weekday neither above nor below each other
        ("subject.rank >= subject.level", 1),
        ("subject.label >= context.weekday", 1),
        ("context.workday > false", 1),
        ("context.workday == 'yes'", 1),
        ("subject.business_lines == '民政'", 1),
        ("subject.business_lines > subject.business_lines", 1),
    ],
)
def test_refused_with_its_column(text: str, column: int) -> None:
    with pytest.raises(ConditionError) as refused:
        compile_condition(text)
    assert refused.value.column == column


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("subject.lable >= 2", "label"),
        ("context.holiday", "workday"),
        ("subject.salary > 3", "department_path"),
        ("'8:00' <= context.time", "08:00"),
        ("subject.rank >= '处长'", "县处级正职"),
        ("subject.level > 'country'", "township"),
        ("context.weekday == 8", "1 到 7"),
        ("os.system('x')", "under"),
        ("subject.label", "=="),
    ],
)
def test_the_error_says_what_can_be_written(text: str, remedy: str) -> None:
    with pytest.raises(ConditionError) as refused:
        compile_condition(text)
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("context.network_zone == 'offise'", 25),
        ("'offise' == context.network_zone", 1),
        ("context.workday and context.network_zone != 'offise'", 45),
        ("context.network_zone not in ['office', 'offise']", 29),
    ],
)
def test_a_zone_that_there_is_not_is_refused_with_those_that_there_are(text: str, column: int) -> None:
    with pytest.raises(ConditionError, match="office、outside") as refused:
        compile_condition(text, zones={"office", "outside"})
    assert refused.value.column == column
    with pytest.raises(ConditionError, match="GOVCLOUD_NETWORK_ZONES"):
        compile_condition(text, zones=())
    # What is in force stays readable when a zone goes, and so does a text where nobody knows the zones.
    assert compile_condition(text).text == text
    assert compile_condition(text, saving=False, zones={"office"}).text == text
    assert compile_condition(text.replace("offise", "office"), zones={"office", "outside"})


@pytest.mark.parametrize("text", ["'8:00' <= context.time", "subject.rank >= '处长'", "context.weekday == 8"])
def test_what_an_older_release_let_in_still_decides(text: str) -> None:
    """It is refused when a policy is saved; in force, it is never true, and brings nothing down."""
    assert compile_condition(text, saving=False).holds(FACTS) is not True


@pytest.mark.parametrize("text", ["(" * 400 + "true" + ")" * 400, "a\0b", "true " * 300, "not " * 500 + "true"])
def test_hostile_text_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(ConditionError):
        compile_condition(text)


@pytest.mark.parametrize("text", ["not " * 40 + "true", "true and " * 100 + "true"])
def test_long_text_is_read(text: str) -> None:
    assert compile_condition(text).holds(FACTS) is True


@given(st.text(st.sampled_from("subjectresourcecontext.label '\"=<>()[]andornot1,"), max_size=60))
def test_no_text_whatever_does_anything_but_be_refused_or_computed(text: str) -> None:
    try:
        condition = compile_condition(text)
    except ConditionError as error:
        column = error.column
    else:
        column = 1
        assert condition.holds(FACTS) in {True, False, None}
    assert 1 <= column <= len(text) + 1


def test_what_subjects_reads_are_remembered() -> None:
    condition = compile_condition("subject.label >= 2 and 'x' in subject.all_positions and resource.a == 1")
    assert condition.subject_reads == {"label", "all_positions"}


@pytest.mark.parametrize(("owner", "known"), [("subject", SUBJECT), ("resource", RESOURCE), ("context", CONTEXT)])
def test_every_attribute_can_be_read(owner: str, known: dict[str, Any]) -> None:
    for name, attribute in known.items():
        text = {
            "真假值": f"{owner}.{name}",
            "文字列表": f"'x' in {owner}.{name}",
            "数字": f"{owner}.{name} == 1",
        }.get(attribute.kind.value, f"{owner}.{name} == {owner}.{name}")
        assert isinstance(compile_condition(text), Condition)
