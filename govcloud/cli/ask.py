"""``govcloud ask``: may somebody use something, what may they use, who may use it, why, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from ipaddress import ip_address
from typing import Any, TypeVar
from uuid import UUID

import click

from govcloud.authorization.answers.entries import FunctionEntry, PersonEntry
from govcloud.authorization.answers.explanation import Explanation
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.answers.typed import attributes
from govcloud.authorization.decision_log.reading import LogAsked, LogCursor, LogEntry
from govcloud.cli.answer_words import json_text, remedy_line, rule_cells, when
from govcloud.cli.changes import Moment, find
from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_named
from govcloud.cli.tables import show as show_rows
from govcloud.identity.queries import Subject
from govcloud.services import Services

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_PAGE = 500
_AS_OF = click.option("--as-of", "at", type=Moment(), help="a date (midnight in China) or a moment  [default: now]")
_JSON = click.option("--json", "as_json", is_flag=True, help="one JSON value, for programs")
_UNDER = click.option("--under", "uscc", help="credit code of the department of the appointment  [default: the primary one]")


class _Address(click.ParamType[str]):
    """An address of version 4 or 6."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as the platform writes it."""
        try:
            return str(ip_address(value))
        except ValueError:
            self.fail(f"{value!r} is not an address such as 10.1.2.3", param, ctx)


@click.group()
def ask() -> None:
    """Ask who may do what, and why: now, or as of a date."""


def _question(command: CommandT) -> CommandT:
    """Add what a question says of what is acted on and of the circumstances."""
    given = click.option("--resource", multiple=True, metavar="NAME=VALUE", help="an attribute of what is acted on, repeatable")
    around = click.option("--context", "circumstances", multiple=True, metavar="NAME=VALUE", help="an attribute of the request, repeatable")
    place = click.option("--from", "address", type=_Address(), help="the address that it is used from, for rules on network zones")
    return given(around(place(command)))


@ask.command()
@click.argument("employee_code")
@click.argument("function")
@_UNDER
@_question
@_AS_OF
@_JSON
@click.pass_context
def check(context: click.Context, /, employee_code: str, function: str, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Say whether an official may use FUNCTION; the exit code is 0 for yes and 3 for no."""
    with platform(context) as services:
        found = _explained(services, employee_code, function, given)
        if given["as_json"]:
            click.echo(
                json_text(
                    {"allowed": found.decision.allowed, "reason": found.decision.code, "state": found.state, "missing": found.missing}
                )
            )
        else:
            click.echo(f"{'yes' if found.decision.allowed else 'no'}: {found.decision.message}")
    if not found.decision.allowed:
        context.exit(3)


@ask.command()
@click.argument("employee_code")
@click.argument("function")
@_UNDER
@_question
@_AS_OF
@click.option("--policy", "number", type=click.IntRange(min=1), help="by another installed version  [default: the one in force then]")
@click.option("--draft", "draft_id", type=click.UUID, help="by a draft, which decides nothing yet")
@_JSON
@click.pass_context
def explain(context: click.Context, /, employee_code: str, function: str, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Say why an official may, or may not, use FUNCTION: what is behind a yes, what would mend a no, every rule about it."""
    with platform(context) as services:
        found = _explained(services, employee_code, function, given)
        if given["as_json"]:
            click.echo(json_text({"draft_id": given["draft_id"]} | {field.name: getattr(found, field.name) for field in fields(found)}))
            return
        by = f"policy {found.policy}" if given["draft_id"] is None else _draft_words(services, given["draft_id"])
        click.echo(f"{'yes' if found.decision.allowed else 'no'}: {found.decision.message} ({found.decision.code}, {by})")
        if found.missing:
            click.echo(f"undetermined without: {', '.join(found.missing)}")
        for cause in found.causes:
            role = f" {cause.held_role}" if cause.held_role else ""
            click.echo(f"  because of {cause.kind}{role}: {cause.because or cause.rule} until {when(cause.ends_at) or 'further notice'}")
        for remedy in found.remedies:
            click.echo(f"  would mend it: {remedy_line(services, remedy)}")
        show_rows(
            ("rule", "role", "effect", "matched", "held", "rows", "kept", "condition", "missing"),
            (rule_cells(item) for item in found.considered),
        )


@ask.command()
@click.argument("employee_code")
@click.argument("subsystem")
@_UNDER
@_question
@_AS_OF
@_JSON
@click.pass_context
def functions(context: click.Context, /, employee_code: str, subsystem: str, **given: Any) -> None:  # noqa: ANN401 - the options above
    """List the functions of SUBSYSTEM that an official may use."""
    with platform(context) as services:
        official_id, appointment_id = _subject(services, employee_code, given["uscc"], given["at"])
        asked = _asked("", given)
        rows: list[FunctionEntry] = []
        after: str | None = None
        while True:
            page = services.authorization_queries.answers.list_functions(
                official_id,
                appointment_id,
                subsystem,
                asked.resource,
                asked.context,
                at=given["at"],
                client_address=asked.client_address,
                after=after,
            )
            rows += page.rows
            after = page.after
            if after is None:
                break
        if given["as_json"]:
            click.echo(json_text([entry._asdict() for entry in rows]))
        else:
            show_rows(("function", "name", "state", "missing"), ((row.id, row.name, row.state, " ".join(row.missing)) for row in rows))


@ask.command()
@click.argument("function")
@click.option("--department", help="credit code: only appointments there and below")
@click.option("--limit", type=click.IntRange(min=1), default=_PAGE, show_default=True, help="how many people at most")
@_question
@_AS_OF
@_JSON
@click.pass_context
def people(context: click.Context, /, function: str, department: str | None, limit: int, **given: Any) -> None:  # noqa: ANN401 - as above
    """List who may use FUNCTION, under whichever appointment."""
    with platform(context) as services:
        asked = _asked(function, given)
        place = department_named(services, department).id if department else None
        found: list[PersonEntry] = []
        after: UUID | None = None
        while len(found) < limit:
            page = services.authorization_queries.answers.list_people(
                function,
                asked.resource,
                asked.context,
                at=given["at"],
                department_id=place,
                every_appointment=True,
                client_address=asked.client_address,
                limit=min(_PAGE, limit - len(found)),
                after=after,
            )
            found += page.rows
            after = page.after
            if after is None:
                break
        rows = list(_people(services, found, given["at"]))
        if given["as_json"]:
            click.echo(json_text({"people": rows, "more": after is not None}))
            return
        show_rows(("code", "name", "department", "position", "state", "because", "missing"), (tuple(row.values()) for row in rows))
        if after is not None:
            click.echo("and more: --limit says how many to list", err=True)


@ask.command()
@click.option("--official", "employee_code", help="by employee code")
@click.option("--function", default="")
@click.option("--subsystem", default="")
@click.option("--kind", type=click.Choice(["denied", "sensitive", "sampled"]), default=None, help="why a decision was kept")
@click.option("--reason", default="", help="a reason code, as no_permission")
@click.option("--since", type=Moment())
@click.option("--until", type=Moment())
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@_JSON
@click.pass_context
def log(context: click.Context, /, employee_code: str | None, kind: str | None, limit: int, *, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Read the decision log, the newest first; reading it is itself recorded."""
    with platform(context) as services:
        official_id = find(services, employee_code).id if employee_code else None
        rows: list[LogEntry] = []
        after: LogCursor | None = None
        while len(rows) < limit:
            asked = LogAsked(official_id=official_id, kind=kind or "", limit=min(_PAGE, limit - len(rows)), after=after, **given)
            page = services.decision_log.read(operator(), asked)
            rows += page.rows
            after = page.after
            if after is None:
                break
        if page.lost:
            click.echo(f"{page.lost} decisions in this time could not be written down", err=True)
        if as_json:
            click.echo(json_text(rows))
            return
        names = services.identity_queries.official_names({row.official_id for row in rows if row.official_id})
        show_rows(
            ("at", "who", "function", "answer", "reason", "rule", "kept as", "client"),
            (
                (
                    when(row.at),
                    names.get(row.official_id, str(row.official_id)) if row.official_id else "",
                    row.function,
                    "yes" if row.allowed else "no",
                    row.reason,
                    row.rule or "",
                    row.kind,
                    row.client_id,
                )
                for row in rows
            ),
        )


def _asked(function: str, given: Mapping[str, Any]) -> Asked:
    return Asked(function, attributes("resource", given["resource"]), attributes("context", given["circumstances"]), given["address"])


def _explained(services: Services, employee_code: str, function: str, given: Mapping[str, Any]) -> Explanation:
    official_id, appointment_id = _subject(services, employee_code, given["uscc"], given["at"])
    answers, number = services.authorization_queries.answers, given.get("number")
    version_id = answers.version(number) if number else None
    if number and version_id is None:
        raise click.ClickException(f"no policy of number {number} was ever installed")
    draft_id = given.get("draft_id")
    if number and draft_id:
        raise click.UsageError("either --policy or --draft")
    engine = services.draft_queries.engine(draft_id) if draft_id else None
    return answers.explain(official_id, appointment_id, _asked(function, given), at=given["at"], version_id=version_id, engine=engine)


def _draft_words(services: Services, draft_id: UUID) -> str:
    draft = services.draft_queries.draft(draft_id)
    return f"by the DRAFT “{draft.title}”, revision {draft.revision}, {draft.state}: a trial, it decides nothing yet"


def _subject(services: Services, employee_code: str, uscc: str | None, at: datetime | None) -> tuple[UUID, UUID | None]:
    """Return an official and the appointment that counts: the one in a department, else the primary one."""
    official = find(services, employee_code)
    held = services.identity_queries.appointments_of(official.id, at)
    if uscc:
        department = department_named(services, uscc)
        held = tuple(place for place in held if place.department_id == department.id)
        if len(held) != 1:
            raise click.ClickException(f"{official.name} has {len(held)} appointments in {department.name}")
        return official.id, held[0].id
    return official.id, next((place.id for place in held if place.kind == "primary"), None)


def _people(services: Services, found: list[PersonEntry], at: datetime | None) -> Any:  # noqa: ANN401 - rows to print
    """Give each person as a row; names and places of a page are read at once."""
    for start in range(0, len(found), _PAGE):
        page = found[start : start + _PAGE]
        subjects: dict[UUID, list[Subject]] = {}
        for subject in services.identity_queries.subjects_among([entry.id for entry in page], at):
            subjects.setdefault(subject.official_id, []).append(subject)
        names = services.identity_queries.official_names(entry.id for entry in page)
        for entry in page:
            places = [subject for subject in subjects.get(entry.id, ()) if subject.appointment_id in entry.under]
            yield {
                "code": next((subject.employee_code for subject in subjects.get(entry.id, ())), ""),
                "name": names.get(entry.id, str(entry.id)),
                "department": "; ".join(place.department_name for place in places),
                "position": "; ".join(place.position for place in places),
                "state": entry.state,
                "because": " ".join(entry.because),
                "missing": " ".join(entry.missing),
            }
