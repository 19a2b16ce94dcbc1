"""Which subsystems the reader of a console page sees, the look-up that every page of one goes through, and what may be done there."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from govcloud.entrypoints.console.parts.pages import opened
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.lifecycle import Move, Place, Status, allowed_moves
from govcloud.subsystems.publishing import publisher_of
from govcloud.subsystems.queries import SubsystemView
from govcloud.web.gate import may, reach_of, services

OPENS = "govcloud:console:subsystems"
MANAGES = "govcloud:subsystem:change"
PUBLISHES = "govcloud:subsystem:publish"


def reach(function: str = OPENS) -> tuple[str, ...]:
    """Return the departments below which the reader's roles open ``function``, the widest only, looked up once a request."""
    # What is not open reaches nowhere, and need not be looked up.
    return reach_of(function) if opened(function) else ()


def subsystem_within(subsystem_id: object) -> SubsystemView:
    """Return a subsystem that the reader may see: of a department within reach, or led by one.

    Raises:
        NotFound: there is none by that id within reach; which of the two is not said.
    """
    try:
        view = services().subsystem_queries.subsystem_within(UUID(str(subsystem_id)), reach())
    except ValueError:
        view = None
    if view is None:
        raise NotFound.of(Message("业务子系统"), subsystem_id)
    return view


def owner_named(field: str, text: str, function: str) -> DepartmentView:
    """Return the department that a field means, by code or full name, within the reach of ``function``.

    Raises:
        Invalid: none is meant, or more than one.
    """
    within = reach(function)
    queries = services().identity_queries
    by_code = queries.department_by_uscc(text)
    found = (
        [by_code] if by_code is not None else [view for view in queries.search_departments(text) if text in {view.name, view.short_name}]
    )
    mine = [view for view in found if any(view.path.startswith(path) for path in within)]
    if text and len(mine) == 1:
        return mine[0]
    raise Invalid.of(FieldError(field, Message("在您的管理范围内没有唯一的这个部门，请填部门全称或统一社会信用代码。"), text))


@dataclass(frozen=True)
class Standing:
    """Where the reader stands towards one subsystem: who owns and who publishes it, and what the reader may do there."""

    owner: DepartmentView | None
    publisher: DepartmentView | None
    manages: bool
    publishes: bool

    @classmethod
    def of(cls, view: SubsystemView) -> Standing:
        """Ask once for the owner's place and once for the publisher's."""
        owner = services().identity_queries.department(view.owner_department_id) if view.owner_department_id else None
        publisher = publisher_of(services().identity_queries, view.owner_department_id)
        return cls(owner, publisher, _may(MANAGES, owner), _may(PUBLISHES, publisher))

    def may(self, function: str) -> bool:
        """Say whether the reader may run a command on what the owner manages."""
        return self.manages and opened(function)

    def may_move(self, move: Move, status: Status) -> bool:
        """Say whether the reader may take a step; who has taken part already is told by the command."""
        if not opened(move.function):
            return False
        above = move.place is Place.PUBLISHER or (move.place is Place.WAITING and status is Status.CHECKED)
        # A system administrator's roles have no bounds; retiring and returning are theirs as well.
        return (self.publishes or "/" in reach(move.function)) if above else self.manages

    def moves(self, view: SubsystemView) -> tuple[Move, ...]:
        """Return the steps that the reader may take now."""
        status = Status(view.status)
        return tuple(move for move in allowed_moves(status) if self.may_move(move, status))


def _may(function: str, department: DepartmentView | None) -> bool:
    return opened(function) and may(function, {"department_path": department.path} if department else {"type": "subsystem"})
