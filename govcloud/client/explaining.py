"""A decision in words: why, which rows and fields, until when, and what would help; in Chinese and in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from govcloud.client.decisions import CheckDecision
    from govcloud.client.rows import RowCondition, Rows
    from govcloud.client.views import View

CHINESE = "zh-CN"
_CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
_WORDS: Mapping[str, Mapping[str, str]] = {
    CHINESE: {
        "yes": "可以使用：{function}。",
        "no": "不能使用：{function}。",
        "because": "原因：{reason}",
        "rows": "可看的数据：{rows}。",
        "all": "全部",
        "none": "无",
        "within": "{name}及以下",
        "case": "办件 {name}",
        "and": "且",
        "list": "、",
        "masked": "脱敏显示：{fields}（{rows}）。",
        "hidden": "不显示：{fields}（{rows}）。",
        "until": "有效至 {moment}（北京时间）。",
        "request": "可申请临时权限：{url}",
        "owner": "由{owner}审批。",
        "days": "最长 {days} 天。",
        "missing": "问题中没有说明：{names}。",
        "trace": "追踪号 {trace}",
    },
    "en": {
        "yes": "May be used: {function}.",
        "no": "May not be used: {function}.",
        "because": "Why: {reason}",
        "rows": "Rows that are open: {rows}.",
        "all": "all",
        "none": "none",
        "within": "{name} and below",
        "case": "case {name}",
        "and": " and ",
        "list": ", ",
        "masked": "Shown masked: {fields} ({rows}).",
        "hidden": "Not shown: {fields} ({rows}).",
        "until": "Until {moment} (UTC+8).",
        "request": "Temporary access can be requested: {url}",
        "owner": "It is decided by {owner}.",
        "days": "{days} days at most.",
        "missing": "The question did not say: {names}.",
        "trace": "Trace number {trace}",
    },
}


@dataclass(frozen=True)
class Explanation:
    """One decision on one function, in words."""

    function: str
    decision: CheckDecision

    def lines(self, language: str = CHINESE, *, names: Mapping[str, str] | None = None) -> list[str]:
        """Return the sentences, the answer first.

        Args:
            language: ``zh-CN`` or ``en``; any other is Chinese.
            names: what a division's code, a department's path or a field is called, by itself.
        """
        return list(_Telling(_WORDS.get(language, _WORDS[CHINESE]), language, names or {}).of(self))


class _Telling:
    """Puts one explanation into one language."""

    def __init__(self, words: Mapping[str, str], language: str, names: Mapping[str, str]) -> None:
        self._words = words
        self._language = language
        self._names = names

    def of(self, told: Explanation) -> Iterator[str]:
        decision = told.decision
        yield self._say("yes" if decision.allowed else "no", function=self._names.get(told.function, told.function))
        if reason := decision.reason(self._language):
            yield self._say("because", reason=reason)
        yield from self._sight(decision) if decision.allowed else self._help(decision)

    def _sight(self, decision: CheckDecision) -> Iterator[str]:
        """Tell what may be seen, and until when."""
        yield self._say("rows", rows=self._rows(decision.rows))
        for view in decision.views:
            yield from self._fields(view)
        if decision.ends_at:
            yield self._say("until", moment=_local(decision.ends_at))

    def _fields(self, view: View) -> Iterator[str]:
        for word, fields in (("masked", view.fields.masked - view.fields.hidden), ("hidden", view.fields.hidden)):
            if fields:
                named = self._words["list"].join(self._names.get(field, field) for field in sorted(fields))
                yield self._say(word, fields=named, rows=self._rows(view.rows))

    def _help(self, decision: CheckDecision) -> Iterator[str]:
        """Tell what would fix a denial."""
        if decision.missing:
            yield self._say("missing", names=self._words["list"].join(decision.missing))
        if asked := decision.access_request:
            yield self._say("request", url=asked.url)
            if asked.owner:
                yield self._say("owner", owner=asked.owner)
            if asked.max_days:
                yield self._say("days", days=str(asked.max_days))
        if decision.trace_id:
            yield self._say("trace", trace=decision.trace_id)

    def _rows(self, rows: Rows) -> str:
        if rows.alternatives is None:
            return self._words["all"]
        return self._words["list"].join(map(self._condition, rows.alternatives)) or self._words["none"]

    def _condition(self, item: RowCondition) -> str:
        return self._words["and"].join(_FORMS[key](self, value) for key, value in item.named().items())

    def within(self, place: str) -> str:
        """Name a division or a department with what lies in it."""
        return self._say("within", name=self._names.get(place, place))

    def case(self, number: str) -> str:
        """Name a case."""
        return self._say("case", name=number)

    def _say(self, word: str, **values: str) -> str:
        # Values come from outside; only our own sentence is a template.
        return self._words[word].format_map(values)


def _local(moment: str) -> str:
    """Return an instant of the wire as people here read it, in China Standard Time; what cannot be read stays as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone(_CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return moment


_FORMS: Mapping[str, Callable[[_Telling, str], str]] = {
    "division": _Telling.within,
    "department_path": _Telling.within,
    "case_number": _Telling.case,
}
