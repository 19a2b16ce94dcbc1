"""``govcloud policy duties``: which duty gives which role; every change can be looked at first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from govcloud.authorization.rights.duty_inputs import DutyChange, NewDutyRule
from govcloud.authorization.rights.previewing import DutyPreview
from govcloud.authorization.subjects.duties import Duty
from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import APPOINTMENT_KINDS, DEPARTMENT_LEVELS
from govcloud.services import Services

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_PAGE = 200
_MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


@click.group()
def duties() -> None:
    """Let roles follow from duties: list, preview, add and end the rules."""


def _rule_options(command: CommandT) -> CommandT:
    """Add the options that describe a rule."""
    for option in reversed(
        (
            click.option("--label", default="", help="what people see as the cause"),
            click.option("--position", "positions", multiple=True, help="岗位, repeatable; one of them suffices"),
            click.option("--post", "posts", multiple=True, help="职务, repeatable"),
            click.option("--rank", "ranks", multiple=True, help="职级, repeatable"),
            click.option("--kind", "kinds", multiple=True, type=click.Choice(APPOINTMENT_KINDS), help="of the appointment, repeatable"),
            click.option("--level", "levels", multiple=True, type=click.Choice(DEPARTMENT_LEVELS), help="of the department, repeatable"),
            click.option("--line", "lines", multiple=True, help="条线, repeatable"),
            click.option("--department", "uscc", help="unified social credit code: this department and all below it"),
            click.option("--division", help="12 digits: this division and all within it"),
            click.option("--bound", is_flag=True, help="delegate the role over the appointment's own department"),
            click.option("--from", "starts_at", type=_MOMENT, help="with a zone, as 2026-12-01T00:00+0800  [default: at once]"),
            click.option("--until", "ends_at", type=_MOMENT, help="with a zone  [default: open]"),
            click.option("--reason", default="", help="stands in the audit record"),
        )
    ):
        command = option(command)
    return command


@duties.command("list")
@click.option("--role", help="only the rules of this role")
@click.option("--ended", is_flag=True, help="also rules that have ended")
@click.pass_context
def list_all(context: click.Context, *, role: str | None, ended: bool) -> None:
    """List the rules that hold or will hold."""
    with platform(context) as services:
        queries, found, after = services.authorization_queries.duties, list[Duty](), None
        while True:
            page = queries.rules(_PAGE, after, role=role, ended=ended)
            found += page.rows
            after = page.after
            if after is None:
                break
        names = services.identity_queries.departments({duty.criteria.department_id for duty in found if duty.criteria.department_id})
        places = {department: view.name for department, view in names.items()}
        show_rows(("role", "label", "who", "bound", "from", "until", "id"), [_cells(duty, places) for duty in found])


@duties.command()
@click.argument("role_code")
@_rule_options
@click.option("--instead-of", "rule_id", type=click.UUID, help="the rule that this one would replace")
@click.pass_context
def preview(context: click.Context, /, role_code: str, rule_id: UUID | None, **given: Any) -> None:  # noqa: ANN401 - the options of a rule
    """Show who would gain and who would lose ROLE_CODE; changes nothing."""
    with platform(context) as services:
        new = _rule(services, role_code, given)
        _show(services.authorization_queries.duties.preview(DutyChange(new, rule_id), _PAGE))


@duties.command()
@click.argument("role_code")
@_rule_options
@click.option("--instead-of", "rule_id", type=click.UUID, help="the rule that this one replaces")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def add(context: click.Context, /, role_code: str, rule_id: UUID | None, *, yes: bool, **given: Any) -> None:  # noqa: ANN401 - as above
    """Give ROLE_CODE to everybody in an appointment of this description, after showing who that is."""
    with platform(context) as services:
        new = _rule(services, role_code, given)
        _show(services.authorization_queries.duties.preview(DutyChange(new, rule_id)))
        if not yes:
            click.confirm("add this rule?", abort=True)
        if rule_id is None:
            [made] = services.authorization.add_duty_rules(operator(), [new])
        else:
            made = services.authorization.change_duty_rule(operator(), rule_id, new)
        click.echo(f"rule {made}")


@duties.command()
@click.argument("rule_id", type=click.UUID)
@click.option("--reason", required=True, help="stands in the audit record")
@click.option("--at", type=_MOMENT, help="with a zone  [default: at once]")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def end(context: click.Context, rule_id: UUID, *, reason: str, at: datetime | None, yes: bool) -> None:
    """End a rule, after showing who loses the role."""
    with platform(context) as services:
        _show(services.authorization_queries.duties.preview(DutyChange(rule_id=rule_id)))
        if not yes:
            click.confirm("end this rule?", abort=True)
        ended = services.authorization.end_duty_rule(operator(), rule_id, reason, _utc(at))
        click.echo("ended" if ended else "it had ended already")


def _rule(services: Services, role_code: str, given: dict[str, Any]) -> NewDutyRule:
    """Return the rule that the options describe."""
    department_id = None
    if given["uscc"]:
        department = services.identity_queries.department_by_uscc(given["uscc"])
        if department is None:
            raise click.ClickException(f"no department has the unified social credit code {given['uscc']!r}")
        department_id = department.id
    criteria = AppointmentCriteria(
        given["positions"],
        given["posts"],
        given["ranks"],
        given["kinds"],
        given["levels"],
        given["lines"],
        department_id,
        given["division"],
    )
    label = given["label"] or "、".join((*given["lines"], *given["positions"])) or role_code
    return NewDutyRule(
        role_code, label, criteria, given["reason"] or label, given["bound"], _utc(given["starts_at"]), _utc(given["ends_at"])
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _cells(duty: Duty, places: dict[UUID, str]) -> tuple[str, ...]:
    criteria = duty.criteria
    lists = (criteria.positions, criteria.posts, criteria.ranks, criteria.kinds, criteria.levels, criteria.business_lines)
    parts = ["|".join(values) for values in lists if values]
    if criteria.department_id is not None:
        parts.append(f"below {places.get(criteria.department_id, str(criteria.department_id))}")
    if criteria.division_code is not None:
        parts.append(f"within {criteria.division_code}")
    until = f"{duty.ends_at:%Y-%m-%d %H:%M:%SZ}" if duty.ends_at else ""
    bound = "own department" if duty.bound else ""
    return (duty.role_code, duty.label, " & ".join(parts), bound, f"{duty.starts_at:%Y-%m-%d %H:%M:%SZ}", until, str(duty.id))


def _show(found: DutyPreview) -> None:
    """Print who gains and who loses."""
    click.echo(f"{found.role_code}: {found.matching} appointments match, {found.gains} gain the role, {found.losses} lose it")
    rows = [("+", row.name, row.employee_code, row.position, row.department_name) for row in found.gainers.rows]
    rows += [("-", row.name, row.employee_code, row.position, row.department_name) for row in found.losers.rows]
    if rows:
        show_rows(("", "name", "code", "position", "department"), rows)
    left = found.gains + found.losses - len(rows)
    if left:
        click.echo(f"and {left} more")
