"""What the commands on the lists take in, and the checks that need no database: single commands and files share them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from govcloud.identity.codes import uscc_fault
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.listing.columns import MOST_BASIS

_POWER_CODE = re.compile(r"[0-9A-Z]{12}")
_POWER_KIND = re.compile(r"[0-9]{2}")
_SERVICE_CODE = re.compile(r"[0-9A-Z]{18}[0-9][0-9A-Z]{12}")
_KIND_DIGITS = slice(2, 4)
_USCC_LENGTH = 18
_MOST_NAME = 100
MOST_DAYS = 999
#: GB/T 39554.1: 1 国家 2 省 3 市 4 县 5 乡镇 6 村. Nobody exercises a power above their own level.
EXERCISE_LEVELS = {"1": "national", "2": "province", "3": "city", "4": "county", "5": "township", "6": "village"}
_LEVEL_DIGIT = {level: digit for digit, level in EXERCISE_LEVELS.items()}


@dataclass(frozen=True)
class NewPowerItem:
    """An entry of a department's power list: base code of 12 characters, kind of two digits (01 许可 … 20 公共服务)."""

    code: str
    name: str
    kind: str
    department_id: UUID
    id: UUID = field(default_factory=new_id)
    legal_basis: str = ""


@dataclass(frozen=True)
class NewServiceItem:
    """A service item: implementation code of 31 characters, of the department of its power item; days are working days."""

    code: str
    name: str
    power_item_id: UUID
    id: UUID = field(default_factory=new_id)
    promised_days: int | None = None


@dataclass(frozen=True)
class ItemChange:
    """What an entry says from now on; facts that are not named stay."""

    item_id: UUID
    facts: Mapping[str, Any]


def checked_power_item(row: NewPowerItem, fields: Fields) -> NewPowerItem:
    """Check the form of a power item; kinds are an open set, as provinces add their own, and stand in the code as well."""
    code = fields.matching("code", row.code, _POWER_CODE, Message("基本编码应为 12 位数字或大写字母。"))
    kind = fields.matching("kind", row.kind, _POWER_KIND, Message("事项类型应为两位数字，如 01 行政许可、20 公共服务。"))
    if _POWER_CODE.fullmatch(code) and _POWER_KIND.fullmatch(kind):
        check_kind(code, kind, fields)
    return replace(row, code=code, kind=kind, name=checked_name(row.name, fields), legal_basis=checked_basis(row.legal_basis, fields))


def checked_service_item(row: NewServiceItem, fields: Fields) -> NewServiceItem:
    """Check the form of a service item: credit code 18 + exercise level 1 + base code 12 (GB/T 39554.1)."""
    grammar = Message("实施编码应为 31 位：统一社会信用代码 18 位 + 行使层级 1 位数字 + 基本编码 12 位。")
    code = fields.matching("code", row.code, _SERVICE_CODE, grammar)
    if _SERVICE_CODE.fullmatch(code):
        if fault := uscc_fault(code[:_USCC_LENGTH]):
            fields.fail("code", fault, code)
        if code[_USCC_LENGTH] not in EXERCISE_LEVELS:
            fields.fail("code", Message("第 19 位为行使层级，应为 1 至 6（国家、省、市、县、乡镇、村）。"), code)
    return replace(row, code=code, name=checked_name(row.name, fields), promised_days=checked_days(row.promised_days, fields))


def checked_facts(code: str, facts: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Check facts that an entry of ``code`` is to say from now on."""
    checks: dict[str, Callable[[Any, Fields], Any]] = {"name": checked_name, "legal_basis": checked_basis, "promised_days": checked_days}
    found = {name: checks[name](value, fields) for name, value in facts.items() if name in checks}
    if "kind" in facts:
        found["kind"] = fields.matching("kind", facts["kind"], _POWER_KIND, Message("事项类型应为两位数字，如 01 行政许可、20 公共服务。"))
        check_kind(code, found["kind"], fields)
    return found


def checked_name(name: str, fields: Fields) -> str:
    """Return the name of an entry in its stored form."""
    return fields.text("name", name, most=_MOST_NAME)


def checked_basis(basis: str, fields: Fields) -> str:
    """Return the legal basis in its stored form; it may have lines."""
    return fields.text("legal_basis", basis.replace("\r\n", "\n"), least=0, most=MOST_BASIS, multiline=True)


def checked_days(days: int | None, fields: Fields) -> int | None:
    """Return the promised working days; ``None`` promises nothing."""
    return None if days is None else fields.number("promised_days", days, least=0, most=MOST_DAYS)


def check_kind(code: str, kind: str, fields: Fields) -> None:
    """Note a kind that is another than the base code says in its third and fourth place."""
    if code[_KIND_DIGITS] != kind:
        fields.fail("kind", Message("与基本编码的第 3、4 位（%(digits)s）不一致，请核对编码和类型。", digits=code[_KIND_DIGITS]), kind)


def level_fault(code: str, level: str) -> Message | None:
    """Return what is wrong with the exercise level of an implementation code for a department of ``level``, or ``None``."""
    if code[_USCC_LENGTH] >= _LEVEL_DIGIT[level]:
        return None
    return Message("第 19 位的行使层级（%(digit)s）高于该部门的层级；请核对编码。", digit=code[_USCC_LENGTH])


def service_code_parts(code: str) -> tuple[str, str]:
    """Return the credit code and the base code that an implementation code is made of."""
    return code[:_USCC_LENGTH], code[_USCC_LENGTH + 1 :]


def well_formed(code: str) -> bool:
    """Say whether ``code`` could stand on one of the lists, so that a row with it is about that entry whatever else is wrong."""
    return bool(_POWER_CODE.fullmatch(code) or _SERVICE_CODE.fullmatch(code))
