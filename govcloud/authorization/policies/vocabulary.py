"""The words of conditions: which attributes of subject, resource and context there are, their types, and what they can be.

What the platform knows itself stands beside what a relying system has to tell: only the latter can be *lacking* in a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from govcloud.identity.ranks import LADDER
from govcloud.kernel.messages import Message


class Kind(Enum):
    """The types of the language; ``ANY`` is a resource's attribute, whose type the owning subsystem knows."""

    TEXT = "文字"
    NUMBER = "数字"
    BOOLEAN = "真假值"
    TEXTS = "文字列表"
    NUMBERS = "数字列表"
    ANY = "未定类型"

    @property
    def label(self) -> Message:
        """Return the type's name for people."""
        return Message(self.value)


@dataclass(frozen=True)
class Domain:
    """What an attribute can be: ``holds`` says so of a value, ``remedy`` says it to people.

    ``order`` gives words that stand above one another their places, the highest having the greatest; ``ordered_only`` leaves other
    words to be compared for equality.
    """

    holds: Callable[[object], bool]
    remedy: Message
    order: Mapping[str, int] | None = None
    ordered_only: bool = False


@dataclass(frozen=True)
class Attribute:
    """An attribute's type, and what it can be (``None``: anything of its type)."""

    kind: Kind
    domain: Domain | None = None


def _among(*words: str) -> Domain:
    return Domain(frozenset(words).__contains__, Message("只能写：%(words)s。", words="、".join(words)))


def _number(least: int, most: int) -> Domain:
    return Domain(range(least, most + 1).__contains__, Message("只能是 %(least)s 到 %(most)s 的整数。", least=least, most=most))


def _ladder(words: tuple[str, ...], *, ordered_only: bool) -> Domain:
    """Return words that stand above one another; the first is the highest."""
    order = {word: len(words) - place for place, word in enumerate(words)}
    return Domain(order.__contains__, Message("能比较高低的只有：%(words)s。", words="、".join(words)), order, ordered_only)


_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
TIME = Domain(
    lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
    Message("时刻写作两位小时和两位分钟，如 08:00、17:30。"),
)
#: 公务员职务与职级并行规定; a rank that is not on the ladder is neither above nor below any other.
RANK = _ladder(LADDER, ordered_only=True)
LEVEL = _ladder(("province", "city", "county", "township"), ordered_only=False)
LABEL = _number(0, 4)

_TEXT = Attribute(Kind.TEXT)
SUBJECT: Mapping[str, Attribute] = {
    "kind": Attribute(Kind.TEXT, _among("official", "subsystem", "system", "anonymous")),
    "official_id": _TEXT,
    "appointment_id": _TEXT,
    "active_appointment": Attribute(Kind.BOOLEAN),
    "department_id": _TEXT,
    "department_path": _TEXT,
    "division": _TEXT,
    "business_lines": Attribute(Kind.TEXTS),
    "level": Attribute(Kind.TEXT, LEVEL),
    "rank": Attribute(Kind.TEXT, RANK),
    "post": _TEXT,
    "position": _TEXT,
    "appointment_kind": Attribute(Kind.TEXT, _among("primary", "concurrent", "attachment", "secondment")),
    "all_department_ids": Attribute(Kind.TEXTS),
    "all_positions": Attribute(Kind.TEXTS),
    "label": Attribute(Kind.NUMBER, LABEL),
    "client_id": _TEXT,
}
#: Of all live appointments of the official, not only the one that is acted under; read only when a condition asks for them.
EVERYWHERE = frozenset({"all_department_ids", "all_positions"})
RESOURCE: Mapping[str, Attribute] = {
    "division": _TEXT,
    "department_path": _TEXT,
    "case_number": _TEXT,
    "type": _TEXT,
    "id": _TEXT,
    "label": Attribute(Kind.NUMBER, LABEL),
}
CONTEXT: Mapping[str, Attribute] = {
    "time": Attribute(Kind.TEXT, TIME),
    "weekday": Attribute(Kind.NUMBER, _number(1, 7)),
    "workday": Attribute(Kind.BOOLEAN),
    "network_zone": _TEXT,
    "case_number": _TEXT,
}
#: What conditions call the network zone; which zones there are says each installation itself (``GOVCLOUD_NETWORK_ZONES``).
ZONE = ("context", "network_zone")
OWNERS: Mapping[str, Mapping[str, Attribute]] = {"subject": SUBJECT, "resource": RESOURCE, "context": CONTEXT}
_ANY = Attribute(Kind.ANY)
#: What of the context a relying system tells: the case itself, and the zone by the address of the person's device.
_TOLD = frozenset({"case_number", "network_zone"})


def attribute(owner: str, name: str) -> Attribute | None:
    """Return what is known of an attribute; a resource may have any, which then is of whatever type."""
    return OWNERS[owner].get(name, _ANY if owner == "resource" else None)


def zone_domain(zones: Collection[str]) -> Domain:
    """Return what the network zone can be where these are the zones; where there are none, it is never anything."""
    if not zones:
        return Domain(frozenset[object]().__contains__, Message("这里没有配置网络区域，请先在 GOVCLOUD_NETWORK_ZONES 中配置。"))
    return Domain(frozenset(zones).__contains__, Message("配置的网络区域只有：%(words)s。", words="、".join(sorted(zones))))


def can_be_told(owner: str, name: str) -> bool:
    """Return whether the question could have carried the attribute; the others the platform knows, or nobody does."""
    return owner == "resource" or (owner == "context" and name in _TOLD)
