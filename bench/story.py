"""The story over HTTP, timed: how soon a revocation is felt, and how long the whole takes (`python -m bench.story`)."""

from __future__ import annotations

import time

import click

from bench._platform import Platform, filled
from bench._rows import Target, finish
from bench._running import say
from govcloud.cli.demo import AUDIT_ADMIN, SENIOR_ADMIN, STAFF
from govcloud.cli.demo.story import STEPS, Account, Stage, playing


@click.command()
@click.option("--quick", is_flag=True, help="Play it once, and keep the last record.")
def main(*, quick: bool) -> None:
    """Play the story on a throw-away platform of 2,000 officials and time it."""
    plays = 1 if quick else 5
    begun = time.monotonic()
    with filled("dev") as place:
        place.serve_all()
        ready = time.monotonic() - begun
        stage = _stage(place)
        played = [_play(stage, number, plays) for number in range(1, plays + 1)]
    rows = place.sheet
    refusal = max(played, key=lambda item: item[1])[1]
    rows.add(f"from the revocation to the refused click, the slowest of {plays}", refusal, "s", Target("<=", 1))
    rows.add(f"the whole story, nine steps over HTTP, the slowest of {plays}", max(whole for whole, _ in played), "s")
    rows.add("from nothing to ready: database, tables, 2,000 officials, platform, jobs, two examples", ready, "s")
    finish("story", rows.rows, quick=quick)


def _stage(place: Platform) -> Stage:
    staff, senior_admin, audit_admin = (Account(login, place.accounts[login].password) for login in (STAFF, SENIOR_ADMIN, AUDIT_ADMIN))
    urls = place.ports.example_urls
    housing, assistance = urls["housing"].rstrip("/"), urls["assistance"].rstrip("/")
    return Stage(place.url, housing, assistance, staff, senior_admin, audit_admin)


def _play(stage: Stage, number: int, plays: int) -> tuple[float, float]:
    """Play every step; return the seconds of the whole, and those from revoke to refusal.

    Raises:
        StoryError: a step does not hold.
    """
    say(f"playing the story, {number} of {plays}")
    begun = time.monotonic()
    with playing(stage) as story:
        for step in STEPS:
            step.play(story)
        return time.monotonic() - begun, story.seconds_to_refusal


if __name__ == "__main__":
    main()
