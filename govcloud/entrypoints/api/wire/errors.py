"""Errors on the wire: problem details (RFC 9457), one kind one status, in the caller's language, with the trace number."""

from __future__ import annotations

from flask import Blueprint, Response
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from govcloud.entrypoints.api.wire.reading import Malformed
from govcloud.entrypoints.api.wire.results import FieldProblem, Problem, RefusalAnswer
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound, Refusal, Unavailable
from govcloud.kernel.messages import Message
from govcloud.signon.step_up import StepUpRequired
from govcloud.web.errors import answer_errors, with_headers
from govcloud.web.gate import ClientRequired, SignInRequired, services
from govcloud.web.locale import html_lang, say
from govcloud.web.trace import trace_id

CONTENT_TYPE = "application/problem+json"
#: The one table of kinds → status; the first that fits decides, so the narrower stand above.
STATUS: dict[type[GovcloudError], int] = {
    Malformed: 400,
    SignInRequired: 401,
    ClientRequired: 401,
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Denied: 403,
    Unavailable: 503,
}
_TITLES = {
    400: Message("请求无法识别"),
    401: Message("请先登录"),
    403: Message("没有权限"),
    404: Message("没有找到"),
    405: Message("操作方式不支持"),
    409: Message("状态已变化"),
    413: Message("内容过大"),
    415: Message("内容类型不支持"),
    422: Message("填写有误"),
    500: Message("平台出错"),
    503: Message("暂时无法服务"),
}
_HTTP = {
    400: Message("请求的内容不完整或格式有误。"),
    404: Message("没有这个地址。"),
    405: Message("这个地址不接受这种操作。"),
    413: Message("提交的内容超过了平台的上限。"),
    415: Message("请求正文应为 application/json。"),
    500: Message("平台内部发生了未预料的错误，您的操作没有保存。"),
}


def status_of(error: GovcloudError) -> int:
    """Return the status of the error's kind."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def refusals_of(refusals: tuple[Refusal, ...]) -> tuple[RefusalAnswer, ...]:
    """Return refusals in the caller's language."""
    return tuple(RefusalAnswer(code=refusal.code, message=say(refusal.message)) for refusal in refusals)


def problem_of(status: int, error: GovcloudError) -> Problem:
    """Return what is said about ``error``; nothing of the inside is in it."""
    return Problem(
        type=f"urn:govcloud:problem:{error.code}",
        title=say(_TITLES.get(status, _TITLES[400 if status < InternalServerError.code else 500])),
        status=status,
        detail=say(error.message),
        code=error.code,
        remedy=say(error.remedy) if error.remedy else None,
        fields=tuple(FieldProblem(field=item.field, message=say(item.message), value=item.value) for item in error.fields),
        refusals=refusals_of(error.refusals),
        trace_id=trace_id(),
    )


def problem(status: int, error: GovcloudError) -> Response:
    """Return the answer to ``error``."""
    response = Response(problem_of(status, error).model_dump_json(), status, content_type=CONTENT_TYPE)
    response.headers["Content-Language"] = html_lang()
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _on_domain_error(error: GovcloudError) -> Response:
    return problem(status_of(error), error)


def _on_sign_in_required(error: SignInRequired) -> Response:
    """Answer 401 with the challenge that it needs (RFC 9110 section 15.5.2)."""
    response = problem(401, error)
    response.headers["WWW-Authenticate"] = f'Cookie realm="govcloud", form-action="{services().settings.public_url}/sign-in"'
    return response


def _on_client_required(error: ClientRequired) -> Response:
    """Answer 401 to a program whose credentials are missing or wrong (RFC 6749 section 5.2)."""
    response = problem(401, error)
    response.headers["WWW-Authenticate"] = 'Basic realm="govcloud", charset="UTF-8"'
    return response


def _on_step_up_required(_error: StepUpRequired) -> Response:
    """Answer a sensitive command in a session without a recent second factor; the proof is given on a page."""
    message = Message("这项操作比较敏感，需要先再次核实身份。")
    remedy = Message("请在浏览器打开 /step-up 核实身份后重试。")
    return problem(403, Denied("step_up_required", message, remedy=remedy))


def _on_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    return with_headers(problem(status, GovcloudError(f"http_{status}", _HTTP.get(status, _HTTP[400]))), error)


def _on_csrf(_error: CSRFError) -> Response:
    message = Message("缺少或不正确的 CSRF 令牌。")
    remedy = Message("请先读取 /api/v1/me 中的 csrf_token，并以 X-CSRFToken 请求头发送。")
    return problem(403, Denied("csrf", message, remedy=remedy))


def init_errors(blueprint: Blueprint) -> None:
    """Register the answers for every error below the API's addresses."""
    blueprint.register_error_handler(SignInRequired, _on_sign_in_required)
    blueprint.register_error_handler(ClientRequired, _on_client_required)
    blueprint.register_error_handler(StepUpRequired, _on_step_up_required)
    blueprint.register_error_handler(CSRFError, _on_csrf)
    answer_errors(blueprint, domain=_on_domain_error, http=_on_http_error, defect=lambda: problem(500, GovcloudError("defect", _HTTP[500])))
