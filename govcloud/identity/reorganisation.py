"""What can be done to the department tree, as records: each is previewed, rehearsed and applied by ``reorganising.py``.

==============  ==========================================================================================================
``Rename``      another name from now on
``Move``        below another parent, with all below it
``Reorder``     another order among the children of one department
``Change``      another division, level, business lines or lead department
``Merge``       several departments go into one, which stands already or is new: people, offices and children go over
``Split``       a new department takes named offices, people and children out of one
``Abolish``     a department ends; one with people, children or holdings only into a successor, which is a merge
==============  ==========================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from govcloud.identity.inputs import NewDepartment
from govcloud.identity.views import DepartmentView
from govcloud.kernel.messages import Message

MOST_NAMED = 10
"""How many of those affected a preview names; it counts all."""


@dataclass(frozen=True)
class Rename:
    """Another name from now on; without a short name the name is both."""

    department_id: UUID
    name: str
    short_name: str = ""


@dataclass(frozen=True)
class Move:
    """Below ``parent_id`` (``None``: a root) with all below it; ``position`` orders it there, by default as before."""

    department_id: UUID
    parent_id: UUID | None
    position: int | None = None


@dataclass(frozen=True)
class Reorder:
    """The order of all children of ``parent_id`` (``None``: of the roots), each named once."""

    parent_id: UUID | None
    order: tuple[UUID, ...]


@dataclass(frozen=True)
class Change:
    """What is to differ of a department; ``None`` leaves a fact as it is, ``unled`` takes the lead department away."""

    department_id: UUID
    division_code: str | None = None
    level: str | None = None
    business_lines: tuple[str, ...] | None = None
    lead_department_id: UUID | None = None
    unled: bool = False


@dataclass(frozen=True)
class Merge:
    """Departments that go into one: into ``into``, or into one that is registered with it."""

    sources: tuple[UUID, ...]
    into: UUID | NewDepartment
    reason: str


@dataclass(frozen=True)
class Split:
    """A new department out of ``source_id``; who serves in an office that goes over goes with it."""

    source_id: UUID
    new: NewDepartment
    reason: str
    offices: tuple[UUID, ...] = ()
    people: tuple[UUID, ...] = ()
    children: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Abolish:
    """The end of a department, or its going into ``successor_id``."""

    department_id: UUID
    reason: str
    successor_id: UUID | None = None


Reorganisation: TypeAlias = Rename | Move | Reorder | Change | Merge | Split | Abolish

#: What hangs on departments, as people call it; the kinds of ``Affected``.
KINDS = {
    "departments": Message("机构（含下级）"),
    "people": Message("人员"),
    "appointments": Message("任职（含将来的）"),
    "offices": Message("内设处室"),
    "children": Message("下级机构"),
    "led": Message("由其牵头的机构"),
    "roles": Message("按部门授予的角色"),
    "subsystems": Message("主管的子系统"),
    "items": Message("主管的可申请项"),
    "lists": Message("权力事项、服务事项与一件事"),
    "lines": Message("待审批的申请"),
}
#: What keeps a department from being abolished without a successor.
HOLDS = ("appointments", "children", "led", "subsystems", "items", "lists", "lines")


@dataclass(frozen=True)
class Affected:
    """How many of one kind a change touches, and the first of them by name."""

    kind: str
    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """What a change would do: the departments that it is about, and who and what it touches (kinds with none left out)."""

    departments: tuple[DepartmentView, ...]
    affected: tuple[Affected, ...] = field(default=())

    def count(self, kind: str) -> int:
        """Return how many of ``kind`` are touched."""
        return next((item.count for item in self.affected if item.kind == kind), 0)


@dataclass(frozen=True)
class Reorganised:
    """What a change did: the department that came out of it (``None``: none did), and what it touched."""

    department_id: UUID | None
    preview: Preview


#: Counts what other domains hold for departments; the flag takes in all below them. The composition root hands it in.
Elsewhere: TypeAlias = Callable[[Sequence[DepartmentView], bool], Sequence[Affected]]

#: Looks at a rehearsal: is given the departments and the moment before it, and gives what is called after it, within the transaction.
Watch: TypeAlias = Callable[[Sequence[DepartmentView], datetime], Callable[[], None]]
