"""``govcloud policy shadow``: let a draft decide beside the policy in force, look at what differs, and end it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import click

from govcloud.authorization.drafting.shadows import MOST_HOURS
from govcloud.authorization.drafting.views import ShadowSample, ShadowView
from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.services import Services

_HOURS = 24


@click.group()
def shadow() -> None:
    """Let a draft decide beside the policy in force, on the questions that are really asked; nothing follows from what it says."""


@shadow.command()
@click.argument("draft_id", type=click.UUID)
@click.option("--hours", type=click.IntRange(1, MOST_HOURS), default=_HOURS, show_default=True, help="after which it ends by itself")
@click.pass_context
def start(context: click.Context, draft_id: UUID, *, hours: int) -> None:
    """Start it with the text that the draft has now; one runs at a time."""
    with platform(context) as services:
        services.drafting.start_shadow(operator(), draft_id, hours)
        found = services.draft_queries.shadow_of(draft_id)
        click.echo(f"runs until {_moment(found.until) if found else '?'}, seen by every process within seconds")


@shadow.command()
@click.argument("draft_id", type=click.UUID)
@click.option(
    "--samples", type=click.IntRange(0), default=20, show_default=True, help="show so many of the questions on which they differed"
)
@click.pass_context
def show(context: click.Context, draft_id: UUID, *, samples: int) -> None:
    """Show what the draft would have answered otherwise: counts by function, and samples with who asked."""
    with platform(context) as services:
        found = _newest(services, draft_id)
        _show_counts(found)
        _show_samples(services, found.samples[:samples])


@shadow.command()
@click.argument("draft_id", type=click.UUID)
@click.pass_context
def end(context: click.Context, draft_id: UUID) -> None:
    """End it; what it found stays."""
    with platform(context) as services:
        if services.drafting.stop_shadow(operator(), draft_id):
            _show_counts(_newest(services, draft_id))
        else:
            click.echo("none is running for this draft")


def _newest(services: Services, draft_id: UUID) -> ShadowView:
    found = services.draft_queries.shadow_of(services.draft_queries.draft(draft_id).id)
    if found is None:
        raise click.ClickException("this draft has never run as a shadow")
    return found


def _show_counts(found: ShadowView) -> None:
    """Print since when it runs, and how often which function was answered otherwise."""
    state = f"ended {_moment(found.ended_at)}" if found.ended_at else f"runs until {_moment(found.until)}"
    click.echo(f"started {_moment(found.started_at)} by {found.started_by}, {state}; text sha-256 {found.checksum[:12]}")
    click.echo(f"{found.checked:,} questions decided twice, {found.different:,} differed; {found.dropped:,} more were not looked at")
    rows = [(item.function, item.live, item.shadow, f"{item.times:,}", _moment(item.last_at)) for item in found.differences]
    if rows:
        show_rows(("function", "in force", "draft", "times", "last"), rows)


def _show_samples(services: Services, samples: Iterable[ShadowSample]) -> None:
    """Print questions on which the two differed, the newest first, with the names of who asked."""
    shown = tuple(samples)
    names = services.identity_queries.official_names({item.official_id for item in shown if item.official_id})
    rows = [
        (
            _moment(item.at),
            names.get(item.official_id, str(item.official_id)) if item.official_id else "",
            item.function,
            item.division or "",
            item.live,
            item.shadow,
        )
        for item in shown
    ]
    if rows:
        click.echo()
        show_rows(("at", "who", "function", "division", "in force", "draft"), rows)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%SZ}"
