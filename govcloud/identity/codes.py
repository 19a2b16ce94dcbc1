"""The national codes of people, bodies and places: GB 11643, GB 32100 and GB/T 2260 (twelve digits in practice)."""

from __future__ import annotations

import re
from datetime import date

from stdnum.cn import ric, uscc

from govcloud.kernel.messages import Message

# GB 32100 section 4: digits and letters without I, O, S, V and Z. python-stdnum's own format check wants eight leading digits and
# so refuses the registering authorities A, N and Y; only its check digit is used.
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_DIVISION = re.compile(r"[1-9][0-9]{11}")
_PHONE = re.compile(r"1[3-9][0-9]{9}")

# The first two digits of GB/T 2260, with 81 to 83 for residence permits of people from Hong Kong, Macao and Taiwan.
_PROVINCES = frozenset(
    str(number)
    for region in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66), (71, 81, 82, 83))
    for number in region
)

# Where each level of a division code ends: province, city, county, township, village.
_DIVISION_ENDS = (2, 4, 6, 9, 12)
DIVISION_LEVELS = ("province", "city", "county", "township", "village")
_OLDEST_BIRTH = 1800


def id_number_fault(number: str, today: date) -> Message | None:
    """Return what is wrong with a citizen's ID number (GB 11643: 6 division + 8 birth + 3 sequence + check), or ``None``.

    The division is compared by province only: numbers keep codes of counties that were abolished long ago. Births from 1800 on
    pass, because generated people are born before 1900 so that no number is a living person's.
    """
    if not _ID_NUMBER.fullmatch(number):
        return Message("应为 18 位，前 17 位为数字，末位为数字或大写 X。")
    if number[:2] not in _PROVINCES:
        return Message("前两位不是已知的省级行政区划代码，请核对证件。")
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return Message("第 7 至 14 位不是有效的出生日期，请核对证件。")
    if birth.year < _OLDEST_BIRTH or birth > today:
        return Message("出生日期不在合理范围内，请核对证件。")
    if number[-1] != ric.calc_check_digit(number):
        return Message("校验位不符，请核对证件号码。")
    return None


def uscc_fault(code: str) -> Message | None:
    """Return what is wrong with a unified social credit code (GB 32100), or ``None``."""
    if not _USCC.fullmatch(code):
        return Message("统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z），第 3 至 8 位为数字。")
    if code[-1] != uscc.calc_check_digit(code[:-1]):
        return Message("统一社会信用代码的校验位不符，请核对登记证书。")
    return None


def division_fault(code: str) -> Message | None:
    """Return what is wrong with the form of a division code, or ``None``; whether it exists, the table knows."""
    if not _DIVISION.fullmatch(code):
        return Message("行政区划代码应为 12 位数字。")
    if code[:2] not in _PROVINCES:
        return Message("行政区划代码的前两位不是已知的省级代码。")
    filled = [int(code[start:end]) > 0 for start, end in zip((0, *_DIVISION_ENDS), _DIVISION_ENDS, strict=False)]
    if filled != sorted(filled, reverse=True):
        return Message("行政区划代码的上级部分不能为零，请核对。")
    return None


def phone_fault(phone: str) -> Message | None:
    """Return what is wrong with a mobile phone number of the mainland, or ``None``."""
    return None if _PHONE.fullmatch(phone) else Message("手机号应为 11 位数字，以 13 至 19 开头。")


def division_level(code: str) -> str:
    """Return the level of a well-formed division code: ``"province"`` … ``"village"``."""
    return DIVISION_LEVELS[_DIVISION_ENDS.index(len(division_prefix(code)))]


def division_prefix(code: str) -> str:
    """Return the digits that all divisions within ``code`` share; its zeros are cut off level by level, not one by one.

    ``331000000000`` (a city) gives ``3310``: cutting every zero would give ``331`` and take in other cities.
    """
    for end in _DIVISION_ENDS:
        if not code[end:].strip("0"):
            return code[:end]
    return code


def division_covers(outer: str, inner: str) -> bool:
    """Say whether ``inner`` lies within ``outer`` or is the same division."""
    return inner.startswith(division_prefix(outer))
