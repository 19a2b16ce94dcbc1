"""Changing the department tree: every change is authorised on both sides, counted, applied in one transaction, or rehearsed.

A rehearsal is the change itself, rolled back: it meets every check and every constraint that the change would meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from govcloud.identity import inputs
from govcloud.identity.departments.census import census, people_named
from govcloud.identity.departments.organisation import within_parent
from govcloud.identity.departments.organisation_events import DepartmentChanged, DepartmentReordered
from govcloud.identity.departments.succession import Succession
from govcloud.identity.departments.transfers import appointments_in
from govcloud.identity.locking import lock_tree
from govcloud.identity.reorganisation import (
    Abolish,
    Affected,
    Change,
    Elsewhere,
    Merge,
    Move,
    Preview,
    Rename,
    Reorder,
    Reorganisation,
    Reorganised,
    Split,
    Watch,
)
from govcloud.identity.views import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

_STEP = 10
"""Between the positions of siblings, so that one can be put between two others."""


class _RehearsedError(Exception):
    """Ends a rehearsal: whatever it wrote is rolled back."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


class Reorganising(Succession):
    """The changes of ``reorganisation.py``, applied and rehearsed."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock, elsewhere: Elsewhere = lambda _departments, _below: ()) -> None:
        """Take what counts the holdings of departments in other domains beside the tools of every command."""
        super().__init__(uow, keys, clock)
        self._elsewhere = elsewhere

    def reorganise(self, actor: Actor, change: Reorganisation) -> Reorganised:
        """Change the department tree.

        Raises:
            Invalid: a field is wrong, or names something that there is not.
            NotFound: there is no such department.
            Conflict: a circle, a department in use, a position held twice; names who and what.
            Denied: the actor has no authority over one of the places that the change touches.
        """
        with self._opened(actor, change) as tx:
            preview = self._preview(tx, change)
            return Reorganised(self._apply(tx, change), preview)

    def preview(self, actor: Actor, change: Reorganisation, watch: Watch | None = None) -> Preview:
        """Rehearse a change and return whom and what it would touch; nothing is written.

        ``watch`` looks at the rehearsal from another domain, before and after.

        Raises:
            GovcloudError: whatever ``reorganise`` would raise.
        """
        try:
            with self._opened(actor, change) as tx:
                preview = self._preview(tx, change)
                look_again = watch(preview.departments, tx.now) if watch is not None else None
                self._apply(tx, change)
                if look_again is not None:
                    # What is read past the session's objects has to see what they hold.
                    tx.session.flush()
                    tx.session.expire_all()
                    look_again()
                raise _RehearsedError(preview)  # noqa: TRY301 - leaving by an error is what rolls back
        except _RehearsedError as rehearsed:
            return rehearsed.preview

    # Who may

    @contextmanager
    def _opened(self, actor: Actor, change: Reorganisation) -> Iterator[Transaction]:
        """Open the transaction, authorised for every place that the change touches, with the tree locked."""
        command = f"govcloud:department:{_NAMES[type(change)]}"
        with ExitStack() as stack:
            opened = [stack.enter_context(self._uow.begin(actor, command, target)) for target in self._targets(change)]
            lock_tree(opened[0].session)
            yield opened[0]

    def _targets(self, change: Reorganisation) -> list[Target]:  # noqa: PLR0911 - one line a change
        """Return the places over which the actor needs authority.

        What becomes of a department itself is decided where it stands: over its parent, or over the whole province for a root.
        """
        match change:
            case Rename(department_id=department_id):
                return [self._target(department_id)]
            case Move(department_id=department_id, parent_id=parent_id):
                return [self._target(department_id), self._at(parent_id, department_id)]
            case Reorder(parent_id=parent_id):
                return [self._at(parent_id, parent_id)]
            case Change(department_id=department_id):
                return [self._change_target(change)]
            case Merge(sources=sources, into=UUID() as into):
                return [*(self._above(source) for source in sources), self._target(into)]
            case Merge(sources=sources):
                # The department that is registered with it is authorised by the nested command.
                return [self._above(source) for source in sources] or [Target("department", "none")]
            case Split(source_id=source_id):
                return [self._target(source_id)]
            case Abolish(department_id=department_id, successor_id=successor_id):
                return [self._above(department_id), *([self._target(successor_id)] if successor_id else ())]

    def _above(self, department_id: UUID) -> Target:
        """Return a department as a target that stands where its parent stands."""
        return self._at(self._department(department_id).parent_id, department_id)

    def _at(self, parent_id: UUID | None, department_id: UUID | None) -> Target:
        parent = self._department(parent_id) if parent_id else None
        return Target("department", str(department_id or "root"), parent.path if parent else None, parent.division if parent else None)

    def _change_target(self, change: Change) -> Target:
        view = self._department(change.department_id)
        parent = self._department(view.parent_id) if view.parent_id else None
        facts = (change.division_code or view.division, change.level or view.level)
        lines = view.business_lines if change.business_lines is None else change.business_lines
        within = parent is not None and within_parent(parent, *facts, lines)
        path = parent.path if parent else None
        return Target("department", str(view.id), path, parent.division if parent else None, attributes={"within_parent": within})

    # Whom and what it touches

    def _preview(self, tx: Transaction, change: Reorganisation) -> Preview:
        """Count whom and what the change touches, as things stand before it."""
        if isinstance(change, Split):
            return self._split_preview(tx, change)
        departments = self._touched(change)
        below = isinstance(change, Move)
        return Preview(departments, (*census(tx.session, departments, tx.now, below=below), *self._elsewhere(departments, below)))

    def _touched(self, change: Reorganisation) -> tuple[DepartmentView, ...]:
        match change:
            case Reorder(parent_id=parent_id):
                return (self._department(parent_id),) if parent_id else ()
            case Merge(sources=sources):
                return tuple(self._department(source) for source in dict.fromkeys(sources))
            case Split(source_id=source_id):
                return (self._department(source_id),)
            case _:
                return (self._department(change.department_id),)

    def _split_preview(self, tx: Transaction, change: Split) -> Preview:
        source = self._department(change.source_id)
        going = appointments_in(tx, source.id, people=change.people, offices=change.offices)
        offices = self._queries.offices(source.id, tx.now)
        children = self._queries.departments(change.children, tx.now)
        named = (
            Affected("offices", len(change.offices), tuple(offices[key] for key in change.offices if key in offices)),
            Affected("children", len(change.children), tuple(view.name for view in children.values())),
        )
        return Preview((source,), (*people_named(tx.session, going), *(item for item in named if item.count)))

    # The changes themselves; merge, split and abolish lie in succession.py

    def _apply(self, tx: Transaction, change: Reorganisation) -> UUID | None:
        return _HANDLERS[type(change)](self, tx, change)

    def _rename(self, tx: Transaction, change: Rename) -> UUID:
        self.rename_department(tx.actor, change.department_id, change.name, change.short_name)
        return change.department_id

    def _move(self, tx: Transaction, change: Move) -> UUID:
        self.move_department(tx.actor, change.department_id, change.parent_id)
        if change.position is not None:
            fields = Fields()
            position = inputs.checked_position(change.position, fields)
            fields.done()
            self._replace(tx, [self._department(change.department_id)], {change.department_id: {"position": position}})
        return change.department_id

    def _reorder(self, tx: Transaction, change: Reorder) -> UUID | None:
        children = {view.id: view for view in self._queries.children(change.parent_id)}
        if sorted(change.order) != sorted(children):
            fields = Fields()
            fields.fail("order", Message("应把全部 %(count)s 个下级机构各列一次。", count=len(children)), len(change.order))
            fields.done()
        places = {child: number * _STEP for number, child in enumerate(change.order)}
        old = [view for view in children.values() if view.position != places[view.id]]
        if old:
            self._replace(tx, old, {view.id: {"position": places[view.id]} for view in old})
            subject = f"department:{change.parent_id or 'root'}"
            tx.record(DepartmentReordered(subject=subject, parent_id=change.parent_id, order=change.order))
        return change.parent_id

    def _change(self, tx: Transaction, change: Change) -> UUID:
        old = self._department(change.department_id)
        facts = self._changed_facts(tx, change, old)
        standing = {
            "division_code": old.division,
            "level": old.level,
            "business_lines": list(old.business_lines),
            "lead_department_id": old.lead_department_id,
        }
        changed = {name: value for name, value in facts.items() if value != standing[name]}
        if not changed:
            return old.id
        self._replace(tx, [old], {old.id: changed})
        new = self._department(old.id)
        tx.record(
            DepartmentChanged(
                subject=f"department:{old.id}",
                department_id=old.id,
                changed=tuple(sorted(changed)),
                division=new.division,
                level=new.level,
                business_lines=new.business_lines,
                lead_department_id=new.lead_department_id,
            )
        )
        return old.id

    def _changed_facts(self, tx: Transaction, change: Change, old: DepartmentView) -> dict[str, object]:
        """Return the facts that are given, checked.

        Raises:
            Invalid: names every wrong one.
        """
        fields = Fields()
        facts = inputs.checked_department_facts(change.division_code, change.level, change.business_lines, fields)
        code = facts.get("division_code")
        if code is not None and not self._divisions_known(tx, [str(code)]):
            fields.fail("division_code", Message("没有这个行政区划，请先登记行政区划。"), code)
        if change.unled or change.lead_department_id is not None:
            facts["lead_department_id"] = None if change.unled else change.lead_department_id
        if change.lead_department_id == old.id:
            fields.fail("lead_department_id", Message("部门不能由自己牵头。"), old.id)
        elif change.lead_department_id is not None and self._queries.department(change.lead_department_id) is None:
            fields.fail("lead_department_id", Message("没有这个牵头部门，请核对。"), change.lead_department_id)
        fields.done()
        return facts


_NAMES: Mapping[type[Any], str] = {
    Rename: "rename",
    Move: "move",
    Reorder: "reorder",
    Change: "change",
    Merge: "merge",
    Split: "split",
    Abolish: "abolish",
}
_HANDLERS: Mapping[type[Any], Callable[[Reorganising, Transaction, Any], UUID | None]] = {
    Rename: Reorganising._rename,  # noqa: SLF001 - the table of this class's own parts
    Move: Reorganising._move,  # noqa: SLF001
    Reorder: Reorganising._reorder,  # noqa: SLF001
    Change: Reorganising._change,  # noqa: SLF001
    Merge: Reorganising._merge,  # noqa: SLF001
    Split: Reorganising._split,  # noqa: SLF001
    Abolish: Reorganising._abolish,  # noqa: SLF001
}

__all__ = ["Reorganising"]
