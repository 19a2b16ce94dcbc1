"""``govcloud matter``: enter, change what is named, dry runs, end, list and show."""

from __future__ import annotations

from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.requests import REGISTER, ask
from tests.factories.world import World

__all__ = ["cli"]

CASE = "assistance:case:read"


def test_from_registration_to_the_end(cli: Cli, services: Services, world: World) -> None:
    civil = services.identity_queries.department(world.organisation.ids["civil_affairs"])
    housing = services.identity_queries.department(world.organisation.ids["housing"])
    assert civil is not None
    assert housing is not None
    words = ["matter", "register", "BIRTH-01", "--name", "出生一件事", "--lead", civil.uscc, "--item", f"{REGISTER}=2", "--item", CASE]
    assert "nothing was written" in output_of(cli(*words, "--dry-run"))
    assert services.subsystem_queries.matter("BIRTH-01") is None
    assert "registered BIRTH-01" in output_of(cli(*words))
    assert isinstance(cli(*words).exception, Conflict)
    shown = output_of(cli("matter", "show", "BIRTH-01"))
    assert [line.split("\t")[0] for line in shown.splitlines()[2:4]] == ["1", "2"]
    assert "RESCUE-01" in output_of(cli("matter", "list"))
    assert "RESCUE-01" not in output_of(cli("matter", "list", "出生"))

    item = world.items[REGISTER]
    change = ["matter", "change", "BIRTH-01", "--item", str(item), "--lead", housing.uscc, "--reason", "调整"]
    told = output_of(cli(*change, "--dry-run"))
    for line in (
        "- 查看救助案件 (assistance:case:read)",
        "~ 查询住房登记信息: stage 2 -> 1",
        "~ lead_department_id",
        "nothing was written",
    ):
        assert line in told, line
    assert "BIRTH-01 is at version 2" in output_of(cli(*change))
    view = services.subsystem_queries.matter("BIRTH-01")
    assert view is not None
    assert (view.name, view.lead_department_id) == ("出生一件事", housing.id), "what is not named stays"
    assert "version 1 since" in output_of(cli("matter", "show", "BIRTH-01"))
    ask(services, world, matter_id=view.id)

    end = ["matter", "end", "BIRTH-01", "--reason", "不再办理"]
    assert "1 requests wait" in output_of(cli(*end, "--dry-run"))
    assert cli(*end, typed="n\n").exit_code != 0
    assert "ended BIRTH-01" in output_of(cli(*end, "--yes"))
    assert "BIRTH-01" in output_of(cli("matter", "list", "--ended"))
    assert "or it has ended" in cli(*end, "--yes").output


def test_what_cannot_be_is_said_in_one_line(cli: Cli, services: Services, world: World) -> None:
    civil = services.identity_queries.department(world.organisation.ids["civil_affairs"])
    assert civil is not None
    start = ["matter", "register", "BIRTH-01", "--name", "出生", "--lead"]
    assert "there is no department" in cli(*start, "x", "--item", CASE).output
    assert "opened by 0 items" in cli(*start, civil.uscc, "--item", "housing:guide:read").output
    assert "no whole number" in cli(*start, civil.uscc, "--item", f"{CASE}=x").output
    assert isinstance(cli(*start, civil.uscc, "--item", f"{CASE}=0").exception, Invalid)
    assert "there is no matter" in cli("matter", "show", "NOTHING").output
    assert "there is no matter" in cli("matter", "change", "NOTHING", "--name", "甲", "--reason", "x").output
