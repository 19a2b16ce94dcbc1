"""Which appointments are meant, said by what they are: position, post, rank, kind, level, business line, place."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from govcloud.identity.codes import division_prefix
from govcloud.identity.views import Subject


@dataclass(frozen=True, slots=True)
class AppointmentCriteria:
    """Every criterion that is given must be met; an empty one is met by all.

    Of a list one entry suffices (of ``business_lines``: one that the department has). ``department_id`` means that department and
    all below it, ``division_code`` (twelve digits) that division and all within it.
    """

    positions: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    ranks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    business_lines: tuple[str, ...] = ()
    department_id: UUID | None = None
    division_code: str | None = None

    @property
    def everybody(self) -> bool:
        """Say whether no criterion is given at all."""
        return self == AppointmentCriteria()

    def met_by(self, subject: Subject) -> bool:
        """Say whether the appointment of ``subject`` is one of those meant."""
        return (
            (not self.positions or subject.position in self.positions)
            and (not self.posts or subject.post in self.posts)
            and (not self.ranks or subject.rank in self.ranks)
            and (not self.kinds or subject.kind in self.kinds)
            and (not self.levels or subject.level in self.levels)
            and (not self.business_lines or bool(set(self.business_lines) & set(subject.business_lines)))
            and (self.department_id is None or f"/{self.department_id.hex}/" in subject.department_path)
            and (self.division_code is None or subject.division.startswith(division_prefix(self.division_code)))
        )
