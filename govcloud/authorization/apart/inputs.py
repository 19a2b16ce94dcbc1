"""What the commands of separation of duty take in, and the checks on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from govcloud.authorization.apart.views import KINDS, PER_CASE
from govcloud.authorization.commands import REASON_MOST
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields

NAME_MOST = 100
MOST_FUNCTIONS = 50
LONGEST_EXCEPTION = timedelta(days=366)
_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_CODE_MOST = 60


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as it is to be: of ``functions`` nobody holds more than ``most`` (see ``SodRule`` for the kinds)."""

    code: str
    name: str
    kind: str
    functions: tuple[str, ...]
    reason: str
    most: int = 1
    liftable: bool = True


@dataclass(frozen=True, slots=True)
class NewException:
    """An exception to give: an official may hold the functions of a rule's set together until ``ends_at`` (UTC).

    Without ``functions`` all that the set has now.
    """

    official_id: UUID
    rule_code: str
    ends_at: datetime
    reason: str
    functions: tuple[str, ...] | None = None


def checked_rule(new: NewRule, in_catalogue: Callable[[str], bool], fields: Fields) -> NewRule:
    """Return the rule in its stored form; note in ``fields`` what is wrong with it."""
    code = fields.matching("code", new.code, _CODE, Message("代码由小写字母、数字和连字符组成，以字母开头。"))
    if len(code) > _CODE_MOST:
        fields.fail("code", Message("最多 %(most)s 个字符。", most=_CODE_MOST), code)
    name = fields.text("name", new.name, most=NAME_MOST)
    reason = fields.text("reason", new.reason, most=REASON_MOST, multiline=True)
    kind = fields.choice("kind", new.kind, KINDS)
    functions = tuple(sorted({function.strip() for function in new.functions if function.strip()}))
    if len(functions) > MOST_FUNCTIONS:
        fields.fail("functions", Message("最多 %(most)s 项。", most=MOST_FUNCTIONS), len(functions))
    else:
        _check_functions(functions, in_catalogue, fields)
    fields.number("most", new.most, least=1, most=MOST_FUNCTIONS)
    if len(functions) <= new.most and (kind != PER_CASE or functions):
        fields.fail("functions", Message("至少列出 %(least)s 项功能：可同时持有 %(most)s 项。", least=new.most + 1, most=new.most))
    return replace(new, code=code, name=name, reason=reason, functions=functions)


def _check_functions(functions: Collection[str], in_catalogue: Callable[[str], bool], fields: Fields) -> None:
    for function in functions:
        if not in_catalogue(function):
            fields.fail("functions", Message("功能目录中没有功能 %(function)s。", function=function), function)
