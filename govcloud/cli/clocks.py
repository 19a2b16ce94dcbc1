"""``govcloud clocks``: the rules of the clock that runs on departments, and the working calendar."""

from __future__ import annotations

from pathlib import Path

import click

from govcloud.authorization.around.calendar_days import CalendarChange
from govcloud.cli.context import operator, platform
from govcloud.cli.rulebooks import set_rules, show_rules
from govcloud.cli.tables import show as show_rows


@click.group()
def clocks() -> None:
    """Set within how many working hours departments answer, and import the working calendar."""


@clocks.command()
@click.pass_context
def show(context: click.Context) -> None:
    """Show the rules that hold."""
    with platform(context) as services:
        show_rules(services.clock_policies)


@clocks.command("set")
@click.argument("rules", nargs=-1, required=True, metavar="RULE=VALUE...")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def change(context: click.Context, *, rules: tuple[str, ...], reason: str) -> None:
    """Change rules for lines placed from now on, as in: govcloud clocks set one_hours=20 --reason '…'."""
    with platform(context) as services:
        set_rules(services.clock_policies, rules, reason)


@clocks.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="stands in the audit record")
@click.option("--yes", is_flag=True, help="import; without it only what would change is shown")
@click.pass_context
def calendar(context: click.Context, *, file: Path, reason: str, yes: bool) -> None:
    """Import the days of FILE (date,day,name; day is holiday or workday); shows what would change unless --yes."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    with platform(context) as services:
        change = services.calendars.import_days(operator(), text, reason) if yes else services.calendars.preview(text)
        _tell(change)
        click.echo("imported; running processes go by it within half a minute" if yes else "nothing imported yet: add --yes and --reason")


def _tell(change: CalendarChange) -> None:
    years = ", ".join(f"{year} (new)" if year in change.new_years else str(year) for year in change.years) or "single days"
    click.echo(f"years: {years}")
    show_rows(("day", "now", "name"), ((str(item.day), "worked" if item.works else "off", item.name or "—") for item in change.days))
