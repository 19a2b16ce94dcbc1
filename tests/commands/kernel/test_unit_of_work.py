"""One command is one transaction: authorised, joined, committed or rolled back as a whole, refusals remembered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Refusal
from govcloud.kernel.events import Event
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import CommandRefused, Transaction, UnitOfWork
from tests.factories.databases import database

WANG = Actor.anonymous("10.1.2.3")


@dataclass(frozen=True, kw_only=True)
class Noted(Event):
    """Something was noted."""

    name: ClassVar[str] = "tests:note:noted"

    what: str


class Rules:
    """Refuses the commands it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.asked: list[tuple[str, str, datetime]] = []

    def authorize(self, session: Session, actor: Actor, command: str, target: Target | None, now: datetime) -> None:
        """Refuse what stands in ``refused``."""
        assert session.in_transaction() or session.execute(text("SELECT 1")).scalar() == 1
        self.asked.append((actor.id, command, now))
        if command in self.refused:
            raise Denied("refused", Message("没有权限。"), refusals=(Refusal("no_rule", Message("没有规则。")),))


class Notebook:
    """A recorder: writes each event into a table of its own."""

    def record(self, tx: Transaction, event: Event) -> None:
        """Write the event."""
        what = event.what if isinstance(event, Noted) else getattr(event, "code", "")
        values = {"name": event.name, "command": tx.command, "subject": event.subject, "what": what}
        tx.session.execute(text("INSERT INTO note VALUES (:name, :command, :subject, :what)"), values)


@dataclass(frozen=True)
class House:
    """A unit of work with what stands around it."""

    engine: Engine
    clock: ManualClock
    rules: Rules
    uow: UnitOfWork

    def notes(self) -> list[tuple[str, str]]:
        """Return name and text of what was recorded and committed."""
        with self.engine.connect() as connection:
            return [(row.name, row.what) for row in connection.execute(text("SELECT name, what FROM note"))]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with database() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE note (name text, command text, subject text, what text)"))
        yield engine
        engine.dispose()


@pytest.fixture
def house(engine: Engine, clock: ManualClock) -> House:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE note"))
    rules = Rules()
    uow = UnitOfWork(
        sessions=lambda: Session(engine),
        reader=lambda: Session(engine),
        release_reader=lambda: None,
        authorizer=rules,
        clock=clock,
        recorders=(Notebook(),),
    )
    return House(engine, clock, rules, uow)


def note(house: House, what: str, *, command: str = "tests:note:write", then: Exception | None = None) -> None:
    """Run a command that notes something, and may then fail."""
    with house.uow.begin(WANG, command, Target("note", "1")) as tx:
        tx.record(Noted(subject="note:1", what=what))
        if then is not None:
            raise then


def test_a_command_commits_when_it_ends(house: House) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        tx.record(Noted(subject="note:1", what="a"))
        assert house.notes() == []  # nobody else sees it yet
    assert house.notes() == [("tests:note:noted", "a")]


def test_the_moment_is_one_for_the_whole_command(house: House) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        house.clock.advance(house.clock.now() - house.clock.now().replace(year=2025))
        with house.uow.begin(WANG, "tests:note:other") as inner:
            assert inner.now == tx.now


@pytest.mark.parametrize("error", [Conflict("taken", Message("已被占用。")), RuntimeError("crash"), KeyboardInterrupt()])
def test_a_command_that_fails_leaves_nothing(house: House, error: BaseException) -> None:
    with pytest.raises(type(error)):
        note(house, "a", then=error)  # type: ignore[arg-type]  # an interrupt is no Exception
    assert house.notes() == []
    note(house, "b")  # and the next one works
    assert house.notes() == [("tests:note:noted", "b")]


def test_who_may_not_is_refused_before_anything_happens_and_it_is_remembered(house: House) -> None:
    house.rules.refused.add("tests:note:write")
    with pytest.raises(Denied):
        note(house, "a")
    assert house.notes() == [("kernel:command:refused", "refused")]


def test_a_refusal_within_a_command_is_remembered_after_its_work_is_gone(house: House) -> None:
    with pytest.raises(Denied):
        note(house, "a", then=Denied("own_request", Message("不能审批自己的申请。")))
    assert house.notes() == [("kernel:command:refused", "own_request")]


def test_what_must_be_kept_is_kept_although_the_work_rolls_back(house: House) -> None:
    with pytest.raises(Conflict):
        remember_and_fail(house, "wrong password", Conflict("refused", Message("登录失败。")))
    assert house.notes() == [("tests:note:noted", "wrong password")]


def remember_and_fail(house: House, what: str, error: BaseException) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        tx.record(Noted(subject="note:1", what="gone"))
        tx.remember(Noted(subject="note:1", what=what))
        raise error


def test_what_was_to_be_remembered_is_kept_when_all_goes_well_after_the_rest(house: House) -> None:
    house.uow.subscribe(Noted, lambda tx, event: None if event.what == "work" else pytest.fail("what is remembered is not reacted to"))
    with house.uow.begin(WANG, "tests:note:write") as tx:
        tx.remember(Noted(subject="note:1", what="seen"))
        tx.record(Noted(subject="note:1", what="work"))
    assert house.notes() == [("tests:note:noted", "work"), ("tests:note:noted", "seen")]


@pytest.mark.parametrize("error", [RuntimeError("crash"), KeyboardInterrupt()])
def test_what_was_to_be_remembered_is_kept_when_the_command_crashes(house: House, error: BaseException) -> None:
    with pytest.raises(type(error)):
        remember_and_fail(house, "kept", error)
    assert house.notes() == [("tests:note:noted", "kept")]


def test_when_even_that_fails_the_first_failure_escapes_and_says_what_is_lost(house: House) -> None:
    with pytest.raises(RuntimeError, match="crash") as caught:
        remember_and_fail(house, "nul \0 is no text", RuntimeError("crash"))
    assert caught.value.__notes__ == ["not recorded: tests:note:noted (DataError)"]


def test_what_comes_last_comes_after_all_work_of_the_whole_transaction(house: House) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        with house.uow.begin(Actor.system("reaction"), "tests:note:other") as inner:
            inner.do_last(lambda: inner.record(Noted(subject="note:1", what="last")))
        tx.record(Noted(subject="note:1", what="work"))
        tx.remember(Noted(subject="note:1", what="seen"))
    assert [what for _, what in house.notes()] == ["work", "seen", "last"]


def test_a_refusal_is_recorded_once_and_as_that_of_whoever_was_refused(house: House) -> None:
    house.rules.refused.add("tests:note:react")
    refused: list[tuple[str, str, str]] = []

    class Catcher:
        def record(self, tx: Transaction, event: Event) -> None:
            if isinstance(event, CommandRefused):
                refused.append((tx.actor.id, tx.command, event.command))

    uow = UnitOfWork(
        sessions=lambda: Session(house.engine),
        reader=lambda: Session(house.engine),
        release_reader=lambda: None,
        authorizer=house.rules,
        clock=house.clock,
        recorders=(Catcher(),),
    )
    outer, middle = uow.begin(WANG, "tests:note:write"), uow.begin(Actor.system("signon"), "tests:note:middle")
    with pytest.raises(Denied), outer, middle, uow.begin(Actor.system("reaction"), "tests:note:react"):
        pytest.fail("the nested command ran")
    assert refused == [("reaction", "tests:note:react", "tests:note:react")]


def test_a_refusal_event_names_command_code_and_reasons(house: House) -> None:
    seen: list[CommandRefused] = []

    class Catcher:
        def record(self, tx: Transaction, event: Event) -> None:
            assert isinstance(event, CommandRefused)
            seen.append(event)

    house.rules.refused.add("tests:note:write")
    uow = UnitOfWork(
        sessions=lambda: Session(house.engine),
        reader=lambda: Session(house.engine),
        release_reader=lambda: None,
        authorizer=house.rules,
        clock=house.clock,
        recorders=(Catcher(),),
    )
    with pytest.raises(Denied), uow.begin(WANG, "tests:note:write", Target("note", "7")):
        pytest.fail("the command ran")
    [event] = seen
    assert (event.subject, event.command, event.code, event.reasons) == ("note:7", "tests:note:write", "refused", ("no_rule",))


def test_a_nested_command_joins_and_is_authorised_for_itself(house: House) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        with house.uow.begin(Actor.system("reaction"), "tests:note:other") as inner:
            assert inner.session is tx.session
            assert (inner.actor.id, inner.command) == ("reaction", "tests:note:other")
            inner.record(Noted(subject="note:1", what="inner"))
        assert house.notes() == []
        tx.record(Noted(subject="note:1", what="outer"))
    assert [(who, command) for who, command, _ in house.rules.asked] == [
        ("anonymous", "tests:note:write"),
        ("reaction", "tests:note:other"),
    ]
    assert house.notes() == [("tests:note:noted", "inner"), ("tests:note:noted", "outer")]


def test_a_nested_refusal_that_its_caller_swallows_still_dooms_the_whole(house: House) -> None:
    house.rules.refused.add("tests:note:other")
    with pytest.raises(Denied):
        swallow(house)
    assert house.notes() == [("kernel:command:refused", "refused")]


def swallow(house: House) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        tx.record(Noted(subject="note:1", what="half"))
        try:
            note(house, "never", command="tests:note:other")
        except Denied:
            tx.record(Noted(subject="note:1", what="went on"))


def test_a_reaction_runs_in_the_same_transaction(house: House) -> None:
    def react(tx: Transaction, event: Noted) -> None:
        with house.uow.begin(Actor.system("reaction"), "tests:note:react") as inner:
            assert inner.session is tx.session
            tx.session.execute(text("INSERT INTO note VALUES ('reaction', '', '', :what)"), {"what": event.what})

    house.uow.subscribe(Noted, react)
    note(house, "a")
    assert house.notes() == [("tests:note:noted", "a"), ("reaction", "a")]
    with pytest.raises(RuntimeError):
        note(house, "b", then=RuntimeError("crash"))
    assert house.notes() == [("tests:note:noted", "a"), ("reaction", "a")]


def test_a_reaction_that_fails_fails_the_command_loudly(house: House) -> None:
    def react(tx: Transaction, event: Noted) -> None:
        raise RuntimeError(f"cannot follow {event.what}")

    house.uow.subscribe(Noted, react)
    with pytest.raises(RuntimeError, match="cannot follow a"):
        note(house, "a")
    assert house.notes() == []


def test_a_reaction_that_is_refused_undoes_the_command_and_is_remembered(house: House) -> None:
    house.rules.refused.add("tests:note:react")
    house.uow.subscribe(Noted, lambda tx, event: note_reaction(house))
    with pytest.raises(Denied):
        note(house, "a")
    assert house.notes() == [("kernel:command:refused", "refused")]


def note_reaction(house: House) -> None:
    with house.uow.begin(Actor.system("reaction"), "tests:note:react"):
        pytest.fail("the reaction ran")


def test_reactions_are_told_of_their_own_events_only(house: House) -> None:
    house.uow.subscribe(CommandRefused, lambda tx, event: pytest.fail("a refusal is not reacted to"))
    house.rules.refused.add("tests:note:other")
    note(house, "a")
    with pytest.raises(Denied):
        note(house, "b", command="tests:note:other")


def test_queries_within_a_command_see_its_work(house: House) -> None:
    with house.uow.begin(WANG, "tests:note:write") as tx:
        tx.record(Noted(subject="note:1", what="a"))
        assert house.uow.read() is tx.session
        assert house.uow.read().execute(text("SELECT what FROM note")).scalar() == "a"
    with house.uow.read() as session:
        assert session is not tx.session


def test_another_thread_has_a_transaction_of_its_own(house: House) -> None:
    seen: list[Session] = []

    def other() -> None:
        with house.uow.begin(WANG, "tests:note:write") as tx:
            seen.append(tx.session)

    with house.uow.begin(WANG, "tests:note:write") as tx:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert seen != [tx.session]


def test_a_set_of_events_is_reacted_to_once(house: House) -> None:
    seen: list[list[str]] = []
    house.uow.subscribe_set(Noted, lambda _tx, events: seen.append([event.what for event in events]))
    with house.uow.begin(WANG, "tests:note:add") as tx:
        tx.record_all([Noted(subject="note:1", what=what) for what in "abc"])
        tx.record(Noted(subject="note:2", what="d"))
    assert seen == [["a", "b", "c"], ["d"]]
    assert len(house.notes()) == 4
