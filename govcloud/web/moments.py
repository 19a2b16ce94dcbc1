"""How pages show times: ``2026-11-24 09:30`` in China Standard Time, and beside it how long ago or how long still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

CHINA = ZoneInfo("Asia/Shanghai")
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_TYPED = "%Y-%m-%dT%H:%M"


def moment(at: datetime) -> str:
    """Return ``at`` (aware) as date and time of day in China Standard Time."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def minute(at: datetime | None) -> str:
    """Return ``at`` (aware) as the value of a field for date and time, in China Standard Time; nothing for ``None``."""
    return at.astimezone(CHINA).strftime(_TYPED) if at else ""


def at_of(text: str) -> datetime | None:
    """Return what such a field holds as an instant (UTC); ``None`` for whatever is no date and time."""
    try:
        return datetime.strptime(text, _TYPED).replace(tzinfo=CHINA).astimezone(UTC)
    except ValueError:
        return None


def day(at: datetime) -> str:
    """Return the date of ``at`` (aware) in China Standard Time."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d")


def relative_words() -> dict[str, dict[str, str]]:
    """Return the phrases with ``{n}`` for the number; the page hands them to its clocks, too."""
    return {
        "left": {"days": gettext("还剩 {n} 天"), "hours": gettext("还剩 {n} 小时"), "minutes": gettext("还剩 {n} 分钟")},
        "ago": {"days": gettext("{n} 天前"), "hours": gettext("{n} 小时前"), "minutes": gettext("{n} 分钟前")},
        "overdue": {"days": gettext("已超时 {n} 天"), "hours": gettext("已超时 {n} 小时"), "minutes": gettext("已超时 {n} 分钟")},
    }


def relative(at: datetime, now: datetime, *, overdue: bool = False) -> str:
    """Return the distance of ``at`` from ``now``, rounded down: days from two on, else hours, else minutes (at least 1).

    ``overdue`` says that a moment in the past was a deadline.
    """
    distance: timedelta = at - now
    seconds = abs(distance.total_seconds())
    if seconds >= 2 * _DAY:
        unit, length = "days", _DAY
    elif seconds >= _HOUR:
        unit, length = "hours", _HOUR
    else:
        unit, length = "minutes", _MINUTE
    side = "left" if distance >= timedelta() else "overdue" if overdue else "ago"
    return relative_words()[side][unit].replace("{n}", str(max(int(seconds // length), 1)))
