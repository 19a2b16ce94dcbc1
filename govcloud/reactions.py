"""What follows from what, across domains: each reaction runs in the transaction of its cause and fails it when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from govcloud.access.deciding.events import DelegationEnded
from govcloud.access.events import LineApproved, LineLapsed, LineRejected
from govcloud.authorization.apart.events import SodExceptionGiven
from govcloud.authorization.epochs import CATALOGUE, DEPARTMENT
from govcloud.authorization.events import GrantClosed, GrantSuspended, RoleEnded
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.identity.departments.organisation_events import (
    DepartmentAbolished,
    DepartmentChanged,
    DepartmentMerged,
    DepartmentMoved,
    DepartmentRegistered,
    DepartmentSplit,
)
from govcloud.identity.events import (
    AppointmentBegun,
    AppointmentEnded,
    AppointmentRescheduled,
    AppointmentTransferred,
    LeaveUndone,
    OfficialChanged,
    OfficialDisabled,
    OfficialLeft,
    OfficialRegistered,
    OfficialRejoined,
    OfficialRestored,
    PersonnelChangeCancelled,
    PersonnelChangeRecorded,
    PersonnelChangeSettled,
)
from govcloud.kernel.actor import Actor
from govcloud.kernel.events import Event
from govcloud.kernel.unit_of_work import Transaction
from govcloud.services import Services
from govcloud.signon.logout.views import GrantEnding
from govcloud.subsystems.clients.client_events import ClientDisabled
from govcloud.subsystems.events import (
    FunctionAdded,
    FunctionChanged,
    FunctionWithdrawn,
    ItemChanged,
    ItemOffered,
    ItemWithdrawn,
    SubsystemChecked,
    SubsystemHandedOver,
    SubsystemPublished,
    SubsystemRegistered,
    SubsystemRetired,
    SubsystemReturned,
    SubsystemSubmitted,
)


def subscribe_reactions(services: Services) -> None:
    """Say what follows from what, across domains: each runs in the transaction of its cause and fails it when it fails."""
    subscribe_endings(services)
    subscribe_lifecycle(services)
    subscribe_grants(services)
    subscribe_feed(services)
    subscribe_apart(services)
    subscribe_clocks(services)

    def follow(tx: Transaction, event: DepartmentMoved) -> None:
        services.authorization.follow_department(tx, event.old_path, event.new_path)
        services.access.follow_department(tx, event.old_path, event.new_path)

    def carry(tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        appointments = services.identity_queries.continued(department_id, successor_id)
        officials = sorted(set(services.identity_queries.owners_of(appointments.values(), tx.now).values()))
        services.signon.carry_appointments(tx, appointments, officials)
        services.authorization.carry_appointments(tx, appointments)
        services.access.carry_appointments(tx, appointments)

    def absorb(tx: Transaction, event: DepartmentMerged) -> None:
        carry(tx, event.department_id, event.successor_id)
        services.subsystems.change_owner(tx, event.department_id, event.successor_id)
        services.authorization.change_owner(tx, event.department_id, event.successor_id)
        services.access.change_owner(tx, event.department_id, event.successor_id)
        services.authorization.follow_department(tx, event.old_path, event.new_path)
        services.access.follow_department(tx, event.old_path, event.new_path)

    def entrust(tx: Transaction, event: SubsystemHandedOver) -> None:
        # Lines first: a decision that is being written down holds its line, and its grant is seen once that is let go.
        services.access.change_owner_of(tx, event.code, event.old_department_id, event.department_id, event.department_path)
        services.authorization.change_owner_of(tx, event.code, event.old_department_id, event.department_id)

    def follow_item(tx: Transaction, event: ItemChanged) -> None:
        if "owner_department_id" in event.changed:
            services.access.change_owner_of_item(tx, event.item_id, event.owner_department_id)
        services.approving.presigning.unbind(tx, {event.item_id: event.version - 1})

    def unbind(tx: Transaction, event: FunctionChanged) -> None:
        services.approving.presigning.unbind(
            tx, {item.id: item.version for item in services.subsystem_queries.items_for_function(event.code)}
        )

    def divide(tx: Transaction, event: DepartmentSplit) -> None:
        carry(tx, event.department_id, event.successor_id)

    def abandon(tx: Transaction, event: DepartmentAbolished) -> None:
        services.authorization.end_delegations(tx, event.old_path, event.reason)

    services.uow.subscribe(DepartmentMoved, follow)
    services.uow.subscribe(DepartmentMerged, absorb)
    services.uow.subscribe(SubsystemHandedOver, entrust)
    services.uow.subscribe(ItemChanged, follow_item)
    services.uow.subscribe(FunctionChanged, unbind)
    services.uow.subscribe(DepartmentSplit, divide)
    services.uow.subscribe(DepartmentAbolished, abandon)


def subscribe_endings(services: Services) -> None:
    """Say what follows when people may no longer act, or may again, and when appointments end."""
    reaction = Actor.system("reaction")

    def end_all(tx: Transaction, events: Sequence[OfficialDisabled]) -> None:
        officials = [event.official_id for event in events]
        services.signon.end_sessions_of(reaction, officials, "official_disabled")
        services.authorization.close_grants_of(reaction, officials, "disabled")
        services.approving.delegating.end_of(tx, officials)

    def leave(tx: Transaction, events: Sequence[AppointmentEnded]) -> None:
        officials, appointments = sorted({event.official_id for event in events}), [event.appointment_id for event in events]
        services.signon.leave_appointments(reaction, appointments, officials)
        services.authorization.close_grants_of(reaction, officials, "mover", appointments=appointments)
        services.approving.delegating.end_of(tx, officials, appointments)

    # An import disables and ends by the thousand, so what follows is done for all of a command at once.
    services.uow.subscribe_set(OfficialDisabled, end_all)
    services.uow.subscribe_set(AppointmentEnded, leave)


def subscribe_grants(services: Services) -> None:
    """Say what follows when a grant ends or rests, or when a client or a subsystem goes: whoever cannot ask by itself is told."""
    reaction = Actor.system("reaction")

    def sign_out(_tx: Transaction, events: Sequence[GrantClosed] | Sequence[GrantSuspended], cause: str) -> None:
        # Effective access is the union of grants: whoever holds the same by another one stays.
        besides = services.authorization_queries.held_besides(item.grant_id for item in events)
        ended = [item for item in events if item.grant_id not in besides]
        named = [GrantEnding(item.grant_id, item.official_id, item.subsystem_code, item.function) for item in ended]
        services.logout.end_stays(reaction, named, cause)

    def close_client(_tx: Transaction, event: ClientDisabled) -> None:
        services.logout.end_stays_in(reaction, [event.client_id], "client_disabled")

    def close_subsystem(_tx: Transaction, event: SubsystemRetired) -> None:
        clients = services.subsystem_queries.clients_of(event.subsystem_id)
        services.logout.end_stays_in(reaction, [client.client_id for client in clients if not client.disabled], "subsystem_retired")

    def retire_item(tx: Transaction, event: ItemWithdrawn) -> None:
        services.ending.end_item(tx, event.item_id)

    def retire_subsystem(tx: Transaction, event: SubsystemRetired) -> None:
        services.ending.end_subsystem(tx, event.code)

    services.uow.subscribe(ItemWithdrawn, retire_item)
    # Grants first, so that the notices of stays which they kept open name them.
    services.uow.subscribe(SubsystemRetired, retire_subsystem)
    services.uow.subscribe(ClientDisabled, close_client)
    services.uow.subscribe(SubsystemRetired, close_subsystem)
    services.uow.subscribe_set(GrantClosed, partial(sign_out, cause="grant_closed"))
    services.uow.subscribe_set(GrantSuspended, partial(sign_out, cause="grant_suspended"))


def subscribe_apart(services: Services) -> None:
    """Say what follows when an exception from separation of duty is given: the lines that waited for it wait for their owners."""
    reaction = Actor.system("reaction")

    def let_on(_tx: Transaction, event: SodExceptionGiven) -> None:
        services.blocked.look_again(reaction, event.official_id)

    services.uow.subscribe(SodExceptionGiven, let_on)


def subscribe_clocks(services: Services) -> None:
    """Say who hears of what happens to requests and grants, and that a line's waiting is written down when it closes."""

    def hand_on(tx: Transaction, event: DepartmentMerged) -> None:
        services.waiting.change_owner(tx, event.department_id, event.successor_id)

    services.uow.subscribe_set(LineApproved, services.waiting.note)
    services.uow.subscribe_set(LineRejected, services.waiting.note)
    services.uow.subscribe_set(LineLapsed, services.waiting.note)
    services.uow.subscribe(DepartmentMerged, hand_on)
    services.telling.subscribe(services.uow)
    subscribe_calls(services)


def subscribe_calls(services: Services) -> None:
    """Say whose calls to decide are over, and who is called instead, when offices end or what lines are about changes hands."""

    def recall(tx: Transaction, events: Sequence[RoleEnded] | Sequence[OfficialDisabled] | Sequence[AppointmentEnded]) -> None:
        services.telling.recall(tx, [event.official_id for event in events])

    def take_back(tx: Transaction, event: DelegationEnded) -> None:
        services.telling.recall(tx, [event.delegate_id])

    def of_item(tx: Transaction, event: ItemChanged) -> None:
        if "owner_department_id" in event.changed:
            services.telling.hand_on(tx, item_id=event.item_id)

    def of_subsystem(tx: Transaction, event: SubsystemHandedOver) -> None:
        services.telling.hand_on(tx, subsystem_code=event.code)

    def of_department(tx: Transaction, event: DepartmentMerged) -> None:
        services.telling.hand_on(tx, owner_department_id=event.successor_id)

    services.uow.subscribe_set(RoleEnded, recall)
    services.uow.subscribe_set(OfficialDisabled, recall)
    services.uow.subscribe_set(AppointmentEnded, recall)
    services.uow.subscribe(DelegationEnded, take_back)
    services.uow.subscribe(ItemChanged, of_item)
    services.uow.subscribe(SubsystemHandedOver, of_subsystem)
    services.uow.subscribe(DepartmentMerged, of_department)


def subscribe_lifecycle(services: Services) -> None:
    """Say what follows from changes in a person's working life."""
    reaction = Actor.system("reaction")

    def end_for_good(tx: Transaction, event: OfficialLeft) -> None:
        services.signon.end_sessions_of(reaction, [event.official_id], "official_left")
        services.authorization.close_grants_of(reaction, [event.official_id], "leaver")
        services.authorization.end_roles_of(reaction, event.official_id, "leaver", cause=event.change_id)
        services.approving.delegating.end_of(tx, [event.official_id])

    def give_back(_tx: Transaction, event: LeaveUndone) -> None:
        services.authorization.restore_roles_of(reaction, event.official_id, cause=event.change_id, followed=event.restored)

    def begin_anew(tx: Transaction, event: OfficialRejoined) -> None:
        services.signon.withdraw_password(tx, event.official_id)

    def reschedule(tx: Transaction, event: AppointmentRescheduled) -> None:
        services.signon.reschedule_appointment(tx, event.appointment_id, event.ends_at)

    def look_ahead(tx: Transaction, event: PersonnelChangeRecorded) -> None:
        if event.planned and event.kind in {"leave", "suspend"}:
            services.signon.cap_sessions(tx, event.official_id, event.effective_at)

    services.uow.subscribe(OfficialLeft, end_for_good)
    services.uow.subscribe(LeaveUndone, give_back)
    services.uow.subscribe(OfficialRejoined, begin_anew)
    services.uow.subscribe(AppointmentRescheduled, reschedule)
    services.uow.subscribe(PersonnelChangeRecorded, look_ahead)


@dataclass(frozen=True, slots=True)
class Touch:
    """What an event means to decisions: the kind of change, whether somebody may now do less, and what it touches."""

    kind: str
    reduces: bool
    what: Callable[[Any], tuple[Any, ...]]


def _one(event: Any) -> tuple[UUID]:  # noqa: ANN401 - an event of one person
    return (event.official_id,)


def _department(event: Any) -> tuple[UUID]:  # noqa: ANN401 - an event of one department
    return (event.department_id,)


def _both(event: Any) -> tuple[UUID, UUID]:  # noqa: ANN401 - an event of a department and its successor
    return event.department_id, event.successor_id


def _subsystem(event: Any) -> tuple[str]:  # noqa: ANN401 - an event of a subsystem or a function
    return (subsystem_of(event.code),)


def _of_function(event: Any) -> tuple[str]:  # noqa: ANN401 - an event of an item
    return (subsystem_of(event.function),)


#: Everything that happens in other domains and that decisions read; `tests/commands/authorization/test_feed.py` finds what is missing.
TOUCHES: Mapping[type[Event], Touch] = {
    OfficialRegistered: Touch("official", reduces=False, what=_one),
    OfficialChanged: Touch("official", reduces=True, what=_one),
    OfficialDisabled: Touch("official", reduces=True, what=_one),
    OfficialRestored: Touch("official", reduces=False, what=_one),
    OfficialLeft: Touch("official", reduces=True, what=_one),
    LeaveUndone: Touch("official", reduces=False, what=_one),
    OfficialRejoined: Touch("official", reduces=False, what=_one),
    AppointmentBegun: Touch("appointment", reduces=False, what=_one),
    AppointmentTransferred: Touch("appointment", reduces=True, what=_one),
    AppointmentEnded: Touch("appointment", reduces=True, what=_one),
    AppointmentRescheduled: Touch("appointment", reduces=True, what=_one),
    # What is planned is in here from the day on which it is ordered; its windows say from when it counts.
    PersonnelChangeRecorded: Touch("official", reduces=True, what=_one),
    PersonnelChangeCancelled: Touch("official", reduces=True, what=_one),
    PersonnelChangeSettled: Touch("official", reduces=True, what=_one),
    DepartmentRegistered: Touch(DEPARTMENT, reduces=False, what=_department),
    DepartmentMoved: Touch(DEPARTMENT, reduces=True, what=_department),
    DepartmentChanged: Touch(DEPARTMENT, reduces=True, what=_department),
    DepartmentMerged: Touch(DEPARTMENT, reduces=True, what=_both),
    DepartmentSplit: Touch(DEPARTMENT, reduces=True, what=_both),
    DepartmentAbolished: Touch(DEPARTMENT, reduces=True, what=_department),
    SubsystemRegistered: Touch(CATALOGUE, reduces=False, what=_subsystem),
    SubsystemSubmitted: Touch(CATALOGUE, reduces=False, what=_subsystem),
    SubsystemReturned: Touch(CATALOGUE, reduces=False, what=_subsystem),
    SubsystemChecked: Touch(CATALOGUE, reduces=False, what=_subsystem),
    SubsystemPublished: Touch(CATALOGUE, reduces=False, what=_subsystem),
    SubsystemRetired: Touch(CATALOGUE, reduces=True, what=_subsystem),
    FunctionAdded: Touch(CATALOGUE, reduces=False, what=_subsystem),
    FunctionChanged: Touch(CATALOGUE, reduces=True, what=_subsystem),
    FunctionWithdrawn: Touch(CATALOGUE, reduces=True, what=_subsystem),
    ItemOffered: Touch(CATALOGUE, reduces=False, what=_of_function),
    ItemChanged: Touch(CATALOGUE, reduces=False, what=_of_function),
    ItemWithdrawn: Touch(CATALOGUE, reduces=False, what=_of_function),
}


def subscribe_feed(services: Services) -> None:
    """Note in the epoch feed what happens in other domains and decisions may not miss; a set of events becomes one note."""

    def note(tx: Transaction, events: Sequence[Event], touch: Touch) -> None:
        named = dict.fromkeys(item for event in events for item in touch.what(event))
        advance = partial(services.authorization.advance_epoch, tx, touch.kind, reduces=touch.reduces)
        if touch.kind == CATALOGUE:
            for code in named:
                advance(subsystem_code=code)
        elif touch.kind == DEPARTMENT:
            advance(departments=tuple(named))
        else:
            advance(officials=tuple(named))

    for event_type, touch in TOUCHES.items():
        services.uow.subscribe_set(event_type, partial(note, touch=touch))
