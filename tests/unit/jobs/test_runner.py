"""The runner: each job at its own pace, failures loud and apart, a clean stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import pytest

from govcloud.jobs import runner as runner_module
from govcloud.jobs.job import Job, told_to_stop
from govcloud.jobs.runner import Runner
from govcloud.services import Services

NO_PLATFORM = object.__new__(Services)  # these jobs do not look into it
OFTEN = timedelta(milliseconds=1)


def job(run: Callable[[], int], name: str = "work", every: timedelta = OFTEN) -> Job:
    return Job(name, every, lambda services: run())


def runner(*jobs: Job) -> Runner:
    return Runner(jobs, NO_PLATFORM, nullcontext)


def failing() -> int:
    raise RuntimeError("the receiver is on fire")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after three failures, with hardly a pause between."""
    monkeypatch.setattr(runner_module, "GIVE_UP_AFTER", 3)
    monkeypatch.setattr(runner_module, "LONGEST_PAUSE", 0.001)


def test_once_runs_each_job_once_in_order() -> None:
    ran: list[str] = []
    jobs = [job(lambda name=name: ran.append(name) or 1, name) for name in ("first", "second", "last")]  # type: ignore[misc,func-returns-value]
    assert runner(*jobs).run_once()
    assert ran == ["first", "second", "last"]


def test_once_says_when_a_job_failed_and_still_runs_the_others(caplog: pytest.LogCaptureFixture) -> None:
    ran = threading.Event()
    assert not runner(job(failing, "burning"), job(lambda: ran.set() or 0)).run_once()  # type: ignore[func-returns-value]
    assert ran.is_set()
    assert "burning failed (1 in a row)" in caplog.text
    assert "the receiver is on fire" in caplog.text
    assert "Traceback" in caplog.text


def test_jobs_run_again_and_again_until_the_stop() -> None:
    enough = threading.Event()
    runs: list[float] = []

    def work() -> int:
        runs.append(time.monotonic())
        if len(runs) == 3:
            enough.set()
        return 1

    under_test = runner(job(work))

    def stop() -> None:
        enough.wait(10)
        under_test.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert under_test.run()
    stopper.join()
    assert len(runs) >= 3


def test_a_slow_job_holds_up_nobody_and_is_finished_at_the_stop() -> None:
    fast: list[int] = []
    finished = threading.Event()
    started = threading.Event()

    def slow() -> int:
        started.set()
        while len(fast) < 3:
            time.sleep(0.01)
        under_test.stop()
        time.sleep(0.05)
        finished.set()
        return 1

    under_test = runner(job(slow, "slow"), job(lambda: fast.append(1) or 1, "fast"))  # type: ignore[func-returns-value]
    assert under_test.run()
    assert started.is_set()
    assert finished.is_set()


def test_one_run_at_a_time_of_each_job() -> None:
    at_work = threading.Lock()
    runs: list[int] = []

    def work() -> int:
        assert at_work.acquire(blocking=False)
        time.sleep(0.05)
        at_work.release()
        runs.append(1)
        if len(runs) == 3:
            under_test.stop()
        return 1

    under_test = runner(job(work))
    assert under_test.run()
    assert under_test.run_once()


@pytest.mark.usefixtures("impatient")
def test_a_job_that_keeps_failing_ends_the_process_with_an_error(caplog: pytest.LogCaptureFixture) -> None:
    worked: list[int] = []
    assert not runner(job(failing, "burning"), job(lambda: worked.append(1) or 1)).run()  # type: ignore[func-returns-value]
    assert "burning failed (3 in a row)" in caplog.text
    assert worked


@pytest.mark.usefixtures("impatient")
def test_a_job_that_recovers_starts_counting_anew(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = [failing, failing, lambda: 1, failing, failing]

    def work() -> int:
        if outcomes:
            return outcomes.pop(0)()
        under_test.stop()
        return 1

    under_test = runner(job(work))
    with caplog.at_level(logging.INFO):
        assert under_test.run()
    assert "2 in a row" in caplog.text
    assert "3 in a row" not in caplog.text
    assert "work: 1 done" in caplog.text


def test_pauses_double_up_to_a_minute() -> None:
    slot = runner_module._Slot(job(failing, every=timedelta(milliseconds=100)), 0.0)
    pauses = []
    for slot.failures in (0, 1, 2, 9, 10, 1000):
        pauses.append(runner_module._pause(slot))
    assert pauses == [0.1, 0.2, 0.4, 51.2, 60.0, 60.0]
    hourly = runner_module._Slot(job(failing, every=timedelta(hours=1)), 0.0, failures=5)
    assert runner_module._pause(hourly) == 3600.0


def test_a_long_run_hears_that_the_jobs_were_told_to_stop() -> None:
    heard: list[bool] = []

    def long() -> int:
        heard.append(told_to_stop())
        under_way.stop()
        heard.append(told_to_stop())
        return 0

    under_way = runner(job(long))
    assert under_way.run()
    assert heard == [False, True]
    assert not told_to_stop()
