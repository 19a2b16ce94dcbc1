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
group = pathlib.Path("/proc/self/autogroup")
before = os.nice({more})
give_way()
told = group.read_text().split() if group.exists() else []
print(json.dumps([before, os.getpriority(os.PRIO_PROCESS, 0), told[-1] if told else None]))
"""
_GROUP = Path("/proc/self/autogroup")


def group_of_this_session() -> str | None:
    """Return how far this session stands back; nothing where Linux does not group, or did not when it began (the file is empty)."""
    told = _GROUP.read_text(encoding="ascii").split() if _GROUP.exists() else []
    return told[-1] if told else None


def standing(more: int, *, leading: bool) -> tuple[int, int, str | None]:
    """Return how far a process stood back before it gave way and after, and how far its session does; it begins ``more`` behind us."""
    command = [sys.executable, "-c", _SAY.format(more=more)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, start_new_session=leading)
    before, after, group = json.loads(done.stdout)
    return before, after, group


def test_the_jobs_stand_back_in_their_session_and_with_it() -> None:
    before, after, group = standing(0, leading=True)
    assert after == max(before, NICENESS)
    assert group in {None, str(NICENESS) if before < NICENESS else "0"}


def test_a_session_that_others_share_stays_as_it_is() -> None:
    before, after, group = standing(0, leading=False)
    assert (after, group) == (max(before, NICENESS), group_of_this_session())


def test_who_was_told_to_stand_back_does_not_do_it_twice() -> None:
    before, after, group = standing(NICENESS + 2, leading=True)
    assert before >= NICENESS + 2
    assert after == before
    assert group in {None, "0"}
