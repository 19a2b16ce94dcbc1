"""Departments that end and begin: merging, splitting, abolishing, and the record of what became of what.

Nobody and nothing is lost: people, offices and children go over in the transaction of the change; what other domains keep for a
department follows through the events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import insert, select

from govcloud.identity import errors, inputs
from govcloud.identity.departments.census import census
from govcloud.identity.departments.offices import Offices
from govcloud.identity.departments.organisation_events import DepartmentAbolished, DepartmentChanged, DepartmentMerged, DepartmentSplit
from govcloud.identity.departments.transfers import appointments_in, replace_offices, transfer_appointments, transfer_offices
from govcloud.identity.inputs import NewDepartment
from govcloud.identity.locking import seize_departments
from govcloud.identity.models import DepartmentSuccession, DepartmentVersion, Office
from govcloud.identity.paths import lies_within, path_below
from govcloud.identity.reorganisation import HOLDS, Abolish, Elsewhere, Merge, Split
from govcloud.identity.views import DepartmentView
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields

_SEEN = {"parent_id", "lead_department_id"}
"""What a merger changes about other departments, as they show it; a path is nobody's fact but the tree's."""


class Succession(Offices):
    """What ``Reorganising`` does when departments end or begin; the transaction is open, authorised, and the tree locked."""

    _elsewhere: Elsewhere

    def _merge(self, tx: Transaction, change: Merge) -> UUID:
        """Let departments go into one; return its id."""
        reason = inputs.checked_reason(change.reason)
        sources = [self._department(source) for source in dict.fromkeys(change.sources)]
        if not sources:
            fields = Fields()
            fields.fail("sources", Message("请至少选择一个要并入的机构。"))
            fields.done()
        self._refuse_vanishing(sources, change.into)
        into = change.into if isinstance(change.into, UUID) else self.register_department(tx.actor, change.into)
        target = self._department(into)
        seize_departments(tx.session, [target.id, *(source.id for source in sources)])
        offices = {source.id: list(self._queries.offices(source.id, tx.now)) for source in sources}
        going = {source.id: appointments_in(tx, source.id) for source in sources}
        transfer_offices(tx, [office for found in offices.values() for office in found], target.id)
        transfer_appointments(tx, [appointment for found in going.values() for appointment in found], target.id)
        children = self._hand_over_children(tx, sources, target)
        self._note_succession(tx, "merge", sources, target.id, reason)
        # The deepest first: what stood below a source below another has to be taken from there before that one's path is gone.
        for source in sorted(sources, key=lambda view: view.path.count("/"), reverse=True):
            tx.record(
                DepartmentMerged(
                    subject=f"department:{source.id}",
                    department_id=source.id,
                    department_name=source.name,
                    successor_id=target.id,
                    old_path=source.path,
                    new_path=target.path,
                    appointments=len(going[source.id]),
                    offices=len(offices[source.id]),
                    children=children[source.id],
                    reason=reason,
                )
            )
        return target.id

    def _split(self, tx: Transaction, change: Split) -> UUID:
        """Let a new department take a part of one; return its id."""
        reason = inputs.checked_reason(change.reason)
        source = self._department(change.source_id)
        self._refuse_strangers(tx, change)
        new_department = self.register_department(tx.actor, change.new)
        seize_departments(tx.session, [source.id, new_department])
        going = appointments_in(tx, source.id, people=change.people, offices=change.offices)
        if change.offices:
            transfer_offices(tx, change.offices, new_department)
        transfer_appointments(tx, going, new_department)
        for child in change.children:
            self.move_department(tx.actor, child, new_department)
        self._note_succession(tx, "split", [source], new_department, reason)
        tx.record(
            DepartmentSplit(
                subject=f"department:{source.id}",
                department_id=source.id,
                successor_id=new_department,
                appointments=len(going),
                offices=len(change.offices),
                children=len(change.children),
                reason=reason,
            )
        )
        return new_department

    def _abolish(self, tx: Transaction, change: Abolish) -> UUID | None:
        """End a department, or let it go into its successor; return the successor's id."""
        if change.successor_id is not None:
            return self._merge(tx, Merge((change.department_id,), change.successor_id, change.reason))
        reason = inputs.checked_reason(change.reason)
        view = self._department(change.department_id)
        seize_departments(tx.session, [view.id])
        found = (*census(tx.session, [view], tx.now, below=False), *self._elsewhere([view], False))  # noqa: FBT003 - the port's signature
        held = [item for item in found if item.kind in HOLDS]
        if held:
            people = [item for item in found if item.kind == "people"]
            raise errors.still_held(view.name, [*people, *(item for item in held if item.kind != "appointments" or not people)])
        replace_closed = live_at(Office, tx.now) & (Office.department_id == view.id)
        replace_offices(tx, replace_closed, valid_to=tx.now)
        self._close(tx, [view])
        self._note_succession(tx, "abolish", [view], None, reason)
        tx.record(
            DepartmentAbolished(
                subject=f"department:{view.id}", department_id=view.id, department_name=view.name, old_path=view.path, reason=reason
            )
        )
        return None

    # Parts of the above

    def _refuse_vanishing(self, sources: Sequence[DepartmentView], into: UUID | NewDepartment) -> None:
        """Refuse a successor that is among the sources or stands, or would stand, below one."""
        place = into if isinstance(into, UUID) else into.parent_id
        goal = self._department(place) if place else None
        if goal and any(lies_within(goal.path, source.path) for source in sources):
            raise errors.vanishing(goal.name)

    def _refuse_strangers(self, tx: Transaction, change: Split) -> None:
        """Refuse offices, people and children that are not the department's own, and a split that takes nothing.

        Raises:
            Invalid: names every one.
        """
        fields = Fields()
        known = self._queries.offices(change.source_id, tx.now)
        people = self._queries.people_in([change.source_id], change.people, tx.now)
        children = self._queries.departments(change.children)
        for office in change.offices:
            if office not in known:
                fields.fail("offices", Message("该部门没有这个处室，请核对。"), office)
        for person in change.people:
            if person not in people:
                fields.fail("people", Message("该人员在原部门没有任职，请核对。"), person)
        for child in change.children:
            if child not in children or children[child].parent_id != change.source_id:
                fields.fail("children", Message("这不是原部门的下级机构，请核对。"), child)
        if not (change.offices or change.people or change.children):
            fields.fail("people", Message("请至少选择一个处室、一名人员或一个下级机构。"))
        fields.done()

    def _hand_over_children(self, tx: Transaction, sources: Sequence[DepartmentView], target: DepartmentView) -> dict[UUID, int]:
        """Close the sources and put what stood below them below the target; who was led by them is led by it.

        Returns:
            How many children each source had that were no sources themselves.
        """
        ending = {source.id for source in sources}
        counted = dict.fromkeys(ending, 0)
        paths: dict[UUID, str] = {}
        changes: dict[UUID, dict[str, object]] = {}
        old: dict[UUID, DepartmentView] = {}
        below = {view.id: view for source in sources for view in self._queries.departments_under(source.path)}
        last = max((view.position for view in self._queries.children(target.id)), default=0)
        for view in sorted(below.values(), key=lambda view: view.path):
            if view.id in ending or view.parent_id is None:
                continue
            if view.parent_id in ending:
                counted[view.parent_id] += 1
                last += 1
                paths[view.id] = path_below(target.path, view.id)
                changes[view.id] = {"parent_id": target.id, "position": last, "path": paths[view.id]}
            else:
                paths[view.id] = path_below(paths[view.parent_id], view.id)
                changes[view.id] = {"path": paths[view.id]}
            old[view.id] = view
        led = select(DepartmentVersion.department_id).where(
            DepartmentVersion.lead_department_id.in_(ending), live_at(DepartmentVersion, tx.now)
        )
        for view in self._queries.departments(tx.session.scalars(led)).values():
            if view.id not in ending:
                lead = target.id if view.id != target.id else None
                changes[view.id] = changes.get(view.id, {}) | {"lead_department_id": lead}
                old[view.id] = view
        self._close(tx, sources)
        self._replace(tx, list(old.values()), changes)
        # Whoever fetches only what changed learns of these too, not just of the department that is gone.
        tx.record_all([_changed(view, changes[view.id]) for view in old.values() if changes[view.id].keys() & _SEEN])
        return counted

    def _note_succession(
        self, tx: Transaction, kind: str, predecessors: Sequence[DepartmentView], successor_id: UUID | None, reason: str
    ) -> None:
        rows = [
            {"id": new_id(), "kind": kind, "predecessor_id": view.id, "successor_id": successor_id, "reason": reason, "at": tx.now}
            for view in predecessors
        ]
        tx.session.execute(insert(DepartmentSuccession), rows, execution_options={"render_nulls": True})


def _changed(view: DepartmentView, changes: Mapping[str, object]) -> DepartmentChanged:
    """Return the event of a department whose parent or lead is another after a merger."""
    return DepartmentChanged(
        subject=f"department:{view.id}",
        department_id=view.id,
        changed=tuple(sorted(changes.keys() & _SEEN)),
        division=view.division,
        level=view.level,
        business_lines=view.business_lines,
        lead_department_id=cast("UUID | None", changes.get("lead_department_id", view.lead_department_id)),
    )
