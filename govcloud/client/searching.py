"""The three searches of AuthZEN (section 8): who may, what somebody may do, and on what; asked page by page, and read with care.

What a search lists is what a check of each would allow. A list that breaks off is no list: whoever reads one must refuse then, as
after a check without an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from govcloud.client.errors import CheckUnavailableError
from govcloud.client.wire import Question, encoded, read_epoch, subject_of

OFFICIAL, FUNCTION, SUBSYSTEM, DIVISION = "official", "govcloud:function", "govcloud:subsystem", "govcloud:division"
#: What the ``type`` of a result is where the standard gives it none.
ACTION = "action"


@dataclass(frozen=True)
class Search:
    """What is searched for; made by ``subjects``, ``actions`` or ``resources``.

    Attributes:
        kind: ``subject``, ``action`` or ``resource``: also the last part of the endpoint's address.
        entities: subject, action and resource, as far as the search names them.
        context: the surroundings, where a rule reads them.
        limit: how many results a page holds at the most; ``None``: as the platform pleases.
    """

    kind: str
    entities: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None

    @classmethod
    def subjects(
        cls,
        function: str,
        resource: Mapping[str, Any] | None = None,
        *,
        resource_id: str = "*",
        context: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Self:
        """Search for the officials who may use ``function``, on the row with the attributes ``resource`` where one is meant.

        Each is judged under the primary appointment, as in a check without ``sid``. ``id`` of a result is the official (``sub``).
        """
        about = Question(function, resource or {}, resource_id).entities()
        return cls("subject", {"subject": {"type": OFFICIAL}, **about}, context or {}, limit)

    @classmethod
    def actions(
        cls,
        sub: str,
        sid: str | None = None,
        resource: Mapping[str, Any] | None = None,
        *,
        resource_type: str = "row",
        resource_id: str = "*",
        context: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Self:
        """Search for the functions of this subsystem that an official may use; ``id`` of a result is the function's code."""
        row = {"type": resource_type, "id": resource_id, "properties": dict(resource or {})}
        return cls("action", {"subject": subject_of(sub, sid), "resource": row}, context or {}, limit)

    @classmethod
    def resources(
        cls,
        sub: str,
        sid: str | None = None,
        *,
        function: str,
        resource_type: str = DIVISION,
        resource: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Self:
        """Search for what an official may use ``function`` on, of a type that the platform knows.

        These are ``govcloud:division``, ``govcloud:function`` (``function`` is ``use``) and ``govcloud:subsystem`` (``enter``). The
        rows of registers lie with the subsystems, which filter them (``Views.filter``).
        """
        entity = {"type": resource_type, "properties": dict(resource or {})}
        return cls("resource", {"subject": subject_of(sub, sid), "action": {"name": function}, "resource": entity}, context or {}, limit)

    def body(self, token: str | None, min_epoch: int | None) -> bytes:
        """Return the body that asks for the page behind ``token`` (``None``: the first one).

        Raises:
            CheckRefusedError: an attribute is nothing that JSON could carry.
        """
        context = dict(self.context) if min_epoch is None else {**self.context, "min_epoch": min_epoch}
        page = {key: value for key, value in (("limit", self.limit), ("token", token)) if value is not None}
        return encoded({**self.entities, "context": context, "page": page})


@dataclass(frozen=True)
class SearchResult:
    """One result: ``type`` is ``official``, ``action`` or that of a resource; ``id`` is ``sub``, the function's code or the resource."""

    type: str
    id: str


@dataclass(frozen=True)
class ConditionalResult:
    """What is no result because the search did not say ``missing`` (``context.network_zone``, ``resource.level`` …); told, it may be."""

    result: SearchResult
    missing: tuple[str, ...]


@dataclass(frozen=True)
class SearchPage:
    """One page; it may hold fewer than its limit, or nothing, and still have a next one.

    ``epoch`` is the platform's last change that it knows of; ``next_token`` is empty on the last page.
    """

    results: tuple[SearchResult, ...]
    conditional: tuple[ConditionalResult, ...] = ()
    epoch: int | None = None
    next_token: str = ""


def read_page(answer: object, kind: str, token: str | None) -> SearchPage:
    """Return the page in an answer (section 8.3) to what was asked with ``token``.

    Raises:
        CheckUnavailableError: it is none, a result is of another kind, or the pages go round in a circle.
    """
    try:
        return _page(answer, kind, token)
    except ValueError as error:
        raise CheckUnavailableError(f"the decision point's list cannot be trusted: {error}") from error


def _page(answer: object, kind: str, token: str | None) -> SearchPage:
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise ValueError("there are no results")  # noqa: TRY004 - of the wire, like every other fault of it
    page, context = answer.get("page", {}), answer.get("context", {})
    if not isinstance(page, dict) or not isinstance(context, dict):
        raise ValueError("page and context are objects")  # noqa: TRY004
    after = page.get("next_token", "")
    if not isinstance(after, str) or (after and after == token):
        raise ValueError("the next page is this one")
    conditional = context.get("conditional", [])
    if not isinstance(conditional, list):
        raise ValueError("conditional is a list")  # noqa: TRY004
    return SearchPage(
        tuple(_result(item, kind) for item in answer["results"]),
        tuple(_conditional(item, kind) for item in conditional),
        read_epoch(context.get("epoch")),
        after,
    )


def _conditional(item: object, kind: str) -> ConditionalResult:
    missing = item.get("missing") if isinstance(item, dict) else None
    if not isinstance(missing, list) or not all(isinstance(name, str) for name in missing):
        raise ValueError("a conditional result names what is missing")
    return ConditionalResult(_result(item, kind), tuple(missing))


def _result(item: object, kind: str) -> SearchResult:
    """Return a result as the standard has it for this kind of search: an action has a name, all else a type and an id."""
    given: Mapping[str, Any] = item if isinstance(item, dict) else {}
    kinds = (ACTION, given.get("name")) if kind == "action" else (given.get("type"), given.get("id"))
    what, name = kinds
    if not isinstance(what, str) or not isinstance(name, str) or not what or not name:
        raise ValueError("a result has no id")
    if kind == "subject" and what != OFFICIAL:
        raise ValueError(f"{what[:100]} is no official")
    return SearchResult(what, name)
