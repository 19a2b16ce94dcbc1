"""Asking again with an approval (Access Request & Approval Profile, section 10): what to do next is said, and nothing is opened by it.

An approval here is a temporary grant, which decisions read like every other right: the reference in ``context.approval`` is looked at
only to say more. Whoever shows somebody else's, or one of another function, learns nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from govcloud.authorization.decisions import Decision, Question
from govcloud.authorization.queries import GrantView
from govcloud.web.gate import services

REQUEST, RETRY, NONE = "request", "retry", "none"
#: What became of a grant → what the enforcement point does next, when the answer is no all the same.
_NEXT = {"revoked": REQUEST, "expired": REQUEST, "active": REQUEST, "scheduled": RETRY, "suspended": NONE}


def approval_context(given: object, question: Question, decision: Decision, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer adds for an approval that was shown.

    Args:
        given: ``context.approval`` of the question.
        question: what the engine was asked.
        decision: its answer.
        context: the answer's context so far.
    """
    grant = _grant(given, question)
    if decision.allowed:
        # Another right may have decided; then the approval's end is not this one's.
        same = grant is not None and decision.grant_id == grant.id
        return {"approval": {"id": str(grant.id), "approved_until": grant.ends_at.isoformat()}} if grant and same else {}
    now = services().clock.now()
    action = _NEXT[grant.state(now)] if grant is not None else NONE
    if action == REQUEST and "access_request" not in context:
        action = NONE
    said: dict[str, Any] = {"next_action": action}
    if grant is not None and action == RETRY:
        said["retry_after"] = max(1, round((grant.starts_at - now).total_seconds()))
    return said


def _grant(given: object, question: Question) -> GrantView | None:
    """Return the grant that is shown, if it is one of this person for this function."""
    named = given.get("id") if isinstance(given, Mapping) else None
    if not isinstance(named, str):
        return None
    try:
        grant_id = UUID(named)
    except ValueError:
        return None
    grant = services().authorization_queries.grant(grant_id)
    mine = grant is not None and (grant.official_id, grant.function) == (question.official_id, question.function)
    return grant if mine else None
