"""A rule's data scope as it stands in a policy: which rows a rule is about, said by where the subject stands.

::

    own_division                                      the subject's division and everything in it
    own_department                                    the subject's department and everything below it
    division under 330106                             a named division and everything in it
    case in my matters                                the cases that the subject's live grants name
    own_department and case in my matters             rows that are both
    own_division or division under 330108             rows that are either; "and" binds closer
    province                                          every row, as is the empty text
    divisions: 330106000000, 330108000000             the older way to name several divisions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from govcloud.authorization.errors import ConditionError
from govcloud.authorization.scopes.scope import NOTHING, PROVINCE, RowCondition, Scope, department_scope, division_scope
from govcloud.kernel.messages import Message

OWN_DIVISION = "own_division"
MAX_LENGTH = 1000
_NAMED = "divisions:"
_CODE_LENGTH = 12
_WORD = re.compile(r"\S+")
_DIGITS = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}")

#: What a part of an expression is worked out from: the subject's attributes, and the cases that its live grants name.
Subject = Mapping[str, Any]
Part = Callable[[Subject, Collection[str]], Scope]


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """A scope expression that has been checked; ``of`` gives the rows for a subject.

    ``reads_cases`` says whether the cases matter that the subject's live grants name: nobody works them out for nothing.
    """

    text: str
    rows: Part
    reads_cases: bool = False

    def of(self, subject: Subject, cases: Collection[str] = ()) -> Scope:
        """Return the rows for a subject's attributes, and for the cases that its live grants name."""
        return self.rows(subject, cases)


def compile_scope(text: str) -> ScopeRule:
    """Read a scope expression; see the head of this file.

    Raises:
        ConditionError: names the column (from 1), what is wrong there, and what can be written instead.
    """
    flat = text.replace("\n", " ").strip()
    if len(flat) > MAX_LENGTH:
        raise ConditionError(Message("数据范围过长（%(length)s 个字符），最多 %(most)s 个。", length=len(flat), most=MAX_LENGTH), 1)
    if not flat:
        return ScopeRule("", _province)
    if flat.startswith(_NAMED):
        return _named(flat)
    alternatives = _Reader(flat).read()
    canonical = " or ".join(" and ".join(part for part, _ in parts) for parts in alternatives)
    return ScopeRule(canonical, _union([_intersection([rows for _, rows in parts]) for parts in alternatives]), _CASES in canonical)


def _province(_subject: Subject, _cases: Collection[str]) -> Scope:
    return PROVINCE


def _own_division(subject: Subject, _cases: Collection[str]) -> Scope:
    """Return the subject's division; nobody's division is no row at all."""
    division = subject.get("division")
    return division_scope(division) if isinstance(division, str) and division else NOTHING


def _own_department(subject: Subject, _cases: Collection[str]) -> Scope:
    """Return the subject's department; who stands in none has no row at all."""
    path = subject.get("department_path")
    return department_scope(path) if isinstance(path, str) and path else NOTHING


def _cases_of_grants(_subject: Subject, cases: Collection[str]) -> Scope:
    return Scope(any_of=[RowCondition(case_number=case) for case in cases]) if cases else NOTHING


_CASES = "case in my matters"
_WORDS: Mapping[str, Part] = {
    "province": _province,
    OWN_DIVISION: _own_division,
    "own_department": _own_department,
    _CASES: _cases_of_grants,
}
_UNDER = ("division", "under")
_REMEDY = "province、own_division、own_department、division under 区划代码、case in my matters"


class _Reader:
    """Reads an expression word by word; every finding names its column."""

    def __init__(self, text: str) -> None:
        self._end = len(text) + 1
        self._words = [(match.group(), match.start() + 1) for match in _WORD.finditer(text)]
        self._place = 0

    def read(self) -> list[list[tuple[str, Part]]]:
        """Return the alternatives, each as its parts: how they are written, and what they mean."""
        alternatives = [[self._part()]]
        while self._place < len(self._words):
            word, column = self._words[self._place]
            if word not in {"and", "or"}:
                raise ConditionError(Message("这里要写 and 或 or，却是“%(word)s”。", word=word[:100]), column)
            self._place += 1
            if word == "or":
                alternatives.append([])
            alternatives[-1].append(self._part())
        return alternatives

    def _part(self) -> tuple[str, Part]:
        for words, read in self._forms():
            if self._words_ahead(len(words)) == words:
                return read(words)
        column = self._words[self._place][1] if self._place < len(self._words) else self._end
        word = " ".join(self._words_ahead(1))
        raise ConditionError(Message("不认识的数据范围“%(word)s”，可用：%(known)s。", word=word[:100], known=_REMEDY), column)

    def _forms(self) -> Iterator[tuple[tuple[str, ...], Callable[[tuple[str, ...]], tuple[str, Part]]]]:
        yield _UNDER, self._division_under
        for text in _WORDS:
            yield tuple(text.split()), self._fixed

    def _fixed(self, words: tuple[str, ...]) -> tuple[str, Part]:
        self._place += len(words)
        text = " ".join(words)
        return text, _WORDS[text]

    def _division_under(self, words: tuple[str, ...]) -> tuple[str, Part]:
        self._place += len(words)
        code, column = self._words[self._place] if self._place < len(self._words) else ("", self._end)
        scope = _division(code, column)
        self._place += 1
        return f"division under {code}", lambda _subject, _cases: scope

    def _words_ahead(self, count: int) -> tuple[str, ...]:
        return tuple(word for word, _ in self._words[self._place : self._place + count])


def _division(code: str, column: int) -> Scope:
    """Return the rows of a division written with its significant digits (``330106``) or in full."""
    if not _DIGITS.fullmatch(code) or code.startswith("00"):
        raise ConditionError(Message("“%(code)s”不是区划代码：写 2、4、6、9 或 12 位数字，如 330106。", code=code[:100]), column)
    return division_scope(code.ljust(_CODE_LENGTH, "0"))


def _named(text: str) -> ScopeRule:
    codes = tuple(code.strip() for code in text.removeprefix(_NAMED).split(","))
    try:
        named = Scope(codes)
    except ValueError as error:
        raise ConditionError(Message("区划代码必须是 12 位数字：%(codes)s", codes=", ".join(codes)[:200]), len(_NAMED) + 1) from error
    return ScopeRule(f"{_NAMED} {', '.join(codes)}", lambda _subject, _cases: named)


def _intersection(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]

    def rows(subject: Subject, cases: Collection[str]) -> Scope:
        found = PROVINCE
        for part in parts:
            found = found.intersect(part(subject, cases))
        return found

    return rows


def _union(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    return lambda subject, cases: Scope.union_of(part(subject, cases) for part in parts)
