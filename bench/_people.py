"""Who lives in the seeded province, read page by page as the platform itself would."""

from __future__ import annotations

from uuid import UUID

from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.queries import Subject, Wanted
from govcloud.services import Services

_PAGE = 200


def everybody(services: Services) -> list[Subject]:
    """Return the subjects of every live appointment of active officials."""
    found: list[Subject] = []
    after: UUID | None = None
    while True:
        page = services.identity_queries.subjects_wanted(Wanted((AppointmentCriteria(),)), _PAGE, after)
        found += page.rows
        after = page.after
        if after is None:
            return found
