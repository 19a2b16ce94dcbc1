"""Access requests after a denial (OpenID AuthZEN Access Request & Approval Profile, draft 1): submit, and look how far it is.

A request is an act of the official, never of a subsystem: who asks for access answers for the reason. So an enforcement point opens a
*task*, filled in as far as it knows, and hands the official the page where it is sent off; the owning department decides as always.
Once it has, the enforcement point asks its question again, and the decision point decides on what is then true.

A task is nothing that is stored: its handle says for whom it waits and for which item, under a key of ours. The same denial always has
the same task, so submitting twice opens nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from govcloud.access.commands import CASE_NUMBER_MOST
from govcloud.access.lifecycle import LineState
from govcloud.access.views import GrantView, LineView
from govcloud.entrypoints.authzen import paths
from govcloud.entrypoints.authzen.binding import BindingError, Denial, digest_of, handle_of, open_handle, unseal
from govcloud.entrypoints.authzen.errors import MalformedError, ProblemError
from govcloud.entrypoints.authzen.remedies import form_url
from govcloud.entrypoints.authzen.wire import members, read_action, read_resource, read_subject, text
from govcloud.kernel.messages import Message
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services
from govcloud.web.locale import say

#: How long the official has to send the request off, and how long a task can be looked at.
CONFIRM_WITHIN = timedelta(days=3)
LIFE = timedelta(days=30)
#: Longer reasons are for the official to write: the form is filled in through its address, and proxies take few kilobytes of one.
JUSTIFICATION_MOST = 300
#: How often an enforcement point may look while somebody has to do something, in seconds.
LOOK_AGAIN = 15
PENDING, EXPIRED = "pending", "expired"
#: Where a line of a request stands → the status of the profile.
_STATUS = {
    LineState.PENDING: PENDING,
    LineState.RETURNED: PENDING,
    LineState.BLOCKED_SOD: PENDING,
    LineState.APPROVED: "approved",
    LineState.REJECTED: "denied",
    LineState.WITHDRAWN: "cancelled",
    LineState.LAPSED: EXPIRED,
}
_UNCONFIRMED = Message("请本人确认并提交申请")
_WAITING = Message("申请已提交，等待主管部门决定")
_OVER = Message("申请已处理")
#: What can be filled in beforehand, for whoever fills forms without a person (JSON Schema 2020-12).
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What an access request may be filled in with; the official completes and sends it off",
    "type": "object",
    "properties": {
        "context": {
            "type": "object",
            "properties": {
                "business_justification": {"type": "string", "maxLength": JUSTIFICATION_MOST},
                "case_number": {"type": "string", "maxLength": CASE_NUMBER_MOST},
            },
        },
        "requested_access": {
            "type": "object",
            "properties": {
                "days": {"type": "integer", "minimum": 1},
                "requested_until": {"type": "string", "format": "date-time"},
            },
        },
    },
}


def submit(body: Mapping[str, Any], client: ClientView) -> tuple[dict[str, Any], bool]:
    """Open the task of a denial; return the answer, and whether all has been decided already.

    Raises:
        MalformedError: a member is missing or of the wrong type, or asks for what there is not (several items, callbacks).
        ProblemError: the denial was not issued here, not for this question or this client, or too long ago; or the item is gone.
    """
    if "items" in body or "callback" in body:
        raise MalformedError("one item a request, and no callback: subsystems hear of grants by their webhooks")
    subject, action, resource = (read(body.get(name)).given for name, read in _ENTITIES)
    denial = _bound(members(body, "denial", "denial"), digest_of(subject, action, resource), client)
    filled = _filled(body)
    if services().subsystem_queries.item(denial.item_id) is None:
        raise ProblemError("not_requestable", "the item can no longer be requested")
    answer = _answer(denial, handle_of(denial, services().keys), filled)
    return answer, answer["task"]["status"] != PENDING


_ENTITIES = (("subject", read_subject), ("action", read_action), ("resource", read_resource))


def status(handle: str, client: ClientView) -> tuple[dict[str, Any], int | None]:
    """Return how far a task is, and after how many seconds looking again is welcome (``None``: nothing will change).

    Raises:
        ProblemError: there is no such task, not for this client, or no longer.
    """
    try:
        denial = open_handle(handle, services().keys)
    except BindingError as error:
        raise ProblemError("unknown_task", "there is no such task") from error
    if denial.subsystem_code != client.subsystem_code:
        raise ProblemError("unknown_task", "there is no such task")
    if services().clock.now() >= denial.at + LIFE:
        raise ProblemError("task_expired", "the task can no longer be looked at")
    answer = _answer(denial, handle, {})
    return answer, LOOK_AGAIN if answer["task"]["status"] == PENDING else None


def _answer(denial: Denial, handle: str, filled: Mapping[str, str]) -> dict[str, Any]:
    """Return a task as it stands, and once it is approved what that led to."""
    line = services().access_queries.line_since(denial.official_id, denial.item_id, denial.at)
    answer: dict[str, Any] = {"task": _task(denial, line, handle, filled)}
    if line is not None and line.grant is not None:
        answer["result"] = _result(line.grant)
    return answer


def _bound(given: Mapping[str, Any], bound: str, client: ClientView) -> Denial:
    """Return the denial that the request is about, once it is known to be this one and fresh."""
    expires_at = text(given, "denial.expires_at", "expires_at")
    token = given.get("binding_token")
    if not isinstance(token, str):
        raise ProblemError("invalid_denial_binding", "denial.binding_token must be the one of the denial")
    try:
        denial = unseal(token, services().settings.public_url, services().keys)
    except BindingError as error:
        raise ProblemError("invalid_denial_binding", str(error)) from error
    if denial.subsystem_code != client.subsystem_code or denial.bound != bound:
        raise ProblemError("invalid_denial_binding", "subject, action and resource must be those of the denied question")
    if given.get("evaluation_id", str(denial.id)) != str(denial.id) or _moment(expires_at) != denial.expires_at:
        raise ProblemError("invalid_denial_binding", "denial.expires_at and denial.evaluation_id must be those of the denial")
    if services().clock.now() >= denial.expires_at:
        raise ProblemError("expired_denial", "ask the question again, and request on the new denial")
    return denial


def _filled(body: Mapping[str, Any]) -> dict[str, str]:
    """Return what the form is filled in with; the form itself checks it, and the official sees it."""
    context, wanted = members(body, "context", "context"), members(body, "requested_access", "requested_access")
    days = wanted.get("days")
    if days is None and wanted.get("requested_until") is not None:
        days = _days_until(text(wanted, "requested_access.requested_until", "requested_until"))
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
        raise MalformedError("requested_access must ask for at least one day")
    reason, case_number = context.get("business_justification"), context.get("case_number")
    for name, value, most in (("business_justification", reason, JUSTIFICATION_MOST), ("case_number", case_number, CASE_NUMBER_MOST)):
        if value is not None and (not isinstance(value, str) or len(value) > most):
            raise MalformedError(f"context.{name} must be a string of at most {most} characters")
    return {"reason": reason or "", "case_number": case_number or "", "days": str(days or "")}


def _days_until(moment: str) -> int:
    """Return the full days that reach a moment."""
    until = _moment(moment)
    if until is None:
        raise MalformedError("requested_access.requested_until must be a time as RFC 3339 has it")
    return -((services().clock.now() - until) // timedelta(days=1))


def _moment(given: str) -> datetime | None:
    """Return a time of RFC 3339, which has an offset; ``None`` for anything else."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _task(denial: Denial, line: LineView | None, handle: str, filled: Mapping[str, str]) -> dict[str, Any]:
    """Return the task as the profile has it; who decides is not for a subsystem to know."""
    waits = line is None and services().clock.now() < denial.at + CONFIRM_WITHIN
    if line is not None:
        stands, step, title = _STATUS[line.state], 2, _WAITING if line.is_open else _OVER
    else:
        stands, step, title = PENDING if waits else EXPIRED, 1, _UNCONFIRMED if waits else _OVER
    task: dict[str, Any] = {
        "id": handle,
        "status": stands,
        "status_endpoint": f"{services().settings.public_url}{paths.REQUESTS}/{handle}",
        "expires_at": (denial.at + LIFE).isoformat(),
        "display": {"title": say(title)},
    }
    if stands == PENDING:
        names = ("requester_confirmation", "owner_decision")
        task["progress"] = {"current_step": step, "total_steps": len(names), "step_name": names[step - 1]}
    if line is not None:
        task["links"] = {"ticket": f"{services().settings.public_url}/requests/{line.request_id}"}
    elif waits:
        task["links"] = {"ticket": form_url(denial.item_id, **filled)}
    return task


def _result(grant: GrantView) -> dict[str, Any]:
    """Return what an approval led to: ask again. The grant is the approval; it may have been closed before its end."""
    until = grant.ends_at if grant.closed_at is None else min(grant.ends_at, grant.closed_at)
    approval = {"id": str(grant.id), "approved_at": grant.starts_at.isoformat(), "approved_until": until.isoformat()}
    return {"mode": "reevaluate", "approval": approval}
