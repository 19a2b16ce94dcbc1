"""The portal's lists take as many statements for many rows as for few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from govcloud.authorization.scopes.scope import Scope
from tests.factories.browsing import Visitor, counted
from tests.factories.requests import ask
from tests.factories.world import XIHU, YUHANG, World

if TYPE_CHECKING:
    from govcloud.services import Services

#: List, and who opens it.
LISTS = [
    ("/requests", "wang"),
    ("/access", "wang"),
    ("/", "wang"),
    ("/api/v1/requests", "wang"),
    ("/api/v1/access", "wang"),
    ("/inbox", "li"),
    ("/inbox?tab=decided", "li"),
    ("/grants", "li"),
    ("/notices", "li"),
    ("/waiting", "li"),
    ("/api/v1/notices", "wang"),
    ("/api/v1/inbox", "li"),
    ("/api/v1/access/overseen", "li"),
]


def use(services: Services, world: World, *logins: str) -> None:
    """Let each person ask for the register and get it, and ask once more, which waits."""
    for number, login in enumerate(logins):
        person, scope = world.people[login], Scope(((XIHU, YUHANG)[number % 2],))
        line = ask(services, world, person, days=number + 2, scope=scope).line_id
        services.access.approve(world.li.actor(), line, 1)
        if number:
            waiting = ask(services, world, person, scope=scope, case_number=f"XH-{number}")
            services.access.withdraw(person.actor(), waiting.line_id, 1)
        ask(services, world, person, scope=scope, case_number=f"XH-{number}")


def taken(visitor: Visitor, address: str) -> int:
    """Return how many statements a page takes."""
    assert visitor.get(address).status_code == 200
    with counted() as statements:
        visitor.get(address)
    return len(statements)


@pytest.fixture
def people(wang: Visitor, li: Visitor) -> dict[str, Visitor]:
    """Return the visitors by name."""
    return {"wang": wang, "li": li}


def test_more_rows_take_no_more_statements(people: dict[str, Visitor], services: Services, world: World) -> None:
    use(services, world, "WANGFANG", "SUNLI")
    few = {address: taken(people[who], address) for address, who in LISTS}
    for number in range(3):
        line = services.access_queries.my_requests(world.wang.official_id).entries[0].lines[0]
        services.access.approve(world.li.actor(), line.id, line.version)
        ask(services, world, case_number=f"XH-R{number}")
    use(services, world, "SHANXUEMEI", "CHENJIE", "HEWEI", "ZHOUJIANJUN")
    many = {address: taken(people[who], address) for address, who in LISTS}
    assert many == few
