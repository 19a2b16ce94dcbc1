"""Attributes of a question as people read them: what a list that cannot be certain says it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from govcloud.kernel.messages import Message
from govcloud.web.locale import say

ATTRIBUTES: Mapping[str, Message] = {
    "resource.division": Message("数据的行政区划"),
    "resource.department_path": Message("数据所属部门"),
    "resource.case_number": Message("数据的办件编号"),
    "resource.label": Message("数据的安全标记"),
    "context.network_zone": Message("网络区域"),
    "context.case_number": Message("办件编号"),
}


def attribute_words(names: Iterable[str]) -> str:
    """Return attributes as people read them; those that only a subsystem knows keep their names."""
    return say(Message("、")).join(say(ATTRIBUTES[name]) if name in ATTRIBUTES else name for name in names)
