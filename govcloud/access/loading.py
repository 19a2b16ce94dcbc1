"""Loads what the rules see, from the domains that own it, at the moment of the command."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from govcloud.access import errors
from govcloud.access.facts import ItemFacts, PersonFacts
from govcloud.access.routing import DECIDING_ROLE, Holder, candidates, ids_of, levels
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.ranks import rank_order
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.levels import asks_each_time
from govcloud.subsystems.queries import ItemView, SubsystemQueries


class FactsLoader:
    """Turns what identity, the catalogue and authorization know into the plain facts of the rules."""

    def __init__(self, identity: IdentityQueries, subsystems: SubsystemQueries, authorization: AuthorizationQueries) -> None:
        """Take the queries of the three domains."""
        self.identity = identity
        self.subsystems = subsystems
        self.authorization = authorization

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
        live = self.subsystems.item(known.id, now)
        current = live or known
        return ItemFacts(
            id=current.id,
            name=current.name,
            tier=current.tier,
            max_days=current.max_days,
            requires_case_number=current.requires_case_number,
            scope_kind=current.scope_kind,
            integration_level=current.integration_level,
            owner_path=self.department_path(current.owner_department_id, now),
            live_version=live.version if live else None,
            untold=() if asks_each_time(current.integration_level) else self.subsystems.untold_clients(current.subsystem_code),
        )

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

    def authority(self, person: PersonFacts, now: datetime) -> tuple[str, ...]:
        """Return the department paths under which this person may decide now."""
        return self.authorization.department_paths(person.official_id, person.appointment_id, DECIDING_ROLE, now)

    def deciders(self, owner_path: str, barred: Collection[UUID], now: datetime) -> tuple[Holder, ...]:
        """Return who may decide on what the department at ``owner_path`` owns, the nearest first."""
        holders = self.authorization.role_holders(DECIDING_ROLE, levels(owner_path), now)
        live = (Holder(holder.official_id, holder.department_path) for holder in holders if self._may_act(holder.official_id, now))
        return candidates(owner_path, live, barred)

    def department_names(self, paths: Collection[str], now: datetime) -> tuple[str, ...]:
        """Return the names of the departments at the ends of ``paths``, in their order."""
        ids = ids_of(paths)
        found = self.identity.departments(ids, now)
        return tuple(found[item].name for item in ids if item in found)

    def parent_closed(self, line_id: UUID | None) -> bool:
        """Return whether the grant of a line, which another line extends, was ended before its time."""
        grant = self.authorization.grant_of_line(line_id) if line_id else None
        return grant is not None and grant.closed_at is not None

    def _may_act(self, official_id: UUID, now: datetime) -> bool:
        """Return whether an official is active and serves anywhere."""
        return any(subject.active for subject in self.identity.subjects_of(official_id, now))
