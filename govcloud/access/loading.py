"""Loads what the rules see, from the domains that own it, at the moment of the command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.asking.windows import starts_at
from govcloud.access.deciding.routing import DECIDING_ROLE, DEPUTY_ROLE, Authority, Holder, candidates, ids_of, levels
from govcloud.access.facts import ItemFacts, Office, PersonFacts
from govcloud.access.life.in_a_row import Asked, Rows
from govcloud.access.models import AccessRequest
from govcloud.access.rules.subordinate import stands_below
from govcloud.access.tasks.lending import live_delegations
from govcloud.authorization.queries import AuthorizationQueries, RoleHolder
from govcloud.identity.queries import IdentityQueries, Subject
from govcloud.identity.ranks import rank_order
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.levels import asks_each_time
from govcloud.subsystems.queries import ItemView, SubsystemQueries


class FactsLoader:
    """Turns what identity, the catalogue and authorization know into the plain facts of the rules."""

    def __init__(
        self,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        authorization: AuthorizationQueries,
        read: Callable[[], Session],
    ) -> None:
        """Take the queries of the three domains, and the source of reading sessions."""
        self._read = read
        self._rows = Rows(read, authorization)
        self.identity = identity
        self.subsystems = subsystems
        self.authorization = authorization

    def read(self) -> Session:
        """Return the session that reads, in a command its own."""
        return self._read()

    def catalogue_item(self, item_id: UUID) -> ItemView:
        """Return an item, withdrawn or not.

        Raises:
            NotFound: the catalogue never had it.
        """
        found = self.subsystems.items([item_id]).get(item_id)
        if found is None:
            raise NotFound.of(Message("可申请项"), item_id)
        return found

    def item(self, known: ItemView, now: datetime) -> ItemFacts:
        """Return the facts of an item as it stands now."""
        return self.items([known], now)[known.id]

    def items(self, known: Collection[ItemView], now: datetime) -> Mapping[UUID, ItemFacts]:
        """Return the facts of items as they stand now, by id; a few statements for any number."""
        live = self.subsystems.requestable_among(item.id for item in known)
        current = [live.get(item.id, item) for item in known]
        departments = self.identity.departments({item.owner_department_id for item in current}, now)
        untold = {
            code: self.subsystems.untold_clients(code)
            for code in {item.subsystem_code for item in current if not asks_each_time(item.integration_level)}
        }
        return {
            item.id: ItemFacts(
                id=item.id,
                name=item.name,
                tier=item.tier,
                max_days=item.max_days,
                requires_case_number=item.requires_case_number,
                scope_kind=item.scope_kind,
                integration_level=item.integration_level,
                owner_path=departments[item.owner_department_id].path if item.owner_department_id in departments else "",
                live_version=item.version if item.id in live else None,
                label=item.label,
                untold=() if asks_each_time(item.integration_level) else untold[item.subsystem_code],
            )
            for item in current
        }

    def person(self, official_id: UUID, appointment_id: UUID, now: datetime) -> PersonFacts:
        """Return an official under one appointment; inactive when either does not hold now."""
        subject = self.identity.subject(appointment_id, now)
        if subject is None or subject.official_id != official_id:
            name = self.identity.official_names([official_id]).get(official_id, "")
            return PersonFacts(official_id, appointment_id, name, active=False, department_path="", rank="", rank_order=None)
        return PersonFacts(
            official_id=official_id,
            appointment_id=appointment_id,
            name=subject.name,
            active=subject.active,
            department_path=subject.department_path,
            rank=subject.rank,
            rank_order=rank_order(subject.rank),
            posts=tuple(view.department_path for view in self.identity.appointments_of(official_id, now)),
            clearance=subject.label,
        )

    def acting(self, actor: Actor, now: datetime) -> PersonFacts:
        """Return the official who gives the command, in the duty of the session.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        if actor.official_id is None or actor.appointment_id is None:
            raise errors.not_an_official()
        return self.person(actor.official_id, actor.appointment_id, now)

    def department_path(self, department_id: UUID, now: datetime | None = None) -> str:
        """Return the path of a department at ``now`` (by default the clock's); empty (nobody's) when it no longer exists."""
        department = self.identity.department(department_id, now)
        return department.path if department else ""

    def authority(self, person: PersonFacts, now: datetime) -> tuple[Authority, ...]:
        """Return the rights under which this person may decide now: their own, those of a deputy, and those lent to them.

        What somebody else lent counts only while that person holds it; nobody lends on what was lent to them.
        """
        roles = (DECIDING_ROLE, DEPUTY_ROLE)
        own = self.authorization.paths_by_role(person.official_id, person.appointment_id, roles, now)
        rights = [Authority(path, person.official_id, person.appointment_id, role == DEPUTY_ROLE) for role in roles for path in own[role]]
        for lent in live_delegations(self._read(), person.official_id, person.appointment_id, now):
            held = self.authorization.department_paths(lent.delegator_id, lent.delegator_appointment_id, DECIDING_ROLE, now)
            rights += [
                Authority(path, lent.delegator_id, lent.delegator_appointment_id, delegation_id=lent.id, stands_in=lent.out_of_office)
                for path in held
            ]
        return tuple(rights)

    def lent_over(self, actor: Actor, path: str, now: datetime) -> str:
        """Return the actor's id if authority over ``path`` was lent to them, else nothing: what the policy asks of a delegate."""
        if actor.official_id is None or actor.appointment_id is None:
            return ""
        for lent in live_delegations(self._read(), actor.official_id, actor.appointment_id, now):
            held = self.authorization.department_paths(lent.delegator_id, lent.delegator_appointment_id, DECIDING_ROLE, now)
            if any(path.startswith(above) for above in held):
                return str(actor.official_id)
        return ""

    def deciders(
        self, owner_path: str, barred: Collection[UUID], now: datetime, beneficiary: PersonFacts | None = None
    ) -> tuple[Holder, ...]:
        """Return who may decide on what the department at ``owner_path`` owns, the nearest first.

        Left out are the ``barred``, who is not in office, and whoever stands below the ``beneficiary``.
        """
        fit = (
            Holder(office.person.official_id, office.path, office.person.department_path)
            for office in self.offices(DECIDING_ROLE, levels(owner_path), now)
            if beneficiary is None or not stands_below(office.person, beneficiary)
        )
        return candidates(owner_path, fit, barred)

    def offices(self, role: str, paths: Collection[str], now: datetime) -> tuple[Office, ...]:
        """Return who holds ``role`` over exactly one of ``paths`` and serves in that office now."""
        holders = self.authorization.role_holders(role, sorted(paths), now) if paths else ()
        known = self.subjects({holder.official_id for holder in holders}, now)
        found = (_office(holder, known.get(holder.official_id, ()), deputy=role == DEPUTY_ROLE) for holder in holders)
        return tuple(office for office in found if office is not None)

    def lies_within(self, path: str, departments: Collection[UUID], now: datetime) -> bool:
        """Return whether the department at ``path`` is one of these, or below one."""
        return any(path.startswith(department.path) for department in self.identity.departments(departments, now).values())

    def department_names(self, paths: Collection[str], now: datetime) -> tuple[str, ...]:
        """Return the names of the departments at the ends of ``paths``, in their order."""
        ids = ids_of(paths)
        found = self.identity.departments(ids, now)
        return tuple(found[item].name for item in ids if item in found)

    def carried_days(
        self, request: AccessRequest, item: ItemView, days: int, extends: UUID | None, *, asked_at: datetime, now: datetime
    ) -> int:
        """Return how many days of a row (``life/in_a_row.py``) lie beside what a line would give if it were approved now."""
        parent = self.authorization.grant_of_line(extends) if extends else None
        begins = max(starts_at(request, now), parent.ends_at if parent else now)
        asked = Asked(
            official_id=request.beneficiary_official_id,
            item_id=item.id,
            function=item.function,
            case_number=request.case_number,
            by_case=item.requires_case_number,
            begins=begins,
            days=max(1, min(days, item.max_days)),
            at=asked_at,
        )
        return self._rows.days_beside(asked)

    def parent_closed(self, line_id: UUID | None) -> bool:
        """Return whether the grant of a line, which another line extends, was ended before its time, or rests."""
        grant = self.authorization.grant_of_line(line_id) if line_id else None
        return grant is not None and (grant.closed_at is not None or grant.suspended)

    def subjects(self, officials: Collection[UUID], now: datetime) -> Mapping[UUID, tuple[Subject, ...]]:
        """Return the live appointments of several people at once."""
        found: dict[UUID, tuple[Subject, ...]] = {}
        for subject in self.identity.subjects_among(officials, now) if officials else ():
            found[subject.official_id] = (*found.get(subject.official_id, ()), subject)
        return found


def facts_of(acting: Subject, subjects: Iterable[Subject]) -> PersonFacts:
    """Return somebody as the rules see people: under the appointment ``acting``, of all their live ones (``subjects``)."""
    return PersonFacts(
        official_id=acting.official_id,
        appointment_id=acting.appointment_id,
        name=acting.name,
        active=acting.active,
        department_path=acting.department_path,
        rank=acting.rank,
        rank_order=rank_order(acting.rank),
        posts=tuple(subject.department_path for subject in subjects),
    )


def _office(holder: RoleHolder, subjects: tuple[Subject, ...], *, deputy: bool) -> Office | None:
    """Return an office, if its holder serves in it: under its appointment, or under any where it hangs on the person."""
    serving = [subject for subject in subjects if subject.active and holder.appointment_id in {None, subject.appointment_id}]
    if not serving:
        return None
    units = {subject.appointment_id: subject.department_path for subject in serving}
    return Office(holder.department_path, facts_of(serving[0], subjects), units, deputy)
