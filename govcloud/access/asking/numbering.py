"""The numbers of requests."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import select

from govcloud.access.models import request_number
from govcloud.kernel.unit_of_work import Transaction

_CHINA = ZoneInfo("Asia/Shanghai")


def next_number(tx: Transaction) -> str:
    """Return the next number: QX, the day in China, a count over all days."""
    count = tx.session.scalar(select(request_number.next_value()))
    return f"QX{tx.now.astimezone(_CHINA):%Y%m%d}-{count:06d}"
