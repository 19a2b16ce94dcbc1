"""Subsystems over the API: reading those within one's reach, changing them, and each step of the way into service."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from govcloud.entrypoints.api.catalogue.client_bodies import (
    ChangedClientAnswer,
    ClientChangeBody,
    NewClientBody,
    ProbeAnswer,
    ProbesAnswer,
)
from govcloud.entrypoints.api.catalogue.subsystem_answers import (
    AddedAnswer,
    BoundAnswer,
    CredentialsAnswer,
    DifferentAnswer,
    HandedOverAnswer,
    StatusAnswer,
    SubsystemIdAnswer,
    SubsystemPageAnswer,
    SubsystemsAnswer,
    VersionAnswer,
)
from govcloud.entrypoints.api.catalogue.subsystem_bodies import (
    BindingBody,
    BindingsBody,
    CatalogueBody,
    EntrustBody,
    FunctionChangeBody,
    HandOverBody,
    ItemChangeBody,
    ItemsBody,
    NewSubsystemBody,
    NoteBody,
    SubsystemBody,
    SubsystemsQuery,
    WithReasonBody,
)
from govcloud.entrypoints.api.wire.table import Route
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.publishing import publisher_of
from govcloud.subsystems.queries import SubsystemView
from govcloud.web.gate import current_actor, reach_of, requires, services, signed_in

READS = "govcloud:subsystem:read"


def _within(code: str) -> SubsystemView:
    """Return a subsystem within the reader's reach; what lies beyond is not there."""
    view = services().subsystem_queries.subsystem_within(code, reach_of(READS))
    if view is None:
        raise NotFound.of(Message("业务子系统"), code)
    return view


@requires(READS)
def subsystems(query: SubsystemsQuery) -> SubsystemsAnswer:
    """The subsystems of one's department, of those below, and of those that it leads."""
    page = services().subsystem_queries.subsystems_within(reach_of(READS), query.q, query.status, limit=query.limit, after=query.cursor)
    return SubsystemsAnswer.of(page)


@requires(READS)
def subsystem(code: str) -> SubsystemPageAnswer:
    """One subsystem: where it stands, what the checks find, its functions and clients."""
    view = _within(code)
    queries = services().subsystem_queries
    functions = queries.functions_of(view.id)
    publisher = publisher_of(services().identity_queries, view.owner_department_id)
    return SubsystemPageAnswer.of(
        view,
        publisher_id=publisher.id if publisher else None,
        steps=queries.steps(view.id),
        checklist=services().subsystems.checklist(view.id),
        functions=functions,
        items=queries.items_of(view.id),
        bases=queries.bases_of(function.id for function in functions),
        clients=queries.clients_of(view.id),
    )


@signed_in
def register_subsystem(body: NewSubsystemBody) -> SubsystemIdAnswer:
    """Register a subsystem; nobody sees it before it is published."""
    new = body.to_input()
    return SubsystemIdAnswer(id=services().subsystems.register_subsystem(current_actor(), new), code=new.code)


@signed_in
def change_subsystem(code: str, body: SubsystemBody) -> DifferentAnswer:
    """Change how a subsystem is called and reached."""
    return DifferentAnswer(changed=services().subsystems.change_subsystem(current_actor(), code, body.to_change()))


@signed_in
def add_functions(body: CatalogueBody) -> AddedAnswer:
    """Add functions, and items of them, together; a dry run only looks."""
    functions, items = [row.to_input() for row in body.functions], [row.to_input() for row in body.items]
    ids = services().subsystems.add_offered(current_actor(), functions, items, dry_run=body.dry_run)
    return AddedAnswer(dry_run=body.dry_run, functions=len(functions), items=len(items), ids=() if body.dry_run else ids)


@signed_in
def change_function(code: str, body: FunctionChangeBody) -> DifferentAnswer:
    """Change what a function is like; its code stays."""
    return DifferentAnswer(changed=services().subsystems.change_function(current_actor(), code, body.to_change(), body.reason))


@signed_in
def withdraw_function(code: str, body: WithReasonBody) -> DifferentAnswer:
    """Take a function that nothing hangs on out of the catalogue."""
    services().subsystems.withdraw_function(current_actor(), code, body.reason)
    return DifferentAnswer(changed=True)


@signed_in
def offer_items(body: ItemsBody) -> AddedAnswer:
    """Offer items of functions that there are; a dry run only looks."""
    ids = services().subsystems.offer_items(current_actor(), [row.to_input() for row in body.items], dry_run=body.dry_run)
    return AddedAnswer(dry_run=body.dry_run, functions=0, items=len(ids), ids=() if body.dry_run else ids)


@signed_in
def change_item(item_id: UUID, body: ItemChangeBody) -> VersionAnswer:
    """Change an item; requests that wait for an older version are no longer approved."""
    return VersionAnswer(version=services().subsystems.change_item(current_actor(), item_id, body.version, body.to_change(), body.reason))


@signed_in
def withdraw_item(item_id: UUID, body: WithReasonBody) -> DifferentAnswer:
    """Let an item be requested no longer."""
    services().subsystems.withdraw_item(current_actor(), item_id, body.reason)
    return DifferentAnswer(changed=True)


@signed_in
def bind_functions(body: BindingsBody) -> BoundAnswer:
    """Say which service items functions serve; a dry run only looks."""
    new = services().subsystems.bind_functions(current_actor(), [row.to_input() for row in body.bindings], dry_run=body.dry_run)
    return BoundAnswer(dry_run=body.dry_run, new=new)


@signed_in
def unbind_function(body: BindingBody) -> DifferentAnswer:
    """Say that a function no longer serves a service item."""
    services().subsystems.unbind_function(current_actor(), body.to_input())
    return DifferentAnswer(changed=True)


@signed_in
def register_subsystem_client(code: str, body: NewClientBody) -> CredentialsAnswer:
    """Register a client of a subsystem; the secret is shown this once."""
    given = services().subsystems.register_client(current_actor(), body.to_input(code))
    return CredentialsAnswer(client_id=given.client_id, secret=given.secret)


@signed_in
def change_client(client_id: str, body: ClientChangeBody) -> ChangedClientAnswer:
    """Change a client, whole; a secret that it begins to have is shown this once."""
    given = services().subsystems.change_client(current_actor(), client_id, body.to_change(_protocol_of(client_id)))
    return ChangedClientAnswer(changed=given is not None, secret=given.secret if given else None)


@signed_in
def rotate_client_secret(client_id: str) -> CredentialsAnswer:
    """Give a client another secret, shown this once; the old one stops working at once."""
    given = services().subsystems.rotate_client_secret(current_actor(), client_id)
    return CredentialsAnswer(client_id=given.client_id, secret=given.secret)


@signed_in
def disable_client(client_id: str) -> DifferentAnswer:
    """Close a client for good."""
    services().subsystems.disable_client(current_actor(), client_id)
    return DifferentAnswer(changed=True)


@signed_in
def test_client(client_id: str) -> ProbesAnswer:
    """Knock at the registered addresses of a client, and say what answers."""
    found = services().probing.run(current_actor(), client_id)
    return ProbesAnswer(results=tuple(ProbeAnswer.of(one) for one in found))


def _protocol_of(client_id: str) -> str:
    view = services().subsystem_queries.client_by_client_id(client_id)
    if view is None:
        raise NotFound.of(Message("客户端"), client_id)
    return view.protocol


@signed_in
def submit_subsystem(code: str, body: NoteBody) -> StatusAnswer:
    """Hand a registered subsystem in to be checked."""
    return _stepped(code, lambda: services().subsystems.submit_subsystem(current_actor(), code, body.note))


@signed_in
def return_subsystem(code: str, body: WithReasonBody) -> StatusAnswer:
    """Give a subsystem under review back to be completed."""
    return _stepped(code, lambda: services().subsystems.return_subsystem(current_actor(), code, body.reason))


@signed_in
def check_subsystem(code: str, body: NoteBody) -> StatusAnswer:
    """Confirm for the platform's operation that a submitted subsystem is in order."""
    return _stepped(code, lambda: services().subsystems.check_subsystem(current_actor(), code, body.note))


@signed_in
def publish_subsystem(code: str, body: NoteBody) -> StatusAnswer:
    """Bring a checked subsystem into service, for the department that leads its owner."""
    return _stepped(code, lambda: services().subsystems.publish_subsystem(current_actor(), code, body.note))


@signed_in
def retire_subsystem(code: str, body: WithReasonBody) -> StatusAnswer:
    """Take a subsystem out of service for good."""
    return _stepped(code, lambda: services().subsystems.retire_subsystem(current_actor(), code, body.reason))


@signed_in
def hand_over_subsystem(code: str, body: HandOverBody) -> HandedOverAnswer:
    """Let another department own a subsystem; it takes authority over both. A dry run only looks."""
    done = services().subsystems.hand_over_subsystem(current_actor(), code, body.owner_department_id, body.reason, dry_run=body.dry_run)
    return HandedOverAnswer.of(done, dry_run=body.dry_run)


@signed_in
def entrust_client(client_id: str, body: EntrustBody) -> DifferentAnswer:
    """Say for which of the platform's own duties a client may act, in place of those that it had."""
    services().subsystems.entrust_client(current_actor(), client_id, body.roles, body.reason)
    return DifferentAnswer(changed=True)


def _stepped(code: str, step: Callable[[], None]) -> StatusAnswer:
    step()
    view = services().subsystem_queries.subsystem(code)
    if view is None:
        raise NotFound.of(Message("业务子系统"), code)
    return StatusAnswer(code=view.code, status=view.status)


def _address(answer: SubsystemIdAnswer) -> str:
    return f"/api/v1/subsystems/{answer.code}"


TABLE = (
    Route("GET", "/subsystems", subsystems, SubsystemsAnswer, query=SubsystemsQuery),
    Route("POST", "/subsystems", register_subsystem, SubsystemIdAnswer, body=NewSubsystemBody, location=_address),
    Route("GET", "/subsystems/<code>", subsystem, SubsystemPageAnswer),
    Route("POST", "/subsystems/<code>/change", change_subsystem, DifferentAnswer, body=SubsystemBody),
    Route("POST", "/subsystems/<code>/clients", register_subsystem_client, CredentialsAnswer, body=NewClientBody),
    Route("POST", "/clients/<client_id>/change", change_client, ChangedClientAnswer, body=ClientChangeBody),
    Route("POST", "/clients/<client_id>/rotate-secret", rotate_client_secret, CredentialsAnswer),
    Route("POST", "/clients/<client_id>/disable", disable_client, DifferentAnswer),
    Route("POST", "/clients/<client_id>/test", test_client, ProbesAnswer),
    Route("POST", "/subsystems/<code>/submit", submit_subsystem, StatusAnswer, body=NoteBody),
    Route("POST", "/subsystems/<code>/return", return_subsystem, StatusAnswer, body=WithReasonBody),
    Route("POST", "/subsystems/<code>/check", check_subsystem, StatusAnswer, body=NoteBody),
    Route("POST", "/subsystems/<code>/publish", publish_subsystem, StatusAnswer, body=NoteBody),
    Route("POST", "/subsystems/<code>/retire", retire_subsystem, StatusAnswer, body=WithReasonBody),
    Route("POST", "/subsystems/<code>/hand-over", hand_over_subsystem, HandedOverAnswer, body=HandOverBody),
    Route("POST", "/clients/<client_id>/entrust", entrust_client, DifferentAnswer, body=EntrustBody),
    Route("POST", "/functions", add_functions, AddedAnswer, body=CatalogueBody),
    Route("POST", "/functions/<code>/change", change_function, DifferentAnswer, body=FunctionChangeBody),
    Route("POST", "/functions/<code>/withdraw", withdraw_function, DifferentAnswer, body=WithReasonBody),
    Route("POST", "/functions/bind", bind_functions, BoundAnswer, body=BindingsBody),
    Route("POST", "/functions/unbind", unbind_function, DifferentAnswer, body=BindingBody),
    Route("POST", "/items", offer_items, AddedAnswer, body=ItemsBody),
    Route("POST", "/items/<uuid:item_id>/change", change_item, VersionAnswer, body=ItemChangeBody),
    Route("POST", "/items/<uuid:item_id>/withdraw", withdraw_item, DifferentAnswer, body=WithReasonBody),
)
