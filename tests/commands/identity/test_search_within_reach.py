"""Search within a reach, of each department or in the order of everybody: it is the plain comparison, and keys follow names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from govcloud.identity.finding.reach import Reach
from govcloud.identity.finding.search import Asked, Place, Wanted, page_of_ids
from govcloud.identity.inputs import NewAppointment, OfficialChange
from govcloud.identity.reorganisation import Move
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.people import an_official
from tests.factories.racing import together
from tests.factories.world import SEED, World

NAMES = ("王芳", "王方", "单于明", "仇英", "wang", "欧阳娜", "𠮷野")
TEXTS = ("", "王", "wang", "wf", "T0", "𠮷")
REACHES = (("xihu",), ("xihu_civil_affairs",), ("xihu_housing", "yuhang_civil_affairs"), ())
STATUS = ("", "left", "suspended")
SERVES = ("xihu", "xihu_civil_affairs", "xihu_housing", "yuhang_civil_affairs", "data")
#: What is done, to which of the people, and with which name or department; how many hours ahead or later.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("rename", "appoint", "transfer", "second", "leave", "undo", "suspend", "end", "move", "wait")),
        st.integers(0, 5),
        st.integers(0, 6),
        st.integers(0, 3),
    ),
    max_size=12,
)
PEOPLE = text("SELECT id, employee_code, name, pinyin, initials FROM official")
PLACES = text(
    """
    SELECT official_id, department_version.path, appointment.valid_from, appointment.valid_to FROM appointment
      JOIN department_version USING (department_id) WHERE department_version.valid_to IS NULL
       AND (appointment.valid_to IS NULL OR appointment.valid_to > appointment.valid_from)
    """
)
STATUSES = text("SELECT official_id, status FROM official_version WHERE valid_from <= :at AND (valid_to IS NULL OR valid_to > :at)")
STRAY = text(
    """
    SELECT count(*) FROM appointment a JOIN official o ON o.id = a.official_id
     WHERE (a.employee_code, a.name, a.pinyin, a.initials) IS DISTINCT FROM (o.employee_code, o.name, o.pinyin, o.initials)
    """
)


#: Up to how many departments are asked for their own rows, how many people are tested in vain, and how many suspended are few.
USUAL, NEAR, ORDERED, IN_VAIN = (300, 2_000, 9_000), (300, 2_000, 0), (0, 2_000, 0), (0, 1, 0)


def found(services: Services, asked: Asked, way: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Return the people of all pages."""
    for name, number in zip(("NEAR", "BUDGET", "FEW"), way, strict=True):
        monkeypatch.setattr(f"govcloud.identity.finding.search.{name}", number)
    people: list[UUID] = []
    place: Place | None = None
    while True:
        ids, place = page_of_ids(services.uow.read(), asked, place)
        people += ids
        if place is None:
            return people
        place = Place.from_text(place.to_text())


def plain(services: Services, wanted: Wanted, at: datetime) -> set[UUID]:
    """Return whom a search finds, by comparing everybody."""
    session, search, reach = services.uow.read(), wanted.text, wanted.reach
    statuses = {row.official_id: row.status for row in session.execute(STATUSES, {"at": at})}
    lies: dict[UUID, list[tuple[str, datetime | None]]] = {}
    for row in session.execute(PLACES):
        lies.setdefault(row.official_id, []).append((row.path, row.valid_to))
    letters = "".join(search.lower().split())

    def begins(person: object) -> bool:
        keys = [(person.employee_code, search.upper()), (person.name, search)]  # type: ignore[attr-defined]
        if letters.isascii() and letters.isalpha():
            keys += [(person.pinyin, letters), (person.initials, letters)]  # type: ignore[attr-defined]
        return any(key.startswith(wanted) for key, wanted in keys)

    def within(places: list[tuple[str, datetime | None]]) -> bool:
        ends = [end for _, end in places]
        last = None if None in ends else max((end for end in ends if end), default=None)
        return reach.everywhere or any(reach.covers(path) for path, end in places if end is None or end > at or end == last)

    return {
        person.id
        for person in session.execute(PEOPLE)
        if begins(person) and within(lies.get(person.id, [])) and wanted.status in {"", statuses[person.id]}
    }


class _Play:
    """Does what a step says."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        self.services, self.clock = services, clock
        self.ids = [world.organisation.ids[key] for key in SERVES]
        people = [an_official(self.ids[number % len(self.ids)], name=NAMES[number]) for number in range(6)]
        self.who = services.identity.register_officials(SEED, people)
        self.number = 0

    def step(self, what: str, person: int, which: int, hours: int) -> None:
        """Do one thing; ``hours`` ahead, where it can be planned."""
        commands, who, now = self.services.identity, self.who[person], self.clock.now()
        self.number += 1
        order, soon = Order("调整", now + timedelta(hours=hours)), now + timedelta(hours=hours + 2)
        department, position = self.ids[which % len(self.ids)], f"岗位{self.number}"
        done: dict[str, Callable[[], object]] = {
            "rename": lambda: commands.change_official(SEED, who, OfficialChange(name=NAMES[which])),
            "appoint": lambda: commands.appoint(SEED, who, NewAppointment(department, position, kind="concurrent")),
            "transfer": lambda: commands.transfer(SEED, who, Duty(department, position), order, handover_days=which % 2),
            "second": lambda: commands.second(SEED, who, Duty(department, position, ends_at=soon), order),
            "leave": lambda: commands.leave(SEED, who, order),
            "suspend": lambda: commands.suspend(SEED, who, order),
            "undo": lambda: commands.undo_leave(SEED, who, "误操作"),
            "end": lambda: self._end_first(who),
            "move": lambda: commands.reorganise(SEED, Move(self.ids[2], self.ids[which % 2])),
            "wait": lambda: self.clock.advance(timedelta(hours=hours + 1)),
        }
        try:
            done[what]()
        except GovcloudError:
            # What was refused has done nothing: that is part of what is compared.
            return

    def _end_first(self, who: UUID) -> None:
        for place in self.services.identity_queries.appointments_of(who)[:1]:
            self.services.identity.end_appointment(SEED, place.id, "调整")


@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_however_people_change_a_search_is_the_plain_comparison(
    services: Services, world: World, clock: ManualClock, steps: list[tuple[str, int, int, int]]
) -> None:
    play = _Play(services, world, clock)
    for step in steps:
        play.step(*step)
    assert services.uow.read().scalar(STRAY) == 0
    now, paths = clock.now(), world.organisation.paths
    everywhere = [Wanted(search, status=status) for search in TEXTS for status in STATUS]
    reaches = [Reach(tuple(paths[key] for key in keys)) for keys in REACHES]
    with pytest.MonkeyPatch.context() as monkeypatch:
        for wanted in [
            *everywhere,
            *(Wanted(search, reach, STATUS[number % 3]) for number, search in enumerate(TEXTS) for reach in reaches),
        ]:
            asked = Asked(wanted, now, 3)
            expected = sorted(plain(services, wanted, now))
            near = found(services, asked, NEAR, monkeypatch)
            assert sorted(near) == expected, wanted
            for way in (ORDERED, IN_VAIN):
                assert found(services, asked, way, monkeypatch) == near, (wanted, way)
            # The suspended, where they are few, come by pinyin.
            assert sorted(found(services, asked, USUAL, monkeypatch)) == expected, wanted


def test_who_has_many_duties_in_a_department_crowds_nobody_out(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, paths = world.organisation.ids, world.organisation.paths
    first = services.identity.register_official(SEED, an_official(ids["xihu_housing"], name="阿明"))
    for number in range(5):
        for where in ("xihu_housing", "xihu"):
            services.identity.appoint(SEED, first, NewAppointment(ids[where], f"岗位{number}", kind="concurrent"))
    people = [first, world.people["CHENJIE"].official_id]
    for limit in (1, 2, 3):
        assert found(services, Asked(Wanted("", Reach((paths["xihu_housing"],))), services.clock.now(), limit), NEAR, monkeypatch) == people
    everybody = found(services, Asked(Wanted("", Reach((paths["xihu"],))), services.clock.now(), 1), NEAR, monkeypatch)
    assert len(everybody) == len(set(everybody)) == 4


def test_a_page_goes_on_whichever_way_its_rows_are_found(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reach may grow between two pages: the place where a page ended means the same to both ways."""
    asked = Asked(Wanted("", Reach((world.organisation.paths["government"],))), services.clock.now(), 3)
    whole = found(services, asked, NEAR, monkeypatch)
    monkeypatch.setattr("govcloud.identity.finding.search.NEAR", 300)
    first, place = page_of_ids(services.uow.read(), asked, None)
    monkeypatch.setattr("govcloud.identity.finding.search.NEAR", 0)
    second, place = page_of_ids(services.uow.read(), asked, place)
    monkeypatch.setattr("govcloud.identity.finding.search.NEAR", 300)
    third, _ = page_of_ids(services.uow.read(), asked, place)
    assert [*first, *second, *third] == whole[:9]


def test_a_duty_that_begins_while_the_name_changes_has_the_new_name(
    app: Flask, settings: Settings, services: Services, world: World
) -> None:
    who, where = world.wang.official_id, world.organisation.ids["xihu_housing"]
    lock = f"SELECT 1 FROM official WHERE id = '{who}' FOR UPDATE"
    together(
        app,
        settings,
        lock,
        lambda: services.identity.change_official(SEED, who, OfficialChange(name="欧阳芳")),
        lambda: services.identity.appoint(SEED, who, NewAppointment(where, "数据管理员", kind="concurrent")),
    )
    reach = Reach((world.organisation.paths["xihu_housing"],))
    assert [row.id for row in services.identity_queries.search_officials("ouyangf", reach=reach).rows] == [who]
    assert services.uow.read().scalar(STRAY) == 0


def test_a_name_that_changes_after_a_duty_was_added_unseen_reaches_it(settings: Settings, services: Services, world: World) -> None:
    """Whoever adds a duty holds the person's keys until the end, even without the command's own lock: the change waits."""
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    add = """
        INSERT INTO appointment (id, official_id, department_id, kind, post, position, valid_from, name)
        VALUES (gen_random_uuid(), %s, %s, 'concurrent', '', '岗位', now(), '别人')
    """
    with psycopg.connect(url) as adding, psycopg.connect(url) as renaming:
        adding.execute(add, [world.wang.official_id, world.organisation.ids["data"]])
        renaming.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            renaming.execute("UPDATE official SET name = '欧阳芳' WHERE id = %s", [world.wang.official_id])
        renaming.rollback()
        adding.commit()
        renaming.execute("UPDATE official SET name = '欧阳芳' WHERE id = %s", [world.wang.official_id])
    assert services.uow.read().scalar(STRAY) == 0
    reach = Reach((world.organisation.paths["data"],))
    assert [row.id for row in services.identity_queries.search_officials("欧阳", reach=reach).rows] == [world.wang.official_id]
    assert services.identity_queries.search_officials("别人", reach=reach).rows == ()
