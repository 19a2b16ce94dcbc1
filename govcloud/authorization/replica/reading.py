"""Answering from the replica: each question opens one read transaction, which shows head and contents as they were together.

No thread and no connection stands behind this: whether the replica may be used is seen from its heartbeat when it is opened.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import lmdb

from govcloud.authorization.deciding.facts import PolicyState
from govcloud.authorization.replica.head import BEAT_SIZE, HEAD, Head, beat_of, now_ns
from govcloud.authorization.replica.looking import Kept, ReplicaLook, Seen
from govcloud.authorization.replica.place import Place, ReplicaError, Store, open_to_read

logger = logging.getLogger(__name__)
_NANOSECONDS = 1_000_000_000
#: A replica that could not be opened is tried again after this many seconds: a keeper that starts is noticed soon, and cheaply.
_AGAIN = 0.5
Opener = Callable[[Path], Store]
_NOTHING_SEEN: tuple[bytes, Seen] = (b"", Seen(PolicyState(None, 0, 0), Kept(-1), Kept(-1)))


class Replica:
    """The replica as a worker sees it; made once a process, used by all of its threads."""

    def __init__(
        self, folder: Path, bound: float, *, identity: Callable[[], bytes | None], busy: Callable[[], bool], opener: Opener = open_to_read
    ) -> None:
        """Take where the replica lies and when it may be used.

        Args:
            folder: the replica's folder.
            bound: how many seconds its keeper may have been silent.
            identity: says which database this process works on; asked when a replica claims to be of one.
            busy: says whether a transaction is open, which has to see its own writes and so reads the database.
            opener: opens the file.
        """
        self._place = Place(folder)
        self._bound = int(bound * _NANOSECONDS)
        self._identity = identity
        self._busy = busy
        self._opener = opener
        self._store: Store | None = None
        self._inode = 0
        self._tried = 0.0
        self._said = ""
        self._ours = b""
        #: The head's bytes behind its heartbeat as they were last seen and found to be of our database, and what they say.
        self._known = _NOTHING_SEEN
        os.register_at_fork(after_in_child=self._forget)

    def look(self, min_epoch: int | None) -> ReplicaLook | None:
        """Return what the replica knows now; ``None``: it is not there, not ours, too old, or not as new as ``min_epoch``."""
        if self._busy():
            return None
        store = self._store or self._open()
        if store is None:
            return None
        try:
            txn = store.env.begin(buffers=True)
            seen = self._usable(txn.get(HEAD))
        except lmdb.Error as error:
            self._give_up(f"the replica cannot be read: {error}")
            return None
        if seen is not None and (min_epoch is None or min_epoch <= seen.state.epoch):
            return ReplicaLook(txn, store, seen)
        txn.abort()
        if seen is None:
            self._look_again()
        return None

    def _usable(self, value: memoryview | None) -> Seen | None:
        """Return what the head says, if its keeper was there within the bound and keeps the database that we work on."""
        if value is None:
            return None
        age = now_ns() - beat_of(value)
        if not 0 <= age <= self._bound:
            return None
        known, seen = self._known
        if value[BEAT_SIZE:] == known:
            return seen
        return self._made_out(bytes(value))

    def _made_out(self, value: bytes) -> Seen | None:
        """Read a head that says something new; of another database it says nothing to us."""
        try:
            head = Head.unpack(value)
        except ValueError:
            return None
        if head.identity != self._ours:
            self._ours = self._identity() or b""
            if head.identity != self._ours:
                self._say("the replica is of another database than this process works on, so it is not used")
                return None
        _, before = self._known
        departments = before.departments if before.departments.since == head.departments else Kept(head.departments)
        functions = before.functions if before.functions.since == head.functions else Kept(head.functions)
        seen = Seen(head.state, departments, functions)
        self._known = (value[BEAT_SIZE:], seen)
        return seen

    def _open(self) -> Store | None:
        """Open the replica, unless that was tried a moment ago."""
        if time.monotonic() < self._tried + _AGAIN:
            return None
        self._tried = time.monotonic()
        folder = self._place.current
        try:
            inode = folder.stat().st_ino
            self._store = self._opener(folder)
        except FileNotFoundError:
            self._say(f"there is no replica at {folder}; decisions read the database (govcloud replica keep)")
        except ReplicaError as error:
            self._say(str(error))
        else:
            self._inode, self._said = inode, ""
            # Numbers of another file are other numbers.
            self._known = _NOTHING_SEEN
        return self._store

    def _look_again(self) -> None:
        """Let a file go in whose place there is another one by now: a keeper has built anew."""
        if time.monotonic() < self._tried + _AGAIN:
            return
        self._tried = time.monotonic()
        try:
            moved = self._place.current.stat().st_ino != self._inode
        except FileNotFoundError:
            moved = True
        if moved:
            # Not closed: another thread may be reading. The mapping goes when the last reference does.
            self._store, self._tried = None, 0.0

    def _give_up(self, why: str) -> None:
        self._say(why)
        self._store, self._tried = None, time.monotonic()

    def _say(self, what: str) -> None:
        """Log something once, however many questions meet it."""
        if what != self._said:
            self._said = what
            logger.warning("%s", what)

    def _forget(self) -> None:
        """Start anew in a child process: an environment must not be used on both sides of a fork."""
        self._store, self._tried = None, 0.0
        self._known = _NOTHING_SEEN
