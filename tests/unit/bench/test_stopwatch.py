"""The stopwatch's second hand: it counts the work of the processes that it was given, and of no others."""

from __future__ import annotations

import os
import subprocess
import sys

from bench._stopwatch import Stopwatch, group_of


def test_work_is_counted_of_the_processes_that_answer() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        own, other = Stopwatch([os.getpid()]), Stopwatch([sleeper.pid])
        assert own.lap(lambda: sum(range(1_000_000))).work > 0
        assert other.lap(lambda: None).clock > 0
    finally:
        sleeper.communicate(b"\n")
    assert other.lap(lambda: None).work == 0


def test_a_group_has_its_processes() -> None:
    assert os.getpid() in group_of(os.getpgrp())
