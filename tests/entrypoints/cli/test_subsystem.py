"""``govcloud subsystem``: the whole way into service on the command line, dry runs, and what stands in the way."""

from __future__ import annotations

import pytest
from click.testing import Result

from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.subsystems import a_service_item
from tests.factories.world import World

__all__ = ["cli"]


def test_from_registration_to_retirement(cli: Cli, services: Services, world: World) -> None:
    housing = services.identity_queries.department(world.organisation.ids["housing"])
    assert housing is not None
    words = ["subsystem", "register", "archive", "--name", "住房档案系统", "--owner", housing.uscc, "--level", "3"]
    assert "registered archive" in output_of(cli(*words, "--launch-url", "https://archive.zj.example/"))
    found = cli("subsystem", "check", "archive")
    assert found.exit_code == 1
    assert "BLOCKS\tdoor" in found.output
    refused: Result = cli("subsystem", "submit", "archive")
    assert isinstance(refused.exception, Conflict)
    door = ["subsystem", "function", "archive:door:enter", "--name", "进入"]
    assert "nothing was written" in output_of(cli(*door, "--dry-run"))
    assert services.subsystem_queries.function("archive:door:enter") is None
    output_of(cli(*door))
    output_of(cli("subsystem", "function", "archive:record:read", "--name", "查看档案", "--level", "3", "--sensitive"))
    item = ["subsystem", "item", "archive:record:read", "--name", "查看档案", "--exposes", "题名"]
    assert "nothing was written" in output_of(cli(*item, "--dry-run"))
    output_of(cli(*item))
    code = a_service_item(services, world)
    assert "1 new" in output_of(cli("subsystem", "bind", "archive:record:read", code, "--dry-run"))
    assert "bound 1" in output_of(cli("subsystem", "bind", "archive:record:read", code))
    output_of(cli("client", "register", "archive", "archive", "--name", "档案", "--redirect-uri", "https://archive.zj.example/cb"))
    assert "submitted" in output_of(cli("subsystem", "submit", "archive", "--note", "材料齐全"))
    assert "registered" in output_of(cli("subsystem", "return", "archive", "--reason", "补充说明"))
    assert "submitted" in output_of(cli("subsystem", "submit", "archive"))
    assert "ok\tdoor" in output_of(cli("subsystem", "check", "archive"))
    assert "checked" in output_of(cli("subsystem", "check", "archive", "--confirm"))
    assert "published" in output_of(cli("subsystem", "publish", "archive"))
    shown = output_of(cli("subsystem", "show", "archive"))
    for text in ("补充说明", "publish", code, "查看档案 (one, 30 d, v1)"):
        assert text in shown, text
    assert "住房档案系统" in output_of(cli("subsystem", "list", "--status", "published"))
    assert "2 functions, 1 items, 1 clients" in output_of(cli("subsystem", "retire", "archive", "--reason", "下线", "--dry-run"))
    assert cli("subsystem", "retire", "archive", "--reason", "下线", typed="n\n").exit_code != 0
    assert "retired" in output_of(cli("subsystem", "retire", "archive", "--reason", "下线", "--yes"))


@pytest.mark.parametrize("words", [("show", "nothing"), ("register", "x1", "--name", "甲", "--owner", "nothing")])
def test_what_is_not_there_is_said(cli: Cli, words: tuple[str, ...]) -> None:
    answer = cli("subsystem", *words)
    assert answer.exit_code == 1
    assert "there is no" in answer.output
