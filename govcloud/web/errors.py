"""Errors as pages: one kind, one status, with cause, remedy and trace number; nothing of the inside leaks out.

Blueprints with a wire of their own (OAuth, problem+json, AuthZEN) register their own handlers and never come here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound, Unavailable
from govcloud.kernel.messages import Message
from govcloud.signon.step_up import StepUpRequired
from govcloud.web.gate import SignInRequired
from govcloud.web.locale import say
from govcloud.web.step_up import on_step_up_required
from govcloud.web.trace import trace_id

#: The one table of kinds → status for pages; other wires have their own in their errors.py.
STATUS: dict[type[GovcloudError], int] = {Invalid: 422, NotFound: 404, Conflict: 409, Denied: 403, Unavailable: 503}
#: The driver cannot reach the database, or no connection of the pool became free in time.
DATABASE_AWAY: tuple[type[SQLAlchemyError], ...] = (OperationalError, PoolTimeoutError)
AWAY_SECONDS = 5


class PageError(Invalid):
    """A request on the way into a subsystem that cannot safely be answered by a redirect back to it; shown as a page of status 400."""

    def __init__(self, code: str, message: Message, remedy: Message | None = None) -> None:
        """Say what is wrong; unless told otherwise, what to do is that the subsystem's developers mend it."""
        general = Message("请从工作台重新进入该子系统；如仍有问题，请把追踪号告知该子系统的维护人员。")
        super().__init__(code, message, remedy=remedy or general)


@dataclass(frozen=True)
class Explanation:
    """What a page says of a status: what happened and what to do."""

    title: Message
    cause: Message
    remedy: Message


EXPLANATIONS = {
    400: Explanation(Message("请求无法识别"), Message("浏览器发来的内容不完整或格式有误。"), Message("请返回上一页，刷新后重新填写。")),
    403: Explanation(Message("没有权限"), Message("您当前的岗位没有打开此页面的权限。"), Message("如工作需要，请联系本部门管理员。")),
    404: Explanation(Message("页面不存在"), Message("地址有误，或内容已被移走。"), Message("请检查地址，或从工作台重新进入。")),
    405: Explanation(Message("操作方式不支持"), Message("这个地址不接受这种操作。"), Message("请从页面上的按钮操作，不要直接输入地址。")),
    409: Explanation(Message("状态已变化"), Message("内容刚刚被其他人更新。"), Message("请刷新后查看最新状态。")),
    413: Explanation(Message("内容过大"), Message("提交的内容超过了平台的上限。"), Message("请缩短文字或减小附件后重试。")),
    415: Explanation(Message("内容类型不支持"), Message("平台不接受这种类型的内容。"), Message("请从页面上的表单提交。")),
    422: Explanation(Message("填写有误"), Message("提交的内容没有通过检查。"), Message("请返回上一页，按提示修改。")),
    429: Explanation(Message("操作过于频繁"), Message("短时间内的请求太多。"), Message("请稍候再试。")),
    500: Explanation(
        Message("平台出错"),
        Message("平台内部发生了未预料的错误，您的操作没有保存。"),
        Message("请稍后重试；如仍有问题，请把追踪号告知管理员。"),
    ),
    503: Explanation(Message("暂时无法服务"), Message("平台繁忙或数据库暂时无法连接。"), Message("请稍后重试，已提交的内容不会丢失。")),
}


def status_of(error: GovcloudError) -> int:
    """Return the status of the error's kind."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def _cause(error: GovcloudError) -> Message:
    """Return what happened; an id that stands on no page says nothing to its reader, and is left out."""
    kind, value = (error.message.values.get(name) for name in ("kind", "value"))
    if isinstance(error, NotFound) and isinstance(kind, Message) and _is_id(str(value)):
        return Message("找不到这个%(kind)s，或者您不能查看。", kind=kind)
    return error.message


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def error_page(status: int, *, error: GovcloudError | None = None) -> Response:
    """Return the page of ``status``; a domain error's own words replace the general ones."""
    general = EXPLANATIONS.get(status) or EXPLANATIONS[500 if status >= InternalServerError.code else 400]
    cause = _cause(error) if error else general.cause
    remedy = (error.remedy if error else None) or general.remedy
    page = render_template(
        "web/error.html",
        status=status,
        title=say(general.title),
        cause=say(cause),
        remedy=say(remedy),
        refusals=[say(item.message) for item in error.refusals] if error else [],
        fields=[(item.field, say(item.message), item.value) for item in error.fields] if error else [],
        trace_id=trace_id(),
    )
    response = make_response(page, status)
    if error is not None and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def with_headers(response: Response, error: HTTPException) -> Response:
    """Return the answer with what the error says in headers (``Allow``, ``Retry-After``), but in the answer's own form."""
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def answer_errors(
    where: Flask | Blueprint,
    *,
    domain: Callable[[GovcloudError], Response],
    http: Callable[[HTTPException], Response],
    defect: Callable[[], Response],
    away: Callable[[Unavailable], Response] | None = None,
) -> None:
    """Register what every wire has to answer, in its own form; what it knows besides, it registers itself.

    Args:
        where: the blueprint of the wire.
        domain: answers a refusal of a command or a query.
        http: answers what Flask itself refuses: an address, a method, a body that there is not.
        defect: answers what nobody foresaw, which is logged.
        away: answers while the database is away; by default, ``domain`` does.
    """

    def on_away(error: SQLAlchemyError) -> Response:
        return (away or domain)(database_away(error))

    def on_defect(error: InternalServerError) -> Response:
        current_app.logger.error("unexpected error, trace %s", trace_id(), exc_info=error.original_exception)
        return defect()

    where.register_error_handler(GovcloudError, domain)
    for kind in DATABASE_AWAY:
        where.register_error_handler(kind, on_away)
    where.register_error_handler(InternalServerError, on_defect)
    where.register_error_handler(HTTPException, http)


def _on_domain_error(error: GovcloudError) -> Response:
    return error_page(400 if isinstance(error, PageError) else status_of(error), error=error)


def _on_sign_in_required(error: SignInRequired) -> Response:
    """Send a reader to sign-in and back; what was being posted cannot be replayed, so it gets a page."""
    if request.method not in {"GET", "HEAD"}:
        return error_page(403, error=error)
    here = request.full_path.rstrip("?")
    return make_response(redirect(url_for("portal.sign_in", next=None if here == "/" else here)))


def _on_http_error(error: HTTPException) -> Response:
    return with_headers(error_page(error.code or 500), error)


def _on_untrusted_host(error: SecurityError) -> Response:
    """Answer a request for a host that is not ours in plain text: no address could be built into a page of it."""
    current_app.logger.info("untrusted host: %s", error.description)
    return Response("400 Bad Request: unknown host\n", 400, content_type="text/plain; charset=utf-8")


def _on_csrf(_error: CSRFError) -> Response:
    message = Message("表单已过期或不是从本平台的页面提交。")
    return error_page(400, error=Invalid("csrf", message, remedy=Message("请返回上一页，刷新后重新提交。")))


def database_away(error: SQLAlchemyError) -> Unavailable:
    """Put the driver's words in the log and return what people are told."""
    current_app.logger.error("the database is away: %s", str(getattr(error, "orig", error)).strip())
    return Unavailable("database_away", Message("数据库暂时无法连接。"), retry_after=AWAY_SECONDS)


def init_errors(app: Flask) -> None:
    """Register the pages for everything that no blueprint answers itself."""
    app.register_error_handler(SignInRequired, _on_sign_in_required)
    app.register_error_handler(StepUpRequired, on_step_up_required)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(SecurityError, _on_untrusted_host)
    answer_errors(app, domain=_on_domain_error, http=_on_http_error, defect=lambda: error_page(500))
