"""Searching people: which index serves each key at 20,000 rows, pages that are complete and disjoint, and every reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event, text

from govcloud.identity.finding.reach import EVERYWHERE, NOWHERE, Reach
from govcloud.identity.finding.search import Asked, Wanted, page_of_ids
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.database import db
from govcloud.services import Services
from tests.factories.people import a_department, an_official
from tests.factories.world import SEED, World

INDEXES = {
    "ZJ0000": "uq_official_employee_code",
    "王伟": "ix_official_name_id",
    "wangw": "ix_official_pinyin_id",
    "qx": "ix_official_initials_id",
    "": "ix_official_pinyin_id",
}
#: Twenty thousand people in one statement: the plan is looked at, not the commands.
FILL = """
INSERT INTO official (id, employee_code, name, pinyin, initials, id_number_sealed, id_number_digest, created_at)
SELECT gen_random_uuid(), 'ZJ' || lpad(n::text, 8, '0'), surname.zh || given.zh, surname.py || given.py,
       left(surname.py, 1) || left(given.py, 1), '\\x00', decode(md5(n::text), 'hex'), '2026-01-01'
FROM generate_series(1, 20000) n
JOIN (VALUES (0, '王', 'wang'), (1, '李', 'li'), (2, '张', 'zhang'), (3, '单', 'shan'), (4, '仇', 'qiu')) surname (i, zh, py) ON i = n % 5
JOIN (VALUES (0, '伟', 'wei'), (1, '芳', 'fang'), (2, '娜', 'na'), (3, '秀英', 'xiuying'), (4, '敏', 'min'), (5, '静', 'jing'),
             (6, '霞', 'xia')) given (j, zh, py) ON j = n % 7;
INSERT INTO official_version (id, official_id, status, rank, staffing_type, security_label, valid_from)
SELECT gen_random_uuid(), id, 'active', '', '行政编制', 0, created_at - interval '1 day' FROM official
WHERE employee_code LIKE 'ZJ%';
ANALYZE official; ANALYZE official_version;
"""


@contextmanager
def statements() -> Iterator[list[tuple[str, object]]]:
    """Collect the statements that are sent, with their values."""
    seen: list[tuple[str, object]] = []

    def note(*args: object) -> None:
        seen.append((str(args[2]), args[3]))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def plan(url: str, statement: str, values: object) -> str:
    with psycopg.connect(plain(url)) as connection:
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {statement}".encode(), cast("dict[str, Any]", values)))


def pages(services: Services, search: str, reach: Reach = EVERYWHERE, limit: int = 7) -> list[str]:
    """Return the employee codes of all pages of a search."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = services.identity_queries.search_officials(search, limit, after, reach=reach)
        found += [row.employee_code for row in page.rows]
        after = page.after
        if after is None:
            return found


def test_each_key_is_served_by_its_index_in_order(services: Services, world: World, superuser_url: str) -> None:
    with psycopg.connect(plain(superuser_url), autocommit=True) as connection:
        connection.execute(FILL.encode())
    now, reader = services.clock.now(), services.uow.read
    for search, index in INDEXES.items():
        asked, place = Asked(Wanted(search), now, 20), None
        for _ in range(2):
            with statements() as seen:
                ids, place = page_of_ids(reader(), asked, place)
            assert len(ids) == 20, search
            assert place is not None
            plans = [plan(superuser_url, statement, values) for statement, values in seen]
            # The branches before the one that fills the page looked into their own index and found nothing.
            assert index in plans[-1], (search, plans[-1])
            for found in plans:
                assert "Seq Scan" not in found, found
                assert "Sort" not in found, found


PLACE = """
INSERT INTO appointment (id, official_id, department_id, kind, post, position, valid_from)
SELECT gen_random_uuid(), id, (%s::uuid[])[1 + CAST(substr(employee_code, 3) AS int) %% 100], 'primary', '', '科员',
       created_at - interval '1 day'
FROM official WHERE employee_code ~ '^ZJ[0-9]{8}$'
"""


@pytest.fixture
def spread(services: Services, world: World, superuser_url: str) -> Mapping[str, str]:
    """Let the twenty thousand serve in a hundred bureaus, ten of them in a district; return the paths of three reaches."""
    ids, paths = world.organisation.ids, world.organisation.paths
    bureaus = [a_department(ids["xihu" if number < 10 else "government"], name=f"第{number}局") for number in range(100)]
    services.identity.register_departments(SEED, bureaus)
    with psycopg.connect(plain(superuser_url), autocommit=True) as connection:
        connection.execute(FILL.encode())
        connection.execute(PLACE, [[bureau.id for bureau in bureaus]])
        connection.execute("VACUUM ANALYZE")
    return {"bureau": f"{paths['xihu']}{bureaus[9].id.hex}/", "district": paths["xihu"], "province": paths["government"]}


#: Where, up to how many departments are asked for their own rows, and by which index a page is read.
WITHIN = [
    ("bureau", 300, "ix_appointment_department_{key}"),
    ("district", 300, "ix_appointment_department_{key}"),
    ("district", 5, "ix_official_{key}_id"),
    ("province", 300, "ix_appointment_department_{key}"),
    ("province", 50, "ix_official_{key}_id"),
]


def test_within_a_reach_nothing_is_walked_through(
    services: Services, spread: Mapping[str, str], superuser_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of ``WITHIN`` on one population, which takes two seconds to make."""
    for place, near, index in WITHIN:
        monkeypatch.setattr("govcloud.identity.finding.search.NEAR", near)
        reach, now = Reach((spread[place],)), services.clock.now()
        for search, key in (("", "pinyin"), ("王", "name"), ("wangw", "pinyin"), ("qx", "initials")):
            asked, after = Asked(Wanted(search, reach), now, 20), None
            for _ in range(2):
                with statements() as seen:
                    ids, after = page_of_ids(services.uow.read(), asked, after)
                assert len(ids) == 20 or after is None, (place, near, search)
                plans = [plan(superuser_url, statement, values) for statement, values in seen]
                assert any(index.format(key=key) in found for found in plans), (place, near, search, plans)
                for found in plans:
                    for table in ("official", "official_version", "appointment"):
                        assert not re.search(rf"Seq Scan on {table}\b", found), (place, near, search, found)


def test_a_search_that_leads_nowhere_stops_testing(services: Services, spread: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is found, and in which order, does not depend on how many were tested in vain."""
    monkeypatch.setattr("govcloud.identity.finding.search.NEAR", 0)
    asked = Asked(Wanted("ZJ", Reach((spread["bureau"],))), services.clock.now(), 150)

    def everybody() -> list[UUID]:
        first, place = page_of_ids(services.uow.read(), asked, None)
        rest, end = page_of_ids(services.uow.read(), asked, place)
        assert end is None
        return first + rest

    expected = everybody()
    assert len(expected) == 200
    monkeypatch.setattr("govcloud.identity.finding.search.BUDGET", 50)
    assert everybody() == expected


def test_pages_of_every_search_are_complete_and_disjoint(services: Services, world: World) -> None:
    names = ["王芳", "王方", "单于明", "仇英", "解放", "wang", "王·买买提", "𠮷野"]
    services.identity.register_officials(
        SEED, [an_official(world.organisation.ids["data"], name=names[number % len(names)]) for number in range(40)]
    )
    everybody = {
        row.employee_code: row for row in services.uow.read().execute(text("SELECT employee_code, name, pinyin, initials FROM official"))
    }
    for search in ("", "王", "w", "wang", "wf", "T01", "单", "shan", "xie", "qiu", "𠮷", "王·", "zz", "u", "un"):
        letters = "".join(search.lower().split())
        expected = {
            code
            for code, row in everybody.items()
            if code.startswith(search.upper())
            or row.name.startswith(search)
            or (letters.isascii() and letters.isalpha() and (row.pinyin.startswith(letters) or row.initials.startswith(letters)))
        }
        for limit in (1, 7, 200):
            found = pages(services, search, limit=limit)
            assert len(found) == len(set(found)), search
            assert set(found) == expected, search


@pytest.mark.parametrize(("near", "budget"), [(300, 2_000), (0, 2_000), (0, 1)])
def test_a_reach_bounds_every_search(services: Services, world: World, monkeypatch: pytest.MonkeyPatch, near: int, budget: int) -> None:
    """Asked of each department, looked for in order, or taken out when the order leads nowhere: the same people."""
    monkeypatch.setattr("govcloud.identity.finding.search.NEAR", near)
    monkeypatch.setattr("govcloud.identity.finding.search.BUDGET", budget)
    services.identity.second(
        SEED,
        world.li.official_id,
        Duty(world.organisation.ids["xihu_housing"], "专班", ends_at=services.clock.now().replace(year=2027)),
        Order("专班", services.clock.now().replace(year=2026, month=12)),
    )
    paths = world.organisation.paths
    inside = {"WANGFANG", "SUNLI", "CHENJIE", "LIQIANG"}
    assert set(pages(services, "", Reach((paths["xihu"],)), limit=2)) == inside
    assert pages(services, "wf", Reach((paths["xihu"],))) == ["WANGFANG"]
    assert pages(services, "sxm", Reach((paths["xihu"],))) == []
    assert set(pages(services, "", Reach((paths["xihu_housing"], paths["yuhang_civil_affairs"])), limit=1)) == {
        "CHENJIE",
        "LIQIANG",
        "SHANXUEMEI",
    }
    assert pages(services, "", NOWHERE) == []
    assert len(pages(services, "", Reach((paths["government"],)))) == len(world.people)
    # A mover is out of the old reach, a leaver stays where the last duty was.
    services.identity.leave(SEED, world.wang.official_id, Order("辞职", services.clock.now().replace(day=26)))
    services.clock.advance(services.clock.now().replace(day=27) - services.clock.now())  # type: ignore[attr-defined]
    services.identity.transfer(SEED, world.people["CHENJIE"].official_id, Duty(world.organisation.ids["data"], "数据管理员"), Order("调动"))
    assert set(pages(services, "", Reach((paths["xihu"],)))) == {"WANGFANG", "SUNLI", "LIQIANG"}
    assert services.identity_queries.official_within(world.wang.official_id, Reach((paths["xihu"],))) is not None
    assert services.identity_queries.official_within(world.people["CHENJIE"].official_id, Reach((paths["xihu"],))) is None


def test_a_cursor_that_is_none_begins_anew(services: Services, world: World) -> None:
    first = services.identity_queries.search_officials("")
    for nonsense in ("x", "=====", "WyJub25lIiwiIiwiIl0", "WyJuYW1lIiwxLCIiXQ", "WyJwaW55aW4iLCJhIiwieCJd"):
        assert services.identity_queries.search_officials("", after=nonsense).rows == first.rows
