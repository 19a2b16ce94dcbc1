"""How somebody stands to items: what they have, what they wait for, and whether the rules would let them ask.

The rules are those of sending a request off, asked with the least that any item takes, so that only what no other scope, days or case
number would mend counts as a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.asking.views import Standing, Waiting
from govcloud.access.deciding.routing import Holder, satisfiable
from govcloud.access.facts import PersonFacts, RequestFacts, Wanted
from govcloud.access.lifecycle import OPEN
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import SUBMIT
from govcloud.access.rules.separation import liftable
from govcloud.authorization.apart.errors import conflict_words
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.kernel.errors import Refusal
from govcloud.subsystems.approval import steps_of
from govcloud.subsystems.queries import ItemView

_LEAST = Wanted(PROVINCE, 1)
_ANY_CASE = "—"


class Standings:
    """Answers how one person stands to many items; made for one page, and thrown away with it."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader, person: PersonFacts, now: datetime) -> None:
        """Take the source of reading sessions, the loader of facts, whose standing it is, and the moment of the page."""
        self._read = read
        self._facts = facts
        self._person = person
        self._now = now
        self._deciders: dict[str, tuple[Holder, ...]] = {}
        self._paths: dict[UUID, str] = {}

    def of(self, items: Collection[ItemView]) -> Mapping[UUID, Standing]:
        """Return the standing to each of ``items`` by its id."""
        if not items:
            return {}
        held = self.held({item.function for item in items})
        waiting = self._waiting({item.id for item in items})
        apart = self._facts.authorization.apart.conflicts_of_each(self._person.official_id, {item.function for item in items}, self._now)
        known = self._facts.items(items, self._now)
        self._paths |= {item_id: facts.owner_path for item_id, facts in known.items()}
        found: dict[UUID, Standing] = {}
        for item in items:
            facts = RequestFacts(
                item=known[item.id],
                requester=self._person,
                beneficiary=self._person,
                wanted=_LEAST,
                case_number=_ANY_CASE,
                open_line_number=waiting[item.id].number if item.id in waiting else None,
                has_decider=self._decidable(item, known[item.id].owner_path),
                conflicts=apart.get(item.function, ()),
            )
            refusals = tuple(refusal for _rule, refusal in SUBMIT.refusals(facts))
            is_held, until = item.function in held, held.get(item.function)
            blocking = tuple(Refusal(conflict.rule.code, conflict_words(conflict)) for conflict in liftable(facts))
            found[item.id] = Standing(is_held, until, waiting.get(item.id), refusals, blocking)
        return found

    def held(self, functions: Collection[str]) -> Mapping[str, datetime | None]:
        """Return those of ``functions`` that are open to the person, each with the end of the last temporary grant, if there is one."""
        person, now = self._person, self._now
        opened = self._facts.authorization.open_among(person.official_id, person.appointment_id, sorted(functions))
        until: dict[str, datetime | None] = dict.fromkeys(opened)
        for grant in self._facts.authorization.grants_of(person.official_id):
            mine = grant.appointment_id in {None, person.appointment_id}
            if mine and grant.function in opened and grant.state(now) == "active":
                latest = until[grant.function]
                until[grant.function] = grant.ends_at if latest is None else max(latest, grant.ends_at)
        return until

    def owner_path(self, item_id: UUID) -> str:
        """Return the path of the department that owns an item whose standing was asked for."""
        return self._paths[item_id]

    def deciders(self, owner_path: str) -> tuple[Holder, ...]:
        """Return who could decide on what the department at ``owner_path`` owns, the nearest first; looked up once a department."""
        if owner_path not in self._deciders:
            self._deciders[owner_path] = self._facts.deciders(owner_path, {self._person.official_id}, self._now, self._person)
        return self._deciders[owner_path]

    def _decidable(self, item: ItemView, owner_path: str) -> bool:
        """Return whether there are people enough for every step of an item's approval."""
        return satisfiable(steps_of(item.tier, item.approval), owner_path, self.deciders(owner_path))

    def _waiting(self, items: Collection[UUID]) -> Mapping[UUID, Waiting]:
        query = (
            select(RequestLine.item_id, AccessRequest.id, AccessRequest.number)
            .join(AccessRequest, AccessRequest.id == RequestLine.request_id)
            .where(RequestLine.beneficiary_official_id == self._person.official_id)
            .where(RequestLine.item_id.in_(items), RequestLine.state.in_(OPEN))
        )
        return {row.item_id: Waiting(row.id, row.number) for row in self._read().execute(query)}
