"""Errors on the SCIM wire (RFC 7644 section 3.12): one kind one status and keyword, in the caller's language, nothing of the inside."""

from __future__ import annotations

from flask import Blueprint, Response, current_app
from pydantic import ValidationError
from scim2_models import Error, InvalidValueException, SCIMException
from scim2_server.errors import MethodNotAllowedException
from scim2_server.responses import SCIM_MEDIA_TYPE
from scim2_server.service import scim_exception_of
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound, Unavailable
from govcloud.kernel.messages import Message
from govcloud.web.errors import AWAY_SECONDS, DATABASE_AWAY, database_away
from govcloud.web.gate import ClientRequired
from govcloud.web.locale import say
from govcloud.web.trace import trace_id

#: The one table of kinds → status and scimType; the first that fits decides.
STATUS: dict[type[GovcloudError], tuple[int, str | None]] = {
    ClientRequired: (401, None),
    Invalid: (400, "invalidValue"),
    NotFound: (404, None),
    Conflict: (409, None),
    Denied: (403, None),
    Unavailable: (503, None),
}
_TAKEN = "already_exists"
_CHALLENGE = 'Basic realm="govcloud", charset="UTF-8"'
#: What the fields of identity are called on this wire.
_ATTRIBUTES = {
    "employee_code": "userName",
    "name": "name.formatted",
    "phone": "phoneNumbers.value",
    "id_number": "idNumber",
    "staffing_type": "staffingType",
    "security_label": "securityLabel",
    "uscc": "externalId",
    "division_code": "division",
    "parent_id": "parent",
    "short_name": "shortName",
    "department_id": "department",
    "starts_at": "startsAt",
    "ends_at": "endsAt",
}
_HTTP = {
    400: Message("请求的内容不完整或格式有误。"),
    404: Message("没有这个地址。"),
    405: Message("这个地址不接受这种操作。"),
    413: Message("提交的内容超过了平台的上限。"),
    500: Message("平台内部发生了未预料的错误，您的操作没有保存。"),
}


def error_of(error: Exception) -> Error:
    """Return an error as the wire has it; one that nobody foresaw says nothing but that, and is logged."""
    match error:
        case InvalidValueException(__cause__=ValidationError() as cause) | (ValidationError() as cause):
            # The library would say all that its models think of a value; the first finding is said in the words of the protocol.
            return scim_exception_of(cause).to_error()
        case SCIMException():
            return error.to_error()
        case GovcloudError():
            status, keyword = next((row for kind, row in STATUS.items() if isinstance(error, kind)), (500, None))
            taken = isinstance(error, Conflict) and error.code == _TAKEN
            return Error(status=status, scim_type="uniqueness" if taken else keyword, detail=_detail(error))
        case SQLAlchemyError() if isinstance(error, DATABASE_AWAY):
            return Error(status=503, detail=say(database_away(error).message))
        case _:
            current_app.logger.error("unexpected error, trace %s", trace_id(), exc_info=error)
            return Error(status=500, detail=say(_HTTP[500]))


def _detail(error: GovcloudError) -> str:
    """Return what is wrong, where, and what to do; values are not repeated."""
    places = [f"{_attribute(item.field)}: {say(item.message)}" for item in error.fields]
    reasons = [say(refusal.message) for refusal in error.refusals] if isinstance(error, Conflict) else []
    return " ".join([say(error.message), *reasons, *places, *([say(error.remedy)] if error.remedy else [])])


def _attribute(field: str) -> str:
    """Return the attribute that a field of a command stands for: ``rows[0].employee_code`` is ``userName``."""
    name = field.rpartition(".")[2] if field.startswith("rows[") else field
    return _ATTRIBUTES.get(name, name)


def answer(error: Exception) -> Response:
    """Return the response to an error."""
    wire = error_of(error)
    response = Response(current_app.json.dumps(wire.model_dump()), wire.status or 500, content_type=SCIM_MEDIA_TYPE)
    match wire.status, error:
        case 401, _:
            response.headers["WWW-Authenticate"] = _CHALLENGE
        case 405, MethodNotAllowedException():
            response.headers["Allow"] = ", ".join(error.allowed)
        case 503, _:
            response.headers["Retry-After"] = str(AWAY_SECONDS)
    return response


def _on_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    wire = Error(status=status, detail=say(_HTTP.get(status, _HTTP[400])))
    return Response(current_app.json.dumps(wire.model_dump()), status, content_type=SCIM_MEDIA_TYPE)


def _on_defect(error: InternalServerError) -> Response:
    cause = error.original_exception
    return answer(cause if isinstance(cause, Exception) else error)


def init_errors(blueprint: Blueprint) -> None:
    """Answer every error of the blueprint on its own wire."""
    for kind in (SCIMException, ValidationError, GovcloudError, *DATABASE_AWAY):
        blueprint.register_error_handler(kind, answer)
    blueprint.register_error_handler(InternalServerError, _on_defect)
    blueprint.register_error_handler(HTTPException, _on_http_error)
