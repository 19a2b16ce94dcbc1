"""What the page of one subsystem shows: is it connected, and who may use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from govcloud.entrypoints.console.catalogue.client_fields import METHOD_WORDS, PROTOCOL_WORDS
from govcloud.entrypoints.console.catalogue.subsystem_forms import FORMS, SubsystemForm
from govcloud.entrypoints.console.catalogue.subsystem_words import SCOPES, WAY
from govcloud.entrypoints.console.parts.subsystem_reach import Standing
from govcloud.kernel.messages import Message
from govcloud.subsystems.approval import written_approval
from govcloud.subsystems.levels import asks_each_time
from govcloud.subsystems.lifecycle import UNDER_REVIEW, Move, Status
from govcloud.subsystems.queries import FunctionView, ItemView, ServiceItemView, SubsystemView
from govcloud.subsystems.views import StepView
from govcloud.web.gate import services
from govcloud.web.words import TIERS

_ON_PAGE = ("change", "add", "bulk")


@dataclass(frozen=True)
class FunctionRow:
    """A function with what hangs on it: its items, the service items that it serves, who holds it by role, and live grants."""

    function: FunctionView
    items: tuple[ItemView, ...]
    bases: tuple[ServiceItemView, ...]
    roles: tuple[str, ...]
    grants: int


@dataclass(frozen=True)
class WayPoint:
    """One step of the way into service as it is drawn: taken (with who and when), next, or to come; ``actor`` says who takes it."""

    name: str
    step: StepView | None
    state: str
    actor: Message


def page_facts(view: SubsystemView) -> dict[str, Any]:
    """Return what the template of a subsystem's page takes."""
    queries = services().subsystem_queries
    standing = Standing.of(view)
    steps = queries.steps(view.id)
    status = Status(view.status)
    moves = standing.moves(view)
    rows, clients = _function_rows(view), queries.clients_of(view.id)
    others = {item.owner_department_id for row in rows for item in row.items} - {view.owner_department_id}
    open_to_change = status not in UNDER_REVIEW | {Status.RETIRED}
    return {
        "subsystem": view,
        "standing": standing,
        "undelivered": services().outbox_queries.undelivered(f"subsystem:{view.code}") if view.webhook_url else None,
        "steps": steps,
        "way": _way(view, standing, steps),
        "last_return": _last_return(status, steps),
        "checklist": services().subsystems.checklist(view.id) if status is not Status.RETIRED else None,
        "rows": rows,
        "owners": services().identity_queries.departments(others) if others else {},
        "clients": clients,
        "untold": [client.client_id for client in clients if not client.disabled and not client.hears_of_logout],
        "asks_each_time": asks_each_time,
        "may_register_client": open_to_change and standing.may("govcloud:client:register"),
        "may_test_client": status is not Status.RETIRED and standing.may("govcloud:client:test"),
        "protocol_words": PROTOCOL_WORDS,
        "method_words": METHOD_WORDS,
        "forms": {form.name: form for form in FORMS.values() if open_to_change and standing.may(form.function)},
        "page_forms": _page_forms(standing, open_to_change=open_to_change),
        "moves": moves,
        "next_move": _next(moves),
        "tiers": TIERS,
        "written_approval": written_approval,
        "scopes": SCOPES,
    }


def _page_forms(standing: Standing, *, open_to_change: bool) -> list[SubsystemForm]:
    return [FORMS[name] for name in _ON_PAGE if open_to_change and standing.may(FORMS[name].function)]


def _next(moves: Sequence[Move]) -> Move | None:
    """Return the step that leads on, if the reader may take it."""
    return next((move for move in moves if move.name in WAY), None)


def _function_rows(view: SubsystemView) -> list[FunctionRow]:
    """Return the functions, in a fixed number of statements."""
    queries, authorization = services().subsystem_queries, services().authorization_queries
    functions, items = queries.functions_of(view.id), queries.items_of(view.id)
    bases = queries.bases_of(function.id for function in functions)
    grants, policy = authorization.live_grants_by_function(view.code), authorization.policy()
    return [
        FunctionRow(
            function,
            tuple(item for item in items if item.function_id == function.id),
            bases.get(function.id, ()),
            tuple(sorted(policy.roles[code].name for code in policy.roles_naming(function.code) if code in policy.roles)),
            grants.get(function.code, 0),
        )
        for function in functions
    ]


def _way(view: SubsystemView, standing: Standing, steps: Sequence[StepView]) -> list[WayPoint]:
    """Return the way as it is drawn: what was taken since the last return, then what is to come."""
    taken: dict[str, StepView] = {}
    for step in steps:
        if step.step == "return":
            taken = {name: known for name, known in taken.items() if name == "register"}
        taken[step.step] = step
    who = {
        "register": Message("主管部门的应用管理员"),
        "submit": Message("主管部门的应用管理员"),
        "check": Message("平台系统管理员"),
        "publish": Message("%(name)s的应用管理员", name=standing.publisher.name if standing.publisher else "—"),
    }
    reached = {Status.REGISTERED: 1, Status.SUBMITTED: 2, Status.CHECKED: 3}.get(Status(view.status), len(WAY))
    points = []
    for place, name in enumerate(WAY):
        state = "done" if place < reached else "now" if place == reached else ""
        points.append(WayPoint(name, taken.get(name) if place < reached else None, state, who[name]))
    return points


def _last_return(status: Status, steps: Sequence[StepView]) -> StepView | None:
    """Return the step by which it came back, while it has not been submitted again."""
    last = next((step for step in reversed(steps) if step.step != "hand_over"), None)
    return last if last is not None and status is Status.REGISTERED and last.step == "return" else None
