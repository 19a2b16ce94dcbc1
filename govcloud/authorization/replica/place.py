"""Where a replica lies, who may open it, and opening it.

Everything lies in one folder of the account that the platform runs under, which nobody else may read or write. The file's own
folder names the way in which records are written and the start of the machine: an older program's file, or one whose last pages
a crash of the machine may have lost, is never opened, it is built anew.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any, TypeAlias

import lmdb

from govcloud.authorization.replica.head import LAYOUT, boot
from govcloud.authorization.replica.records import fingerprint

#: Address space, not memory and not disk: a file that is larger than this cannot be mapped.
MAP_BYTES = 64 * 2**30
#: Threads that may read at the same moment, of all workers of the machine.
_READERS = 1024
_NAMES = ("people", "places", "departments", "functions")
_PREFIX = "inputs-"
_ASKED = "rebuild"
#: A handle of lmdb's, whose type it does not publish.
Table: TypeAlias = Any


class ReplicaError(Exception):
    """A replica cannot be used or kept; the text says why and what to do."""


class BusyError(ReplicaError):
    """Another process keeps the replica."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open replica: the environment and its tables."""

    env: lmdb.Environment

    people: Table
    places: Table
    departments: Table
    functions: Table


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of the replica."""

    folder: Path

    @property
    def current(self) -> Path:
        """Return the folder of the file that this program reads and writes."""
        return self.folder / f"{_PREFIX}{fingerprint(LAYOUT.format)[:12]}-{boot()[:12]}"

    @property
    def building(self) -> Path:
        """Return the folder in which the next file is built."""
        return self.folder / f"building-{os.getpid()}"

    def prepare(self) -> None:
        """Make the folder, if it is missing.

        Raises:
            ReplicaError: it belongs to somebody else, or others may write into it.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            own(self.folder)
        except OSError as error:
            raise ReplicaError(f"{self.folder} cannot be used: {error.strerror}; set GOVCLOUD_REPLICA_DIR") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one who writes.

        Raises:
            BusyError: somebody else is.
            ReplicaError: the folder cannot be used.
        """
        self.prepare()
        descriptor = os.open(self.folder / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(f"another keeper works in {self.folder}") from error
            yield
        finally:
            os.close(descriptor)

    def put_in_force(self) -> None:
        """Let what was built take the place of the file before; whoever still has that one open sees that nobody keeps it."""
        for old in self.folder.glob(f"{_PREFIX}*"):
            gone = old.with_name(f"gone-{os.getpid()}-{old.name}")
            old.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
        self.building.rename(self.current)

    def discard(self) -> None:
        """Take the file away; it is damaged."""
        shutil.rmtree(self.current, ignore_errors=True)

    def clear(self) -> None:
        """Take away what was left behind half built or half removed."""
        for pattern in ("building-*", "gone-*"):
            for left in self.folder.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)

    def ask_for_rebuild(self) -> None:
        """Leave word for the keeper to build everything anew."""
        self.prepare()
        (self.folder / _ASKED).touch(mode=0o600)

    def take_request(self) -> bool:
        """Return whether somebody asked for a rebuild; it is then taken as done."""
        try:
            (self.folder / _ASKED).unlink()
        except FileNotFoundError:
            return False
        return True


def create(folder: Path) -> Store:
    """Make an empty replica in ``folder``."""
    folder.mkdir(mode=0o700)
    return _opened(folder, create=True)


def open_to_write(folder: Path) -> Store:
    """Open a replica to follow changes; the one who keeps it is alone in that.

    Raises:
        ReplicaError: there is none, it is not ours alone, or it is damaged.
    """
    return _checked(folder, writing=True)


def open_to_read(folder: Path) -> Store:
    """Open a replica to answer questions.

    Raises:
        ReplicaError: there is none, it is not ours alone, or it is damaged.
    """
    return _checked(folder, writing=False)


def own(path: Path, *, folder: bool = True) -> os.stat_result:
    """Return what ``path`` is, when it belongs to this account alone.

    Raises:
        ReplicaError: it is a link or not what it should be, belongs to another account, or is open to others.
        OSError: it cannot be looked at.
    """
    found = path.lstat()
    if not (stat.S_ISDIR if folder else stat.S_ISREG)(found.st_mode):
        raise ReplicaError(f"{path} is not {'a folder' if folder else 'a file'} of its own; remove it")
    if found.st_uid != os.geteuid():
        raise ReplicaError(f"{path} belongs to account {found.st_uid}, not to {os.geteuid()} that asks; remove it")
    if found.st_mode & 0o077:
        raise ReplicaError(f"{path} is open to other accounts (mode {stat.S_IMODE(found.st_mode):04o}); chmod go= {path}")
    return found


def _checked(folder: Path, *, writing: bool) -> Store:
    try:
        own(folder.parent)
        own(folder)
        size = own(folder / "data.mdb", folder=False).st_size
        own(folder / "lock.mdb", folder=False)
        store = _opened(folder, create=False, writing=writing)
    except FileNotFoundError as error:
        raise ReplicaError(f"there is no replica at {folder}") from error
    except (OSError, lmdb.Error) as error:
        raise ReplicaError(f"the replica at {folder} cannot be opened: {error}") from error
    # A page behind the end of the file would end this process when it is read.
    pages, page = store.env.info()["last_pgno"] + 1, store.env.stat()["psize"]
    if pages * page > size and pages * page > (folder / "data.mdb").stat().st_size:
        store.env.close()
        raise ReplicaError(f"the replica at {folder} was cut short")
    return store


def _opened(folder: Path, *, create: bool, writing: bool = True) -> Store:
    """Open the environment and its tables.

    Nothing waits for the disk: what a crash of the machine loses is built anew, and a crash of a process loses nothing.
    """
    env = lmdb.open(
        str(folder),
        map_size=MAP_BYTES,
        subdir=True,
        readonly=not writing,
        create=create,
        mode=0o600,
        sync=False,
        metasync=False,
        readahead=False,
        max_dbs=len(_NAMES),
        max_readers=_READERS,
    )
    try:
        tables = [env.open_db(name.encode(), create=create) for name in _NAMES]
    except lmdb.Error:
        env.close()
        raise
    return Store(env, *tables)
