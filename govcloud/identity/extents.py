"""Parts of the organisation as other domains ask for them: the departments at or below some paths, as a selection of ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select

from govcloud.identity.models import DepartmentVersion
from govcloud.kernel.database import live_at


def department_ids_within(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the ids of the departments that lie at or below one of ``paths`` at ``at``; none when there are no paths."""
    below = or_(*(DepartmentVersion.path.startswith(path, autoescape=True) for path in paths)) if paths else or_(False)  # noqa: FBT003 - SQL's own
    return select(DepartmentVersion.department_id).where(below, live_at(DepartmentVersion, at))
