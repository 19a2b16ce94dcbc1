"""``govcloud people``: find, show, register, disable, restore; duties: ``changes.py``, facts: ``facts.py``, sets: ``people_import.py``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from govcloud.cli.changes import COMMANDS as CHANGES
from govcloud.cli.changes import find
from govcloud.cli.context import operator, platform, secret_line
from govcloud.cli.facts import COMMANDS as FACTS
from govcloud.cli.people_import import COMMANDS as IN_SETS
from govcloud.cli.tables import show as show_rows
from govcloud.identity.inputs import APPOINTMENT_KINDS, NewAppointment, NewOfficial
from govcloud.identity.queries import OfficialView
from govcloud.identity.working_life.orders import Order
from govcloud.identity.working_life.rejoining import JOINED_AGAIN
from govcloud.services import Services

_PAGE = 200


@click.group()
def people() -> None:
    """Find, show, register, disable and restore officials, and change their duties."""


for _command in (*CHANGES, *FACTS, *IN_SETS):
    people.add_command(_command)


@people.command("list")
@click.option("--limit", default=50, show_default=True, help="how many to show at most")
@click.pass_context
def list_all(context: click.Context, limit: int) -> None:
    """List officials in the order of their pinyin."""
    with platform(context) as services:
        _show_found(services, "", limit)


@people.command()
@click.argument("text")
@click.option("--limit", default=50, show_default=True, help="how many to show at most")
@click.pass_context
def search(context: click.Context, text: str, limit: int) -> None:
    """Find officials whose name, pinyin, initials or employee code begins with TEXT."""
    with platform(context) as services:
        _show_found(services, text, limit)


@people.command()
@click.argument("employee_code")
@click.pass_context
def show(context: click.Context, employee_code: str) -> None:
    """Show one official with appointments; personal numbers stay masked."""
    with platform(context) as services:
        official = find(services, employee_code)
        account = services.identity_queries.account_of(official.id)
        facts = (
            ("name", official.name),
            ("employee code", official.employee_code),
            ("status", official.status),
            ("account", f"{account.login} ({account.status})" if account else "none"),
            ("ID number", official.masked_id_number),
            ("phone", official.masked_phone or ""),
            ("rank", official.rank),
            ("staffing", official.staffing_type),
            ("security label", str(official.security_label)),
            ("id", str(official.id)),
        )
        for name, value in facts:
            click.echo(f"{name + ':':<16}{value}")
        click.echo()
        places = services.identity_queries.appointments_of(official.id)
        show_rows(
            ("kind", "department", "office", "post", "position", "until", "appointment id"),
            (
                (
                    view.kind,
                    view.department_name,
                    view.office_name or "",
                    view.post,
                    view.position,
                    view.ends_at.isoformat() if view.ends_at else "",
                    str(view.id),
                )
                for view in places
            ),
        )


@people.command()
@click.option("--code", required=True, help="employee code; it is also the login")
@click.option("--name", required=True)
@click.option("--phone", help="mobile phone number")
@click.option("--rank", default="", help="职级, e.g. 一级科员")
@click.option("--department", "uscc", required=True, help="unified social credit code of the department")
@click.option("--position", required=True, help="岗位, e.g. 窗口受理员")
@click.option("--post", default="", help="职务, e.g. 科员")
@click.option("--kind", type=click.Choice(APPOINTMENT_KINDS), default="primary", show_default=True)
@click.option("--issue-password", is_flag=True, help="also issue a password and print it this once")
@click.pass_context
def register(
    context: click.Context,
    *,
    code: str,
    name: str,
    phone: str | None,
    rank: str,
    uscc: str,
    position: str,
    post: str,
    kind: str,
    issue_password: bool,
) -> None:
    """Register one official, or let one who left come back; the ID number is asked for or read from standard input, never an option."""
    id_number = secret_line("ID number")
    with platform(context) as services:
        department = services.identity_queries.department_by_uscc(uscc)
        if department is None:
            raise click.ClickException(f"no department has the unified social credit code {uscc!r}")
        place = NewAppointment(department.id, position, post, kind)
        official = NewOfficial(code, name, id_number, phone, rank, appointments=(place,))
        joined = services.identity.join(operator(), official, Order(JOINED_AGAIN))
        account = services.identity_queries.account_of(joined.official_id)
        done = "rejoined, under the account of then:" if joined.again else "registered"
        click.echo(f"{done} {name}, login {account.login if account else code}")
        if issue_password and account:
            click.echo(f"password (shown this once): {services.signon.issue_password(operator(), account.id)}")


@people.command()
@click.argument("employee_code")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def disable(context: click.Context, employee_code: str, reason: str) -> None:
    """Stop an official from acting: sessions and grants end at once."""
    with platform(context) as services:
        official = find(services, employee_code)
        services.identity.disable_official(operator(), official.id, reason)
        click.echo(f"disabled {official.name} ({official.employee_code})")


@people.command()
@click.argument("employee_code")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def restore(context: click.Context, employee_code: str, reason: str) -> None:
    """Let a disabled official act again; sessions and grants that ended stay ended."""
    with platform(context) as services:
        official = find(services, employee_code)
        services.identity.restore_official(operator(), official.id, reason)
        click.echo(f"restored {official.name} ({official.employee_code})")


@people.command("reset-second-factor")
@click.argument("employee_code")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def reset_second_factor(context: click.Context, employee_code: str, reason: str) -> None:
    """Take away the second factor of somebody who lost it: app and recovery codes are worth nothing, sessions end."""
    with platform(context) as services:
        official = find(services, employee_code)
        services.second_factors.reset(operator(), official.id, reason)
        click.echo(f"reset the second factor of {official.name} ({official.employee_code})")


def _show_found(services: Services, text: str, limit: int) -> None:
    found = list(_found(services, text, limit))
    if not found:
        click.echo(
            f"no official's name, pinyin, initials or employee code begins with {text!r}" if text else "no official is registered yet"
        )
        return
    headings = ("code", "name", "pinyin", "status", "rank", "ID number", "phone")
    show_rows(
        headings,
        ((row.employee_code, row.name, row.pinyin, row.status, row.rank, row.masked_id_number, row.masked_phone or "") for row in found),
    )


def _found(services: Services, text: str, limit: int) -> Iterator[OfficialView]:
    """Go through the pages of a search until ``limit`` officials were found."""
    after: str | None = None
    while limit > 0:
        page = services.identity_queries.search_officials(text, min(limit, _PAGE), after)
        yield from page.rows
        limit -= len(page.rows)
        after = page.after
        if after is None:
            return
