"""What becomes of a decision that was given out: it goes to the log, and its question to the shadow of a draft, wherever it was asked.

Neither takes part in the decision, waits for anything or ever fails.
"""

from __future__ import annotations

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.decision_log.service import DecisionLog
from govcloud.authorization.drafting.shadowing import Shadowing


class GivenOut:
    """Notes decisions for every way in: the check API, the doors of OIDC, CAS, devices and delegation, forward-auth."""

    def __init__(self, log: DecisionLog, shadowing: Shadowing) -> None:
        """Take the log, and what lets a draft decide the same questions later."""
        self._log = log
        self._shadowing = shadowing

    def note(self, question: Question, decision: Decision, client_id: str, *, trace_id: str | None = None) -> None:
        """Take down a decision that somebody was given; ``client_id`` says by whom it was asked for."""
        self._log.note(question, decision, client_id, trace_id=trace_id)
        self._shadowing.note(question)
