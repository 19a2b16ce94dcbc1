"""Importing is the single commands in sequence: the same tables (but for ids) and the same events, whatever the files say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from govcloud.identity.importing.report import Report
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.sources import examine
from govcloud.identity.inputs import NewAppointment, NewOfficial, OfficialChange
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.imports import OPERATOR, uscc_of, write_csv
from tests.factories.people import id_number, phone_number
from tests.factories.world import World

_numbers = count(200_000)
_DEPARTMENTS = ("xihu_civil_affairs", "xihu_housing", "yuhang_civil_affairs")
_KIND = {"primary": "主职", "concurrent": "兼职", "attachment": "挂职", "secondment": "借调"}


@dataclass(frozen=True)
class Post:
    """A place as a file names it."""

    department: str
    kind: str
    position: str


@dataclass(frozen=True)
class Spec:
    """A person as one file has it; an empty fact says nothing."""

    name: str
    phone: bool
    rank: str
    staffing_type: str
    security_label: str
    posts: tuple[Post, ...]


others = st.builds(
    Post,
    st.sampled_from(_DEPARTMENTS),
    st.sampled_from(("concurrent", "attachment", "secondment")),
    st.sampled_from(("窗口受理员", "数据管理员")),
)
primary = st.builds(Post, st.sampled_from(_DEPARTMENTS), st.just("primary"), st.sampled_from(("窗口受理员", "内设机构负责人")))


def _positions(held: tuple[Post, ...]) -> list[tuple[str, str]]:
    return [(post.department, post.position) for post in held]


#: Nobody holds one position in a department twice: the single commands refuse it, and so does the check of a file.
posts = (
    st.tuples(primary, st.lists(others, max_size=2, unique=True))
    .map(lambda pair: (pair[0], *pair[1]))
    .filter(lambda held: len(set(_positions(held))) == len(held))
)
specs = st.builds(
    Spec,
    name=st.sampled_from(("单小丽", "仇和", "买买提·艾力", "𠮷田", "解晓")),
    phone=st.booleans(),
    rank=st.sampled_from(("", "一级科员", "二级科员")),
    staffing_type=st.sampled_from(("", "事业编制")),
    security_label=st.sampled_from(("", "0", "2")),
    posts=posts,
)
#: Each file names some of the people; index is who.
files = st.lists(st.dictionaries(st.integers(0, 3), specs, min_size=1, max_size=4), min_size=1, max_size=3)


class _Twins:
    """Two sets of fresh people: one is imported, the other goes through the single commands."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        self.services, self.world, self.clock = services, world, clock
        self.numbers = {(side, who): next(_numbers) for who in range(4) for side in ("A", "B")}
        self.ids: dict[int, UUID] = {}
        self.held: dict[int, dict[Post, UUID]] = {}

    def code(self, side: str, who: int) -> str:
        return f"{side}{self.numbers[side, who]}"

    def rows(self, file: dict[int, Spec]) -> list[dict[str, str]]:
        return [
            {
                "employee_code": self.code("A", who),
                "name": spec.name,
                "id_number": id_number(self.numbers["A", who]),
                "phone": phone_number(self.numbers["A", who]) if spec.phone else "",
                "rank": spec.rank,
                "staffing_type": spec.staffing_type,
                "security_label": spec.security_label,
                "department_uscc": uscc_of(post.department),
                "kind": _KIND[post.kind],
                "position": post.position,
            }
            for who, spec in file.items()
            for post in spec.posts
        ]

    def single_commands(self, file: dict[int, Spec]) -> None:
        for who, spec in file.items():
            phone = phone_number(self.numbers["B", who]) if spec.phone else None
            places = {
                post: NewAppointment(self.world.organisation.ids[post.department], post.position, "", post.kind) for post in spec.posts
            }
            identity = self.services.identity
            if who not in self.ids:
                facts: dict[str, Any] = {"staffing_type": spec.staffing_type} if spec.staffing_type else {}
                official = NewOfficial(
                    self.code("B", who),
                    spec.name,
                    id_number(self.numbers["B", who]),
                    phone,
                    spec.rank,
                    security_label=int(spec.security_label or 0),
                    appointments=tuple(places.values()),
                    **facts,
                )
                self.ids[who] = identity.register_official(OPERATOR, official)
                self.held[who] = {post: place.id for post, place in places.items()}
                continue
            change = OfficialChange(
                spec.name,
                phone,
                spec.rank or None,
                spec.staffing_type or None,
                int(spec.security_label) if spec.security_label else None,
            )
            identity.change_official(OPERATOR, self.ids[who], change)
            held = self.held[who]
            for post in [post for post in held if post not in places]:
                identity.end_appointment(OPERATOR, held.pop(post), "导入的名单中已无此任职")
            for post, place in places.items():
                if post not in held:
                    held[post] = identity.appoint(OPERATOR, self.ids[who], place)

    def tables(self, side: str) -> list[Any]:
        """Return all that is stored of one side, without ids."""
        read = self.services.uow.read
        found: list[Any] = []
        for who in range(4):
            view = self.services.identity_queries.official_by_code(self.code(side, who))
            if view is None:
                continue
            account = self.services.identity_queries.account_of(view.id)
            assert account is not None
            phone = phone_number(self.numbers[side, who])
            assert view.masked_phone in {None, f"{phone[:3]}****{phone[-4:]}"}
            windows = "SELECT {} FROM {} WHERE official_id = :id ORDER BY 1, 2, 3, 4, 5, 6"
            standings = windows.format("valid_from, valid_to, status, rank, staffing_type, security_label", "official_version")
            places = windows.format("valid_from, valid_to, department_id, kind, post, position, office_id", "appointment")
            found.append(
                (
                    who,
                    (view.name, view.pinyin, view.masked_phone is not None, view.created_at),
                    (account.status, account.login[1:] == view.employee_code[1:]),
                    [tuple(row) for row in read().execute(text(standings), {"id": view.id})],
                    [tuple(row) for row in read().execute(text(places), {"id": view.id})],
                )
            )
        return found

    def events(self, side: str) -> dict[int, list[Any]]:
        """Return what is on record about each person, in its order, without ids."""
        found: dict[int, list[Any]] = defaultdict(list)
        for who in range(4):
            view = self.services.identity_queries.official_by_code(self.code(side, who))
            if view is None:
                continue
            query = text(
                "SELECT name, at, convert_from(canonical, 'UTF8')::jsonb -> 'data' AS data FROM audit_event WHERE subject = :s ORDER BY id"
            )
            for row in self.services.uow.read().execute(query, {"s": f"official:{view.id}"}):
                kept = {key: value for key, value in row.data.items() if not key.endswith("_id") and key != "employee_code"}
                found[who].append((row.name, row.at, kept))
        return found


@pytest.mark.timeout(400)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=files)
def test_importing_is_the_single_commands_in_sequence(
    services: Services, world: World, clock: ManualClock, tmp_path: Path, story: list[dict[int, Spec]]
) -> None:
    twins = _Twins(services, world, clock)
    for file in story:
        clock.advance(timedelta(hours=1))
        report = Report()
        services.importing.apply(OPERATOR, examine(write_csv(tmp_path / "a.csv", twins.rows(file))), Order("hr"), report)
        assert report.findings == []
        twins.single_commands(file)
        assert twins.tables("A") == twins.tables("B")
        assert twins.events("A") == twins.events("B")
        before = twins.tables("A"), twins.events("A")
        clock.advance(timedelta(hours=1))
        again = Report()
        services.importing.apply(OPERATOR, examine(tmp_path / "a.csv"), Order("hr"), again)
        assert (again.summary.unchanged, again.summary.people) == (len(file), len(file))
        assert (twins.tables("A"), twins.events("A")) == before
