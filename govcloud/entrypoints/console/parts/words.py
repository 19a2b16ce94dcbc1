"""Words that only the console needs: the levels of departments, the states of an import, the facts of the lists' entries."""

from __future__ import annotations

from collections.abc import Mapping

from govcloud.kernel.messages import Message
from govcloud.web.words import StateWord

LEVELS: Mapping[str, Message] = {
    "province": Message("省级"),
    "city": Message("市级"),
    "county": Message("县级"),
    "township": Message("乡镇级"),
}

RUN: Mapping[str, StateWord] = {
    "uploaded": StateWord(Message("预检中"), "hourglass"),
    "checking": StateWord(Message("预检中"), "hourglass"),
    "checked": StateWord(Message("待确认"), "clock", "warning"),
    "queued": StateWord(Message("排队中"), "hourglass"),
    "running": StateWord(Message("导入中"), "timer", "primary"),
    "done": StateWord(Message("已完成"), "circle-check", "success"),
    "failed": StateWord(Message("未完成"), "circle-x", "danger"),
    "discarded": StateWord(Message("已放弃"), "ban"),
}

FACTS: Mapping[str, Message] = {
    "name": Message("事项名称"),
    "kind": Message("事项类型"),
    "legal_basis": Message("设定依据"),
    "promised_days": Message("承诺办结时限"),
}
