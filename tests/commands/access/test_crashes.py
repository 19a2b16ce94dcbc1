"""A crash between any two statements of a command loses nothing and half-applies nothing: all of it stands afterwards, or none."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from govcloud.kernel.database import db
from govcloud.services import Services
from tests.factories.crashing import cut_before, everything
from tests.factories.requests import ask, granted
from tests.factories.world import World

Command = Callable[[Services, World, UUID], object]
Prepare = Callable[[Services, World], UUID]
MOST_STATEMENTS = 200


def _line(services: Services, world: World) -> UUID:
    return ask(services, world).line_id


def _nothing(_services: Services, world: World) -> UUID:
    return world.wang.official_id


#: What is done beforehand, and the command that is struck at each of its statements in turn.
COMMANDS: dict[str, tuple[Prepare, Command]] = {
    "submit": (_nothing, lambda services, world, _: ask(services, world)),
    "withdraw": (_line, lambda services, world, line: services.access.withdraw(world.wang.actor(), line, 1)),
    "approve": (_line, lambda services, world, line: services.access.approve(world.li.actor(), line, 1)),
    "reject": (_line, lambda services, world, line: services.access.reject(world.li.actor(), line, 1, "not_needed")),
    "revoke": (granted, lambda services, world, grant: services.access.revoke(world.li.actor(), grant, "办件已结束")),
    "relinquish": (granted, lambda services, world, grant: services.access.relinquish(world.wang.actor(), grant)),
}


# A cursor on the server's side cannot be closed there once its connection is gone; psycopg remarks on that as the object goes.
@pytest.mark.filterwarnings("ignore:.*ServerCursorMixin.*:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", COMMANDS)
def test_all_or_nothing(services: Services, world: World, superuser_url: str, name: str) -> None:
    prepare, command = COMMANDS[name]
    url = make_url(superuser_url).set(drivername="postgresql").render_as_string(hide_password=False)
    of = prepare(services, world)
    db.session.remove()
    before = everything(url)
    for number in range(MOST_STATEMENTS):
        with cut_before(number) as cut:
            try:
                command(services, world, of)
            except OperationalError:
                assert cut.done, "the command failed by itself"
            db.session.remove()
        if not cut.done:
            break
        assert everything(url) == before, f"{name} left something behind when it was struck before its statement {number}"
    else:
        pytest.fail(f"{name} takes more than {MOST_STATEMENTS} statements")
    assert number > 5, "the command was hardly struck"
    assert everything(url) != before
