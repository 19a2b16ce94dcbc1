"""Asking for access after a denial (OpenID AuthZEN Access Request & Approval Profile): the denial, the task, what came of it.

A request is an act of the official, never of a subsystem. So a submission opens a task, filled in as far as the subsystem knows; the
official sends it off on the platform's page (``AccessTask.url``), and the owning department decides. An approval opens nothing by
itself: the question is asked again, and the platform decides on what is true then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from govcloud.client.errors import CheckUnavailableError, ConfigurationError

PENDING, APPROVED = "pending", "approved"
_STATUSES = frozenset({PENDING, APPROVED, "denied", "cancelled", "expired"})
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,500}")
_WEB = ("https://", "http://")


@dataclass(frozen=True)
class Denial:
    """A denial as the platform will recognise it: what was asked, and its token, good for ten minutes; nothing in it is for reading.

    Attributes:
        endpoint: where the platform takes requests; nothing is sent there unless it is the platform that was asked.
        expires_at: until when it can be submitted (RFC 3339).
        bound: what is sent of it.
    """

    endpoint: str
    expires_at: str
    bound: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class AccessTask:
    """An access request on its way.

    Attributes:
        id: the handle by which to look again (``Checks.access_task``).
        status: ``pending``, ``approved``, ``denied``, ``cancelled`` or ``expired``.
        step: what a pending one waits for: ``requester_confirmation`` (the official has not sent it off), ``owner_decision``.
        url: the page for the official: to send the request off, later to see it; ``None``: there is nothing to do.
        title: how it stands, in a sentence for people.
        expires_at: until when it can be looked at.
        approval: of an approved one, what the question is asked again with (``context={"approval": task.approval}``).
    """

    id: str
    status: str
    step: str = ""
    url: str | None = None
    title: str = ""
    expires_at: str | None = None
    approval: Mapping[str, Any] | None = None

    @property
    def is_pending(self) -> bool:
        """Return whether looking again may show something else."""
        return self.status == PENDING

    @property
    def is_approved(self) -> bool:
        """Return whether to ask the question again now."""
        return self.status == APPROVED


def denial_of(context: Mapping[str, Any], entities: Mapping[str, Any]) -> Denial | None:
    """Return the denial that a request can be submitted about; ``None``: the answer holds none.

    Args:
        context: that of the answer.
        entities: subject, action and resource, exactly as they were asked about.
    """
    hint = context.get("access_request")
    if not isinstance(hint, dict):
        return None
    parts = {name: hint.get(name) for name in ("binding_token", "expires_at", "endpoint")}
    parts["evaluation_id"] = context.get("evaluation_id")
    said = {name: value for name, value in parts.items() if isinstance(value, str) and value}
    if said.keys() != parts.keys():
        return None
    endpoint = said.pop("endpoint")
    return Denial(endpoint, said["expires_at"], {**entities, "denial": said})


def submission(denial: Denial | None, justification: str, case_number: str, days: int | None) -> dict[str, Any]:
    """Return the body of a request, filled in as far as is known.

    Raises:
        ConfigurationError: there is no denial to submit about.
    """
    if denial is None:
        raise ConfigurationError("this decision names no request that would mend it; look at decision.access_request first")
    context = {"business_justification": justification, "case_number": case_number}
    body: dict[str, Any] = {**denial.bound, "context": {name: value for name, value in context.items() if value}}
    return body if days is None else {**body, "requested_access": {"days": days}}


def handle(task: AccessTask | str) -> str:
    """Return the handle of a task.

    Raises:
        ConfigurationError: it is none: it becomes part of an address, to which credentials are sent.
    """
    text = task.id if isinstance(task, AccessTask) else task
    if not _HANDLE.fullmatch(text):
        raise ConfigurationError(f"{text[:100]!r} is no handle of an access request")
    return text


def read_task(answer: object) -> AccessTask:
    """Return the task in an answer.

    Raises:
        CheckUnavailableError: there is none, or its status is not known: then nobody may take it for approved.
    """
    task = answer.get("task") if isinstance(answer, dict) else None
    status = task.get("status") if isinstance(task, dict) else None
    if not isinstance(answer, dict) or not isinstance(task, dict) or not isinstance(status, str) or status not in _STATUSES:
        raise CheckUnavailableError("the decision point answered without a task that is understood")
    number = task.get("id")
    if not isinstance(number, str) or not _HANDLE.fullmatch(number):
        raise CheckUnavailableError("the decision point's task has no handle")
    approval = _object(_object(answer, "result"), "approval")
    if status == APPROVED and not isinstance(approval.get("id"), str):
        raise CheckUnavailableError("the decision point approved without an approval")
    url = _object(task, "links").get("ticket")
    return AccessTask(
        id=number,
        status=status,
        step=_text(_object(task, "progress").get("step_name")) or "",
        # A link must not run a script.
        url=url if isinstance(url, str) and url.startswith(_WEB) else None,
        title=_text(_object(task, "display").get("title")) or "",
        expires_at=_text(task.get("expires_at")),
        approval=approval or None,
    )


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = parent.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
