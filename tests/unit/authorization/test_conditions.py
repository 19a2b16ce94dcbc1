"""The language of conditions: three values, types, and errors that point at the column."""

from __future__ import annotations

import pytest

from govcloud.authorization.conditions import compile_condition
from govcloud.authorization.errors import ConditionError

FACTS = {
    "subject": {"official_id": "me", "division": "330106000000", "department_path": "/a/b/", "label": 3, "business_lines": ("民政",)},
    "resource": {"division": "330106001000", "department_path": "/a/b/c/", "level": 2, "secret": False, "role": "clerk"},
    "context": {"time": "09:30", "weekday": 2},
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
        # undetermined: an attribute that is not there, or of another type than is compared
        ("resource.absent == 1", None),
        ("not (resource.absent == 1)", None),
        ("resource.level == '2'", None),
        ("resource.role", None),
        ("within(resource.role, subject.division)", False),
        ("within(subject.division, resource.role)", None),
        ("resource.secret == 0", None),
        # Kleene: what is certain stays certain
        ("resource.absent == 1 or subject.label == 3", True),
        ("resource.absent == 1 and subject.label == 4", False),
        ("resource.absent == 1 or subject.label == 4", None),
        ("resource.absent == 1 and subject.label == 3", None),
    ],
)
def test_value(text: str, *, value: bool | None) -> None:
    assert compile_condition(text).holds(FACTS) is value


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
    ],
)
def test_refused_with_its_column(text: str, column: int) -> None:
    with pytest.raises(ConditionError) as refused:
        compile_condition(text)
    assert refused.value.column == column


@pytest.mark.parametrize("text", ["(" * 400 + "true" + ")" * 400, "a\0b", "true " * 300, "not " * 500 + "true"])
def test_hostile_text_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(ConditionError):
        compile_condition(text)


@pytest.mark.parametrize("text", ["not " * 40 + "true", "true and " * 100 + "true"])
def test_long_text_is_read(text: str) -> None:
    assert compile_condition(text).holds(FACTS) is True
