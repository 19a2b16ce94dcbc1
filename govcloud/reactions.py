"""What follows from what, across domains: each reaction runs in the transaction of its cause and fails it when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from govcloud.authorization.events import GrantClosed, GrantSuspended
from govcloud.identity.events import (
    AppointmentEnded,
    AppointmentRescheduled,
    DepartmentAbolished,
    DepartmentMerged,
    DepartmentMoved,
    DepartmentSplit,
    LeaveUndone,
    OfficialDisabled,
    OfficialLeft,
    OfficialRejoined,
    OfficialRestored,
    PersonnelChangeRecorded,
    PersonnelChangeSettled,
)
from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import Transaction
from govcloud.services import Services
from govcloud.signon.logout.views import GrantEnding
from govcloud.subsystems.events import ClientDisabled, SubsystemHandedOver, SubsystemRetired


def subscribe_reactions(services: Services) -> None:
    """Say what follows from what, across domains: each runs in the transaction of its cause and fails it when it fails."""
    subscribe_endings(services)
    subscribe_lifecycle(services)
    subscribe_grants(services)

    def follow(tx: Transaction, event: DepartmentMoved) -> None:
        services.authorization.advance_epoch(tx, "department")
        services.authorization.follow_department(tx, event.old_path, event.new_path)
        services.access.follow_department(tx, event.old_path, event.new_path)

    def carry(tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        services.authorization.advance_epoch(tx, "department")
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

    def divide(tx: Transaction, event: DepartmentSplit) -> None:
        carry(tx, event.department_id, event.successor_id)

    def abandon(tx: Transaction, event: DepartmentAbolished) -> None:
        services.authorization.advance_epoch(tx, "department")
        services.authorization.end_delegations(tx, event.old_path, event.reason)

    services.uow.subscribe(DepartmentMoved, follow)
    services.uow.subscribe(DepartmentMerged, absorb)
    services.uow.subscribe(SubsystemHandedOver, entrust)
    services.uow.subscribe(DepartmentSplit, divide)
    services.uow.subscribe(DepartmentAbolished, abandon)


def subscribe_endings(services: Services) -> None:
    """Say what follows when people may no longer act, or may again, and when appointments end."""
    reaction = Actor.system("reaction")

    def end_all(tx: Transaction, events: Sequence[OfficialDisabled]) -> None:
        officials = [event.official_id for event in events]
        for official_id in officials:
            services.authorization.advance_epoch(tx, "official", official_id=official_id)
        services.signon.end_sessions_of(reaction, officials, "official_disabled")
        services.authorization.close_grants_of(reaction, officials, "disabled")

    def restore(tx: Transaction, event: OfficialRestored) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id, reduces=False)

    def leave(tx: Transaction, events: Sequence[AppointmentEnded]) -> None:
        officials, appointments = sorted({event.official_id for event in events}), [event.appointment_id for event in events]
        for official_id in officials:
            services.authorization.advance_epoch(tx, "appointment", official_id=official_id)
        services.signon.leave_appointments(reaction, appointments, officials)
        services.authorization.close_grants_of(reaction, officials, "mover", appointments=appointments)

    # An import disables and ends by the thousand, so what follows is done for all of a command at once.
    services.uow.subscribe_set(OfficialDisabled, end_all)
    services.uow.subscribe_set(AppointmentEnded, leave)
    services.uow.subscribe(OfficialRestored, restore)


def subscribe_grants(services: Services) -> None:
    """Say what follows when a grant ends or rests, or when a client or a subsystem goes: whoever cannot ask by itself is told."""
    reaction = Actor.system("reaction")

    def sign_out(_tx: Transaction, events: Sequence[GrantClosed] | Sequence[GrantSuspended], cause: str) -> None:
        named = [GrantEnding(item.grant_id, item.official_id, item.subsystem_code, item.function) for item in events]
        services.logout.end_stays(reaction, named, cause)

    def close_client(_tx: Transaction, event: ClientDisabled) -> None:
        services.logout.end_stays_in(reaction, [event.client_id], "client_disabled")

    def close_subsystem(_tx: Transaction, event: SubsystemRetired) -> None:
        clients = services.subsystem_queries.clients_of(event.subsystem_id)
        services.logout.end_stays_in(reaction, [client.client_id for client in clients if not client.disabled], "subsystem_retired")

    services.uow.subscribe(ClientDisabled, close_client)
    services.uow.subscribe(SubsystemRetired, close_subsystem)
    services.uow.subscribe_set(GrantClosed, partial(sign_out, cause="grant_closed"))
    services.uow.subscribe_set(GrantSuspended, partial(sign_out, cause="grant_suspended"))


def subscribe_lifecycle(services: Services) -> None:
    """Say what follows from changes in a person's working life."""
    reaction = Actor.system("reaction")

    def end_for_good(tx: Transaction, event: OfficialLeft) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id)
        services.signon.end_sessions_of(reaction, [event.official_id], "official_left")
        services.authorization.close_grants_of(reaction, [event.official_id], "leaver")
        services.authorization.end_roles_of(reaction, event.official_id, "leaver", cause=event.change_id)

    def give_back(tx: Transaction, event: LeaveUndone) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id, reduces=False)
        services.authorization.restore_roles_of(reaction, event.official_id, cause=event.change_id, followed=event.restored)

    def begin_anew(tx: Transaction, event: OfficialRejoined) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id, reduces=False)
        services.signon.withdraw_password(tx, event.official_id)

    def reschedule(tx: Transaction, event: AppointmentRescheduled) -> None:
        services.authorization.advance_epoch(tx, "appointment", official_id=event.official_id)
        services.signon.reschedule_appointment(tx, event.appointment_id, event.ends_at)

    def look_ahead(tx: Transaction, event: PersonnelChangeRecorded) -> None:
        if event.planned and event.kind in {"leave", "suspend"}:
            services.signon.cap_sessions(tx, event.official_id, event.effective_at)

    def take_note(tx: Transaction, event: PersonnelChangeSettled) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id)

    services.uow.subscribe(OfficialLeft, end_for_good)
    services.uow.subscribe(LeaveUndone, give_back)
    services.uow.subscribe(OfficialRejoined, begin_anew)
    services.uow.subscribe(AppointmentRescheduled, reschedule)
    services.uow.subscribe(PersonnelChangeRecorded, look_ahead)
    services.uow.subscribe(PersonnelChangeSettled, take_note)
