"""The part of ``govcloud people`` that changes duties: moves, terms, suspension, leaving and coming back, and what is planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_named, department_of
from govcloud.cli.tables import show as show_rows
from govcloud.identity.finding.reach import EVERYWHERE, Reach
from govcloud.identity.inputs import NewAppointment
from govcloud.identity.queries import OfficialView, Planned
from govcloud.identity.working_life.orders import MOST_HANDOVER_DAYS, PLANNABLE, Duty, Order, Recorded
from govcloud.services import Services

CHINA = ZoneInfo("Asia/Shanghai")
_KINDS = ("concurrent", "attachment", "secondment")


class Moment(click.ParamType[datetime]):
    """A date (midnight in China) or a moment with its zone."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - click's signature
        """Return the moment; a text without zone is China Standard Time."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a date (2026-12-01) nor a moment (2026-12-01T09:00:00+08:00)", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=CHINA)


_AT = click.option("--at", type=Moment(), help="from when it holds: a date (midnight in China) or a moment; by default at once")
_REASON = click.option("--reason", required=True, help="stands in the audit record")
_PLACE = (
    click.option("--department", "uscc", required=True, help="unified social credit code of the department"),
    click.option("--position", required=True, help="岗位, e.g. 窗口受理员"),
    click.option("--post", default="", help="职务, e.g. 科员"),
)


def _place(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a place."""
    for option in reversed(_PLACE):
        command = option(command)
    return command


@click.command()
@click.argument("employee_code")
@_place
@click.option("--handover-days", type=click.IntRange(0, MOST_HANDOVER_DAYS), default=0, show_default=True, help="the old place still holds")
@_AT
@_REASON
@click.pass_context
def transfer(
    context: click.Context, *, employee_code: str, uscc: str, position: str, post: str, handover_days: int, at: datetime | None, reason: str
) -> None:
    """Move an official to another primary appointment (调动)."""
    with platform(context) as services:
        official = find(services, employee_code)
        duty = Duty(department_of(services, uscc), position, post)
        done = services.identity.transfer(operator(), official.id, duty, Order(reason, at), handover_days=handover_days)
        _say("transferred", official, done)


@click.command()
@click.argument("employee_code")
@click.option("--kind", type=click.Choice(_KINDS), required=True)
@_place
@click.option("--until", type=Moment(), help="end of the term; an attachment or secondment needs one")
@_AT
@_REASON
@click.pass_context
def appoint(
    context: click.Context,
    *,
    employee_code: str,
    kind: str,
    uscc: str,
    position: str,
    post: str,
    until: datetime | None,
    at: datetime | None,
    reason: str,
) -> None:
    """Give an official another place beside the present ones (兼职, 挂职, 借调)."""
    with platform(context) as services:
        official = find(services, employee_code)
        duty = Duty(department_of(services, uscc), position, post, ends_at=until)
        identity = services.identity
        give = {"concurrent": identity.concurrent, "attachment": identity.attach, "secondment": identity.second}[kind]
        _say(f"appointed ({kind})", official, give(operator(), official.id, duty, Order(reason, at)))


@click.command()
@click.argument("employee_code")
@_AT
@_REASON
@click.pass_context
def suspend(context: click.Context, employee_code: str, at: datetime | None, reason: str) -> None:
    """Stop an official from acting until reinstated (停职)."""
    with platform(context) as services:
        official = find(services, employee_code)
        _say("suspended", official, services.identity.suspend(operator(), official.id, Order(reason, at)))


@click.command()
@click.argument("employee_code")
@_AT
@_REASON
@click.pass_context
def reinstate(context: click.Context, employee_code: str, at: datetime | None, reason: str) -> None:
    """Let a suspended official act again (复职)."""
    with platform(context) as services:
        official = find(services, employee_code)
        _say("reinstated", official, services.identity.reinstate(operator(), official.id, Order(reason, at)))


@click.command()
@click.argument("employee_code")
@_AT
@_REASON
@click.pass_context
def leave(context: click.Context, employee_code: str, at: datetime | None, reason: str) -> None:
    """End all of an official's duties (离职): appointments, sessions, grants and direct roles."""
    with platform(context) as services:
        official = find(services, employee_code)
        _say("left", official, services.identity.leave(operator(), official.id, Order(reason, at)))


@click.command("undo-leave")
@click.argument("employee_code")
@_REASON
@click.pass_context
def undo_leave(context: click.Context, employee_code: str, reason: str) -> None:
    """Undo a leave that was a mistake; sessions and temporary grants stay ended."""
    with platform(context) as services:
        official = find(services, employee_code)
        services.identity.undo_leave(operator(), official.id, reason)
        click.echo(f"undone: {official.name} ({official.employee_code}) goes on as before the leave")
        undone = [change.id for change in services.identity_queries.changes_of(official.id) if change.state == "undone"]
        for withheld in services.authorization_queries.withheld_of(official.id, undone):
            click.echo(f"not given back, as separation of duty keeps it apart from what is held: {withheld.role_code}")


@click.command()
@click.argument("employee_code")
@_place
@_AT
@_REASON
@click.pass_context
def rejoin(context: click.Context, *, employee_code: str, uscc: str, position: str, post: str, at: datetime | None, reason: str) -> None:
    """Let an official who left come back (重新入职): same account, new appointment, nothing of what ended.

    The password has to be set anew: issue an activation code once the official may sign in.
    """
    with platform(context) as services:
        official = find(services, employee_code)
        place = NewAppointment(department_of(services, uscc), position, post)
        _say("rejoined", official, services.identity.rejoin(operator(), official.id, [place], Order(reason, at)))


@click.command()
@click.argument("employee_code", required=False)
@click.option("--kind", type=click.Choice(PLANNABLE), help="only changes of this kind")
@click.option("--department", "uscc", help="credit code: only people of this department and below it")
@click.option("--since", type=Moment(), help="effective on this date or later")
@click.option("--until", type=Moment(), help="effective before this date")
@click.option("--limit", default=50, show_default=True, help="how many to show at most")
@click.pass_context
def planned(
    context: click.Context,
    *,
    employee_code: str | None,
    kind: str | None,
    uscc: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> None:
    """List the changes that lie ahead, of one official or of all, the next one first."""
    with platform(context) as services:
        official_id = find(services, employee_code).id if employee_code else None
        reach = Reach((department_named(services, uscc).path,)) if uscc else EVERYWHERE
        wanted = Planned(kind or "", since, until)
        found = services.identity_queries.planned_changes(official_id, reach=reach, wanted=wanted, limit=limit)
        if not found:
            click.echo("nothing is planned")
            return
        headings = ("change id", "code", "name", "kind", "from", "department", "position", "reason")
        show_rows(
            headings,
            (
                (
                    str(item.id),
                    item.employee_code,
                    item.official_name,
                    item.kind,
                    item.effective_at.astimezone(CHINA).isoformat(),
                    item.department_name or "",
                    item.position or "",
                    item.reason,
                )
                for item in found
            ),
        )


@click.command()
@click.argument("change_id", type=click.UUID)
@_REASON
@click.pass_context
def cancel(context: click.Context, change_id: UUID, reason: str) -> None:
    """Cancel a planned change; its id stands in `govcloud people planned`."""
    with platform(context) as services:
        services.identity.cancel_change(operator(), change_id, reason)
        click.echo(f"cancelled {change_id}")


COMMANDS = (transfer, appoint, suspend, reinstate, leave, undo_leave, rejoin, planned, cancel)


def find(services: Services, employee_code: str) -> OfficialView:
    """Return an official by employee code.

    Raises:
        ClickException: there is none.
    """
    official = services.identity_queries.official_by_code(employee_code)
    if official is None:
        raise click.ClickException(f"no official has the employee code {employee_code!r}; try: govcloud people search")
    return official


def _say(what: str, official: OfficialView, done: Recorded) -> None:
    who = f"{official.name} ({official.employee_code})"
    if done.planned:
        at = done.effective_at.astimezone(CHINA).isoformat()
        click.echo(f"planned for {at}: {what} {who}; change id {done.change_id}, to cancel: govcloud people cancel {done.change_id}")
    else:
        click.echo(f"{what} {who}")
