"""``govcloud jobs``: the background jobs, in one process; several may run."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType

import click
from flask import current_app

from govcloud.cli.context import platform
from govcloud.jobs.giving_way import give_way
from govcloud.jobs.runner import Runner
from govcloud.jobs.schedule import JOBS


@click.command()
@click.option("--once", is_flag=True, help="Run each job once and exit.")
@click.pass_context
def jobs(context: click.Context, *, once: bool) -> None:
    """Run the background jobs: lapse requests, end sessions, deliver the outbox, seal the audit record.

    SIGTERM and Ctrl-C let the runs under way finish (at most some ten seconds). Exit code 1: a job failed (with --once), or
    failed twenty times in a row.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request would drown everything else
    with platform(context) as services:
        give_way()
        runner = Runner(JOBS, services, current_app._get_current_object().app_context)  # type: ignore[attr-defined]  # noqa: SLF001 - the documented way to hand the application to a thread

        def stop(_signal: int, _frame: FrameType | None) -> None:
            runner.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        well = runner.run_once() if once else runner.run()
    sys.exit(0 if well else 1)
