"""Starts and stops the embedded server: SCRAM passwords, a socket directory of mode 0700, no TCP, one launcher at a time.

What may go wrong and what happens then:

* the launcher dies (``kill -9``): the kernel tells the server to shut down; the next start waits for that;
* the server dies (``kill -9``): the next start recovers from the write-ahead log, ``postmaster.pid`` notwithstanding;
* ``initdb`` is interrupted: it works in a directory beside the data, which is made again from the start.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO

from govcloud.kernel.embedded_postgres.account import (
    Account,
    EmbeddedPostgresError,
    closed_ancestor,
    default_root,
    server_account,
)
from govcloud.kernel.embedded_postgres.binaries import MAJOR, make_directory, server_install
from govcloud.kernel.embedded_postgres.process import clear_away, last_complaint, launch, run_program, stop
from govcloud.kernel.provisioning import APP_ROLE, DATABASE, OWNER_ROLE, prepare_database, server_url

SUPERUSER = "postgres"
#: The name of a unix socket holds 107 bytes at most (sun_path); PostgreSQL appends this to its directory.
_SOCKET_NAME_LIMIT = 107
_SOCKET_NAME = "/.s.PGSQL.5432"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
#: A database that nobody will miss: nothing waits for the disk.
_THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
}


@dataclass(frozen=True)
class Addresses:
    """The addresses (``postgresql://…``, with passwords) of a server: for its three roles."""

    superuser_url: str
    owner_url: str
    app_url: str


class EmbeddedPostgres:
    """The server over one directory; a context manager that starts and stops it.

    When to use it: ``govcloud run``, tests and the story. When not: in production ``DATABASE_URL`` names a server of one's own.
    Start it from a thread that lives on (the main one): the kernel ends the server together with the thread that started it.
    """

    def __init__(self, root: Path | None = None, *, durable: bool = True) -> None:
        """Take the directory (``default_root()`` when None); ``durable=False`` never waits for the disk.

        Nothing is touched before ``start``.
        """
        # Resolved, because processes are recognised by their working directory, which has no symbolic links.
        self.root = (root or default_root()).resolve()
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def log_file(self) -> Path:
        """Return where the server writes its messages."""
        return self.root / "postgresql.log"

    @property
    def pid(self) -> int | None:
        """Return the number of the server's process while this launcher runs it."""
        return self._process.pid if self._process is not None else None

    def addresses(self) -> Addresses | None:
        """Return the server's addresses, whether it runs or not; None when it was never started.

        Raises:
            EmbeddedPostgresError: the file of its passwords cannot be read.
        """
        if not self._password_file.exists():
            return None
        passwords = self._read_passwords()
        directory = self._socket_directory()
        return Addresses(
            superuser_url=server_url(SUPERUSER, passwords[SUPERUSER], "postgres", directory),
            owner_url=server_url(OWNER_ROLE, passwords[OWNER_ROLE], DATABASE, directory),
            app_url=server_url(APP_ROLE, passwords[APP_ROLE], DATABASE, directory),
        )

    def start(self) -> Addresses:
        """Start the server (the first time: make its data, roles and database) and return its addresses.

        Raises:
            EmbeddedPostgresError: another launcher has this directory, the account may not enter it, or the server fails.
        """
        account = server_account()
        install = server_install(account)
        self._make_root(account)
        if (closed := closed_ancestor(self.root, account)) is not None:
            raise EmbeddedPostgresError(
                f"the user {account.name!r}, as whom PostgreSQL runs, may not enter {closed}; "
                "set GOVCLOUD_HOME to a directory below ones that every user may enter"
            )
        _require_ours(self.root, account)
        self._take_lock()
        try:
            return self._start_locked(install, account)
        except BaseException:  # Ctrl-C during the start included: no server and no lock may stay behind; it is raised again
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and give the directory free; harmless when nothing runs."""
        process, self._process = self._process, None
        if process is not None:
            stop(process, gently=self._durable)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Addresses:
        """Start the server."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Stop the server."""
        self.stop()

    @property
    def _data(self) -> Path:
        return self.root / f"data-{MAJOR}"

    @property
    def _password_file(self) -> Path:
        return self.root / "postgresql-passwords.json"

    def _make_root(self, account: Account) -> None:
        try:
            make_directory(self.root, 0o755 if account.switched else 0o700)
        except OSError as error:
            raise EmbeddedPostgresError(f"the directory {self.root} cannot be made: {error.strerror}") from error

    def _socket_directory(self) -> Path:
        """Return the directory of the socket: beside the data, or below the temporary directory if that name is too long."""
        near = self.root / "socket"
        if len(os.fsencode(near)) + len(_SOCKET_NAME) <= _SOCKET_NAME_LIMIT:
            return near
        return Path("/tmp") / f"govcloud-{sha256(os.fsencode(self.root)).hexdigest()[:16]}"  # noqa: S108 - made 0700 and checked

    def _take_lock(self) -> None:
        """Make sure that no other launcher works on this directory; the lock ends with this process, however that dies."""
        lock = _open_own(self.root / "lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise EmbeddedPostgresError(
                f"{self.root} is in use by another govcloud (process {holder}); stop that one, or set GOVCLOUD_HOME to another directory"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _start_locked(self, install: Path, account: Account) -> Addresses:
        passwords = self._ensure_passwords()
        if not self._data.is_dir():
            self._initialise(install, account, passwords[SUPERUSER])
        sockets = self._socket_directory()
        make_directory(sockets, 0o700, account)
        _require_private(sockets, account)
        clear_away(self._data)
        self._process = launch(self._command(install, sockets), account, self._data, self.log_file)
        addresses = self.addresses()
        if addresses is None:
            raise EmbeddedPostgresError(f"{self._password_file} vanished while the server started")
        prepare_database(addresses.superuser_url, owner_password=passwords[OWNER_ROLE], app_password=passwords[APP_ROLE])
        return addresses

    def _command(self, install: Path, sockets: Path) -> list[str]:
        """Return the server's command line; settings stand there so that an upgrade of ours reaches old data."""
        settings = _SETTINGS | {"unix_socket_directories": str(sockets), "unix_socket_permissions": "0700"}
        settings |= {} if self._durable else _THROW_AWAY_SETTINGS
        command = [str(install / "bin" / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _ensure_passwords(self) -> dict[str, str]:
        """Return the roles' passwords; they are made once, before the data."""
        if not self._password_file.exists():
            if self._data.is_dir():
                raise EmbeddedPostgresError(
                    f"{self._password_file} is missing, but the data in {self._data} needs it; put it back from your backup"
                )
            made = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER_ROLE, APP_ROLE)}
            _write_private(partial := self._password_file.with_suffix(".partial"), json.dumps(made))
            partial.rename(self._password_file)
        return self._read_passwords()

    def _read_passwords(self) -> dict[str, str]:
        try:
            passwords: dict[str, str] = json.loads(self._password_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EmbeddedPostgresError(f"the passwords in {self._password_file} cannot be read: {error}") from error
        return passwords

    def _initialise(self, install: Path, account: Account, password: str) -> None:
        """Run ``initdb`` in a directory beside the data and move it in place when it is whole."""
        partial = self.root / f"{self._data.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        make_directory(partial, 0o700, account)
        password_file = self.root / f"{partial.name}.password"
        _write_private(password_file, password)
        if account.switched:
            os.chown(password_file, account.uid, account.gid)
        command = [str(install / "bin" / "initdb"), "--pgdata", str(partial), "--username", SUPERUSER]
        command += ["--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"]
        command += ["--locale", "C", "--set", "max_connections=200", "--set", "shared_buffers=128MB"]
        command += [] if self._durable else ["--no-sync"]
        try:
            result = run_program(command, account, self.root)
        finally:
            password_file.unlink()
        if result.returncode:
            raise EmbeddedPostgresError(f"the database cannot be made in {self._data}: {last_complaint(result.stderr)}")
        partial.rename(self._data)


@contextlib.contextmanager
def throw_away(within: Path | None = None) -> Iterator[Addresses]:
    """Give a fresh server in a temporary directory, without waiting for the disk, and remove it all afterwards.

    ``within`` is where that directory is made, by default where temporary files go.
    """
    with tempfile.TemporaryDirectory(prefix="govcloud-", ignore_cleanup_errors=True, dir=within) as name:
        home = Path(name)
        # mkdtemp closed it to everybody but us; the server's account has to pass through to its own directories below.
        home.chmod(0o711)
        with EmbeddedPostgres(home / "postgresql", durable=False) as addresses:
            yield addresses


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we may read; a left-over of an interrupted start is replaced."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _require_ours(root: Path, account: Account) -> None:
    """Refuse a directory in which somebody else may put things in our way: as root we would follow them anywhere."""
    entry = root.stat()
    if entry.st_uid not in {os.geteuid(), account.uid} or stat.S_IMODE(entry.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        raise EmbeddedPostgresError(
            f"{root} belongs to another user, or others may write in it; give it to {account.name!r} or to yourself with mode 0755, "
            "or set GOVCLOUD_HOME to another directory"
        )


def _open_own(path: Path) -> IO[str]:
    """Open a file of our own for reading and writing, made if it is missing; never one that is reached through a link.

    Raises:
        EmbeddedPostgresError: something else lies there.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(f"{path} cannot be opened as a file of our own: {error.strerror}; remove it") from error
    file = os.fdopen(descriptor, "r+", encoding="ascii")
    entry = os.fstat(descriptor)
    if not stat.S_ISREG(entry.st_mode) or entry.st_nlink != 1 or entry.st_uid != os.geteuid():
        file.close()
        raise EmbeddedPostgresError(f"{path} is no file of our own; remove it")
    return file


def _require_private(directory: Path, account: Account) -> None:
    """Refuse a socket directory that somebody else made, or that others may enter."""
    entry = directory.lstat()
    if not stat.S_ISDIR(entry.st_mode) or entry.st_uid != account.uid or stat.S_IMODE(entry.st_mode) & 0o077:
        raise EmbeddedPostgresError(f"{directory} must be a directory of {account.name!r} with mode 0700; remove it, then start again")
