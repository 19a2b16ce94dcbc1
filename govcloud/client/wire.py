"""The wire of AuthZEN (Authorization API 1.0): questions on their way out, answers on their way in. No answer means no.

A yes is one only where everything that it obliges to is understood; whatever else an answer holds is ignored (section 10.2.1 of the
standard).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from govcloud.client.columns import ROW_KEYS
from govcloud.client.decisions import AccessRequest, CheckDecision, StepUp
from govcloud.client.errors import CheckRefusedError, CheckUnavailableError
from govcloud.client.requesting import denial_of
from govcloud.client.rows import RowCondition, Rows
from govcloud.client.views import NO_VIEWS, FieldRule, View, Views

#: The reason of a denial that a proof of identity mends (RFC 9470 section 3).
STEP_UP = "insufficient_user_authentication"
_ACR = re.compile(r"[A-Za-z0-9:._/-]{1,200}")
#: The security labels that there are.
LABELS = range(5)


@dataclass(frozen=True)
class Question:
    """What is asked about one official.

    Attributes:
        function: the function's code (``subsystem:resource:action``).
        resource: attributes of the one row asked about (``{"division": "330106000000"}``); none: the function as such.
        resource_id: the row's id, or ``*``.
        context: the surroundings, where a rule reads them (``{"purpose": "…"}``).
    """

    function: str
    resource: Mapping[str, Any] = field(default_factory=dict)
    resource_id: str = "*"
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return a text that equal questions share.

        Raises:
            CheckRefusedError: an attribute is nothing that JSON could carry.
        """
        return encoded([self.function, self.resource_id, self.resource, self.context]).decode()

    def entities(self) -> dict[str, Any]:
        """Return action and resource as the standard has them (sections 5.2 and 5.3)."""
        parts = self.function.split(":")
        kind = parts[1] if len(parts) > 1 and parts[1] else self.function
        return {
            "action": {"name": self.function},
            "resource": {"type": kind, "id": self.resource_id, "properties": dict(self.resource)},
        }


def single(sub: str, sid: str | None, question: Question, min_epoch: int | None) -> bytes:
    """Return the body of one evaluation (section 6.1).

    Raises:
        CheckRefusedError: an attribute is nothing that JSON could carry.
    """
    return encoded({**asked(sub, sid, question), "context": _context(question, min_epoch)})


def batch(sub: str, sid: str | None, questions: Sequence[Question], min_epoch: int | None) -> bytes:
    """Return the body of several evaluations about one official, each of which is answered (section 7.1).

    Raises:
        CheckRefusedError: an attribute is nothing that JSON could carry.
    """
    items = [{**question.entities(), "context": _context(question, min_epoch)} for question in questions]
    return encoded(
        {"subject": subject_of(sub, sid), "evaluations": items, "options": {"evaluations_semantic": "execute_all"}},
    )


def asked(sub: str, sid: str | None, question: Question) -> dict[str, Any]:
    """Return the three entities of a question about an official, to which a later access request is bound."""
    return {"subject": subject_of(sub, sid), **question.entities()}


def subject_of(sub: str, sid: str | None) -> dict[str, Any]:
    """Return an official as the standard has a subject (section 5.1); ``sid`` is the session."""
    return {"type": "official", "id": sub, "properties": {} if sid is None else {"sid": sid}}


def _context(question: Question, min_epoch: int | None) -> dict[str, Any]:
    return {**question.context, **({} if min_epoch is None else {"min_epoch": min_epoch})}


def encoded(value: object) -> bytes:
    """Return ``value`` as JSON, the same for equal values; times, numbers and ids of Python as their texts.

    Raises:
        CheckRefusedError: it holds something else.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_as_text)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckRefusedError(f"the question cannot be put as JSON: {error}") from error


def _as_text(value: object) -> str:
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no attribute of a resource")


def read_decisions(answer: object, about: Sequence[Mapping[str, Any]]) -> list[CheckDecision]:
    """Return the decisions of a batch, in the order of its questions (section 7.2), whose entities are ``about``.

    Raises:
        CheckUnavailableError: there is not one for each question, or one cannot be trusted.
    """
    items = answer.get("evaluations") if isinstance(answer, dict) else None
    if not isinstance(items, list) or len(items) != len(about):
        raise CheckUnavailableError(f"the decision point did not answer each of {len(about)} questions")
    return [read_decision(item, entities) for item, entities in zip(items, about, strict=True)]


def read_decision(answer: object, about: Mapping[str, Any]) -> CheckDecision:
    """Return the decision in an answer (section 6.2) to a question ``about`` these entities; only a plain ``true`` allows.

    Raises:
        CheckUnavailableError: there is none, or a yes obliges to something that is not understood.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
        raise CheckUnavailableError("the decision point answered without a decision")
    allowed = answer["decision"]
    context = answer.get("context", {})
    if not isinstance(context, dict):
        raise CheckUnavailableError("the decision point's context is no object")
    reasons, missing = context.get("reason_user"), context.get("missing")
    return CheckDecision(
        allowed=allowed,
        code=_code(context),
        views=_views(context.get("obligations")) if allowed else NO_VIEWS,
        reasons={key: value for key, value in reasons.items() if isinstance(value, str)} if isinstance(reasons, dict) else {},
        access_request=_access_request(context, about),
        next_action=_text(context.get("next_action")),
        trace_id=_text(context.get("trace_id")),
        ends_at=_text(context.get("ends_at")),
        epoch=read_epoch(context.get("epoch")),
        missing=tuple(item for item in missing if isinstance(item, str)) if isinstance(missing, list) else (),
        step_up=_step_up(context),
    )


def _step_up(context: Mapping[str, Any]) -> StepUp | None:
    """Read which proof of identity would mend a denial; a value that could break out of a header is none."""
    acr, age = context.get("acr_values"), context.get("max_age")
    if context.get("reason") != STEP_UP or not isinstance(acr, str) or not _ACR.fullmatch(acr):
        return None
    return StepUp(acr, age) if isinstance(age, int) and not isinstance(age, bool) and age >= 0 else None


def _code(context: Mapping[str, Any]) -> str:
    """Return the reason; of a question in a batch that was not taken (section 7.2.1) the code of its error."""
    error = context.get("error")
    return _text(context.get("reason")) or (_text(error.get("code")) if isinstance(error, dict) else None) or ""


def read_epoch(value: object) -> int | None:
    """Return an epoch of the wire; ``None`` when it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _access_request(context: Mapping[str, Any], about: Mapping[str, Any]) -> AccessRequest | None:
    """Read what would fix a denial; anything but an address of the web is none (a link must not run a script)."""
    found = context.get("access_request")
    if not isinstance(found, dict) or not str(found.get("url", "")).startswith(("https://", "http://")):
        return None
    days = found.get("max_days")
    return AccessRequest(
        url=str(found["url"]),
        function_name=_text(found.get("function_name")) or "",
        owner=_text(found.get("owner")) or "",
        max_days=days if isinstance(days, int) and not isinstance(days, bool) else None,
        denial=denial_of(context, about),
    )


def _views(obligations: object) -> Views:
    """Read what a yes lets somebody see: ``rows`` (absent: every row), ``views`` (absent: all fields of these rows), ``label_at_most``.

    Where nothing is said of labels (absent), only rows without one are open.

    Raises:
        CheckUnavailableError: there are no obligations, or some that this client cannot keep: a yes under a condition that is not
            understood is no yes.
    """
    if not isinstance(obligations, dict):
        raise CheckUnavailableError("the decision point answered yes without its obligations")
    try:
        _only(obligations, {"rows", "views", "label_at_most"})
        label = _label(obligations.get("label_at_most", 0))
        rows = read_rows(obligations.get("rows", {}), label)
        if "views" not in obligations:
            return Views((View(rows),))
        views = Views(tuple(_view(item, label) for item in _list(obligations["views"])))
    except ValueError as error:
        raise CheckUnavailableError(f"the decision point obliges to what this client cannot keep: {error}") from error
    if not rows.holds(views.rows):
        raise CheckUnavailableError("the decision point's views show more rows than it opens")
    return views


def _label(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in LABELS:
        raise ValueError("label_at_most is a security label from 0 to 4")
    return value


def _view(value: object, label_at_most: int) -> View:
    if not isinstance(value, dict):
        raise ValueError("a view is an object")  # noqa: TRY004 - of the wire, like every other fault of it
    _only(value, {"rows", "fields"})
    fields = value.get("fields", {})
    if not isinstance(fields, dict):
        raise ValueError("fields is an object")  # noqa: TRY004
    _only(fields, {"mask", "hide"})
    rows = read_rows(value.get("rows", {}), label_at_most)
    return View(rows, FieldRule(masked=_names(fields.get("mask", [])), hidden=_names(fields.get("hide", []))))


def read_rows(value: object, label_at_most: int = 0) -> Rows:
    """Return the rows of the wire: ``{"divisions": […]}``, ``{"any": [{…}, …]}``; ``{"divisions": null}`` and ``{}`` are every row.

    ``label_at_most`` bounds their security labels.

    Raises:
        ValueError: it is something else, or a condition reads what is not known here.
    """
    if not isinstance(value, dict):
        raise ValueError("rows is an object")  # noqa: TRY004
    _only(value, {"divisions", "any"})
    divisions = value.get("divisions")
    if "any" in value:
        if divisions is not None:
            raise ValueError("rows has either any or divisions")
        return Rows(tuple(_condition(item) for item in _list(value["any"])), label_at_most)
    if divisions is None:
        return Rows(None, label_at_most)
    return Rows(tuple(_condition({"division": code}) for code in _list(divisions)), label_at_most)


def _condition(value: object) -> RowCondition:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError("a row condition is an object of texts")
    _only(value, set(ROW_KEYS))
    return RowCondition(**value)


def _names(value: object) -> frozenset[str]:
    names = _list(value)
    if not all(isinstance(name, str) for name in names):
        raise ValueError("fields are named by texts")
    return frozenset(names)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"a list was expected, got {str(value)[:100]}")  # noqa: TRY004
    return value


def _only(value: Mapping[Any, Any], known: set[str]) -> None:
    if unknown := value.keys() - known:
        raise ValueError(f"{', '.join(sorted(map(str, unknown)))[:200]} is not known")
