"""Importing a list: looked at first (nothing is written), then written whole or not at all; the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from govcloud.identity import errors as identity_errors
from govcloud.identity.locking import hold_departments
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import MOST_ROWS
from govcloud.kernel.errors import Conflict, FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.record import Record
from govcloud.kernel.tables.sources import Source
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.listing.editions import EditionNote, checked_note, continue_edition, open_edition
from govcloud.subsystems.listing.entries import Entry, read_entries
from govcloud.subsystems.listing.events import ListImported
from govcloud.subsystems.listing.kinds import ListKind, kind_of
from govcloud.subsystems.listing.planning import Plan, Planner
from govcloud.subsystems.listing.standing import WHOLE, Extent, lock_lists
from govcloud.subsystems.listing.writing import write

COMMAND = "govcloud:list:import"
#: Both lists of a province fit; what is longer was never one.
MOST_LINES = 1_000_000
ALLOW_VANISH = 5.0
_MOST_NAMED = 100
_TOLD_EACH = 10_000
#: Takes how many rows are done, of how many (``None``: not known yet).
Progress: TypeAlias = Callable[[int, int | None], None]


def _quiet(_done: int, _of: int | None) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class ListOrder:
    """How to import a list.

    ``complete``: it names every entry of its extent, and what it does not name leaves the list, unless more than
    ``allow_vanish`` percent would. ``department_id`` bounds it to that department and all below it. ``skip_wrong``: rows with
    findings are left out instead of stopping the whole. ``expected`` is the digest of the plan that was shown.
    """

    complete: bool = False
    department_id: UUID | None = None
    allow_vanish: float = ALLOW_VANISH
    title: str = ""
    note: str = ""
    skip_wrong: bool = False
    most_lines: int = MOST_LINES
    expected: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of an import: the counts, and the edition that was made (``None``: nothing changed)."""

    plan: Plan
    edition_id: UUID | None = None
    number: int | None = None
    title: str = ""


class ListFaulty(Invalid):
    """A list with findings, of which nothing was written; ``plan`` has them all."""

    def __init__(self, plan: Plan) -> None:
        """Name the first hundred findings as fields of the refusal."""
        self.plan = plan
        named = tuple(FieldError(f"rows[{found.line}].{found.field}", found.message, found.value) for found in plan.findings[:_MOST_NAMED])
        super().__init__(
            "list_has_findings",
            Message("清单中有 %(count)s 处问题，没有写入任何内容。", count=len(plan.findings)),
            remedy=Message("请更正后重试，或选择跳过有问题的行。"),
            fields=named,
        )


class ListImports(Commands):
    """Plans and imports lists."""

    def plan_list(self, actor: Actor, kind: str, source: Source, order: ListOrder, progress: Progress = _quiet) -> Plan:
        """Return what importing ``source`` (a table of ``kind``'s columns) would do; nothing is written.

        Raises:
            Denied: the actor may not import that list there.
            Invalid: the file cannot be read; findings in its rows are in the plan.
        """
        found = kind_of(kind)
        target = self._list_target(found, order)
        entries = self._read(actor, found, source, order, progress)
        with self._uow.begin(actor, COMMAND, target) as tx:
            return self._plan(tx, found, entries, order, Extent(target.department_path or WHOLE))

    def import_list(self, actor: Actor, kind: str, source: Source, order: ListOrder, progress: Progress = _quiet) -> Outcome:
        """Bring a list to what ``source`` says; up to ten thousand rows in one transaction, a longer one department by department.

        ``progress`` is told how many rows are read and then written, of how many as soon as that is known.

        Raises:
            Denied: the actor may not import that list there.
            Invalid: the file cannot be read; or ``ListFaulty``: rows have findings and ``skip_wrong`` was not asked for.
            Conflict: too much would leave a complete list, or the plan is another than the one that was expected.
        """
        found = kind_of(kind)
        target = self._list_target(found, order)
        note = _checked_note(source, order, target)
        entries = self._read(actor, found, source, order, progress)
        with self._uow.begin(actor, COMMAND, target) as tx:
            if len(entries) <= MOST_ROWS:
                return self._at_once(tx, found, entries, order, note)
            plan = self._plan(tx, found, entries, order, Extent(note.department_path))
            _permit(plan, order)
        return self._in_parts(actor, plan, entries, order, note, progress)

    # Reading and planning

    def _read(self, actor: Actor, kind: ListKind, source: Source, order: ListOrder, progress: Progress) -> list[Entry]:
        """Read a file, outside any transaction of its own, for who may import it; for others not a byte is read."""
        with self._uow.begin(actor, COMMAND, self._list_target(kind, order)):
            pass
        return read_entries(kind, _told(source.records(), progress), order.most_lines)

    def _plan(self, tx: Transaction, kind: ListKind, entries: Sequence[Entry], order: ListOrder, extent: Extent) -> Plan:
        """Compare with what the transaction sees."""
        return Planner(tx.session, self._identity, kind, extent, tx.now).plan(entries, complete=order.complete)

    def _held(self, tx: Transaction, kind: ListKind, entries: Sequence[Entry], order: ListOrder, extent: Extent) -> Plan:
        """Compare under the locks: no department is dissolved, and no list changes, until what was compared is written."""
        hold_departments(tx.session, [view.id for view in self._identity.departments_by_uscc({entry.uscc for entry in entries}).values()])
        lock_lists(tx.session)
        return self._plan(tx, kind, entries, order, extent)

    def _list_target(self, kind: ListKind, order: ListOrder) -> Target:
        """Return the subtree that the import is bound to; without one it acts on the whole province.

        Raises:
            NotFound: there is no such department.
        """
        if order.department_id is None:
            return Target("list", kind.code, WHOLE)
        view = self._identity.department(order.department_id)
        if view is None:
            raise identity_errors.department_missing(order.department_id)
        return Target("list", kind.code, view.path)

    # Writing

    def _at_once(self, tx: Transaction, kind: ListKind, entries: Sequence[Entry], order: ListOrder, note: EditionNote) -> Outcome:
        plan = self._held(tx, kind, entries, order, Extent(note.department_path))
        _permit(plan, order)
        if plan.empty:
            return Outcome(plan)
        number, title = open_edition(tx, kind, note, plan)
        write(tx, plan, note.id)
        tx.record(_imported(note, plan, (number, title), (1, 1)))
        return Outcome(plan, note.id, number, title)

    def _in_parts(  # noqa: PLR0917 - what `import_list` was given
        self, actor: Actor, plan: Plan, entries: Sequence[Entry], order: ListOrder, note: EditionNote, progress: Progress
    ) -> Outcome:
        """Write a long list so that each department's list is whole in one transaction; departments without a change are left out."""
        kind, known = plan.kind, (0, "")
        parts = _parts(plan, entries)
        done, whole = plan.lines - sum(len(rows) for _, rows in parts), plan.lines
        for place, (departments, rows) in enumerate(parts, 1):
            with self._uow.begin(actor, COMMAND, Target("list", kind.code, note.department_path)) as tx:
                part = self._held(tx, kind, rows, order, Extent(note.department_path, departments))
                # Each part was permitted as a piece of the whole; the share of one department alone says nothing.
                _permit(part, replace(order, expected=None, allow_vanish=100.0))
                if not part.empty:
                    if place == 1:
                        part.unchanged += plan.unchanged - sum(len(some) for _, some in parts) + len(plan.new) + len(plan.changed)
                    known = continue_edition(tx, note.id, part) if known[0] else open_edition(tx, kind, note, part)
                    write(tx, part, note.id)
                    tx.record(_imported(note, part, known, (place, len(parts))))
            done += len(rows)
            progress(done, whole)
        return Outcome(plan, note.id, *known) if known[0] else Outcome(plan)


def _told(records: Iterator[Record], progress: Progress) -> Iterator[Record]:
    """Give records, and say how many now and then."""
    for number, record in enumerate(records, 1):
        if number % _TOLD_EACH == 0:
            progress(number, None)
        yield record


def _parts(plan: Plan, entries: Sequence[Entry]) -> list[tuple[frozenset[UUID], list[Entry]]]:
    """Cut a long list into transactions of at most ten thousand rows, never within a department unless it alone is longer."""
    weights = plan.weights()
    rows: dict[UUID, list[Entry]] = {department: [] for department in weights}
    wrong = {found.line for found in plan.findings}
    for entry in entries:
        if entry.department_id in rows and entry.line not in wrong:
            rows[entry.department_id].append(entry)
    parts: list[tuple[set[UUID], list[Entry]]] = []
    size = MOST_ROWS
    for department, own in rows.items():
        weight = max(len(own), weights[department])
        if size + weight > MOST_ROWS:
            parts.append((set(), []))
            size = 0
        parts[-1][0].add(department)
        parts[-1][1].extend(own)
        size += weight
    return [(frozenset(departments), some) for departments, some in parts]


def _checked_note(source: Source, order: ListOrder, target: Target) -> EditionNote:
    fields = Fields()
    path = target.department_path or WHOLE
    note = checked_note(EditionNote(order.title, order.note, source.name[:200], source.sha256, path, order.complete), fields)
    fields.done()
    return note


def _permit(plan: Plan, order: ListOrder) -> None:
    """Let a plan be written.

    Raises:
        ListFaulty: there are findings, and they are not to be left out.
        Conflict: it is not what was shown, a row of a complete list cannot be told, or too much would leave the list.
    """
    if plan.findings and not order.skip_wrong:
        raise ListFaulty(plan)
    if order.expected is not None and order.expected != plan.digest():
        raise Conflict(
            "plan_changed",
            Message("预检之后，清单或部门又有变化，没有写入任何内容。"),
            remedy=Message("请核对新的预检结果，再次确认。"),
        )
    if order.complete and plan.unplaced:
        raise Conflict(
            "rows_unplaced",
            Message("完整清单中有 %(count)s 行的编码无法辨认，不能判断哪些事项已取消，没有写入任何内容。", count=plan.unplaced),
            remedy=Message("请先更正这些行的编码。"),
        )
    if order.complete and plan.share > order.allow_vanish:
        raise Conflict(
            "too_many_vanish",
            Message(
                "完整清单中少了 %(gone)s 项（占现有 %(managed)s 项的 %(share)s%%），超过安全阈值 %(allow)s%%，没有写入任何内容。",
                gone=len(plan.withdrawn),
                managed=plan.managed,
                share=f"{plan.share:.1f}",
                allow=f"{order.allow_vanish:g}",
            ),
            remedy=Message("请核对清单是否完整；确认无误后，把允许退出的比例调高到 %(share)s%% 再试。", share=f"{plan.share + 0.05:.1f}"),
        )


def _imported(note: EditionNote, plan: Plan, edition: tuple[int, str], part: tuple[int, int]) -> ListImported:
    counts = plan.counts()
    return ListImported(
        subject=f"list_edition:{note.id}",
        edition_id=note.id,
        kind=plan.kind.code,
        number=edition[0],
        title=edition[1],
        file_name=note.file_name or "",
        sha256=note.sha256 or "",
        department_path=note.department_path,
        complete=note.complete,
        part=part[0],
        parts=part[1],
        added=counts["added"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        withdrawn=counts["withdrawn"],
    )
