"""How personal data is shown when it is masked: enough to recognise what one knows already, not enough to use (个人信息保护法)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

#: What turns a value into what may be shown of it.
Mask = Callable[[object], str]

_ID_NUMBER = 18
_PHONE = 11
_LONGEST = 20
_CARD_DIGITS = range(13, 20)
_MOST_OF_A_NAME = 3
_ADDRESS_SHOWN = 6
#: What is shown of a value that no other mask knows: nothing, its length included.
COVER = "******"


def generic(value: object) -> str:  # noqa: ARG001 - a mask takes the value, even where it shows nothing of it
    """Return six stars, whatever the value is: neither a character nor the length is shown."""
    return COVER


def id_number(value: object) -> str:
    """Return ``110105********002X`` for an ID number (GB 11643); anything of another length is hidden whole."""
    text = _plain(value)
    return f"{text[:6]}********{text[-4:]}" if len(text) == _ID_NUMBER else _stars(text)


def phone(value: object) -> str:
    """Return ``138****8000`` for a mobile number; anything of another length is hidden whole."""
    text = _plain(value)
    return f"{text[:3]}****{text[-4:]}" if len(text) == _PHONE else _stars(text)


def name(value: object) -> str:
    """Return the first character of a person's name: ``王*``, ``欧***``; a name of one character is hidden."""
    text = _plain(value)
    return f"{text[0]}{'*' * min(len(text) - 1, _MOST_OF_A_NAME)}" if len(text) > 1 else _stars(text)


def address(value: object) -> str:
    """Return the first six characters of an address, about the town; a shorter one is hidden whole."""
    text = _plain(value)
    return f"{text[:_ADDRESS_SHOWN]}{COVER}" if len(text) > 2 * _ADDRESS_SHOWN else COVER


def bank_card(value: object) -> str:
    """Return the last four digits of a card's or an account's number; what is no such number is hidden whole."""
    text = _plain(value).replace(" ", "")
    return f"{'*' * 12}{text[-4:]}" if len(text) in _CARD_DIGITS and text.isascii() and text.isdigit() else _stars(text)


def email(value: object) -> str:
    """Return the first character and the host of an address: ``w****@example.cn``; what is no such address is hidden whole."""
    text = _plain(value)
    local, at, host = text.rpartition("@")
    return f"{local[0]}****@{host}" if at and len(local) > 1 and host else _stars(text)


#: The mask of a field, by the name that policies give it; every other field gets ``generic``.
STANDARD: Mapping[str, Mask] = MappingProxyType(
    {
        "id_number": id_number,
        "phone": phone,
        "mobile": phone,
        "name": name,
        "address": address,
        "bank_card": bank_card,
        "bank_account": bank_card,
        "email": email,
    }
)


def _plain(value: object) -> str:
    """Return a text or a whole number as text; anything else has no characters that could be shown."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, str) else ""


def _stars(text: str) -> str:
    """Return one star a character, twenty at most, so that a mistyped number is not shown either."""
    return "*" * min(len(text), _LONGEST) or COVER
