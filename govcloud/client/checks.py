"""Permission checks over AuthZEN (Authorization API 1.0), and what an answer means for rows. No answer means no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from govcloud.client.errors import CheckUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_CODE_LENGTH = 12
#: GB/T 10114: two digits each for province, city and county, then three each for township and village.
_LEVELS = (2, 4, 6, 9, 12)


@dataclass(frozen=True)
class Rows:
    """The rows that a decision opens: those of ``divisions`` and below; ``None`` means all, an empty tuple none."""

    divisions: tuple[str, ...] | None

    def covers(self, division: str) -> bool:
        """Return whether a row of ``division`` (12-digit code) may be used."""
        return self.divisions is None or any(division.startswith(_significant(code)) for code in self.divisions)

    def filter(self, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - any column-like expression
        """Return the SQLAlchemy condition on ``column`` that selects exactly the rows that ``covers`` allows."""
        from sqlalchemy import false, or_, true  # noqa: PLC0415 - a subsystem without SQLAlchemy can still check

        if self.divisions is None:
            return true()
        return or_(false(), *(column.startswith(_significant(code), autoescape=True) for code in self.divisions))


def _significant(code: str) -> str:
    """Return the digits of a division code that its lower divisions share; whole levels are cut, never single zeros."""
    if len(code) != _CODE_LENGTH or not (code.isascii() and code.isdigit()):
        raise CheckUnavailableError(f"the platform named a division that is no 12-digit code: {code!r}")
    return next(code[:length] for length in _LEVELS if not code[length:].strip("0"))


NO_ROWS = Rows(())


@dataclass(frozen=True)
class AccessRequest:
    """What would fix a denial: the page that opens the prefilled request, and what it says about the function.

    ``max_days`` is the longest time that the owning department grants; ``None`` when the platform did not say.
    """

    url: str
    function_name: str = ""
    owner: str = ""
    max_days: int | None = None


@dataclass(frozen=True)
class CheckDecision:
    """The platform's answer to one check.

    On a denial ``reasons`` holds the sentence for people by language (``zh-CN``, ``en``), ``access_request`` where the missing
    permission can be requested (``None``: a request would not help), and ``trace_id`` the number to quote.
    """

    allowed: bool
    code: str
    rows: Rows = NO_ROWS
    reasons: Mapping[str, str] = field(default_factory=dict)
    access_request: AccessRequest | None = None
    trace_id: str | None = None
    ends_at: str | None = None

    def reason(self, language: str = "zh-CN") -> str:
        """Return the sentence in ``language``, else in Chinese, else empty."""
        return self.reasons.get(language) or self.reasons.get("zh-CN", "")


class Checks:
    """Asks the platform's decision point as one client; safe for threads."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, *, http: httpx.Client) -> None:
        """Take the platform's address and the client's credentials."""
        self._url = f"{issuer.rstrip('/')}/access/v1/evaluation"
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self._http = http

    def check(
        self, *, sub: str, sid: str, function: str, resource_id: str = "*", resource: Mapping[str, Any] | None = None
    ) -> CheckDecision:
        """Ask whether the official of session ``sid`` may use ``function`` (``subsystem:resource:action``).

        Args:
            sub: the official (``sub`` of the ID token).
            sid: the session (``sid`` of the ID token); a session that ended is refused.
            function: the function's code.
            resource_id: the one row that is asked about, or ``*`` for the function as such.
            resource: attributes of the row, e.g. ``{"division": "330106000000"}``.

        Raises:
            CheckUnavailableError: no trustworthy answer came; refuse.
        """
        parts = function.split(":")
        question = {
            "subject": {"type": "official", "id": sub, "properties": {"sid": sid}},
            "action": {"name": function},
            "resource": {"type": parts[1] if len(parts) > 1 else function, "id": resource_id, "properties": dict(resource or {})},
            "context": {},
        }
        try:
            response = self._http.post(self._url, json=question, auth=self._auth)
            if response.status_code != httpx.codes.OK:
                raise CheckUnavailableError(f"the decision point answered {response.status_code}: {response.text[:200]}")
            return _read(response.json())
        except (httpx.HTTPError, ValueError) as error:
            raise CheckUnavailableError(f"the decision point did not answer: {error}") from error


def _read(answer: Any) -> CheckDecision:  # noqa: ANN401 - JSON from the wire
    """Turn the wire's answer into a decision; only a plain ``true`` allows."""
    if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
        raise CheckUnavailableError("the decision point answered without a decision")
    allowed = answer["decision"]
    context = answer.get("context", {})
    if not isinstance(context, dict):
        raise CheckUnavailableError("the decision point's context is no object")
    reasons = context.get("reason_user")
    return CheckDecision(
        allowed=allowed,
        code=str(context.get("reason", "")),
        rows=_rows(context.get("obligations")) if allowed else NO_ROWS,
        reasons=reasons if isinstance(reasons, dict) else {},
        access_request=_access_request(context.get("access_request")),
        trace_id=context.get("trace_id"),
        ends_at=context.get("ends_at"),
    )


def _access_request(found: Any) -> AccessRequest | None:  # noqa: ANN401 - JSON from the wire
    """Read what would fix a denial; anything but an address of the web is none (a link must not run a script)."""
    if not isinstance(found, dict) or not str(found.get("url", "")).startswith(("https://", "http://")):
        return None
    days = found.get("max_days")
    return AccessRequest(
        url=str(found["url"]),
        function_name=str(found.get("function_name") or ""),
        owner=str(found.get("owner") or ""),
        max_days=days if isinstance(days, int) else None,
    )


def _rows(obligations: Any) -> Rows:  # noqa: ANN401 - JSON from the wire
    """Read the rows that a yes opens: all of them when the obligations name none.

    Raises:
        CheckUnavailableError: there are no obligations, or some that this client cannot keep: a yes under a condition that is not
            understood is no yes.
    """
    if not isinstance(obligations, dict):
        raise CheckUnavailableError("the decision point answered yes without its obligations")
    unknown = set(obligations) - {"rows"}
    if unknown:
        raise CheckUnavailableError(f"the decision point obliges to what this client cannot keep: {', '.join(sorted(unknown))}")
    if "rows" not in obligations:
        return Rows(None)
    rows = obligations["rows"]
    divisions = rows.get("divisions") if isinstance(rows, dict) else None
    if not isinstance(divisions, list) or not all(isinstance(code, str) for code in divisions):
        return NO_ROWS
    return Rows(tuple(divisions))
