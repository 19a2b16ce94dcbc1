"""Commands on the organisation: divisions and the department tree; internal offices stand in ``offices.py``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.identity import errors, inputs
from govcloud.identity.codes import division_covers, division_level
from govcloud.identity.commands import Commands
from govcloud.identity.departments.organisation_events import DepartmentMoved, DepartmentRegistered, DepartmentRenamed, DivisionRegistered
from govcloud.identity.inputs import NewDepartment, NewDivision
from govcloud.identity.locking import lock_tree
from govcloud.identity.models import Department, DepartmentVersion, Division
from govcloud.identity.names import department_keys
from govcloud.identity.paths import lies_within, moved, path_below
from govcloud.identity.views import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place, refuse_known, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields


class Organisation(Commands):
    """Commands that shape the organisation; each is one transaction."""

    def register_divisions(self, actor: Actor, divisions: Sequence[NewDivision]) -> None:
        """Enter divisions, parents and children in any order.

        Raises:
            Invalid: a code is malformed, or its parent is neither known nor in the batch.
            Conflict: a code is registered already; nothing is written.
        """
        with self._uow.begin(actor, "govcloud:division:register", Target("division", one_place(row.code for row in divisions))) as tx:
            fields = Fields()
            within_limit(divisions, fields)
            checked = [inputs.checked_division(row, fields.row(index)) for index, row in enumerate(divisions)]
            self._parents_known(tx, checked, fields)
            fields.done()
            codes = [row.code for row in checked]
            refuse_known(tx.session, select(Division.code), codes, field="code", message=Message("该行政区划代码已登记。"))
            # A parent's code sorts before its children's, and the foreign key is checked statement by statement.
            checked.sort(key=lambda row: row.code)
            with explained(errors.CONSTRAINTS):
                tx.session.execute(
                    insert(Division),
                    [
                        {
                            "code": row.code,
                            "name": row.name,
                            "level": division_level(row.code),
                            "parent_code": row.parent_code,
                            "valid_from": tx.now,
                        }
                        for row in checked
                    ],
                )
            tx.record_all(
                [
                    DivisionRegistered(
                        subject=f"division:{row.code}", division_name=row.name, level=division_level(row.code), parent_code=row.parent_code
                    )
                    for row in checked
                ]
            )

    def register_department(self, actor: Actor, department: NewDepartment) -> UUID:
        """Enter one department; see ``register_departments``."""
        return self.register_departments(actor, [department])[0]

    def register_departments(self, actor: Actor, departments: Sequence[NewDepartment]) -> tuple[UUID, ...]:
        """Enter departments and return their ids; a parent is registered, or stands earlier in the batch.

        Raises:
            Invalid: a code is wrong, or a division or parent is unknown.
            Conflict: a unified social credit code is registered already; nothing is written.
        """
        parents = {row.parent_id for row in departments} - {row.id for row in departments}
        place = self._path_of_all(parent for parent in parents if parent) if None not in parents else None
        attributes = {"within_parent": self._all_within_parents(departments)}
        target = Target("department", one_place(str(row.id) for row in departments), place, attributes=attributes)
        with self._uow.begin(actor, "govcloud:department:register", target) as tx:
            lock_tree(tx.session)
            fields = Fields()
            within_limit(departments, fields)
            checked = [inputs.checked_department(row, fields.row(index)) for index, row in enumerate(departments)]
            known = self._divisions_known(tx, {row.division_code for row in checked})
            for index, row in enumerate(checked):
                if row.division_code not in known:
                    fields.row(index).fail("division_code", Message("没有这个行政区划，请先登记行政区划。"), row.division_code)
            paths = self._paths(checked, fields)
            self._leads_known(checked, fields)
            fields.done()
            message = Message("该统一社会信用代码已登记为另一部门。")
            refuse_known(tx.session, select(Department.uscc), [row.uscc for row in checked], field="uscc", message=message)
            with explained(errors.CONSTRAINTS):
                tx.session.execute(insert(Department), [{"id": row.id, "uscc": row.uscc, "created_at": tx.now} for row in checked])
                first = [_first_version(row, paths[row.id], tx) for row in checked]
                tx.session.execute(insert(DepartmentVersion), first, execution_options={"render_nulls": True})
            tx.record_all(
                [
                    DepartmentRegistered(
                        subject=f"department:{row.id}",
                        department_id=row.id,
                        uscc=row.uscc,
                        department_name=row.name,
                        parent_id=row.parent_id,
                        division=row.division_code,
                    )
                    for row in checked
                ]
            )
        return tuple(row.id for row in checked)

    def rename_department(self, actor: Actor, department_id: UUID, name: str, short_name: str = "") -> None:
        """Give a department another name from now on; before now it keeps the old one.

        Raises:
            Invalid: a name is empty, too long or has control characters.
            NotFound: there is no such department.
        """
        with self._uow.begin(actor, "govcloud:department:rename", self._target(department_id)) as tx:
            fields = Fields()
            new_name, new_short = inputs.checked_department_name(name, short_name, fields)
            fields.done()
            lock_tree(tx.session)
            old = self._department(department_id)
            self._replace(tx, [old], {old.id: {"name": new_name, "short_name": new_short}})
            tx.record(DepartmentRenamed(subject=f"department:{old.id}", department_id=old.id, old_name=old.name, new_name=new_name))

    def move_department(self, actor: Actor, department_id: UUID, parent_id: UUID | None) -> None:
        """Put a department, with all below it, under another parent (``None``: make it a root) from now on.

        The actor needs authority over both places.

        Raises:
            NotFound: there is no such department or parent.
            Conflict: the parent is the department itself or lies below it.
        """
        command = "govcloud:department:move"
        goal = self._target(parent_id) if parent_id else Target("department", str(department_id))
        with self._uow.begin(actor, command, self._target(department_id)) as tx, self._uow.begin(actor, command, goal):
            lock_tree(tx.session)
            old = self._department(department_id)
            parent = self._department(parent_id) if parent_id else None
            if parent and lies_within(parent.path, old.path):
                raise errors.department_cycle(old.name)
            new_path = path_below(parent.path if parent else None, old.id)
            subtree = self._queries.departments_under(old.path)
            changes: dict[UUID, dict[str, object]] = {view.id: {"path": moved(view.path, old.path, new_path)} for view in subtree}
            changes[old.id]["parent_id"] = parent_id
            self._replace(tx, subtree, changes)
            tx.record(
                DepartmentMoved(
                    subject=f"department:{old.id}", department_id=old.id, old_path=old.path, new_path=new_path, moved=len(subtree)
                )
            )

    # Parts of the commands above

    def _divisions_known(self, tx: Transaction, wanted: Iterable[str]) -> set[str]:
        """Return those of ``wanted`` that are live divisions."""
        return set(tx.session.scalars(select(Division.code).where(Division.code.in_(set(wanted)), live_at(Division, tx.now))))

    def _parents_known(self, tx: Transaction, checked: Sequence[NewDivision], fields: Fields) -> None:
        known = self._divisions_known(tx, {row.parent_code for row in checked if row.parent_code}) | {row.code for row in checked}
        for index, row in enumerate(checked):
            if row.parent_code is not None and row.parent_code not in known:
                fields.row(index).fail("parent_code", Message("没有这个上级行政区划，请先登记上级。"), row.parent_code)

    def _paths(self, checked: Sequence[NewDepartment], fields: Fields) -> dict[UUID, str]:
        """Return the path of each new department; children may follow parents of the same batch."""
        above = self._queries.departments({row.parent_id for row in checked if row.parent_id})
        paths = {view.id: view.path for view in above.values()}
        for index, row in enumerate(checked):
            if row.parent_id is not None and row.parent_id not in paths:
                fields.row(index).fail("parent_id", Message("没有这个上级部门，请先登记上级，或把它排在前面。"), row.parent_id)
            paths[row.id] = path_below(paths.get(row.parent_id) if row.parent_id else None, row.id)
        return paths

    def _leads_known(self, checked: Sequence[NewDepartment], fields: Fields) -> None:
        standing = self._queries.departments({row.lead_department_id for row in checked if row.lead_department_id})
        known = {*standing, *(row.id for row in checked)}
        for index, row in enumerate(checked):
            if row.lead_department_id == row.id:
                fields.row(index).fail("lead_department_id", Message("部门不能由自己牵头。"), row.id)
            elif row.lead_department_id is not None and row.lead_department_id not in known:
                fields.row(index).fail("lead_department_id", Message("没有这个牵头部门，请核对。"), row.lead_department_id)

    def _all_within_parents(self, departments: Sequence[NewDepartment]) -> bool:
        """Say whether each is no more than its parent: the policy lets a delegated administrator register no other."""
        parents = self._queries.departments({row.parent_id for row in departments if row.parent_id})
        return all(
            (parent := parents.get(row.parent_id) if row.parent_id else None) is not None
            and within_parent(parent, row.division_code, row.level, row.business_lines)
            for row in departments
        )

    def _department(self, department_id: UUID) -> DepartmentView:
        view = self._queries.department(department_id)
        if view is None:
            raise errors.department_missing(department_id)
        return view

    def _target(self, department_id: UUID) -> Target:
        view = self._department(department_id)
        return Target("department", str(view.id), view.path, view.division)

    def _replace(self, tx: Transaction, old: Sequence[DepartmentView], changes: Mapping[UUID, dict[str, object]]) -> None:
        """Close the live versions of ``old`` and open others that differ by ``changes``."""
        self._close(tx, old)
        if not old:
            return
        values = [_next_version(view, changes[view.id], tx) for view in old]
        with explained(errors.CONSTRAINTS):
            tx.session.execute(insert(DepartmentVersion), values, execution_options={"render_nulls": True})

    def _close(self, tx: Transaction, old: Sequence[DepartmentView]) -> None:
        """End the live versions of ``old``.

        Raises:
            Conflict: one of them is not as the actor saw it any more.
        """
        mine = DepartmentVersion.department_id.in_([view.id for view in old])
        # A change that waited for the lock may be older than the version it finds: then the actor saw another organisation.
        closing = update(DepartmentVersion).where(mine, DepartmentVersion.valid_to.is_(None), DepartmentVersion.valid_from <= tx.now)
        closed = tx.session.execute(closing.values(valid_to=tx.now).returning(DepartmentVersion.id)).all()
        if len(closed) != len(old):
            raise errors.changed_meanwhile()


def within_parent(parent: DepartmentView, division: str, level: str, business_lines: Iterable[str]) -> bool:
    """Say whether a department with these facts is no more than ``parent``: in its division, at its level or below, in its lines."""
    covered = division_covers(parent.division, division)
    return covered and inputs.level_within(level, parent.level) and set(business_lines) <= set(parent.business_lines)


def _first_version(row: NewDepartment, path: str, tx: Transaction) -> dict[str, object]:
    return with_keys(
        {
            "id": new_id(),
            "department_id": row.id,
            "name": row.name,
            "short_name": row.short_name,
            "parent_id": row.parent_id,
            "path": path,
            "division_code": row.division_code,
            "level": row.level,
            "business_lines": list(row.business_lines),
            "lead_department_id": row.lead_department_id,
            "position": row.position,
            "valid_from": tx.now,
        }
    )


def _next_version(view: DepartmentView, changes: dict[str, object], tx: Transaction) -> dict[str, object]:
    return with_keys(
        {
            "id": new_id(),
            "department_id": view.id,
            "name": view.name,
            "short_name": view.short_name,
            "parent_id": view.parent_id,
            "path": view.path,
            "division_code": view.division,
            "level": view.level,
            "business_lines": list(view.business_lines),
            "lead_department_id": view.lead_department_id,
            "position": view.position,
            "valid_from": tx.now,
        }
        | changes
    )


def with_keys(values: dict[str, object]) -> dict[str, object]:
    """Return the values of a version with the search keys of its names."""
    pinyin, initials, grams = department_keys(str(values["name"]), str(values["short_name"]))
    return values | {"pinyin": pinyin, "initials": initials, "grams": grams}
