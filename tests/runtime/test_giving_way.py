"""The jobs stand back behind the platform, as a process of its own session that Linux may group, and where they were told to already."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from govcloud.jobs.giving_way import NICENESS

_SAY = """
import json, os, pathlib
from govcloud.jobs.giving_way import give_way
os.nice({before})
give_way()
group = pathlib.Path("/proc/self/autogroup")
print(json.dumps([os.getpriority(os.PRIO_PROCESS, 0), group.read_text() if group.exists() else None]))
"""


def standing(before: int, *, leading: bool) -> tuple[int, str | None]:
    """Return how far a process stands back that began at ``before``, and what Linux says of its session."""
    command = [sys.executable, "-c", _SAY.format(before=before)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, start_new_session=leading)
    niceness, group = json.loads(done.stdout)
    return niceness, group


def test_the_jobs_stand_back_in_their_session_and_with_it() -> None:
    niceness, group = standing(0, leading=True)
    assert niceness == NICENESS
    assert group is None or group.split()[-1] == str(NICENESS)


def test_a_session_that_others_share_stays_as_it_is() -> None:
    mine = Path("/proc/self/autogroup")
    before = mine.read_text(encoding="ascii") if mine.exists() else None
    assert standing(0, leading=False) == (NICENESS, before)


def test_who_was_told_to_stand_back_does_not_do_it_twice() -> None:
    niceness, group = standing(NICENESS + 2, leading=True)
    assert niceness == NICENESS + 2
    assert group is None or group.split()[-1] == "0"
