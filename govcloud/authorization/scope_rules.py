"""A rule's data scope as it stands in a policy: the whole province, the subject's own division, or named divisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from govcloud.authorization.errors import ConditionError
from govcloud.authorization.scope import NOTHING, PROVINCE, Scope
from govcloud.kernel.messages import Message

OWN_DIVISION = "own_division"
_NAMED = "divisions:"


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """A scope expression that has been checked; ``of`` gives the rows for a subject's attributes."""

    text: str
    of: Callable[[Mapping[str, Any]], Scope]


def compile_scope(text: str) -> ScopeRule:
    """Read ``""`` (the whole province), ``"own_division"`` or ``"divisions: 330106000000, 330108000000"``.

    Raises:
        ConditionError: the text is none of these, or a code is not a division code.
    """
    flat = text.strip()
    if not flat:
        return ScopeRule("", lambda _subject: PROVINCE)
    if flat == OWN_DIVISION:
        return ScopeRule(flat, _own_division)
    if flat.startswith(_NAMED):
        codes = tuple(code.strip() for code in flat.removeprefix(_NAMED).split(","))
        try:
            named = Scope(codes)
        except ValueError as error:
            raise ConditionError(Message("区划代码必须是 12 位数字：%(codes)s", codes=", ".join(codes)[:200]), len(_NAMED) + 1) from error
        return ScopeRule(f"{_NAMED} {', '.join(codes)}", lambda _subject: named)
    raise ConditionError(Message("数据范围只能写 own_division 或 divisions: 区划代码…，不能写“%(text)s”。", text=flat[:100]), 1)


def _own_division(subject: Mapping[str, Any]) -> Scope:
    """Return the subject's division; nobody's division is no row at all."""
    division = subject.get("division")
    return Scope((division,)) if isinstance(division, str) and division else NOTHING
