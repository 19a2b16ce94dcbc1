"""A crash between any two statements of a command loses nothing and half-applies nothing: all of it stands afterwards, or none.

Every table counts, those of notices, messages, record and epochs as well: none of them says anything that did not come to stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from govcloud.access.commands import Correction, NewSubmission, WantedItem
from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.deciding.presigning import NewRule
from govcloud.access.ending.targets import Kind
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange
from tests.factories.crashing import striking
from tests.factories.deciders import set_tier
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.requests import REGISTER, ask, granted
from tests.factories.world import SEED, XIHU, World

JOBS = Actor.system("jobs")
MOST_STATEMENTS = 300
#: Whatever a command does, it writes this much at the least: its fact, the record of it, the record's place in the chain.
FEWEST_WRITES = 2
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stage:
    """The platform on which a command is struck, its small province and its clock."""

    services: Services
    world: World
    clock: ManualClock


@pytest.fixture
def stage(services: Services, world: World, clock: ManualClock) -> Stage:
    """Return the platform of the test."""
    return Stage(services, world, clock)


# What is done beforehand; each returns whom or what the command is about.


def _nothing(stage: Stage) -> UUID:
    return stage.world.wang.official_id


def _line(stage: Stage) -> UUID:
    return ask(stage.services, stage.world).line_id


def _grant(stage: Stage) -> UUID:
    return granted(stage.services, stage.world, days=2)


def _extended(stage: Stage) -> UUID:
    """Return a grant that another one extends."""
    grant = _grant(stage)
    stage.services.access.approve(stage.world.li.actor(), _extension_of(stage, grant), 1)
    return grant


def _extension(stage: Stage) -> UUID:
    """Return the line of an extension that waits."""
    return _extension_of(stage, _grant(stage))


def _extension_of(stage: Stage, grant: UUID) -> UUID:
    return stage.services.grant_life.extend(stage.world.wang.actor(), grant, 2, "未办结").line_id


def _resting(stage: Stage) -> UUID:
    grant = _extended(stage)
    stage.services.grant_life.suspend(stage.world.li.actor(), grant, "核查")
    return grant


def _returned(stage: Stage) -> UUID:
    line = _line(stage)
    stage.services.approving.returning.send_back(stage.world.li.actor(), line, 1, "请写明办件编号")
    return line


def _of_a_quorum(stage: Stage) -> UUID:
    set_tier(stage.services, stage.world, "quorum", {"needed": 2})
    return _line(stage)


def _signed_in_advance(stage: Stage) -> UUID:
    """Let a rule grant the register to 王芳's department, while her other request still takes a person."""
    world, function = stage.world, FunctionChange("查询住房登记信息", sensitive=False, integration_level=3)
    stage.services.subsystems.change_function(world.people["HEWEI"].actor(), REGISTER, function, "数据已脱敏")
    item = set_tier(stage.services, world, "auto")
    ours = (world.organisation.ids["xihu_civil_affairs"],)
    rule = NewRule(item, ours, 10, stage.clock.now() + 90 * DAY, "例行核对", Scope((XIHU,)))
    return stage.services.approving.presigning.sign(world.li.actor(), rule)


def _all_but_one(stage: Stage) -> UUID:
    """Return the last line of a request that opens as a whole."""
    lines = ask_jointly(stage.services, stage.world)
    approve(stage.services, stage.world, REGISTER, lines[REGISTER])
    return lines[CASES]


def _begins_later(stage: Stage) -> UUID:
    wished = stage.clock.now() + 2 * DAY
    return ask_jointly(stage.services, stage.world, mode="progressive", starts_at=wished, functions=(REGISTER,))[REGISTER]


def _several(stage: Stage) -> UUID:
    """Return an order to end what 王芳 holds: two grants, one of which another extends."""
    _extended(stage)
    granted(stage.services, stage.world, case_number="XH-2026-0101")
    return _ordered(stage, stage.world.wang.official_id)


def _ordered(stage: Stage, person: UUID) -> UUID:
    ending, li = stage.services.ending, stage.world.li.actor()
    seen = ending.preview(li, Kind.PERSON, str(person))
    return ending.order(li, Kind.PERSON, seen.target, "核查", confirmed=seen.grants, seen_at=seen.seen_at).id


def _left_lying(stage: Stage, days: int) -> UUID:
    line = _line(stage)
    stage.clock.advance(days * DAY)
    return line


# Commands of several arguments.


def _submit_several(stage: Stage, _: UUID) -> None:
    wanted = tuple(WantedItem(stage.world.items[function], 5, Scope((XIHU,))) for function in (REGISTER, CASES))
    new = NewSubmission(wanted, "办理救助", (stage.world.wang.appointment_id,), case_number="XH-2026-0117")
    stage.services.asking.submit(stage.world.wang.actor(), new)


def _resubmit(stage: Stage, line: UUID) -> None:
    correction = Correction("补充名单", 5, Scope((XIHU,)), "XH-2026-0200")
    stage.services.approving.returning.resubmit(stage.world.wang.actor(), line, 2, correction)


def _delegate(stage: Stage, _: UUID) -> None:
    now, chen = stage.clock.now(), stage.world.people["CHENJIE"]
    new = NewDelegation(chen.appointment_id, now, now + 5 * DAY, "出差", out_of_office=True)
    stage.services.approving.delegating.delegate(stage.world.li.actor(), new)


Prepare = Callable[[Stage], UUID]
Command = Callable[[Stage, UUID], object]

#: What is done beforehand, and the command that is struck at each of its statements in turn.
COMMANDS: dict[str, tuple[Prepare, Command]] = {
    "submit": (_nothing, lambda on, _: ask(on.services, on.world)),
    "submit several, one granted by a rule": (_signed_in_advance, _submit_several),
    "withdraw": (_line, lambda on, line: on.services.access.withdraw(on.world.wang.actor(), line, 1)),
    "withdraw what the others waited for": (_all_but_one, lambda on, line: on.services.access.withdraw(on.world.wang.actor(), line, 1)),
    "approve": (_line, lambda on, line: on.services.access.approve(on.world.li.actor(), line, 1)),
    "approve what begins later": (_begins_later, lambda on, line: on.services.access.approve(on.world.li.actor(), line, 1)),
    "approve an extension": (_extension, lambda on, line: on.services.access.approve(on.world.li.actor(), line, 1)),
    "approve the last of a whole": (_all_but_one, lambda on, line: approve(on.services, on.world, CASES, line)),
    "endorse": (_of_a_quorum, lambda on, line: on.services.access.approve(on.world.li.actor(), line, 1)),
    "reject": (_line, lambda on, line: on.services.access.reject(on.world.li.actor(), line, 1, "not_needed")),
    "reject one of a whole": (_all_but_one, lambda on, line: on.services.access.reject(on.world.zhao.actor(), line, 1, "not_needed")),
    "claim": (_line, lambda on, line: on.services.approving.handling.claim(on.world.li.actor(), line)),
    "return": (_line, lambda on, line: on.services.approving.returning.send_back(on.world.li.actor(), line, 1, "缺名单")),
    "resubmit": (_returned, _resubmit),
    "delegate": (_nothing, _delegate),
    "extend": (_grant, _extension_of),
    "suspend": (_extended, lambda on, grant: on.services.grant_life.suspend(on.world.li.actor(), grant, "核查")),
    "resume": (_resting, lambda on, grant: on.services.grant_life.resume(on.world.li.actor(), grant, "已查清")),
    "revoke": (_extended, lambda on, grant: on.services.access.revoke(on.world.li.actor(), grant, "办件已结束")),
    "relinquish": (_grant, lambda on, grant: on.services.access.relinquish(on.world.wang.actor(), grant)),
    "order the end of many": (lambda on: _extended(on) and on.world.wang.official_id, _ordered),
    "end many": (_several, lambda on, order: on.services.ending.go_on(on.world.li.actor(), order)),
    "escalate": (lambda on: _left_lying(on, 1), lambda on, _: on.services.escalating.run(JOBS)),
    "lapse": (lambda on: _left_lying(on, 30), lambda on, _: on.services.escalating.run(JOBS)),
    "disable its holder": (_extended, lambda on, _: on.services.identity.disable_official(SEED, on.world.wang.official_id, "离职")),
}

# A cursor on the server's side cannot be closed there once its connection is gone; psycopg remarks on that as the object goes.
pytestmark = pytest.mark.filterwarnings("ignore:.*ServerCursorMixin.*:pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize("name", COMMANDS)
def test_all_or_nothing(stage: Stage, superuser_url: str, name: str) -> None:
    _all_or_nothing(stage, superuser_url, name, reads=False)


@pytest.mark.clients
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", COMMANDS)
def test_all_or_nothing_at_every_read_as_well(stage: Stage, superuser_url: str, name: str) -> None:
    _all_or_nothing(stage, superuser_url, name, reads=True)


def _all_or_nothing(stage: Stage, superuser_url: str, name: str, *, reads: bool) -> None:
    """Strike a command at each of its statements in turn, those that read included if it is said, and see that nothing is left."""
    prepare, command = COMMANDS[name]
    of = prepare(stage)
    db.session.remove()
    with striking(superuser_url) as striker:
        before = striker.everything()
        for number in range(MOST_STATEMENTS):
            with striker.cut_before(number, reads=reads) as cut:
                try:
                    command(stage, of)
                except OperationalError:
                    assert cut.done, "the command failed by itself"
                db.session.remove()
            if not cut.done:
                break
            assert striker.everything() == before, f"{name} left something behind when it was struck before its statement {number}"
        else:
            pytest.fail(f"{name} takes more than {MOST_STATEMENTS} statements")
        assert number > FEWEST_WRITES, "the command was hardly struck"
        assert striker.everything() != before


# Work of several transactions


def _three_lines(stage: Stage) -> None:
    """Let three lines lie for long enough that the first step of each is due."""
    for who in ("WANGFANG", "SUNLI", "SHANXUEMEI"):
        ask(stage.services, stage.world, stage.world.people[who], case_number=f"XH-{who}")
    stage.clock.advance(DAY)


def _three_ends(stage: Stage) -> None:
    """Let three people's grants come near to their ends, hours apart."""
    stage.services.announcing.run(JOBS)
    for who in ("WANGFANG", "SUNLI", "CHENJIE"):
        person, now = stage.world.people[who], stage.clock.now()
        new = NewGrant(person.official_id, person.appointment_id, "housing", REGISTER, now, now + 8 * DAY)
        stage.services.authorization.open_grant(SEED, new)
        stage.clock.advance(timedelta(hours=7))
    stage.clock.advance(DAY)


#: What is done beforehand, the work, and what it led to: each row is to stand three times in the end.
WORK: dict[str, tuple[Callable[[Stage], None], Callable[[Stage], object], tuple[str, ...]]] = {
    "escalate": (
        _three_lines,
        lambda on: on.services.escalating.run(JOBS),
        (
            "SELECT count(*) FROM request_line WHERE escalation = 1",
            "SELECT count(*) FROM audit_event WHERE name = 'access:line:reminded'",
            "SELECT count(DISTINCT subject) FROM audit_event WHERE name = 'access:line:reminded'",
        ),
    ),
    "announce": (
        _three_ends,
        lambda on: on.services.announcing.run(JOBS),
        (
            "SELECT count(*) FROM notice WHERE kind = 'ends_in_7_days'",
            "SELECT count(DISTINCT grant_id) FROM notice WHERE kind = 'ends_in_7_days'",
        ),
    ),
}


@pytest.mark.parametrize("name", WORK)
def test_what_is_struck_again_and_again_is_done_once(stage: Stage, superuser_url: str, name: str) -> None:
    """A job of many transactions goes on where it was struck: what stands stays and is not done again, the rest is done."""
    prepare, work, done = WORK[name]
    prepare(stage)
    db.session.remove()
    with striking(superuser_url) as striker:
        for number in range(MOST_STATEMENTS):
            with striker.cut_before(number) as cut:
                try:
                    work(stage)
                except OperationalError:
                    assert cut.done, "the work failed by itself"
                db.session.remove()
            if not cut.done:
                break
        else:
            pytest.fail(f"{name} never comes to its end")
    assert number > FEWEST_WRITES, "the work was hardly struck"
    assert [stage.services.uow.read().scalar(text(query)) for query in done] == [3] * len(done)
