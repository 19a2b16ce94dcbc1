"""Asking again with an approval (Access Request & Approval Profile, Completion Semantics): what to do next is said, nothing is opened.

An approval here is a temporary grant, which decisions read like every other right: the reference in ``context.approval`` is looked at
only to say more. Whoever shows somebody else's, or one of another function, learns nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.queries import GrantView
from govcloud.entrypoints.authzen.wire import Context
from govcloud.kernel.validation import identifier
from govcloud.web.gate import services

REQUEST, RETRY, NONE = "request", "retry", "none"
#: What became of a grant → what the enforcement point does next, when the answer is no all the same.
_NEXT = {"revoked": REQUEST, "expired": REQUEST, "active": REQUEST, "scheduled": RETRY, "suspended": NONE}


class Approvals:
    """The approvals that the questions of one answer show; read in one statement, if there are any."""

    def __init__(self, contexts: Iterable[Context]) -> None:
        """Look the grants up."""
        wanted = {shown for context in contexts if "approval" in context.given and (shown := _shown(context)) is not None}
        self._grants = services().authorization_queries.grants_by_id(wanted) if wanted else {}

    def of(self, shown_in: Context, question: Question, decision: Decision, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an answer adds for the approval that was shown.

        Args:
            shown_in: the context of what was asked.
            question: the same, as the engine takes it.
            decision: the engine's answer.
            context: the answer's context so far.
        """
        grant = self._mine(_shown(shown_in), question)
        if not decision.allowed:
            return _what_next(grant, requestable="access_request" in context)
        if grant is None or decision.grant_id != grant.id:
            # Another right has decided; the approval's end is not its end.
            return {}
        return {"approval": {"id": str(grant.id), "approved_until": grant.ends_at.isoformat()}}

    def _mine(self, shown: UUID | None, question: Question) -> GrantView | None:
        """Return the grant that is shown, if it is one of this person for this function."""
        grant = self._grants.get(shown) if shown is not None else None
        mine = grant is not None and (grant.official_id, grant.function) == (question.official_id, question.function)
        return grant if mine else None


def _what_next(grant: GrantView | None, *, requestable: bool) -> dict[str, Any]:
    """Return what the enforcement point does next, and when."""
    now = services().clock.now()
    action = _NEXT[grant.state(now)] if grant is not None else NONE
    if action == REQUEST and not requestable:
        action = NONE
    said: dict[str, Any] = {"next_action": action}
    if grant is not None and action == RETRY:
        said["retry_after"] = max(1, round((grant.starts_at - now).total_seconds()))
    return said


def _shown(context: Context) -> UUID | None:
    """Return the approval that a question shows."""
    given = context.given.get("approval")
    named = given.get("id") if isinstance(given, Mapping) else None
    return identifier(named) if isinstance(named, str) else None
