"""The head of a replica: whose it is, when its keeper was last there, and which change it has come to.

It is written in the transaction of whatever it says, and read in the one in which a question is answered, so the three are never
mixed up with contents of another moment.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from govcloud.authorization.deciding.facts import PolicyState

_BOOT = Path("/proc/sys/kernel/random/boot_id")
#: Heartbeat; identity of the database; epoch, instant of that change, last change of departments and of the catalogue, duty state, whether
#: there is a policy and which.
LAYOUT = struct.Struct("<q32sqqqqq?16s")
_BEAT = struct.Struct("<q")
#: What follows the heartbeat is compared as bytes: it says the same for as long as nothing changes.
BEAT_SIZE = _BEAT.size
HEAD = b"head"


@dataclass(frozen=True, slots=True)
class Head:
    """What a replica says of itself.

    ``beat`` is the moment (``now_ns``) before which every change that had been committed is in here. ``identity`` names the database.
    ``tail`` is the instant of the change ``state.epoch``, by which a database that was put back to an earlier state is recognised.
    ``departments`` and ``functions`` are the changes that last wrote into these tables: until they are others, what was read there holds.
    """

    beat: int
    identity: bytes
    state: PolicyState
    tail: int
    departments: int = 0
    functions: int = 0

    def pack(self) -> bytes:
        """Return the head as bytes."""
        version = self.state.version_id
        known = b"\0" * 16 if version is None else version.bytes
        written = (self.state.epoch, self.tail, self.departments, self.functions, self.state.duties)
        return LAYOUT.pack(self.beat, self.identity, *written, version is not None, known)

    @classmethod
    def unpack(cls, value: bytes | memoryview) -> Head:
        """Read what ``pack`` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            beat, identity, epoch, tail, departments, functions, duties, installed, version = LAYOUT.unpack(value)
        except struct.error as error:
            raise ValueError("not the head of a replica") from error
        state = PolicyState(UUID(bytes=version) if installed else None, epoch, duties)
        return cls(beat, identity, state, tail, departments, functions)


def beat_of(value: memoryview) -> int:
    """Return the heartbeat alone, of a head as ``pack`` wrote it."""
    found: int = _BEAT.unpack_from(value)[0]
    return found


def now_ns() -> int:
    """Return the nanoseconds since the machine was started, the time that it slept included; the same for all of its processes.

    Not ``CLOCK_MONOTONIC``, which stands still while a machine is suspended: a replica would then seem fresh when it wakes up.
    """
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@lru_cache(1)
def boot() -> str:
    """Return the id of this start of the machine, as hexadecimal digits."""
    return _BOOT.read_text(encoding="ascii").strip().replace("-", "")
