"""The three searches (section 8): who may, on what, and what all; every result is one that an evaluation of the same question allows.

A result that is undetermined only because the search lacks an attribute is no result. It stands in ``context.conditional`` with the
names of what is missing, so that whoever searches can say more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from govcloud.authorization.answers.entries import FunctionPage, PeoplePage, State
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.entrypoints.authzen.asking import OFFICIAL, Asker, Person
from govcloud.entrypoints.authzen.paging import Page, read_page
from govcloud.entrypoints.authzen.paths import SEARCH_ACTION, SEARCH_RESOURCE, SEARCH_SUBJECT
from govcloud.entrypoints.authzen.resources import DIVISION, FUNCTION, ONE_ACTION, SUBSYSTEM, Target, division_target, target_of
from govcloud.entrypoints.authzen.wire import (
    Context,
    Resource,
    read_action,
    read_context,
    read_resource,
    read_resource_type,
    read_subject,
    read_subject_type,
)
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services

#: How many divisions are looked at together, and how often for one page; there are thousands, and somebody may have the last alone.
IN_A_PIECE, MOST_PIECES = 200, 5


@dataclass(frozen=True, slots=True)
class Found:
    """Results of a page on the wire, those that are conditional, where the next page begins, and the epoch of all this."""

    results: list[dict[str, Any]]
    epoch: int
    after: str | None = None
    conditional: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """A search about one person."""

    client: ClientView
    asker: Asker
    person: Person
    action: str
    resource: Resource
    context: Context
    page: Page

    def decided(self, target: Target, result: dict[str, Any]) -> Found:
        """Return the one result that there can be, if it is allowed."""
        if self.page.after is not None:
            return Found([], 0)
        decision = services().authorization.decide(self.question(target))
        return Found([result] if decision.allowed else [], decision.epoch)

    def question(self, target: Target) -> Question:
        """Return the question about ``target`` in this search."""
        return self.asker.about(self.person, target, self.context)

    def functions(self, resource: Mapping[str, Any], result: Callable[[str], dict[str, Any]]) -> Found:
        """Return a page of the functions of the client's subsystem that are open to the person, in the session that they are in."""
        page = services().authorization_queries.answers.list_functions(
            self.person.official_id,
            self.person.appointment_id,
            self.client.subsystem_code,
            resource,
            self.context.given,
            client_address=self.asker.address(self.context),
            min_epoch=self.context.min_epoch,
            strong=self.person.strong,
            limit=self.page.limit,
            after=self.page.after,
        )
        return _found(page, result)


def search_subjects(body: Mapping[str, Any], client: ClientView) -> dict[str, Any]:
    """Return the officials who may do something to something (section 8.4), each under the primary appointment.

    Raises:
        MalformedError, ForeignFunctionError, Unavailable: as an evaluation.
    """
    kind, action = read_subject_type(body.get("subject")), read_action(body.get("action"))
    resource, context = read_resource(body.get("resource")), read_context(body.get("context"))
    page = read_page(body, SEARCH_SUBJECT, client)
    target = target_of(action.name, resource)
    if target is None or kind != OFFICIAL:
        return page.answer([], None, {})
    asker = Asker(client)
    asker.own(target.function)
    if page.limit == 0:
        return page.unread()
    people = services().authorization_queries.answers.list_people(
        target.function,
        target.resource,
        context.given,
        client_address=asker.address(context),
        min_epoch=context.min_epoch,
        limit=page.limit,
        after=UUID(page.after) if page.after else None,
    )
    return _answer(page, _found(people, lambda official_id: {"type": OFFICIAL, "id": official_id}))


def search_actions(body: Mapping[str, Any], client: ClientView) -> dict[str, Any]:
    """Return what a subject may do to a resource (section 8.6): functions of the client's subsystem.

    Raises:
        MalformedError, ForeignFunctionError, Unavailable: as an evaluation.
    """
    subject, resource = read_subject(body.get("subject")), read_resource(body.get("resource"))
    context = read_context(body.get("context"))
    page = read_page(body, SEARCH_ACTION, client)
    action = ONE_ACTION.get(resource.type, "")
    target = target_of(action, resource)
    asker = Asker(client)
    if target is not None and action:
        asker.own(target.function)
    person = asker.person(subject, context)
    if target is None or isinstance(person, Reason):
        return page.answer([], None, {"reason": person} if isinstance(person, Reason) else {})
    if page.limit == 0:
        return page.unread()
    search = Search(client, asker, person, action, resource, context, page)
    if action:
        return _answer(page, search.decided(target, {"name": action}))
    return _answer(page, search.functions(target.resource, lambda code: {"name": code}))


def search_resources(body: Mapping[str, Any], client: ClientView) -> dict[str, Any]:
    """Return the resources of a type that a subject may do something to (section 8.5): of the types that the platform knows.

    Raises:
        MalformedError, ForeignFunctionError, Unavailable: as an evaluation.
    """
    subject, action = read_subject(body.get("subject")), read_action(body.get("action"))
    resource, context = read_resource_type(body.get("resource")), read_context(body.get("context"))
    page = read_page(body, SEARCH_RESOURCE, client)
    look = _RESOURCES.get(resource.type)
    if look is None or ONE_ACTION.get(resource.type, action.name) != action.name:
        return page.answer([], None, {})
    asker = Asker(client)
    if resource.type not in ONE_ACTION:
        asker.own(action.name)
    person = asker.person(subject, context)
    if isinstance(person, Reason):
        return page.answer([], None, {"reason": person})
    if page.limit == 0:
        return page.unread()
    return _answer(page, look(Search(client, asker, person, action.name, resource, context, page)))


def _every_function(search: Search) -> Found:
    return search.functions(search.resource.properties, lambda code: {"type": FUNCTION, "id": code})


def _own_subsystem(search: Search) -> Found:
    """Return the client's subsystem, if its door is open; others are not for this client to ask about."""
    code = search.client.subsystem_code
    target = target_of(search.action, Resource(SUBSYSTEM, code, search.resource.properties, {}))
    return search.decided(target, {"type": SUBSYSTEM, "id": code}) if target is not None else Found([], 0)


def _divisions(search: Search) -> Found:
    """Return the divisions on whose rows the function may be used, in the order of their codes; the engine decides on each."""
    found = Found([], 0, after=search.page.after)
    for _ in range(MOST_PIECES):
        codes = services().identity_queries.division_codes(found.after, IN_A_PIECE)
        questions = [search.question(division_target(search.action, code, search.resource.properties)) for code in codes]
        room = search.page.limit - len(found.results)
        decisions = services().authorization.decide_all(questions, partial(_until_full, room))
        opened = [{"type": DIVISION, "id": code} for code, decision in zip(codes, decisions, strict=False) if decision.allowed]
        over = len(codes) < IN_A_PIECE and len(decisions) == len(codes)
        epoch = decisions[-1].epoch if decisions else found.epoch
        found = Found([*found.results, *opened], epoch, after=None if over else codes[len(decisions) - 1])
        if over or len(opened) == room:
            break
    return found


def _until_full(limit: int) -> Callable[[Decision], bool]:
    """Return what says when there are as many results as one page holds."""
    found = 0

    def full(decision: Decision) -> bool:
        nonlocal found
        found += decision.allowed
        return found == limit

    return full


_RESOURCES: dict[str, Callable[[Search], Found]] = {FUNCTION: _every_function, SUBSYSTEM: _own_subsystem, DIVISION: _divisions}


def _found(page: PeoplePage | FunctionPage, result: Callable[[str], dict[str, Any]]) -> Found:
    """Return a page of a list as it goes on the wire."""
    return Found(
        [result(str(entry.id)) for entry in page.rows if entry.state is State.ALLOWED],
        page.epoch,
        after=None if page.after is None else str(page.after),
        conditional=tuple(
            {**result(str(entry.id)), "missing": list(entry.missing)} for entry in page.rows if entry.state is State.CONDITIONAL
        ),
    )


def _answer(page: Page, found: Found) -> dict[str, Any]:
    context: dict[str, Any] = {"epoch": found.epoch}
    if found.conditional:
        context["conditional"] = found.conditional
    return page.answer(found.results, found.after, context)
