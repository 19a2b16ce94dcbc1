"""``govcloud ask``: may somebody use something, what may they use, who may use it, why, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from govcloud.authorization.answers.checking import Subjected
from govcloud.authorization.answers.entries import FunctionEntry, PersonEntry
from govcloud.authorization.answers.explanation import Explanation
from govcloud.cli.answer_words import check_cells, json_text, remedy_line, rule_cells, when
from govcloud.cli.ask_batch import batch
from govcloud.cli.asking import AS_OF, JSON, UNDER, asked_of, subject_of, told
from govcloud.cli.context import platform
from govcloud.cli.decision_log import log
from govcloud.cli.imports import department_named
from govcloud.cli.tables import show as show_rows
from govcloud.identity.queries import Subject
from govcloud.services import Services

_PAGE = 500


@click.group()
def ask() -> None:
    """Ask who may do what, and why: now, or as of a date."""


ask.add_command(batch)
ask.add_command(log)


@ask.command()
@click.argument("employee_code")
@click.argument("function")
@UNDER
@told
@AS_OF
@JSON
@click.pass_context
def check(context: click.Context, /, employee_code: str, function: str, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Say whether an official may use FUNCTION; the exit code is 0 for yes and 3 for no."""
    with platform(context) as services:
        official_id, appointment_id = subject_of(services, employee_code, given["uscc"], given["at"])
        question = Subjected(official_id, appointment_id, asked_of(function, given))
        [found] = services.authorization_queries.answers.check([question], at=given["at"], min_epoch=given["min_epoch"])
        if given["as_json"]:
            click.echo(json_text(check_cells(found)))
        else:
            click.echo(f"{'yes' if found.decision.allowed else 'no'}: {found.decision.message}")
    if not found.decision.allowed:
        context.exit(3)


@ask.command()
@click.argument("employee_code")
@click.argument("function")
@UNDER
@told
@AS_OF
@click.option("--policy", "number", type=click.IntRange(min=1), help="by another installed version  [default: the one in force then]")
@click.option("--draft", "draft_id", type=click.UUID, help="by a draft, which decides nothing yet")
@JSON
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
@UNDER
@told
@AS_OF
@JSON
@click.pass_context
def functions(context: click.Context, /, employee_code: str, subsystem: str, **given: Any) -> None:  # noqa: ANN401 - the options above
    """List the functions of SUBSYSTEM that an official may use."""
    with platform(context) as services:
        official_id, appointment_id = subject_of(services, employee_code, given["uscc"], given["at"])
        asked = asked_of("", given)
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
                min_epoch=given["min_epoch"],
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
@click.argument("employee_code")
@UNDER
@told
@AS_OF
@JSON
@click.pass_context
def subsystems(context: click.Context, /, employee_code: str, **given: Any) -> None:  # noqa: ANN401 - the options above
    """List the subsystems that an official may enter: what stands on the workbench."""
    with platform(context) as services:
        asked = asked_of("", given)
        rows = services.authorization_queries.answers.list_subsystems(
            *subject_of(services, employee_code, given["uscc"], given["at"]),
            asked.resource,
            asked.context,
            at=given["at"],
            client_address=asked.client_address,
            min_epoch=given["min_epoch"],
        ).rows
        if given["as_json"]:
            listed = [{"id": row.subsystem.code, "name": row.subsystem.name, "state": row.state, "missing": row.missing} for row in rows]
            click.echo(json_text(listed))
        else:
            cells = ((row.subsystem.code, row.subsystem.name, row.state, " ".join(row.missing)) for row in rows)
            show_rows(("subsystem", "name", "state", "missing"), cells)


@ask.command()
@click.argument("function")
@click.option("--department", help="credit code: only appointments there and below")
@click.option("--limit", type=click.IntRange(min=1), default=_PAGE, show_default=True, help="how many people at most")
@told
@AS_OF
@JSON
@click.pass_context
def people(context: click.Context, /, function: str, department: str | None, limit: int, **given: Any) -> None:  # noqa: ANN401 - as above
    """List who may use FUNCTION, under whichever appointment."""
    with platform(context) as services:
        asked = asked_of(function, given)
        place = department_named(services, department).id if department else None
        found: list[PersonEntry] = []
        after: UUID | None = None
        while len(found) < limit:
            page = services.authorization_queries.answers.list_people(
                function,
                asked.resource,
                asked.context,
                at=given["at"],
                min_epoch=given["min_epoch"],
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


def _explained(services: Services, employee_code: str, function: str, given: Mapping[str, Any]) -> Explanation:
    official_id, appointment_id = subject_of(services, employee_code, given["uscc"], given["at"])
    answers, number = services.authorization_queries.answers, given.get("number")
    version_id = answers.version(number) if number else None
    if number and version_id is None:
        raise click.ClickException(f"no policy of number {number} was ever installed")
    draft_id = given.get("draft_id")
    if number and draft_id:
        raise click.UsageError("either --policy or --draft")
    engine = services.draft_queries.engine(draft_id) if draft_id else None
    asked = asked_of(function, given)
    return answers.explain(
        official_id, appointment_id, asked, at=given["at"], version_id=version_id, engine=engine, min_epoch=given["min_epoch"]
    )


def _draft_words(services: Services, draft_id: UUID) -> str:
    draft = services.draft_queries.draft(draft_id)
    return f"by the DRAFT “{draft.title}”, revision {draft.revision}, {draft.state}: a trial, it decides nothing yet"


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
