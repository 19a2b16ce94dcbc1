"""The replica among real processes: a keeper, workers that ask, and everything that can come between them and the database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import make_url

from govcloud.app import assemble
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.kernel import schema
from govcloud.kernel.clock import SystemClock
from govcloud.kernel.database import db
from govcloud.kernel.embedded_postgres import EmbeddedPostgres
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services
from govcloud.settings import Environment, Settings, load_settings
from tests.factories import databases
from tests.factories.world import SEED, World, small_province

#: Whole processes are started, stopped and killed here, and bounds run out by the real clock.
pytestmark = pytest.mark.clients
READ = "housing:register:read"
#: How long the replica may be behind in these tests, and what a busy machine may add to it.
BOUND, SLACK = 1.0, 20.0
#: Answers one line with one line: whether the function is open, where the answer came from, and when it was given.
WORKER = """
import json, sys, time
from uuid import UUID
from govcloud.app import assemble
from govcloud.authorization.deciding.decisions import Question
from govcloud.kernel.database import db
from govcloud.kernel.errors import Unavailable

app = assemble()
services = app.extensions["govcloud"]
source = services.authorization._decider._sources._source
question = Question("housing:register:read", UUID(sys.argv[1]))

def ask():
    look = source.look(None)
    if look is not None:
        look.close()
    try:
        allowed = services.authorization.decide(question).allowed
    except Unavailable:
        allowed = None
    finally:
        db.session.remove()
    return {"allowed": allowed, "replica": look is not None, "at": time.monotonic()}

with app.app_context():
    for line in sys.stdin:
        answer = ask()
        if line.strip() == "watch":
            print("watching", flush=True)
            while answer["allowed"]:
                answer = ask()
        print(json.dumps(answer), flush=True)
"""


@dataclass
class Worker:
    """A process that asks one question again and again."""

    popen: subprocess.Popen[str]

    def ask(self) -> dict[str, Any]:
        """Return what it is answered now."""
        self.say("ask")
        return self.answer()

    def say(self, word: str) -> None:
        """Tell it what to do."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{word}\n")
        self.popen.stdin.flush()

    def line(self) -> str:
        """Return what it says next."""
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()

    def answer(self) -> dict[str, Any]:
        """Return its next answer."""
        return cast("dict[str, Any]", json.loads(self.line()))


@dataclass
class Node:
    """A machine: a keeper and workers over one replica."""

    environment: dict[str, str]
    services: Services
    world: World
    stack: ExitStack
    keeper: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Start the keeper."""
        self.keeper = subprocess.Popen(
            [sys.executable, "-m", "govcloud", "replica", "keep"], env=self.environment, stderr=subprocess.DEVNULL
        )
        self.stack.callback(end, self.keeper)

    def worker(self) -> Worker:
        """Start a worker, and return it when it reads the replica."""
        popen = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(self.world.wang.appointment_id)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.callback(end, popen)
        worker = Worker(popen)
        until(lambda: worker.ask()["replica"])
        return worker

    def grant(self) -> UUID:
        """Open a grant of what is asked for."""
        now, wang = self.services.clock.now(), self.world.wang
        new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=20), PROVINCE)
        return self.services.authorization.open_grant(SEED, new)

    def revoke(self, grant_id: UUID) -> float:
        """Revoke it; return when that had committed (monotonic seconds)."""
        self.services.authorization.close_grant(SEED, grant_id, "结束")
        return time.monotonic()


def end(popen: subprocess.Popen[Any]) -> None:
    """End a process of ours, whatever state it is in."""
    if popen.poll() is None:
        popen.send_signal(signal.SIGCONT)
        popen.kill()
    popen.wait()
    for pipe in (popen.stdin, popen.stdout):
        if pipe is not None:
            pipe.close()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def environment_of(settings: Settings, folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GOVCLOUD_", "DATABASE_"))}
    return ours | {
        "DATABASE_URL": settings.database_url,
        "GOVCLOUD_MASTER_KEY_FILE": str(settings.master_key_file),
        "GOVCLOUD_ENVIRONMENT": "test",
        "GOVCLOUD_REPLICA_DIR": str(folder / "replica"),
        "GOVCLOUD_REPLICA_BOUND_SECONDS": str(BOUND),
    }


@pytest.fixture
def node(services: Services, world: World, settings: Settings, tmp_path: Path) -> Iterator[Node]:
    with ExitStack() as stack:
        node = Node(environment_of(settings, tmp_path), services, world, stack)
        node.keep()
        yield node


def test_a_revocation_under_load_reaches_every_worker(node: Node) -> None:
    grant_id = node.grant()
    workers = [node.worker() for _ in range(4)]
    for worker in workers:
        until(lambda: worker.ask()["allowed"])  # noqa: B023 - asked at once
    for worker in workers:
        worker.say("watch")
        assert worker.line() == "watching"
    committed = node.revoke(grant_id)
    answers = [worker.answer() for worker in workers]
    assert [answer["allowed"] for answer in answers] == [False] * 4
    assert max(answer["at"] for answer in answers) - committed < BOUND + SLACK


@pytest.mark.parametrize("how", ["stopped", "killed", "cut off"])
def test_a_keeper_that_is_gone_is_not_believed_beyond_the_bound(node: Node, settings: Settings, how: str) -> None:
    grant_id = node.grant()
    worker = node.worker()
    until(lambda: worker.ask()["allowed"])
    assert node.keeper is not None
    with ExitStack() as damage:
        if how == "stopped":
            node.keeper.send_signal(signal.SIGSTOP)
        elif how == "killed":
            node.keeper.kill()
            node.keeper.wait()
        else:
            damage.enter_context(shut_out(settings, node))
        committed = node.revoke(grant_id)
        answer = worker.ask()
        while answer["at"] < committed + BOUND:
            answer = worker.ask()
        # Beyond the bound no answer is an old one, wherever it comes from.
        answer = worker.ask()
        assert answer["allowed"] is False
    if how == "killed":
        node.keep()
    node.keeper.send_signal(signal.SIGCONT)
    until(lambda: worker.ask()["replica"])
    assert worker.ask()["allowed"] is False


def shut_out(settings: Settings, node: Node) -> ExitStack:
    """Cut the keeper's connection again and again until the end: it never gets to read anything."""
    name = str(make_url(settings.database_url).database)
    role = str(make_url(settings.database_url).username)
    stack = ExitStack()
    watching = subprocess.Popen(
        [sys.executable, "-c", _CUTTER, _superuser(), name, role], stdout=subprocess.PIPE, text=True, env=node.environment
    )
    stack.callback(end, watching)
    assert watching.stdout is not None
    assert watching.stdout.readline().strip() == "cutting"
    return stack


_CUTTER = """
import sys, psycopg
_, url, database, role = sys.argv
with psycopg.connect(url, autocommit=True) as connection:
    said = False
    while True:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = %s AND application_name = 'govcloud keeper'",
            (database, role),
        )
        if not said:
            print("cutting", flush=True)
            said = True
"""


def _superuser() -> str:
    return databases.server().superuser_url


def refused_by_replica(answer: dict[str, Any]) -> bool:
    """Return whether an answer is the replica's no."""
    return answer["replica"] and answer["allowed"] is False


def test_a_database_that_restarts_is_followed_again(tmp_path: Path, master_key_file: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="govcloud-test-") as home, ExitStack() as stack:
        Path(home).chmod(0o711)
        server = EmbeddedPostgres(Path(home) / "root", durable=False)
        stack.callback(server.stop)
        addresses = server.start()
        schema.upgrade(addresses.owner_url, role_of(addresses.app_url))
        settings = load_settings(
            environment=Environment.TEST, DATABASE_URL=addresses.app_url, master_key_file=master_key_file, public_url="http://localhost"
        )
        app = assemble(settings, SystemClock())
        with app.app_context():
            services = cast("Services", app.extensions["govcloud"])
            services.key_rotation.ensure(SEED)
            node = Node(environment_of(settings, tmp_path), services, small_province(services, passwords=()), stack)
            grant_id = node.grant()
            node.keep()
            worker = node.worker()
            assert worker.ask()["allowed"]
            db.session.remove()
            db.engine.dispose()
            server.stop()
            until(lambda: worker.ask()["allowed"] is None)  # nobody can say, so nobody may
            server.start()
            node.revoke(grant_id)
            # The keeper may have been back before the revocation, so the very first answer may be a moment older than that.
            until(lambda: refused_by_replica(worker.ask()), seconds=5)
            db.session.remove()
            db.engine.dispose()


def test_a_replica_that_was_damaged_is_built_anew(node: Node, tmp_path: Path) -> None:
    worker = node.worker()
    assert node.keeper is not None
    node.keeper.kill()
    node.keeper.wait()
    (data,) = (tmp_path / "replica").glob("inputs-*/data.mdb")
    data.write_bytes(b"\0" * 65_536)
    fresh = subprocess.run(
        [sys.executable, "-m", "govcloud", "replica", "status"], env=node.environment, capture_output=True, text=True, check=False
    )
    assert fresh.returncode == 1
    assert "cannot be opened" in fresh.stderr
    end(worker.popen)
    node.keep()
    assert node.worker().ask()["replica"]


def test_the_command_line_says_how_it_is_doing(node: Node) -> None:
    node.worker()
    said = subprocess.run(
        [sys.executable, "-m", "govcloud", "replica", "status"], env=node.environment, capture_output=True, text=True, check=True
    )
    assert "11 people" in said.stdout
    asked = subprocess.run(
        [sys.executable, "-m", "govcloud", "replica", "rebuild"], env=node.environment, capture_output=True, text=True, check=True
    )
    assert "builds it anew" in asked.stdout
    second = subprocess.run(
        [sys.executable, "-m", "govcloud", "replica", "keep"], env=node.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "another keeper" in second.stderr
