"""The platform's own jobs, on the platform: they may do what they do, and their work is done."""

from __future__ import annotations

import threading
from datetime import timedelta

from flask import Flask

from govcloud.jobs.runner import Runner
from govcloud.jobs.schedule import JOBS
from govcloud.services import Services


def test_every_job_runs_on_an_idle_platform(app: Flask, services: Services) -> None:
    assert Runner(JOBS, services, app.app_context).run_once()


def test_every_job_has_a_name_of_its_own_and_a_pace() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    assert all(job.every > timedelta(0) for job in JOBS)


def test_two_processes_may_run_the_jobs_at_once(app: Flask, services: Services) -> None:
    runners = [Runner(JOBS, services, app.app_context) for _ in range(2)]
    outcomes: list[bool] = []
    threads = [threading.Thread(target=lambda one=one: outcomes.append(one.run_once())) for one in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True, True]
    assert services.audit_queries.waiting() == 0


def test_what_happened_is_sealed(app: Flask, services: Services) -> None:
    assert services.audit_queries.waiting() > 0  # the signing key's creation, at least
    assert Runner(JOBS, services, app.app_context).run_once()
    assert services.audit_queries.waiting() == 0
    checkpoint = services.audit_queries.newest_checkpoint()
    assert checkpoint is not None
    assert checkpoint.size > 0


def test_a_job_without_work_does_nothing(app: Flask, services: Services) -> None:
    assert Runner(JOBS, services, app.app_context).run_once()
    assert {job.name: job.run(services) for job in JOBS} == dict.fromkeys((job.name for job in JOBS), 0)
