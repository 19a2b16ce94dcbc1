"""退出通知: how each subsystem keeps up with sign-outs, each of its notices, and having them sent again."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.signon.logout.queries import FILTERS
from govcloud.signon.logout.telling import KEEP_TRYING
from govcloud.signon.logout.views import NoticeState
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say
from govcloud.web.stays import CHANNELS, NOTICES, cause_words

RETRIES = "govcloud:logout_notice:retry"
_NARROWED = {
    "": Message("全部"),
    "waiting": Message("未确认"),
    "failing": NOTICES[NoticeState.FAILING].text,
    "given_up": NOTICES[NoticeState.GIVEN_UP].text,
}
_OPEN = frozenset({NoticeState.WAITING, NoticeState.FAILING, NoticeState.GIVEN_UP})


class LogoutsView(ConsolePage):
    """The delivery record of sign-out, by client."""

    opens = "govcloud:console:logouts"
    asks = (RETRIES,)
    title = Message("退出通知")
    lead = Message(
        "会话结束时，平台通知每个子系统结束该人员的登录，并保存其确认。未成功的在 %(days)s 天内反复重试，之后停止，可以手动重发。",
        days=KEEP_TRYING.days,
    )
    icon = "log-out"
    group = Message("运行")

    def __init__(self) -> None:
        """Serve below ``/console/logouts/``."""
        super().__init__("logouts")

    @expose("/")
    def index_view(self) -> str:
        """Show every client that was told something lately or still has to be."""
        rendered: str = self.render("console/logouts.html", view=self, rows=services().logout_queries.deliveries(), channel_words=CHANNELS)
        return rendered

    @expose("/client/")
    def client_view(self) -> str:
        """Show one client's notices, the newest first."""
        client_id, narrowed = request.args.get("client", ""), request.args.get("state", "")
        client = services().subsystem_queries.clients_named([client_id]).get(client_id)
        if client is None:
            raise NotFound.of(Message("客户端"), client_id)
        narrowed = narrowed if narrowed in FILTERS else ""
        page = services().logout_queries.of_client(client_id, narrowed, identifier(request.args.get("after")))
        rendered: str = self.render(
            "console/logout_client.html",
            view=self,
            client=client,
            page=page,
            people=services().identity_queries.official_names({row.official_id for row in page.rows}),
            narrowed=narrowed,
            choices=[(code, say(text)) for code, text in _NARROWED.items()],
            shown_after=request.args.get("after", ""),
            channel_words=CHANNELS,
            notice_words=NOTICES,
            cause_words=cause_words,
            open_states=_OPEN,
            may_retry=opened(RETRIES),
        )
        return rendered

    @expose("/retry", methods=("POST",))
    def retry_view(self) -> Response:
        """Have one notice of a client, or all that are not acknowledged, sent again at once."""
        if not opened(RETRIES):
            raise no_permission()
        client_id, notice_id = request.form.get("client", ""), identifier(request.form.get("notice"))
        hastened = services().logout.retry(current_actor(), client_id, notice_id=notice_id)
        if hastened:
            flash(say(Message("已安排立即重发 %(count)s 条，稍后刷新查看结果。", count=hastened)), "success")
        else:
            flash(say(Message("没有需要重发的通知。")), "info")
        return make_response(redirect(url_for(".client_view", client=client_id), 303))
