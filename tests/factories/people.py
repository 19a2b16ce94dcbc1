"""Builders of valid input: people with ID numbers of nobody alive, departments with right credit codes."""

from __future__ import annotations

import random
from itertools import count
from uuid import UUID

from govcloud.cli.seed.numbers import CreditCodes, IdNumbers, Phones
from govcloud.identity.inputs import NewAppointment, NewDepartment, NewOfficial

_ID_NUMBERS = IdNumbers(["330106", "330110"], random.Random("tests/people"))
_PHONES = Phones(random.Random("tests/phones"))
_CREDIT_CODES = CreditCodes(random.Random("tests/departments"))
_SURNAMES = "王李张刘陈杨赵黄周吴"
_GIVEN = ("敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "杰", "娟", "建国", "秀英")
# The world takes the numbers below: what is made here is different from it, and from what was made before.
_numbers = count(10_000)


def id_number(number: int) -> str:
    """Return a valid ID number of somebody born before 1900; each ``number`` gives another one."""
    return _ID_NUMBERS[number]


def phone_number(number: int) -> str:
    """Return a valid phone number that nobody has; each ``number`` gives another one."""
    return _PHONES[number]


def credit_code(number: int, division: str = "330000") -> str:
    """Return a valid unified social credit code of an organ of the state; each ``number`` gives another one."""
    return _CREDIT_CODES.code(number, "11", division)


def an_official(at: UUID | None = None, *, name: str | None = None, position: str = "窗口受理员") -> NewOfficial:
    """Return an official as one types it in; ``at`` (a department's id) gives a primary appointment there."""
    number = next(_numbers)
    return NewOfficial(
        employee_code=f"T{number:06d}",
        name=name or _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number % len(_GIVEN)],
        id_number=id_number(number),
        phone=phone_number(number),
        rank="一级科员",
        appointments=(NewAppointment(at, position, "科员"),) if at else (),
    )


def a_department(parent_id: UUID | None = None, *, name: str | None = None, division: str = "330000000000") -> NewDepartment:
    """Return a department as one types it in, a root unless ``parent_id`` is given."""
    number = next(_numbers)
    return NewDepartment(credit_code(number, division), name or f"第{number}研究中心", division, "province", parent_id=parent_id)
