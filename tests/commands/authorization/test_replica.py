"""The node's replica: it answers as the database does, says how new it is, and is not used when it may not be trusted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.replica.head import HEAD, Head, now_ns
from govcloud.authorization.replica.place import BusyError, Place, ReplicaError, open_to_read, open_to_write
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Unavailable
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.clients import flag_sensitive
from tests.factories.keeping import Kept, everyone, keeping, questions
from tests.factories.people import an_official
from tests.factories.world import HANGZHOU, SEED, XIHU, YUHANG, World

REGISTER, CASES = "housing:register:read", "assistance:case:read"
ROWS = ({"division": XIHU}, {"division": YUHANG})


@pytest.fixture
def kept(services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path) -> Iterator[Kept]:
    with keeping(services, settings, clock, tmp_path) as found:
        yield found


def grant(services: Services, world: World, *, days: int = 5, scope: Scope | None = None) -> NewGrant:
    now, wang = services.clock.now(), world.wang
    return NewGrant(wang.official_id, wang.appointment_id, "housing", REGISTER, now, now + timedelta(days=days), scope or Scope((XIHU,)))


def asked(services: Services) -> list[Question]:
    return questions(services, *everyone(services, services.clock.now()), ROWS)


def test_it_answers_as_the_database_does(kept: Kept, services: Services) -> None:
    kept.agrees(asked(services))


def test_it_follows_grants_through_their_lives(kept: Kept, services: Services, world: World, clock: ManualClock) -> None:
    guard = world.security_admin.actor()
    first = services.authorization.open_grant(SEED, grant(services, world))
    kept.agrees(asked(services))
    second = services.authorization.open_grant(SEED, grant(services, world, days=2, scope=Scope((HANGZHOU,))))
    kept.agrees(asked(services))
    services.authorization.suspend_grant(guard, first, "核查")
    kept.agrees(asked(services))
    clock.advance(timedelta(days=3))  # the second one has run out, and nobody wrote anything
    kept.agrees(asked(services))
    services.authorization.resume_grant(guard, first)
    kept.agrees(asked(services))
    services.authorization.close_grant(SEED, first, "结束")
    kept.agrees(asked(services))
    # What became of the newest one is what a refusal says.
    assert kept.decide(Question(REGISTER, world.wang.appointment_id)).code is Reason.GRANT_EXPIRED
    assert second != first


def test_it_follows_people(kept: Kept, services: Services, world: World, clock: ManualClock) -> None:
    admin, wang, ids = world.system_admin.actor(), world.wang, world.organisation.ids
    services.identity.register_official(SEED, an_official(ids["xihu"]))
    kept.agrees(asked(services))
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", reason="借调", until=clock.now() + timedelta(days=9))
    kept.agrees(asked(services))
    services.identity.second(SEED, wang.official_id, Duty(ids["housing"], "借调岗", ends_at=clock.now() + timedelta(days=6)), Order("借调"))
    kept.agrees(asked(services))
    services.identity.transfer(
        SEED, wang.official_id, Duty(ids["data"], "数据岗"), Order("调动", clock.now() + timedelta(days=2)), handover_days=2
    )
    kept.agrees(asked(services))
    for _ in range(8):
        clock.advance(timedelta(days=1))
        kept.agrees(asked(services))
    services.identity.disable_official(admin, wang.official_id, "调查")
    kept.agrees(asked(services))
    services.identity.restore_official(admin, wang.official_id, "查清")
    services.identity.leave(SEED, wang.official_id, Order("离职"))
    kept.agrees(asked(services))


def test_it_follows_the_organisation_and_the_catalogue(kept: Kept, services: Services, world: World) -> None:
    admin, ids = world.system_admin.actor(), world.organisation.ids
    services.identity.move_department(admin, ids["xihu"], ids["data"])
    kept.agrees(asked(services))
    services.subsystems.withdraw_function(world.people["HEWEI"].actor(), "housing:guide:read", "不再提供")
    kept.agrees(asked(services))
    services.subsystems.retire_subsystem(admin, "assistance", "停用")
    kept.agrees(asked(services))


def test_it_follows_what_is_sensitive(kept: Kept, services: Services, world: World) -> None:
    services.authorization.open_grant(SEED, grant(services, world))
    here = Question(REGISTER, world.wang.appointment_id, resource={"division": XIHU}, strong=False)
    for sensitive, code in ((True, Reason.INSUFFICIENT_USER_AUTHENTICATION), (False, Reason.ALLOWED)):
        flag_sensitive(services, REGISTER, sensitive=sensitive)
        kept.agrees([*asked(services), here])
        assert kept.decide(here).code is services.authorization.decide(here).code is code
        assert kept.decide(replace(here, strong=True)).allowed


def test_a_person_whom_nothing_touched_is_not_written_again(kept: Kept, services: Services, world: World) -> None:
    store = kept.keeper.store
    assert store is not None
    with store.env.begin() as txn:
        before = {bytes(key): bytes(value) for key, value in txn.cursor(db=store.people)}
    ids = world.organisation.ids
    services.identity.move_department(world.system_admin.actor(), ids["xihu"], ids["data"])
    kept.step()
    with store.env.begin() as txn:
        after = {bytes(key): bytes(value) for key, value in txn.cursor(db=store.people)}
    changed = {key for key in before if before[key] != after[key]}
    # Of all who serve below the department that moved, only those whose delegated role names its path.
    assert changed <= {world.people["SUNLI"].official_id.bytes}


def test_an_answer_is_as_new_as_the_question_wants_it(kept: Kept, services: Services, world: World) -> None:
    grant_id = services.authorization.open_grant(SEED, grant(services, world))
    kept.step()
    here = Question(REGISTER, world.wang.appointment_id, resource={"division": XIHU})
    assert kept.decide(here).allowed
    services.authorization.close_grant(SEED, grant_id, "结束")
    newest = services.authorization.decide(here).epoch
    assert kept.decide(here).allowed  # the keeper has not been there yet …
    there = Question(REGISTER, world.wang.appointment_id, resource={"division": XIHU}, min_epoch=newest)
    assert kept.replica.look(newest) is None
    decision = kept.decider.decide(there)  # … and who knows of the change is not told the old answer
    assert (decision.allowed, decision.epoch) == (False, newest)
    with pytest.raises(Unavailable) as refused:
        kept.decider.decide(Question(REGISTER, world.wang.appointment_id, min_epoch=newest + 1))
    assert refused.value.code == "inputs_behind"
    kept.step()
    assert kept.decide(there).epoch == newest


def test_a_command_sees_its_own_writes(kept: Kept, services: Services, world: World) -> None:
    here = Question(REGISTER, world.wang.appointment_id, resource={"division": XIHU})
    with services.uow.begin(SEED, "govcloud:grant:open"):
        services.authorization.open_grant(SEED, grant(services, world))
        assert kept.replica.look(None) is None
        assert kept.decider.decide(here).allowed
    assert not kept.decide(here).allowed  # until the keeper was there


def test_a_silent_keeper_is_not_believed(services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path) -> None:
    with keeping(services, settings, clock, tmp_path, bound=2) as kept:
        here = Question(REGISTER, world.wang.appointment_id, resource={"division": XIHU})
        services.authorization.open_grant(SEED, grant(services, world))
        assert not kept.decide(here).allowed  # within the bound it may be behind
        for silent_for in (2.1, 3600, -5):  # the last one is a heartbeat of the future: another machine's, or another start's
            beat(kept, now_ns() - int(silent_for * 1e9))
            assert kept.replica.look(None) is None, silent_for
            assert kept.decider.decide(here).allowed
        kept.step()
        assert kept.decide(here).allowed


def beat(kept: Kept, at: int, **changes: object) -> None:
    """Write a heartbeat of another moment."""
    store = kept.keeper.store
    assert store is not None
    with store.env.begin(write=True) as txn:
        head = Head.unpack(txn.get(HEAD) or b"")
        facts = {"identity": head.identity, "state": head.state, "tail": head.tail} | changes
        txn.put(HEAD, Head(at, **facts).pack())  # type: ignore[arg-type]


def test_the_replica_of_another_database_is_not_used_and_is_built_anew(kept: Kept, services: Services, world: World) -> None:
    beat(kept, now_ns(), identity=b"x" * 32)
    assert kept.replica.look(None) is None
    kept.keeper.begin(kept.connection)
    kept.replica._forget()
    kept.agrees(questions(services, [world.wang.official_id], [world.wang.appointment_id], ROWS))


def test_a_database_that_was_put_back_is_noticed(kept: Kept, services: Services, world: World, superuser_url: str) -> None:
    services.authorization.open_grant(SEED, grant(services, world))
    kept.step()
    # As after a restore: the same numbers were given to other changes.

    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("UPDATE epoch_change SET at = at + interval '1 second' WHERE epoch = (SELECT max(epoch) FROM epoch_change)")
    before = kept.place.current.stat().st_ino
    kept.keeper.begin(kept.connection)
    assert kept.place.current.stat().st_ino != before


def test_a_rebuild_can_be_asked_for(kept: Kept) -> None:
    before = kept.place.current.stat().st_ino
    kept.place.ask_for_rebuild()
    kept.step()
    assert kept.place.current.stat().st_ino != before
    kept.step()
    assert not kept.place.take_request()


def test_two_keepers_do_not_work_in_one_place(kept: Kept) -> None:
    with pytest.raises(BusyError), kept.place.held():
        pass


@pytest.fixture
def left(services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path) -> Place:
    """Return the place of a replica that nobody keeps any more."""
    with keeping(services, settings, clock, tmp_path) as kept:
        return kept.place


def test_only_the_account_itself_may_read_it(left: Place) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (left.folder, left.current, *left.current.iterdir())}
    assert modes == {"replica": 0o700, left.current.name: 0o700, "data.mdb": 0o600, "lock.mdb": 0o600}


@pytest.mark.parametrize("name", [".", "data.mdb", "lock.mdb"])
def test_what_others_may_read_is_refused(left: Place, name: str) -> None:
    (left.current / name).chmod(0o755)
    with pytest.raises(ReplicaError, match="open to other accounts"):
        open_to_read(left.current)


@pytest.mark.parametrize("name", ["", "data.mdb"])
def test_a_link_is_refused(left: Place, name: str, tmp_path: Path) -> None:
    target = left.current / name if name else left.current
    target.rename(tmp_path / "elsewhere")
    target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReplicaError, match="of its own"):
        open_to_read(left.current)


def test_somebody_elses_file_is_refused(left: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ReplicaError, match="belongs to account"):
        open_to_read(left.current)


def test_a_file_that_was_cut_short_is_refused(left: Place) -> None:
    file = left.current / "data.mdb"
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(ReplicaError, match="cut short"):
        open_to_write(left.current)


def test_a_file_of_something_else_is_refused(left: Place) -> None:
    (left.current / "data.mdb").write_bytes(b"\0" * 65_536)
    with pytest.raises(ReplicaError, match="cannot be opened"):
        open_to_read(left.current)


def test_a_damaged_record_is_asked_of_the_database(kept: Kept, services: Services, world: World) -> None:
    store = kept.keeper.store
    assert store is not None
    with store.env.begin(write=True) as txn:
        txn.put(world.wang.official_id.bytes, b"\xc1 nothing that was ever written", db=store.people)
    here = Question(CASES, world.wang.appointment_id, world.wang.official_id, {"division": XIHU})
    assert kept.decide(here) == services.authorization.decide(here)


def test_without_a_replica_the_database_answers(kept: Kept, services: Services, world: World) -> None:
    here = Question(CASES, world.wang.appointment_id, resource={"division": XIHU})
    kept.keeper._let_go()
    shutil.rmtree(kept.place.current)
    kept.replica._forget()
    assert kept.replica.look(None) is None
    assert kept.decider.decide(here) == services.authorization.decide(here)
    kept.keeper.begin(kept.connection)


def test_an_import_of_thousands_is_followed(kept: Kept, services: Services, world: World) -> None:
    rows = [an_official(world.organisation.ids["xihu"]) for _ in range(2_500)]
    services.identity.register_officials(SEED, rows)
    kept.agrees(questions(services, [row.id for row in rows[::500]], [row.appointments[0].id for row in rows[::500]]))
    services.identity.disable_officials(SEED, [row.id for row in rows], "调出")
    kept.agrees(questions(services, [row.id for row in rows[::500]], [row.appointments[0].id for row in rows[::500]]))


def test_an_appointment_of_somebody_else_is_nobodys(kept: Kept, world: World) -> None:
    strange = Question(CASES, world.li.appointment_id, world.wang.official_id)
    assert kept.decide(strange).code is Reason.UNKNOWN_SUBJECT
