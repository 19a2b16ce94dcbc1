"""What makes a source unreadable as a whole, in one sentence with its place and what to do."""

from __future__ import annotations

from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message


def refused(code: str, message: Message, remedy: Message, *, line: int | None = None) -> Invalid:
    """Return the refusal of a source; ``line`` is where reading stopped."""
    fields = () if line is None else (FieldError("file", message, str(line)),)
    return Invalid(code, message, remedy=remedy, fields=fields)


def no_headings(missing: list[str]) -> Invalid:
    """Return the refusal of a table whose first row does not name the required columns."""
    return refused(
        "missing_columns",
        Message("第 1 行缺少必需的列：%(columns)s。", columns="、".join(missing)),
        Message("请使用模板的表头；列的顺序不限。"),
        line=1,
    )


def doubled(heading: str) -> Invalid:
    """Return the refusal of a table that names a column twice."""
    return refused("doubled_column", Message("第 1 行的列“%(column)s”出现了两次。", column=heading), Message("请删去多余的一列。"), line=1)


def too_long(line: int) -> Invalid:
    """Return the refusal of a source with a line that no row can be."""
    return refused(
        "record_too_long",
        Message("第 %(line)s 行过长：一行不能超过 64 KB。", line=line),
        Message("请检查该行是否缺少引号或换行，或有单元格粘贴了大段内容。"),
        line=line,
    )
