"""Commands on many rows: how many are taken at once, what they act on, and the look for rows that exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Select
from sqlalchemy.orm import Session

from govcloud.kernel.errors import Conflict, FieldError
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields, shorten

MOST_ROWS = 10_000
_MOST_ERRORS = 100


def one_place(ids: Iterable[str]) -> str:
    """Return the id of the one thing that a command acts on, or ``"batch"``."""
    seen = list(ids)
    return seen[0] if len(seen) == 1 else "batch"


def within_limit(rows: Sequence[object], fields: Fields) -> None:
    """Refuse an empty batch, and one that would hold its locks for too long.

    Raises:
        Invalid: at once, so that nothing else is looked at.
    """
    if not 1 <= len(rows) <= MOST_ROWS:
        fields.fail("rows", Message("一次应提交 1 至 %(most)s 行，请分批。", most=MOST_ROWS), len(rows))
        fields.done()


def refuse_known(
    session: Session,
    standing: Select[str] | Select[bytes],
    values: Sequence[str] | Sequence[bytes],
    *,
    field: str,
    message: Message,
    shown: Sequence[str] | None = None,
) -> None:
    """Refuse rows whose value is among the ``standing`` ones (a selection of one column), or stands twice in the batch.

    ``shown`` gives the values as people may see them (masked), by default the values themselves.

    Raises:
        Conflict: names every such row, the first hundred of a batch.
    """
    known: set[str | bytes] = set(session.scalars(standing.where(standing.selected_columns[0].in_(values))))
    counted = Counter(values)
    found = tuple(
        FieldError(f"rows[{index}].{field}", message, shorten(shown[index] if shown else str(value)))
        for index, value in enumerate(values)
        if value in known or counted[value] > 1
    )
    if found:
        raise Conflict(
            "already_exists",
            Message("有 %(count)s 处内容已登记，没有写入任何数据。", count=len(found)),
            remedy=Message("请从名单中去掉已登记的内容，或更正后重试。"),
            fields=found[:_MOST_ERRORS],
        )
