"""The platform's answer to one check, as the subsystem gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from govcloud.client.requesting import Denial
from govcloud.client.rows import Rows
from govcloud.client.views import NO_VIEWS, Views

#: A decision with one of these codes means: the platform's session is over, sign in again.
SESSION_OVER = frozenset({"session_ended", "unknown_session"})
#: A denial with one of these codes follows from something that was taken away: nobody here may be answered from before that.
TAKEN_AWAY = frozenset({"grant_revoked", "grant_suspended", "subject_inactive", *SESSION_OVER})


@dataclass(frozen=True)
class StepUp:
    """What a session has to be before a sensitive function opens (RFC 9470): ``acr``, proven ``max_age`` seconds ago at the most."""

    acr: str
    max_age: int

    @property
    def challenge(self) -> str:
        """Return the same for a program, as the value of ``WWW-Authenticate`` (section 3)."""
        return f'Bearer error="insufficient_user_authentication", acr_values="{self.acr}", max_age="{self.max_age}"'


@dataclass(frozen=True)
class AccessRequest:
    """What would fix a denial: the page that opens the prefilled request, and what it says about the function.

    ``max_days`` is the longest time that the owning department grants; ``None`` when the platform did not say. ``denial`` is what a
    program without a browser submits (``Checks.request_access``).
    """

    url: str
    function_name: str = ""
    owner: str = ""
    max_days: int | None = None
    denial: Denial | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class CheckDecision:
    """The platform's answer to one check.

    Attributes:
        allowed: whether the function may be used, under ``views``.
        code: the platform's reason (``allowed``, ``no_permission``, ``out_of_scope`` …).
        views: which rows a yes opens, and how much of their fields; none with a no.
        reasons: why not, in a sentence for people, by language (``zh-CN``, ``en``).
        access_request: where the missing permission can be requested; ``None``: a request would not help.
        trace_id: the number to quote.
        ends_at: when the yes ends (ISO 8601), where an end is known.
        epoch: the platform's last change that the answer knows of.
        missing: what the question did not say and what could turn a denial (``resource.division`` …).
        step_up: of a denial that a proof of identity mends: which; the middlewares send the browser there and back.
        next_action: of a denial in spite of an approval: ``request`` anew, ``retry`` later, or ``none``.
    """

    allowed: bool
    code: str
    views: Views = NO_VIEWS
    reasons: Mapping[str, str] = field(default_factory=dict)
    access_request: AccessRequest | None = None
    trace_id: str | None = None
    ends_at: str | None = None
    epoch: int | None = None
    missing: tuple[str, ...] = ()
    next_action: str | None = None
    step_up: StepUp | None = None

    @property
    def rows(self) -> Rows:
        """Return the rows that a yes opens."""
        return self.views.rows

    def reason(self, language: str = "zh-CN") -> str:
        """Return the sentence in ``language``, else in Chinese, else empty."""
        return self.reasons.get(language) or self.reasons.get("zh-CN", "")
