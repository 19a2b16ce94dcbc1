"""``govcloud ask batch``: the questions of a file, one a line, answered in their order."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TextIO
from uuid import UUID

import click

from govcloud.authorization.answers.checking import MOST_CHECKS, Checked, Subjected
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.answers.typed import attributes
from govcloud.cli.answer_words import check_cells, json_text
from govcloud.cli.asking import AS_OF, JSON, asked_of, subject_of, told
from govcloud.cli.context import platform
from govcloud.cli.tables import show as show_rows
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services

_PLAIN = ("employee_code", "function", "under")
_ATTRIBUTES = ("resource.", "context.")
_NEEDED = frozenset(_PLAIN[:2])


class _Line(NamedTuple):
    """One question as it stands in the file; the number is that of its line."""

    number: int
    cells: Mapping[str, str]


@click.command()
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@told
@AS_OF
@JSON
@click.pass_context
def batch(context: click.Context, /, file: TextIO, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Answer the questions of FILE (- for standard input), a CSV with a line each.

    Its columns are employee_code, function, under (credit code of the department of the appointment), and attributes such as
    resource.division or context.case_number; --resource and --context are told of all of them. A file with a mistake is not answered
    at all.
    """
    lines = list(_read(file))
    with platform(context) as services:
        common = asked_of("", given)
        questions = list(_questions(services, lines, common, given["at"]))
        found: list[Checked] = []
        # A file may hold any number of questions; so many at a time are answered at one state.
        for start in range(0, len(questions), MOST_CHECKS):
            part = questions[start : start + MOST_CHECKS]
            found += services.authorization_queries.answers.check(part, at=given["at"], min_epoch=given["min_epoch"])
    answered = list(zip(lines, found, strict=True))
    if given["as_json"]:
        click.echo(json_text([{"line": line.number, **line.cells, **check_cells(checked)} for line, checked in answered]))
        return
    show_rows(("line", "code", "function", "answer", "reason", "state", "missing"), (_cells(line, checked) for line, checked in answered))


def _cells(line: _Line, checked: Checked) -> tuple[str, ...]:
    decision = checked.decision
    answer = "yes" if decision.allowed else "no"
    asked = (line.cells["employee_code"], line.cells["function"])
    return (str(line.number), *asked, answer, decision.code, checked.state, " ".join(checked.missing))


def _read(file: TextIO) -> Iterator[_Line]:
    """Give the lines of the file that are not empty."""
    try:
        reader = csv.DictReader(file, strict=True)
        heads = reader.fieldnames or ()
        unknown = [head for head in heads if head not in _PLAIN and not head.startswith(_ATTRIBUTES)]
        if unknown or not _NEEDED.issubset(heads) or len(set(heads)) != len(heads):
            wrong = f"; unknown: {', '.join(unknown)}" if unknown else ""
            raise click.ClickException(f"the first line names the columns: {', '.join(_PLAIN)}, resource.<name>, context.<name>{wrong}")
        for cells in reader:
            if None in cells or None in cells.values():
                raise click.ClickException(f"line {reader.line_num}: as many cells as columns, please")
            if any(cells.values()):
                yield _Line(reader.line_num, cells)
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"the file is no CSV in UTF-8: {error}") from error


def _questions(services: Services, lines: list[_Line], common: Asked, at: datetime | None) -> Iterator[Subjected]:
    @cache
    def subject(employee_code: str, under: str) -> tuple[UUID, UUID | None]:
        return subject_of(services, employee_code, under or None, at)

    for line in lines:
        try:
            official_id, appointment_id = subject(line.cells["employee_code"], line.cells.get("under", ""))
            resource, around = (_attributes(line, prefix) for prefix in _ATTRIBUTES)
        except (GovcloudError, click.ClickException) as error:
            raise click.ClickException(f"line {line.number}: {error.message}") from error
        asked = Asked(line.cells["function"], {**common.resource, **resource}, {**common.context, **around}, common.client_address)
        yield Subjected(official_id, appointment_id, asked)


def _attributes(line: _Line, prefix: str) -> dict[str, Any]:
    """Return the attributes whose columns begin so; an empty cell says nothing."""
    lines = (f"{head.removeprefix(prefix)}={cell}" for head, cell in line.cells.items() if head.startswith(prefix) and cell)
    return attributes(prefix.rstrip("."), lines)
