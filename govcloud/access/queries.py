"""Reads of access: the catalogue, one's requests, the inbox, the decision page, and who holds what.

A reader sees a request as its requester, its beneficiary, or somebody with authority over what it asks for; everybody else is
told that there is no such request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.asking.choices import scope_choices
from govcloud.access.asking.views import CatalogueEntry, Route, ScopeChoice
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.deciding.decision_pages import DecisionPages
from govcloud.access.deciding.inbox import Inbox, visible_paths
from govcloud.access.deciding.routing import DECIDING_ROLE, nearest
from govcloud.access.deciding.views import InboxEntry, InboxPage
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.lifecycle import OPEN
from govcloud.access.lines import open_lines_naming, open_lines_of, open_lines_within, read_line
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.showing import Shower
from govcloud.access.views import DecisionPage, HeldAccess, LineView, Page, RequestView
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.extents import at_or_below
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.validation import identifier
from govcloud.subsystems.queries import SubsystemQueries

PAGE = 20
_MOST = 100
_ENDED_SHOWN = timedelta(days=30)


class AccessQueries:
    """Answers questions about requests and held access; it never writes."""

    def __init__(
        self,
        read: Callable[[], Session],
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        authorization: AuthorizationQueries,
        *,
        clock: Clock,
        clocks: Clocks,
    ) -> None:
        """Take the source of reading sessions, the queries of the domains below, the clock, and the clocks that run on departments."""
        self._read = read
        self._clock = clock
        self._facts = FactsLoader(identity, subsystems, authorization, read)
        self._clocks = clocks
        self._cards = CardMaker(read, self._facts)
        self._pages = DecisionPages(read, self._facts, self._cards)

    # What can be asked for

    def catalogue(self, text: str = "", limit: int = 50) -> tuple[CatalogueEntry, ...]:
        """Return what can be requested now and matches ``text`` (item, function or subsystem; everything for an empty one)."""
        return self._shower().catalogue(self._facts.subsystems.requestable_items(text, limit))

    def item(self, item_id: UUID) -> CatalogueEntry | None:
        """Return an item that can be requested now."""
        found = self._facts.subsystems.item(item_id)
        return self._shower().catalogue([found])[0] if found else None

    def item_for_function(self, function: str) -> CatalogueEntry | None:
        """Return the item that opens ``function``, if it can be requested now."""
        found = self._facts.subsystems.item_for_function(function)
        return self._shower().catalogue([found])[0] if found else None

    def scope_choices(self, offered: Scope, near: str | None = None) -> tuple[ScopeChoice, ...]:
        """Return the scopes within ``offered`` that one may pick; ``near`` is the division of the beneficiary's department."""
        return scope_choices(self._facts.identity, offered, near)

    def route(self, actor: Actor, item_id: UUID) -> Route:
        """Return who would be asked first if the actor requested an item now, and by when they answer.

        Raises:
            NotFound: the catalogue never had the item.
        """
        now = self._clock.now()
        item = self._facts.item(self._facts.catalogue_item(item_id), now)
        path = item.owner_path
        barred = {actor.official_id} if actor.official_id else set()
        paths = dict.fromkeys(holder.path for holder in nearest(path, self._facts.deciders(path, barred, now)))
        return Route(self._facts.department_names(tuple(paths), now), self._clocks.lapses_at(item.tier, now))

    # Requests

    def waiting_count(self, official_id: UUID) -> int:
        """Return how many lines still wait among the requests that a person made or that were made for them."""
        mine = or_(AccessRequest.requester_official_id == official_id, AccessRequest.beneficiary_official_id == official_id)
        query = (
            select(func.count())
            .select_from(RequestLine)
            .join(AccessRequest, AccessRequest.id == RequestLine.request_id)
            .where(mine, RequestLine.state.in_(OPEN))
        )
        return self._read().scalar(query) or 0

    def my_requests(self, official_id: UUID, cursor: str | None = None, limit: int = PAGE) -> Page[RequestView]:
        """Return the requests that a person made or that were made for them, the newest first."""
        mine = or_(AccessRequest.requester_official_id == official_id, AccessRequest.beneficiary_official_id == official_id)
        query = select(AccessRequest).where(mine).order_by(AccessRequest.id.desc())
        before = identifier(cursor)
        if before is not None:
            query = query.where(AccessRequest.id < before)
        most = _limited(limit)
        rows = self._read().scalars(query.limit(most + 1)).all()
        views = self._shower().requests(rows[:most], official_id)
        return Page(views, str(rows[most - 1].id) if len(rows) > most else None)

    def request(self, actor: Actor, request_id: UUID) -> RequestView:
        """Return one request.

        Raises:
            NotFound: there is none, or the actor may not know of it.
        """
        row = self._read().get(AccessRequest, request_id)
        if row is None or not self._may_see(actor, row):
            raise errors.no_such_request(request_id)
        return self._shower().requests([row], actor.official_id)[0]

    def line(self, actor: Actor, line_id: UUID) -> LineView:
        """Return one line.

        Raises:
            NotFound: there is none, or the actor may not know of it.
        """
        row = read_line(self._read(), line_id)
        if not self._may_see(actor, self._read().get_one(AccessRequest, row.request_id)):
            raise errors.no_such_line(line_id)
        return self._shower().lines([row])[0]

    def line_since(self, official_id: UUID, item_id: UUID, since: datetime) -> LineView | None:
        """Return the latest line of an item for a person that waited for an answer at ``since`` or was submitted after it."""
        waited = or_(RequestLine.closed_at.is_(None), RequestLine.closed_at >= since)
        # By the person's requests, which are few; an item may have had hundreds of thousands of lines.
        query = select(RequestLine).join(AccessRequest, AccessRequest.id == RequestLine.request_id)
        mine = (AccessRequest.beneficiary_official_id == official_id, RequestLine.item_id == item_id, waited)
        row = self._read().scalar(query.where(*mine).order_by(RequestLine.id.desc()).limit(1))
        return self._shower().lines([row])[0] if row else None

    # Deciding

    def inbox(self, actor: Actor, cursor: str | None = None, limit: int = PAGE, *, below: bool = False) -> InboxPage:
        """Return the lines that the actor is asked to decide on now, the oldest first; a query, not a copied list (``inbox.py``).

        With ``below`` all that the actor may decide on, whoever is asked first. One's own requests are left out.
        """
        inbox, most = self._inbox(actor), _limited(limit)
        rows = inbox.rows(identifier(cursor), most + 1, below=below) if inbox else ()
        entries = self._shower().inbox([(line, request, None) for line, request in rows[:most]])
        cursor = str(rows[most - 1][0].id) if len(rows) > most else None
        return InboxPage(entries, cursor, inbox is not None and inbox.decides, inbox is not None and inbox.in_office)

    def inbox_count(self, actor: Actor) -> int:
        """Return on how many lines the actor is asked to decide, counted up to ``inbox.MOST_COUNTED``."""
        inbox = self._inbox(actor)
        return inbox.count() if inbox else 0

    def decided_by(self, actor: Actor, cursor: str | None = None, limit: int = PAGE) -> Page[InboxEntry]:
        """Return the lines that the actor decided in whatever office, the latest decision first."""
        query = (
            select(RequestLine, AccessRequest, Decision)
            .join(AccessRequest, AccessRequest.id == RequestLine.request_id)
            .join(Decision, Decision.line_id == RequestLine.id)
            .where(Decision.official_id == actor.official_id, Decision.rule_id.is_(None))
            .order_by(Decision.id.desc())
        )
        before = identifier(cursor)
        if before is not None:
            query = query.where(Decision.id < before)
        most = _limited(limit)
        rows = self._read().execute(query.limit(most + 1)).all()
        reach = self._authority(actor) if rows else ()
        entries = self._shower().inbox([(row[0], row[1], row[2]) for row in rows[:most]], reach)
        return Page(entries, str(rows[most - 1][2].id) if len(rows) > most else None)

    def decision_page(self, actor: Actor, line_id: UUID) -> DecisionPage:
        """Return everything that somebody with authority over a line needs to decide on it.

        Raises:
            NotFound: there is no such line, or the actor has no authority over it.
            Denied: the actor is not an official in an appointment.
        """
        return self._pages.page(actor, line_id, self._clock.now())

    def evidence_card(self, line_id: UUID) -> EvidenceCard:
        """Return the card of a line as the facts stand now.

        Raises:
            NotFound: there is no such line.
        """
        line = read_line(self._read(), line_id)
        request = self._read().get_one(AccessRequest, line.request_id)
        return self._cards.card(request, line, self._clock.now())

    # Who holds what

    def my_access(self, official_id: UUID) -> tuple[HeldAccess, ...]:
        """Return a person's temporary grants: live ones first, the next to end on top; then those that ended lately."""
        now = self._clock.now()
        held = self._shower().held(self._facts.authorization.grants_of(official_id))
        live = sorted((entry for entry in held if entry.is_live), key=lambda entry: entry.grant.ends_at)
        over = (entry for entry in held if not entry.is_live and entry.ended_at > now - _ENDED_SHOWN)
        ended = sorted(over, key=lambda entry: entry.ended_at, reverse=True)
        return (*live, *ended)

    def open_lines_within(self, paths: Sequence[str], limit: int = 10) -> tuple[int, tuple[str, ...]]:
        """Return how many lines wait for departments at or below ``paths``, and the numbers of the first requests."""
        return open_lines_within(self._read(), paths, limit)

    def open_lines_of(self, functions: Iterable[str]) -> int:
        """Return how many lines wait for an answer about these functions."""
        return open_lines_of(self._read(), functions)

    def open_lines_naming(self, matter_id: UUID) -> int:
        """Return how many lines wait for an answer of requests that name this matter."""
        return open_lines_naming(self._read(), matter_id)

    def overseen_access(self, actor: Actor, cursor: str | None = None, limit: int = PAGE) -> Page[HeldAccess]:
        """Return a page of the live grants that the actor may revoke as senior administrator, the newest first."""
        paths = self._own_paths(actor)
        owners = self._facts.identity.departments(self._facts.subsystems.owner_departments()) if paths else {}
        mine = [key for key, view in owners.items() if any(view.path.startswith(path) for path in paths)]
        limit = _limited(limit)
        grants = self._facts.authorization.live_grants_owned_by(mine, limit + 1, identifier(cursor)) if mine else ()
        held = self._shower().held(grants[:limit])
        return Page(tuple(held), str(grants[limit - 1].id) if len(grants) > limit else None)

    def overseen_grant(self, actor: Actor, grant_id: UUID) -> HeldAccess | None:
        """Return a live grant if the actor may revoke it as senior administrator."""
        grant = self._facts.authorization.grant(grant_id)
        now = self._clock.now()
        if grant is None or grant.owner_department_id is None or grant.closed_at is not None or grant.ends_at <= now:
            return None
        path = self._facts.department_path(grant.owner_department_id)
        if not path or not any(path.startswith(mine) for mine in self._own_paths(actor)):
            return None
        return next(iter(self._shower().held([grant])), None)

    # How the above read

    def _shower(self) -> Shower:
        return Shower(self._read(), self._facts, self._clock.now())

    def _inbox(self, actor: Actor) -> Inbox | None:
        """Return the inbox of an official in an appointment."""
        if actor.official_id is None or actor.appointment_id is None:
            return None
        now = self._clock.now()
        return Inbox(self._read(), self._facts, self._facts.person(actor.official_id, actor.appointment_id, now), now)

    def _authority(self, actor: Actor) -> tuple[str, ...]:
        """Return the department paths under which the actor may decide now, in whatever right."""
        if actor.official_id is None or actor.appointment_id is None:
            return ()
        now = self._clock.now()
        return visible_paths(self._facts.authority(self._facts.person(actor.official_id, actor.appointment_id, now), now))

    def _own_paths(self, actor: Actor) -> tuple[str, ...]:
        """Return the departments of which the actor may revoke what was granted: by an office of their own, not by a delegation."""
        if actor.official_id is None or actor.appointment_id is None:
            return ()
        return self._facts.authorization.department_paths(actor.official_id, actor.appointment_id, DECIDING_ROLE)

    def _may_see(self, actor: Actor, request: AccessRequest) -> bool:
        if actor.official_id in {request.requester_official_id, request.beneficiary_official_id}:
            return True
        decided_on = at_or_below(RequestLine.owner_path, self._authority(actor))
        return self._read().scalar(select(RequestLine.id).where(RequestLine.request_id == request.id, decided_on).limit(1)) is not None


def _limited(limit: int) -> int:
    return max(1, min(limit, _MOST))
