"""The kernel's errors on the AuthZEN wire (section 10.1.2): a status, and one JSON object that says what is wrong."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from govcloud.entrypoints.authzen.responses import respond
from govcloud.kernel.errors import GovcloudError, Unavailable
from govcloud.kernel.messages import Message
from govcloud.web.errors import AWAY_SECONDS, answer_errors, status_of
from govcloud.web.gate import ClientRequired
from govcloud.web.trace import trace_id

#: Problem types of the Access Request & Approval Profile, each with its status and title.
PROBLEMS = {
    "not_requestable": (400, "Access is not requestable"),
    "invalid_denial_binding": (400, "The request cannot be bound to the denied decision"),
    "expired_denial": (410, "The denial has expired"),
    "unknown_task": (404, "There is no such task"),
    "task_expired": (410, "The task has expired"),
}
_PROBLEM_TYPE = "urn:openid:authzen:access-request:error:"


class MalformedError(Exception):
    """The request is not one of the standard; the text is for the caller's developers."""


class ForeignFunctionError(Exception):
    """A relying system asks about a function of another one."""


class TooFastError(Exception):
    """The client asks for more than its share; ``seconds`` later the same is welcome."""

    def __init__(self, seconds: int) -> None:
        """Keep the seconds."""
        super().__init__(f"this client asks for more than its share of this decision point; go on in {seconds} s")
        self.seconds = seconds


class ProblemError(Exception):
    """An access request cannot be taken, or its task not shown; ``kind`` is a key of ``PROBLEMS``."""

    def __init__(self, kind: str, detail: str) -> None:
        """Keep the kind, and what is wrong in words for the caller's developers."""
        super().__init__(detail)
        self.kind = kind


def foreign_function(function: str, subsystem_code: str) -> ForeignFunctionError:
    """Return the refusal to answer a client about somebody else's functions."""
    return ForeignFunctionError(f"this client may ask about {subsystem_code}:… only, not about {function[:100]!r}")


def out_of_time() -> Unavailable:
    """Return the refusal of what would take too long."""
    return Unavailable("out_of_time", Message("判定用时过长，请稍后重试。"), retry_after=AWAY_SECONDS)


def too_many_searches() -> Unavailable:
    """Return the refusal of a search beside those that are under way."""
    return Unavailable("too_many_searches", Message("正在进行的查询过多，请稍后重试。"), retry_after=1)


def _answer(status: int, code: str, message: str, retry_after: int | None = None) -> Response:
    response = respond({"error": {"code": code, "message": message, "trace_id": trace_id()}}, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _on_malformed(error: MalformedError) -> Response:
    return _answer(400, "invalid_request", str(error))


def _on_foreign_function(error: ForeignFunctionError) -> Response:
    return _answer(403, "foreign_function", str(error))


def _on_too_fast(error: TooFastError) -> Response:
    return _answer(429, "too_many_requests", str(error), error.seconds)


def _on_problem(error: ProblemError) -> Response:
    status, title = PROBLEMS[error.kind]
    problem = {"type": _PROBLEM_TYPE + error.kind, "title": title, "status": status, "detail": str(error), "trace_id": trace_id()}
    response = respond(problem, status)
    response.mimetype = "application/problem+json"
    return response


def _on_client_required(error: ClientRequired) -> Response:
    response = _answer(401, error.code, "authenticate with HTTP Basic (client_id and client_secret) or an access token of scope authzen")
    response.headers["WWW-Authenticate"] = 'Basic realm="govcloud", charset="UTF-8"'
    return response


def _on_domain_error(error: GovcloudError) -> Response:
    away = isinstance(error, Unavailable)
    return _answer(status_of(error), error.code, str(error.message), error.retry_after or (AWAY_SECONDS if away else None))


def _on_http_error(error: HTTPException) -> Response:
    response = _answer(error.code or 500, error.name.lower().replace(" ", "_"), error.name)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _on_database_away(_error: Unavailable) -> Response:
    return _answer(503, "unavailable", "the decision point cannot answer now; refuse, and ask again later", AWAY_SECONDS)


def init_errors(blueprint: Blueprint) -> None:
    """Answer every error of the blueprint on its own wire."""
    blueprint.register_error_handler(MalformedError, _on_malformed)
    blueprint.register_error_handler(ForeignFunctionError, _on_foreign_function)
    blueprint.register_error_handler(TooFastError, _on_too_fast)
    blueprint.register_error_handler(ProblemError, _on_problem)
    blueprint.register_error_handler(ClientRequired, _on_client_required)
    answer_errors(
        blueprint,
        domain=_on_domain_error,
        http=_on_http_error,
        defect=lambda: _answer(500, "internal_error", "the decision point failed; refuse"),
        away=_on_database_away,
    )
