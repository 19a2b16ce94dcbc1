"""待发消息: what was promised to subsystems, what was delivered, and what keeps failing."""

from __future__ import annotations

from govcloud.entrypoints.console.parts.base import ConsoleView
from govcloud.kernel.messages import Message
from govcloud.outbox.models import OutboxMessage


class OutboxView(ConsoleView):
    """The outbox, newest first."""

    opens = "govcloud:console:outbox"
    title = Message("待发消息")
    lead = Message("发往子系统的通知和退出登录消息，以及它们的送达情况。")
    icon = "server"
    group = Message("运行")
    column_list = ("topic", "destination", "created_at", "attempts", "delivered_at", "last_error")
    column_details_list = (*column_list, "available_at")
    column_searchable_list = ("topic", "destination")
    column_sortable_list = ()
    column_default_sort = ("id", True)
    labels = {
        "topic": Message("事件"),
        "destination": Message("接收方"),
        "created_at": Message("产生时间"),
        "attempts": Message("尝试次数"),
        "delivered_at": Message("送达时间"),
        "last_error": Message("最近的错误"),
        "available_at": Message("下次尝试"),
    }

    def heading(self, row: OutboxMessage) -> str:
        """Return the topic."""
        return row.topic
