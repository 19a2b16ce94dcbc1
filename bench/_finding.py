"""Finding people and walking the department tree, timed: every key, every reach, first and deep pages (a part of `bench.identity`)."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import text

from bench._platform import Platform
from bench._rows import Target
from bench._running import counting, percentile
from govcloud.identity.finding.reach import EVERYWHERE, Reach
from govcloud.identity.finding.search import Place
from govcloud.identity.names import search_keys
from govcloud.identity.views import DepartmentView
from govcloud.kernel.database import db
from govcloud.services import Services

SEARCH = Target("<=", 30)
TREE = Target("<=", 20)
GROWTH = Target("<=", 2, of="ratio")
#: So many different people are looked for, in turn.
SAMPLES = 20
PAGE = 20
NOBODY = {"code": "ZZ99999", "name": "龘龘龘", "letters": "zzzzzz"}

Call = Callable[[], object]


@dataclass(frozen=True)
class Read:
    """One kind of read: what it is called, its calls (taken in turn), and what its answer may take."""

    name: str
    calls: Sequence[Call]
    target: Target


Medians = dict[str, float]


@dataclass(frozen=True)
class Size:
    """On how much is read, how often each read is timed, and what the same reads took on less (its name, and their medians)."""

    name: str
    laps: int
    before: tuple[str, Medians] | None = None


def measure(place: Platform, services: Services, reads: Sequence[Read], size: Size) -> Medians:
    """Time ``reads`` in this process, one call after the other, each as a request of its own; return the medians of their work.

    Where the same was read on less before, the figures must not have grown to more than twice.
    """
    services.uow.read().execute(text("SELECT 1"))
    stopwatch = place.stopwatch(os.getpid())
    medians: Medians = {}
    for read in counting(reads, f"reads at {size.name}"):
        for call in read.calls:
            _as_request(call)
        taken = [stopwatch.lap(partial(_as_request, call)) for call in itertools.islice(itertools.cycle(read.calls), size.laps)]
        work = [lap.work for lap in taken]
        medians[read.name] = percentile(work, 50)
        place.sheet.add(f"{read.name}, at {size.name}, work, p50", medians[read.name], "ms")
        place.sheet.add(f"{read.name}, at {size.name}, work, p95", percentile(work, 95), "ms", read.target)
        place.sheet.add(f"{read.name}, at {size.name}, clock, p95", percentile([lap.clock for lap in taken], 95), "ms")
        if size.before is not None and read.name in size.before[1]:
            peer = (f"the same at {size.before[0]}", size.before[1][read.name])
            place.sheet.add(f"{read.name}, from {size.before[0]} to {size.name}, work, p50", medians[read.name], "ms", GROWTH, peer=peer)
    return medians


def _as_request(call: Call) -> None:
    """Read as a request does: the session is given back in the end, and nothing is kept of it."""
    call()
    db.session.rollback()
    db.session.expunge_all()


def searches(services: Services) -> list[Read]:
    """Return searches by every key, within reaches of every size, that find somebody and that find nobody; and deep pages."""
    people = _some_people(services)
    deep = [("", EVERYWHERE, place) for place in _deep(services, EVERYWHERE)]
    reads = [*_by_key(services, people), _read(services, "search: everybody, deep page", deep)]
    for name, reach in reaches(services):
        reads += _within(services, name, reach, people)
    return reads


@dataclass(frozen=True)
class _Person:
    """What somebody can be looked for by."""

    code: str
    name: str
    pinyin: str
    initials: str


def _some_people(services: Services) -> list[_Person]:
    """Return people in the order of their digests, which is none: anybody, from anywhere."""
    query = text("SELECT employee_code, name FROM official ORDER BY id_number_digest LIMIT :samples")
    rows = services.uow.read().execute(query, {"samples": SAMPLES})
    return [_Person(row.employee_code, row.name, *search_keys(row.name)) for row in rows]


def _by_key(services: Services, people: Sequence[_Person]) -> Iterator[Read]:
    """Give searches of the whole province by each key: all of it, its beginning, and what nobody has."""
    asked = {
        "employee code": [person.code for person in people],
        "beginning of an employee code": [person.code[:5] for person in people],
        "name": [person.name for person in people],
        "surname": [person.name[0] for person in people],
        "pinyin": [person.pinyin for person in people],
        "beginning of pinyin": [person.pinyin[:4] for person in people],
        "initials": [person.initials for person in people],
        "nobody's employee code": [NOBODY["code"]],
        "nobody's name": [NOBODY["name"]],
        "nobody's pinyin": [NOBODY["letters"]],
    }
    for key, texts in asked.items():
        yield _read(services, f"search: {key}", [(words, EVERYWHERE, None) for words in texts])


def _within(services: Services, name: str, reach: Reach, people: Sequence[_Person]) -> Iterator[Read]:
    """Give searches within a reach: everybody, a surname, pinyin and initials, a code that lies outside it or not, and nobody."""
    asked = {
        "everybody": [""],
        "surname": [person.name[0] for person in people],
        "beginning of pinyin": [person.pinyin[:4] for person in people],
        "initials": [person.initials for person in people],
        "employee code": [person.code for person in people],
        "nobody": [NOBODY["letters"]],
    }
    for key, texts in asked.items():
        yield _read(services, f"search within {name}: {key}", [(words, reach, None) for words in texts])
    yield _read(services, f"search within {name}: everybody, deep page", [("", reach, place) for place in _deep(services, reach)])


def _read(services: Services, name: str, asked: Sequence[tuple[str, Reach, Place | None]]) -> Read:
    search = services.identity_queries.search_officials
    calls = [partial(search, words, PAGE, place.to_text() if place else None, reach=reach) for words, reach, place in asked]
    return Read(name, calls, SEARCH)


def _deep(services: Services, reach: Reach) -> list[Place]:
    """Return places in the middle of the list of everybody within ``reach``, as its pages would name them."""
    first = services.identity_queries.search_officials("", PAGE, reach=reach).after
    place = Place.from_text(first) if first else None
    query = text("SELECT pinyin, id FROM official WHERE pinyin >= 'm' ORDER BY id_number_digest LIMIT :samples")
    rows = services.uow.read().execute(query, {"samples": SAMPLES})
    return [Place(place.branch if place else "pinyin", row.pinyin, row.id) for row in rows]


def reaches(services: Services) -> list[tuple[str, Reach]]:
    """Return how far department administrators see: one bureau, a county, a city, the whole province."""
    root = services.tree_queries.children(None).nodes[0]
    city = _below(services, root.id, "city")
    county = _below(services, city.id, "county")
    bureau = _below(services, county.id, "county")
    places = {"a bureau": bureau, "a county": county, "a city": city, "the province": _view(services, root.id)}
    return [(name, Reach((view.path,))) for name, view in places.items()]


def trees(services: Services) -> list[Read]:
    """Return reads of one level of the tree: the root, a city, and the department with most below it."""
    root = services.tree_queries.children(None).nodes[0]
    city = _below(services, root.id, "city")
    query = (
        "SELECT parent_id FROM department_version WHERE valid_to IS NULL AND parent_id IS NOT NULL"
        " GROUP BY parent_id ORDER BY count(*) DESC LIMIT 1"
    )
    widest = services.uow.read().execute(text(query)).scalar_one()
    places = {"the roots": None, "the province": root.id, "a city": city.id, "the department with most below it": widest}
    children = services.tree_queries.children
    named = ((f"tree: below {name}" if above else f"tree: {name}", above) for name, above in places.items())
    return [Read(name, [partial(children, above)], TREE) for name, above in named]


def _below(services: Services, department_id: UUID, level: str) -> DepartmentView:
    """Return a department of ``level`` directly below another, the one with most below itself in the order of the tree."""
    query = services.tree_queries.children
    after, found = None, []
    while True:
        page = query(department_id, 200, after)
        found += [node for node in page.nodes if node.level == level]
        after = page.after
        if after is None:
            break
    parents = [node for node in found if node.has_children]
    return _view(services, (parents or found)[0].id)


def _view(services: Services, department_id: UUID) -> DepartmentView:
    view = services.identity_queries.department(department_id)
    assert view is not None
    return view
