"""The whole of a generated province, before anything is written: pure, the same for the same size and seed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from govcloud.cli.seed.catalogue import PlannedMatter, PlannedSubsystem, plan_matters, plan_subsystems
from govcloud.cli.seed.departments import PlannedDepartment, plan_departments
from govcloud.cli.seed.divisions import Divisions
from govcloud.cli.seed.duties import Duties
from govcloud.cli.seed.officials import PlannedOfficial, plan_officials
from govcloud.cli.seed.powers import PlannedPower, plan_powers
from govcloud.cli.seed.sizes import Shape


class Plan:
    """A province to be. Officials are streamed: a million and a half of them need no more memory than two thousand."""

    def __init__(self, shape: Shape, seed: int) -> None:
        """Choose size and seed; the parts are made when they are first asked for."""
        self.shape = shape
        self.seed = seed

    @cached_property
    def divisions(self) -> Divisions:
        """Return all divisions of Zhejiang, whatever the size."""
        return Divisions()

    @cached_property
    def departments(self) -> tuple[PlannedDepartment, ...]:
        """Return the departments, parents first."""
        return tuple(plan_departments(self.shape, self.divisions, self.seed))

    @cached_property
    def subsystems(self) -> tuple[PlannedSubsystem, ...]:
        """Return the subsystems with their functions and items."""
        return tuple(plan_subsystems(self.shape, self.departments))

    @cached_property
    def matters(self) -> tuple[PlannedMatter, ...]:
        """Return the matters."""
        return tuple(plan_matters(self.subsystems, {department.key for department in self.departments}))

    @cached_property
    def duties(self) -> Duties:
        """Return the roles that go with positions."""
        return Duties(self.subsystems)

    def powers(self) -> Iterator[PlannedPower]:
        """Return the power list of all departments."""
        return plan_powers(self.departments)

    def officials(self) -> Iterator[PlannedOfficial]:
        """Return the officials, one at a time."""
        return plan_officials(self.departments, self.shape.officials, self.divisions.county_codes, self.seed)
