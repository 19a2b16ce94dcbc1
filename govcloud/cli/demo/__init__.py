"""``govcloud demo --story``: the product in one minute, over HTTP only, against a platform made for the occasion."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govcloud.cli.demo.browser import StoryError
from govcloud.cli.demo.story import STEPS, Account, Stage, playing
from govcloud.cli.stack import ROOT, Ports, free_ports, stack, start_platform

if TYPE_CHECKING:
    from govcloud.cli.seed.report import SeedReport

STAFF = "WANGFANG"
SENIOR_ADMIN = "LIQIANG"
AUDIT_ADMIN = "ZHENGGUOHUA"
_VERIFY_SECONDS = 60


@click.command()
@click.option("--story", is_flag=True, help="Play the story step by step and stop at the first step that does not hold.")
@click.option("--logs", type=click.Path(file_okay=False, path_type=Path), help="Keep the processes' output in this folder.")
@click.pass_context
def demo(context: click.Context, *, story: bool, logs: Path | None) -> None:
    """Show the product on a throw-away platform: free ports, a fresh database, nothing left behind."""
    if not story:
        raise click.UsageError("say what to show: --story")
    # Imported here so that --help answers at once.
    from govcloud.kernel.crypto import create_master_key  # noqa: PLC0415
    from govcloud.kernel.embedded_postgres import throw_away  # noqa: PLC0415

    begun = time.monotonic()
    with throw_away() as addresses, tempfile.TemporaryDirectory(prefix="govcloud-story-") as folder, stack(logs) as running:
        key = Path(folder) / "master.key"
        create_master_key(key)
        ports = free_ports()
        environment = {
            "DATABASE_URL": addresses.app_url,
            "DATABASE_OWNER_URL": addresses.owner_url,
            "GOVCLOUD_MASTER_KEY_FILE": str(key),
            "GOVCLOUD_PUBLIC_URL": ports.platform_url,
            "GOVCLOUD_ENVIRONMENT": "test",
        }
        os.environ.update(environment)
        report = _prepare(context, addresses.owner_url, addresses.app_url, ports)
        start_platform(running, ports, environment, report.client_secrets, workers=1)
        _say(f"platform {ports.platform_url}, ready after {time.monotonic() - begun:.1f} s")
        seconds = _play(_stage(report, ports))
        _verify(environment)
    click.echo(f"seconds from revoke to refusal: {seconds:.3f}")


def _prepare(context: click.Context, owner_url: str, app_url: str, ports: Ports) -> SeedReport:
    """Make the tables, the keys and the province."""
    from govcloud.cli.context import operator, platform  # noqa: PLC0415 - only when the story runs
    from govcloud.cli.seed.loader import seed  # noqa: PLC0415
    from govcloud.kernel import schema  # noqa: PLC0415
    from govcloud.kernel.provisioning import role_of  # noqa: PLC0415

    _say("making the tables")
    schema.upgrade(owner_url, role_of(app_url))
    _say("making a province of 2,000 officials")
    with platform(context) as services:
        services.key_rotation.ensure(operator())
        with click.progressbar(length=100, label="  ", show_eta=False, file=sys.stderr) as bar:
            shares: dict[str, float] = {}

            def progress(stage: str, done: int, total: int) -> None:
                # Officials are nine tenths of the work.
                shares[stage] = (90 if stage == "officials" else 2) * done / max(total, 1)
                bar.update(max(0, int(sum(shares.values())) - bar.pos))

            return seed(services, "dev", progress=progress, launch_urls=ports.example_urls)


def _stage(report: SeedReport, ports: Ports) -> Stage:
    accounts = {item.login: Account(item.login, item.password) for item in report.sample_accounts}
    urls = ports.example_urls
    return Stage(
        platform=ports.platform_url,
        housing=urls["housing"].rstrip("/"),
        assistance=urls["assistance"].rstrip("/"),
        staff=accounts[STAFF],
        senior_admin=accounts[SENIOR_ADMIN],
        audit_admin=accounts[AUDIT_ADMIN],
    )


def _play(stage: Stage) -> float:
    """Play every step; return the seconds from revoke to refusal.

    Raises:
        ClickException: a step does not hold.
    """
    with playing(stage) as story:
        for number, step in enumerate(STEPS, start=1):
            begun = time.monotonic()
            try:
                seen = step.play(story)
            except StoryError as error:
                raise click.ClickException(f"step {number} does not hold ({step.english}): {error}") from error
            click.echo(f"{number}. {step.chinese} · {step.english}")
            click.echo(f"   {seen}  ({time.monotonic() - begun:.2f} s)")
        return story.seconds_to_refusal


def _verify(environment: Mapping[str, str]) -> None:
    """Run ``govcloud audit verify`` as an operator would.

    Raises:
        ClickException: the record does not verify.
    """
    command = [sys.executable, "-m", "govcloud", "audit", "verify"]
    result = subprocess.run(  # noqa: S603 - our own program
        command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, timeout=_VERIFY_SECONDS, check=False
    )
    if result.returncode != 0:
        raise click.ClickException(f"govcloud audit verify: {result.stdout}{result.stderr}")
    click.echo(f"{len(STEPS) + 1}. 审计记录经核验未被改动 · govcloud audit verify finds the record intact")
    click.echo(f"   {' '.join(result.stdout.split())}")


def _say(text: str) -> None:
    click.echo(f"· {text}", err=True)
