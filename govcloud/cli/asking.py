"""What the commands of ``govcloud ask`` share: the options of a question, and the person and the attributes that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, TypeVar
from uuid import UUID

import click

from govcloud.authorization.answers.service import Asked
from govcloud.authorization.answers.typed import attributes
from govcloud.cli.changes import Moment, find
from govcloud.cli.imports import department_named
from govcloud.services import Services

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
AS_OF = click.option("--as-of", "at", type=Moment(), help="a date (midnight in China) or a moment  [default: now]")
JSON = click.option("--json", "as_json", is_flag=True, help="one JSON value, for programs")
UNDER = click.option("--under", "uscc", help="credit code of the department of the appointment  [default: the primary one]")


class Address(click.ParamType[str]):
    """An address of version 4 or 6."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as the platform writes it."""
        try:
            return str(ip_address(value))
        except ValueError:
            self.fail(f"{value!r} is not an address such as 10.1.2.3", param, ctx)


def told(command: CommandT) -> CommandT:
    """Add what a question says of what is acted on, of the circumstances, and of what it may not miss."""
    given = click.option("--resource", multiple=True, metavar="NAME=VALUE", help="an attribute of what is acted on, repeatable")
    around = click.option("--context", "circumstances", multiple=True, metavar="NAME=VALUE", help="an attribute of the request, repeatable")
    place = click.option("--from", "address", type=Address(), help="the address that it is used from, for rules on network zones")
    known = click.option("--min-epoch", type=click.IntRange(min=0), help="the number of a change that the answer may not miss")
    return given(around(place(known(command))))


def asked_of(function: str, given: Mapping[str, Any]) -> Asked:
    """Return the question that the options of ``told`` make."""
    return Asked(function, attributes("resource", given["resource"]), attributes("context", given["circumstances"]), given["address"])


def subject_of(services: Services, employee_code: str, uscc: str | None, at: datetime | None) -> tuple[UUID, UUID | None]:
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
