"""How personal numbers are shown: enough to recognise one's own, not enough to use (个人信息保护法)."""

from __future__ import annotations

_ID_NUMBER_LENGTH = 18
_PHONE_LENGTH = 11


def mask_id_number(number: str) -> str:
    """Return ``110105********002X`` for an ID number; anything of another length is hidden whole."""
    return f"{number[:6]}********{number[-4:]}" if len(number) == _ID_NUMBER_LENGTH else _hidden(number)


def mask_phone(phone: str) -> str:
    """Return ``138****8000`` for a phone number; anything of another length is hidden whole."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) == _PHONE_LENGTH else _hidden(phone)


def _hidden(value: str) -> str:
    """Return one star a character, twenty at most, so that a mistyped number is not shown either."""
    return "*" * min(len(value), 20)


#: The usual family names of two characters.
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "夏侯", "尉迟", "皇甫", "慕容", "令狐", "司徒", "端木", "公孙", "长孙", "宇文", "东方", "南宫")


def family_name(name: str) -> str:
    """Return a name without the given one: ``王*``, ``欧阳*``."""
    compound = next((found for found in _COMPOUND if name.startswith(found) and name != found), name[:1])
    return f"{compound}*" if name else ""
