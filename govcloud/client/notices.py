"""What a visitor is told instead of a page: refused, cannot be confirmed, not signed in. A page for people, JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from govcloud.client.decisions import AccessRequest, CheckDecision, StepUp
from govcloud.client.errors import CheckUnavailableError, SignInFailedError

#: Where the client's own pages and its stylesheet lie.
PREFIX = "/govcloud"
STYLESHEET = f"{PREFIX}/static/subsystem.css"
SIGN_IN = f"{PREFIX}/sign-in"
_MOST_WAIT = 3600


@dataclass(frozen=True)
class Notice:
    """One notice.

    Attributes:
        status: HTTP status.
        code: the reason, for programs.
        title: in Chinese, like the next two.
        cause: why.
        remedy: what to do.
        cause_en: why, in English, where the platform said so.
        request_url: the page that opens the prefilled request for the missing permission.
        retry: whether signing in anew helps.
        trace_id: the number to quote.
        challenge: what a program has to do first, as the value of ``WWW-Authenticate``.
        retry_after: in how many seconds asking again may help.
    """

    status: int
    code: str
    title: str
    cause: str
    remedy: str = ""
    cause_en: str = ""
    request_url: str | None = None
    retry: bool = False
    trace_id: str | None = None
    retry_after: float | None = None
    challenge: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that belong to it."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(min(max(1, math.ceil(self.retry_after)), _MOST_WAIT))
        if self.challenge is not None:
            headers["WWW-Authenticate"] = self.challenge
        return headers

    def as_json(self) -> str:
        """Return the notice for a program."""
        told = {
            "error": self.code,
            "title": self.title,
            "reason": {"zh-CN": self.cause, **({"en": self.cause_en} if self.cause_en else {})},
            "access_request": self.request_url,
            "trace_id": self.trace_id,
        }
        return json.dumps({key: value for key, value in told.items() if value is not None}, ensure_ascii=False)


#: Makes the page of a notice; the second argument is the path under which the subsystem is mounted.
Page = Callable[[Notice, str], str]


def denied(decision: CheckDecision) -> Notice:
    """Return the refusal: why not, and the button that opens the prefilled request."""
    asked = decision.access_request
    return Notice(
        403,
        decision.code or "denied",
        f"您没有“{asked.function_name}”的权限" if asked and asked.function_name else "没有办理权限",
        decision.reason("zh-CN"),
        cause_en=decision.reason("en"),
        remedy=_remedy(asked) if asked else "申请临时权限不能解决，请联系本单位管理员。",
        request_url=asked.url if asked else None,
        trace_id=decision.trace_id,
    )


def _remedy(asked: AccessRequest) -> str:
    """Return whose function it is and for how long one may ask for it."""
    owner = f"该功能由{asked.owner}管理，" if asked.owner else ""
    days = f" {asked.max_days} 天以内的" if asked.max_days else ""
    return f"{owner}可申请{days}临时权限，由主管部门审批，同意后立即可用。"


def unavailable(error: CheckUnavailableError, trace_id: str | None = None) -> Notice:
    """Return that the platform did not answer, so access is refused."""
    return Notice(
        503,
        "check_unavailable",
        "暂时无法确认权限",
        "平台没有应答，为安全起见暂不开放。",
        "请稍后刷新重试。",
        trace_id=error.trace_id or trace_id,
        retry_after=error.retry_after,
    )


def sign_in_away() -> Notice:
    """Return that the platform's sign-in cannot be reached."""
    return Notice(503, "sign_in_unavailable", "暂时无法登录", "统一身份平台没有应答。", "请稍后刷新重试。", retry=True)


def sign_in_failed(error: SignInFailedError) -> Notice:
    """Return that a sign-in did not complete."""
    cause = f"统一身份平台没有完成这次登录（{error.code}）。"
    return Notice(400, error.code, "登录未完成", cause, "请重新登录。", retry=True)


def sign_in_required() -> Notice:
    """Return, to a program, that somebody has to sign in."""
    return Notice(401, "sign_in_required", "尚未登录", "请先登录。", retry=True)


def step_up_required(decision: CheckDecision, step_up: StepUp) -> Notice:
    """Return, to a program, that a proof of identity is wanted first (RFC 9470 section 3)."""
    return Notice(
        401,
        decision.code,
        "须再次核实身份",
        decision.reason("zh-CN"),
        "请在浏览器中重新核实身份后再试。",
        cause_en=decision.reason("en"),
        trace_id=decision.trace_id,
        challenge=step_up.challenge,
    )


FOREIGN_FORM = Notice(400, "foreign_form", "没有退出", "这个请求不是从本系统的页面提交的。", "请回到首页，再点“退出登录”。")
ODD_PATH = Notice(400, "bad_path", "地址不正确", "地址中含有空的或多余的部分。", "请回到首页。")


def wants_json(accept: str) -> bool:
    """Return whether whoever sent this ``Accept`` header is a program."""
    return "application/json" in accept and "text/html" not in accept


def page(notice: Notice, mount: str = "") -> str:
    """Return the page of a notice; ``mount`` is the path under which the subsystem is mounted."""
    lines = [
        f'<h1 id="title">{escape(notice.title)}</h1>',
        f"<p>{escape(notice.cause)}</p>",
        f"<p>{escape(notice.remedy)}</p>" if notice.remedy else "",
        f'<p class="secondary" lang="en">{escape(notice.cause_en)}</p>' if notice.cause_en else "",
        f'<p class="actions">{"".join(_actions(notice, mount))}</p>',
        f'<p class="secondary">追踪号 <code>{escape(notice.trace_id)}</code></p>' if notice.trace_id else "",
    ]
    told = "\n    ".join(line for line in lines if line)
    return _FRAME.format(title=escape(notice.title), style=escape(mount + STYLESHEET), told=told)


def _actions(notice: Notice, mount: str) -> list[str]:
    buttons = [
        ("申请权限", notice.request_url, ' id="request-access"'),
        ("重新登录", mount + SIGN_IN if notice.retry else None, ""),
    ]
    primary = [f'<a class="button primary" href="{escape(url)}"{mark}>{word}</a>' for word, url, mark in buttons if url]
    return [*primary, f'<a class="button" href="{escape(mount)}/">返回首页</a>']


_FRAME = """<!doctype html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="stylesheet" href="{style}">
</head>
<body>
  <main class="notice" aria-labelledby="title">
    <svg class="notice-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M7 11V7a5 5 0 0 1 10 0v4"/><rect x="3" y="11" width="18" height="11" rx="2"/>
    </svg>
    {told}
  </main>
</body>
</html>
"""
