"""From a line that has been approved to access: the one place where a decision on a request opens a grant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from govcloud.access.facts import Wanted
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.service import Authorization
from govcloud.kernel.unit_of_work import Transaction


@dataclass(frozen=True)
class Opened:
    """A grant that a decision opened, and its window ``[starts_at, ends_at)`` (UTC)."""

    grant_id: UUID
    starts_at: datetime
    ends_at: datetime


class Opening:
    """Opens what was approved, in the transaction of the decision, under the beneficiary's lock."""

    def __init__(self, authorization: Authorization) -> None:
        """Take the owner of grants."""
        self._authorization = authorization

    def open_for(self, tx: Transaction, request: AccessRequest, line: RequestLine, approved: Wanted) -> Opened:
        """Open the grant of a line; it starts now, not at the request, and runs for ``approved.days`` × 24 hours."""
        ends_at = tx.now + timedelta(days=approved.days)
        new = NewGrant(
            line_id=line.id,
            official_id=request.beneficiary_official_id,
            appointment_id=request.beneficiary_appointment_id,
            subsystem_code=line.subsystem_code,
            function=line.function,
            scope=approved.scope,
            starts_at=tx.now,
            ends_at=ends_at,
            owner_department_id=line.owner_department_id,
            chain=str(line.request_id),
            case_number=request.case_number,
            duty=line.duty,
        )
        return Opened(self._authorization.open_grant(tx.actor, new), tx.now, ends_at)
