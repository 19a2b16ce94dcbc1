"""The launcher of the embedded server: who runs it, who gets in, and how it comes back after a violent end."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from govcloud.kernel.embedded_postgres import Addresses, EmbeddedPostgres, EmbeddedPostgresError
from govcloud.kernel.embedded_postgres.account import closed_ancestor, server_account

#: Starts a server and waits to be killed; prints the server's process when it stands.
LAUNCHER = """
import sys, time
from pathlib import Path
from govcloud.kernel.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a directory that every account may pass; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="govcloud-test-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[EmbeddedPostgres, Addresses]]:
    """Return one running server for the tests that only look at it."""
    with tempfile.TemporaryDirectory(prefix="govcloud-test-") as name:
        Path(name).chmod(0o711)
        server = EmbeddedPostgres(Path(name) / "root", durable=False)
        with server as addresses:
            yield server, addresses


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home / "root", durable=False)
    yield server
    server.stop()


def _remember(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", (word,))


def _remembered(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM kept ORDER BY word")]


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}/cwd").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not Path(f"/proc/{pid}/cwd").exists()


def test_a_second_start_keeps_data_and_addresses(home: Path) -> None:
    with EmbeddedPostgres(home / "root") as first:
        _remember(first.owner_url, "one")
    with EmbeddedPostgres(home / "root") as second:
        assert second == first
        assert _remembered(second.owner_url) == ["one"]


@pytest.mark.parametrize("role", ["superuser_url", "owner_url", "app_url"])
@pytest.mark.parametrize("password", ["wrong", ""])
def test_every_role_needs_its_password(standing: tuple[EmbeddedPostgres, Addresses], role: str, password: str) -> None:
    url = make_url(getattr(standing[1], role))
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.set(password=password).render_as_string(hide_password=False), passfile="/nonexistent")


def test_the_application_owns_nothing(standing: tuple[EmbeddedPostgres, Addresses]) -> None:
    with psycopg.connect(standing[1].app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE mine (word text)")


def test_nothing_is_open_to_others(standing: tuple[EmbeddedPostgres, Addresses]) -> None:
    server, addresses = standing
    with psycopg.connect(addresses.superuser_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall() == [("scram-sha-256",)]
    assert stat.S_IMODE((server.root / "socket").stat().st_mode) == 0o700
    assert stat.S_IMODE((server.root / "postgresql-passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((server.root / "data-18").stat().st_mode) == 0o700


def test_the_server_does_not_run_as_root(standing: tuple[EmbeddedPostgres, Addresses]) -> None:
    status = Path(f"/proc/{standing[0].pid}/status").read_text(encoding="ascii")
    ids = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
    assert set(ids) == {str(server_account().uid)}
    assert "0" not in ids


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server under another account")
def test_a_closed_directory_is_named_and_stays_closed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"may not enter {closed};.*GOVCLOUD_HOME"):
        EmbeddedPostgres(closed / "root").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed_ancestor(closed / "root", server_account()) == closed


def test_it_recovers_when_the_server_is_killed(home: Path) -> None:
    server = EmbeddedPostgres(home / "root")
    _remember(server.start().owner_url, "committed")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    assert (server.root / "data-18" / "postmaster.pid").exists()
    with server as addresses:
        assert _remembered(addresses.owner_url) == ["committed"]


def test_it_recovers_when_the_launcher_is_killed(home: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(home / "root")], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    pid = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    with EmbeddedPostgres(home / "root") as addresses:
        _remember(addresses.owner_url, "back")
        assert _gone(pid)


def test_a_stale_pid_file_that_names_a_stranger_does_no_harm(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (server.root / "data-18" / "postmaster.pid").write_text(f"{stranger.pid}\n{server.root / 'data-18'}\n", encoding="ascii")
        server.start()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_shell_that_stands_in_the_data_is_left_alone_and_holds_nothing_up(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    shell = subprocess.Popen(["sleep", "60"], cwd=server.root / "data-18")
    try:
        began = time.monotonic()
        server.start()
        assert time.monotonic() - began < 10
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.wait()


@pytest.mark.parametrize("plant", [os.symlink, os.link])
def test_a_lock_that_is_a_link_is_not_followed(server: EmbeddedPostgres, home: Path, plant: Callable[[Path, Path], None]) -> None:
    victim = home / "victim"
    victim.write_text("precious\n", encoding="ascii")
    server.root.mkdir(mode=0o755)
    plant(victim, server.root / "lock")
    with pytest.raises(EmbeddedPostgresError, match="file of our own"):
        server.start()
    assert victim.read_text(encoding="ascii") == "precious\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_root_does_not_start_in_somebody_elses_directory(server: EmbeddedPostgres) -> None:
    server.root.mkdir(mode=0o755)
    os.chown(server.root, 12345, 12345)
    with pytest.raises(EmbeddedPostgresError, match="belongs to another user"):
        server.start()
    assert list(server.root.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server under another account")
def test_root_starts_in_the_directory_of_the_servers_account(server: EmbeddedPostgres) -> None:
    account = server_account()
    server.root.mkdir(mode=0o755)
    os.chown(server.root, account.uid, account.gid)
    server.start()


def test_a_directory_that_others_may_write_in_is_refused(server: EmbeddedPostgres) -> None:
    server.root.mkdir()
    server.root.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="others may write in it"):
        server.start()


def test_an_interrupted_first_start_is_made_again(server: EmbeddedPostgres) -> None:
    half = server.root / "data-18.partial"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n", encoding="ascii")
    server.root.chmod(0o755)
    _remember(server.start().owner_url, "whole")
    assert not half.exists()


def test_two_launchers_do_not_fight(server: EmbeddedPostgres) -> None:
    addresses = server.start()
    with pytest.raises(EmbeddedPostgresError, match=rf"in use by another govcloud \(process {os.getpid()}\)"):
        EmbeddedPostgres(server.root).start()
    _remember(addresses.owner_url, "still here")


def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    server = EmbeddedPostgres(home / ("long" * 30), durable=False)
    with server as addresses:
        _remember(addresses.owner_url, "short")
        directory = Path(str(make_url(addresses.owner_url).query["host"]))
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    directory.rmdir()


def test_data_without_its_passwords_is_not_touched(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.root / "postgresql-passwords.json").unlink()
    assert server.addresses() is None
    with pytest.raises(EmbeddedPostgresError, match=r"postgresql-passwords\.json is missing.*backup"):
        server.start()
