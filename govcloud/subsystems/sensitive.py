"""Which functions are sensitive, for whoever keeps their use: read with a session of one's own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from govcloud.kernel.database import live_at
from govcloud.subsystems.models import SubsystemFunction, SubsystemFunctionVersion

SENSITIVE_LABEL = 2


def sensitive_functions(session: Session, at: datetime) -> frozenset[str]:
    """Return the codes of the functions that are flagged sensitive at ``at``, or have a security label of 2 or more."""
    version = SubsystemFunctionVersion.function_id == SubsystemFunction.id
    live = (
        live_at(SubsystemFunction, at),
        live_at(SubsystemFunctionVersion, at),
        or_(SubsystemFunctionVersion.sensitive, SubsystemFunctionVersion.label >= SENSITIVE_LABEL),
    )
    return frozenset(session.scalars(select(SubsystemFunction.code).join(SubsystemFunctionVersion, version).where(*live)))
