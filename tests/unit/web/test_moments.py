"""Times on pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel

from govcloud.web.moments import day, moment, relative

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def test_times_are_chinas() -> None:
    assert moment(NOW) == "2026-11-24 09:30"
    assert day(datetime(2026, 11, 24, 17, 0, tzinfo=UTC)) == "2026-11-25"


@pytest.mark.parametrize(
    ("away", "overdue", "words"),
    [
        (timedelta(days=4), False, "还剩 4 天"),
        (timedelta(days=4) - timedelta(seconds=1), False, "还剩 3 天"),
        (timedelta(hours=47), False, "还剩 47 小时"),
        (timedelta(minutes=59), False, "还剩 59 分钟"),
        (timedelta(0), False, "还剩 1 分钟"),
        (-timedelta(seconds=5), False, "1 分钟前"),
        (-timedelta(hours=3), False, "3 小时前"),
        (-timedelta(hours=3), True, "已超时 3 小时"),
    ],
)
def test_relative_times_are_rounded_down(away: timedelta, overdue: bool, words: str) -> None:  # noqa: FBT001 - a column of the table
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        assert relative(NOW + away, NOW, overdue=overdue) == words
