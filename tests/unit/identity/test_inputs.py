"""Input of identity: every wrong field is named at once, with its value shortened or masked and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from govcloud.identity import inputs
from govcloud.identity.inputs import NewAppointment, NewDepartment, NewDivision, NewOfficial
from govcloud.kernel.errors import Invalid
from govcloud.kernel.validation import Fields
from tests.factories.people import a_department, an_official

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
TODAY = date(2026, 11, 24)


def faults_of_official(row: NewOfficial) -> dict[str, str]:
    """Return field → shown value of everything that is wrong with ``row``."""
    fields = Fields()
    inputs.checked_official(row, fields, NOW, TODAY)
    return shown(fields)


def shown(fields: Fields) -> dict[str, str]:
    try:
        fields.done()
    except Invalid as error:
        return {item.field: item.value for item in error.fields}
    return {}


def test_a_right_official_comes_out_in_stored_form() -> None:
    row = replace(an_official(uuid4()), employee_code=" t00001 ", name="  王芳 ", phone=" ")
    clean = inputs.checked_official(row, Fields(), NOW, TODAY)
    assert (clean.employee_code, clean.name, clean.phone) == ("T00001", "王芳", None)
    assert clean.appointments[0].starts_at == NOW


def test_all_wrong_fields_come_at_once_and_personal_numbers_masked() -> None:
    row = NewOfficial("x", "", "110105194912310021", "99900112233", security_label=9)
    assert faults_of_official(row) == {
        "employee_code": "X",
        "id_number": "110105********0021",
        "phone": "999****2233",
        "name": "",
        "security_label": "9",
    }


@pytest.mark.parametrize(
    "name",
    ["王" * 51, "王\x00芳", "王\u202e芳", "王\n芳", "\ud800"],
)
def test_names_that_cannot_be_stored_or_would_deceive_are_refused(name: str) -> None:
    assert set(faults_of_official(replace(an_official(), name=name))) == {"name"}


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "'; DROP TABLE official; --", "买买提·艾力", "𠮷野", "Ünal"])
def test_html_and_sql_and_rare_characters_are_just_text(name: str) -> None:
    assert faults_of_official(replace(an_official(), name=name)) == {}


def test_a_huge_value_is_shortened_in_the_answer() -> None:
    assert len(faults_of_official(replace(an_official(), name="王" * 1_000_000))["name"]) < 100


def test_two_primary_appointments_are_refused() -> None:
    places = (NewAppointment(uuid4(), "窗口受理员"), NewAppointment(uuid4(), "业务审核员"))
    assert set(faults_of_official(replace(an_official(), appointments=places))) == {"appointments"}


def test_an_appointment_ends_after_it_begins() -> None:
    place = NewAppointment(uuid4(), "窗口受理员", starts_at=NOW, ends_at=NOW)
    assert set(faults_of_official(replace(an_official(), appointments=(place,)))) == {"ends_at"}
    later = replace(place, ends_at=NOW + timedelta(microseconds=1))
    assert faults_of_official(replace(an_official(), appointments=(later,))) == {}


def test_kinds_are_named_when_one_is_unknown() -> None:
    place = NewAppointment(uuid4(), "窗口受理员", kind="chief")
    assert faults_of_official(replace(an_official(), appointments=(place,))) == {"kind": "chief"}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (NewDivision("33010600000", "西湖区"), "code"),
        (NewDivision("330106000000", ""), "name"),
        (NewDivision("330106000000", "西湖区", "330200000000"), "parent_code"),
        (NewDivision("330106000000", "西湖区", "330106000000"), "parent_code"),
        (NewDivision("330100000000", "杭州市", "330106000000"), "parent_code"),
    ],
)
def test_wrong_divisions(row: NewDivision, field: str) -> None:
    fields = Fields()
    inputs.checked_division(row, fields)
    assert set(shown(fields)) == {field}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"uscc": "11330000002482285Z"}, "uscc"),
        ({"name": " "}, "name"),
        ({"level": "galaxy"}, "level"),
        ({"division_code": "33"}, "division_code"),
        ({"position": -1}, "position"),
        ({"business_lines": tuple(str(number) for number in range(21))}, "business_lines"),
        ({"business_lines": ("民政", "")}, "business_lines"),
    ],
)
def test_wrong_departments(change: dict[str, object], field: str) -> None:
    fields = Fields()
    row: NewDepartment = replace(a_department(), **change)  # type: ignore[arg-type]  # a table of changes
    inputs.checked_department(row, fields)
    assert field in shown(fields)


def test_a_batch_names_the_row() -> None:
    fields = Fields()
    for index, row in enumerate([an_official(), replace(an_official(), name="")]):
        inputs.checked_official(row, fields.row(index), NOW, TODAY)
    assert set(shown(fields)) == {"rows[1].name"}
