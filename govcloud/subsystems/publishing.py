"""Which department publishes the subsystems of another."""

from __future__ import annotations

from uuid import UUID

from govcloud.identity.paths import lies_within
from govcloud.identity.queries import DepartmentView, IdentityQueries


def publisher_of(identity: IdentityQueries, owner_id: UUID | None) -> DepartmentView | None:
    """Return the department that publishes what ``owner_id`` owns; ``None`` when the owner is no more.

    Its lead department (主管部门); without one, the department above it; a department at the top that nobody leads publishes itself.
    A lead department below the owner does not count: the owner's own administrator reaches there, and would publish alone.
    """
    owner = identity.department(owner_id) if owner_id is not None else None
    if owner is None:
        return None
    above = [key for key in (owner.lead_department_id, owner.parent_id) if key is not None]
    known = identity.departments(above) if above else {}
    return next((known[key] for key in above if key in known and not lies_within(known[key].path, owner.path)), owner)
