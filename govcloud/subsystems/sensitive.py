"""Which functions are sensitive: their use is kept on record, and may want a strong proof of identity."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from govcloud.kernel.database import live_at
from govcloud.subsystems.models import SubsystemFunction, SubsystemFunctionVersion

SENSITIVE_LABEL = 2
#: What it takes: the flag, or a security label of 2 or more.
SENSITIVE = or_(SubsystemFunctionVersion.sensitive, SubsystemFunctionVersion.label >= SENSITIVE_LABEL)


def sensitive_functions(session: Session, at: datetime) -> frozenset[str]:
    """Return the codes of the functions that are sensitive at ``at``; with a session of one's own."""
    version = SubsystemFunctionVersion.function_id == SubsystemFunction.id
    live = (
        live_at(SubsystemFunction, at),
        live_at(SubsystemFunctionVersion, at),
        SENSITIVE,
    )
    return frozenset(session.scalars(select(SubsystemFunction.code).join(SubsystemFunctionVersion, version).where(*live)))
