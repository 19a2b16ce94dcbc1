"""The kernel's errors on the AuthZEN wire (section 10): a status, and one JSON object that says what is wrong."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from govcloud.kernel.errors import GovcloudError, Unavailable
from govcloud.web.errors import AWAY_SECONDS, DATABASE_AWAY, database_away, status_of
from govcloud.web.gate import ClientRequired
from govcloud.web.trace import trace_id


class MalformedError(Exception):
    """The request is not one of the standard; the text is for the caller's developers."""


class ForeignFunctionError(Exception):
    """A relying system asks about a function of another one."""


def foreign_function(function: str, subsystem_code: str) -> ForeignFunctionError:
    """Return the refusal to answer a client about somebody else's functions."""
    return ForeignFunctionError(f"this client may ask about {subsystem_code}:… only, not about {function[:100]!r}")


def _answer(status: int, code: str, message: str) -> Response:
    response = jsonify(error={"code": code, "message": message, "trace_id": trace_id()})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _on_malformed(error: MalformedError) -> Response:
    return _answer(400, "invalid_request", str(error))


def _on_foreign_function(error: ForeignFunctionError) -> Response:
    return _answer(403, "foreign_function", str(error))


def _on_client_required(error: ClientRequired) -> Response:
    response = _answer(401, error.code, "authenticate with HTTP Basic: client_id and client_secret")
    response.headers["WWW-Authenticate"] = 'Basic realm="govcloud", charset="UTF-8"'
    return response


def _on_domain_error(error: GovcloudError) -> Response:
    response = _answer(status_of(error), error.code, str(error.message))
    if isinstance(error, Unavailable) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _on_http_error(error: HTTPException) -> Response:
    return _answer(error.code or 500, error.name.lower().replace(" ", "_"), error.name)


def _on_database_away(error: SQLAlchemyError) -> Response:
    database_away(error)
    response = _answer(503, "unavailable", "the decision point cannot answer now; refuse, and ask again later")
    response.headers["Retry-After"] = str(AWAY_SECONDS)
    return response


def _on_defect(error: InternalServerError) -> Response:
    current_app.logger.error("unexpected error, trace %s", trace_id(), exc_info=error.original_exception)
    return _answer(500, "internal_error", "the decision point failed; refuse")


def init_errors(blueprint: Blueprint) -> None:
    """Answer every error of the blueprint on its own wire."""
    blueprint.register_error_handler(MalformedError, _on_malformed)
    blueprint.register_error_handler(ForeignFunctionError, _on_foreign_function)
    blueprint.register_error_handler(ClientRequired, _on_client_required)
    blueprint.register_error_handler(GovcloudError, _on_domain_error)
    for away in DATABASE_AWAY:
        blueprint.register_error_handler(away, _on_database_away)
    blueprint.register_error_handler(InternalServerError, _on_defect)
    blueprint.register_error_handler(HTTPException, _on_http_error)
