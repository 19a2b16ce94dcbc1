"""From records to entries: each row of a file checked by the same checks as the single commands, and rows against each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.findings import Finding
from govcloud.kernel.tables.record import Record
from govcloud.kernel.validation import Fields
from govcloud.subsystems.listing import inputs
from govcloud.subsystems.listing.columns import KIND_OF
from govcloud.subsystems.listing.inputs import NewPowerItem, NewServiceItem
from govcloud.subsystems.listing.kinds import ListKind

_NOBODY = UUID(int=0)
_DAYS = re.compile(r"[0-9]{1,6}")


@dataclass(slots=True)
class Entry:
    """One entry as a file or a command names it.

    ``facts`` are those that the source gives; ``uscc`` names the department, ``base`` the entry of the power list that a service
    item rests on. The ids are found when it is compared with what stands; a caller's own ``item_id`` is kept.
    """

    line: int
    code: str
    facts: dict[str, Any]
    uscc: str = ""
    base: str = ""
    department_id: UUID | None = None
    power_item_id: UUID | None = None
    item_id: UUID | None = None
    findings: list[Finding] = field(default_factory=list)

    def fail(self, name: str, message: Message, value: object = "") -> None:
        """Note what is wrong with the entry."""
        fields = Fields()
        fields.fail(name, message, value)
        self.findings += (Finding.of(self.line, error) for error in fields.findings)


def read_entries(kind: ListKind, records: Iterable[Record], most: int) -> list[Entry]:
    """Return the entries of a file with what is wrong in each.

    Raises:
        Invalid: the file cannot be read on, is empty, or has more than ``most`` rows.
    """
    entries: list[Entry] = []
    for record in records:
        if len(entries) >= most:
            raise Invalid(
                "too_many_rows",
                Message("清单超过 %(most)s 行。", most=most),
                remedy=Message("请按部门分成几个文件，或在服务器上用 govcloud lists import 导入。"),
            )
        entries.append(_READERS[kind.code](record))
    if not entries:
        raise Invalid("empty_source", Message("文件中只有表头，没有事项。"), remedy=Message("请填写后再导入。"))
    note_doubles(entries)
    return entries


def note_doubles(entries: Iterable[Entry]) -> None:
    """Note rows about one entry: one that only repeats another is left out, and of two that differ neither is believed."""
    first: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        earlier = first.setdefault((entry.uscc, entry.code), entry)
        if earlier is entry or not inputs.well_formed(entry.code):
            continue
        if earlier.facts == entry.facts and not earlier.findings and not entry.findings:
            entry.fail("code", Message("与第 %(line)s 行完全相同；请删去一行。", line=earlier.line), entry.code)
            continue
        for one, other in ((entry, earlier), (earlier, entry)):
            one.fail("code", Message("与第 %(line)s 行是同一事项而内容不同；请只保留正确的一行。", line=other.line), one.code)


def _power(record: Record) -> Entry:
    code, uscc, name, kind, basis = ((text or "").strip() for text in record.values)
    entry = Entry(record.line, code, {}, uscc)
    if record.fault is not None:
        entry.fail(*record.fault)
        return entry
    fields = Fields()
    digits = KIND_OF.get(kind, kind)
    row = inputs.checked_power_item(NewPowerItem(code, name, digits, _NOBODY, legal_basis=basis, id=_NOBODY), fields)
    if not uscc:
        fields.fail("department_uscc", Message("不能为空，请填写。"))
    entry.facts = {"name": row.name, "kind": row.kind}
    if record.values[4] is not None:
        entry.facts["legal_basis"] = row.legal_basis
    entry.findings += (Finding.of(record.line, error) for error in fields.findings)
    return entry


def _implementation(record: Record) -> Entry:
    code, name, days = ((text or "").strip() for text in record.values)
    entry = Entry(record.line, code, {})
    if record.fault is not None:
        entry.fail(*record.fault)
        return entry
    fields = Fields()
    promised = int(days) if _DAYS.fullmatch(days) else None
    if days and promised is None:
        fields.fail("promised_days", Message("应为工作日数，如 5；即时办结填 0，未承诺则留空。"), days)
    row = inputs.checked_service_item(NewServiceItem(code, name, _NOBODY, promised_days=promised, id=_NOBODY), fields)
    entry.uscc, entry.base = inputs.service_code_parts(row.code)
    entry.facts = {"name": row.name}
    if record.values[2] is not None:
        entry.facts["promised_days"] = row.promised_days
    entry.findings += (Finding.of(record.line, error) for error in fields.findings)
    return entry


_READERS: dict[str, Callable[[Record], Entry]] = {"power": _power, "implementation": _implementation}
