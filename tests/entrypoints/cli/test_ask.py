"""``govcloud ask``: checks, lists, explanations and the log on the command line, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from govcloud.authorization.deciding.decisions import Question
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.policies import drafted, province_policy
from tests.factories.requests import REGISTER
from tests.factories.world import World

__all__ = ["cli"]


def test_check_and_explain(cli: Cli, world: World) -> None:
    assert output_of(cli("ask", "check", "CHENJIE", REGISTER)).startswith("yes")
    no = cli("ask", "check", "WANGFANG", REGISTER, "--json")
    assert no.exit_code == 3
    assert json.loads(no.output)["reason"] == "no_permission"
    told = ("--resource", "division=330106000000")
    assert output_of(cli("ask", "check", "CHENJIE", REGISTER, *told)).startswith("yes")
    why = output_of(cli("ask", "explain", "WANGFANG", REGISTER))
    assert f"/requests/new?item={world.items[REGISTER]}" in why
    assert "住房保障岗位职责" in why
    found = json.loads(output_of(cli("ask", "explain", "CHENJIE", REGISTER, "--json")))
    assert found["causes"][0]["held_role"] == "housing_clerk"
    assert cli("ask", "explain", "CHENJIE", REGISTER, "--policy", "99").exit_code != 0
    assert cli("ask", "check", "NOBODY", REGISTER).exit_code not in {0, 3}
    assert cli("ask", "check", "WANGFANG", REGISTER, "--resource", "x").exit_code not in {0, 3}


def test_lists_and_as_of(cli: Cli, services: Services, world: World, clock: ManualClock) -> None:
    people = output_of(cli("ask", "people", REGISTER)).splitlines()
    assert [line.split("\t")[:2] for line in people[1:]] == [["CHENJIE", "陈杰"]]
    listed = json.loads(output_of(cli("ask", "people", REGISTER, "--json")))
    assert [row["because"] for row in listed["people"]] == ["role:housing_clerk"]
    assert "housing:guide:read" in output_of(cli("ask", "functions", "WANGFANG", "housing"))
    assert len(output_of(cli("ask", "people", REGISTER, "--as-of", "2020-01-01")).splitlines()) == 1
    clock.advance(datetime.now(UTC) - clock.now())


def test_the_log(cli: Cli, services: Services, world: World) -> None:
    question = Question(REGISTER, world.wang.appointment_id, world.wang.official_id)
    services.decision_log.note(question, services.authorization.decide(question), "housing-web")
    services.decision_log.flush()
    assert "王芳" in output_of(cli("ask", "log", "--official", "WANGFANG"))
    assert json.loads(output_of(cli("ask", "log", "--kind", "sensitive", "--json"))) == []


def test_a_draft_is_asked_and_said_to_be_one(cli: Cli, services: Services, world: World) -> None:
    fewer = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter']}]}}"
    draft_id = str(drafted(services, world.security_admin, province_policy(fewer).text))
    told = output_of(cli("ask", "explain", "CHENJIE", REGISTER, "--draft", draft_id))
    assert told.startswith("no: ")
    assert "by the DRAFT “调整策略”, revision 1, open: a trial, it decides nothing yet" in told
    found = json.loads(output_of(cli("ask", "explain", "CHENJIE", REGISTER, "--draft", draft_id, "--json")))
    assert (found["draft_id"], found["policy"], found["decision"]["allowed"]) == (draft_id, 0, False)
    assert output_of(cli("ask", "check", "CHENJIE", REGISTER)).startswith("yes")
    assert cli("ask", "explain", "CHENJIE", REGISTER, "--draft", draft_id, "--policy", "1").exit_code == 2


def test_from_an_address(cli: Cli, services: Services, world: World) -> None:
    assert output_of(cli("ask", "check", "CHENJIE", REGISTER, "--from", "10.1.2.3")).startswith("yes")
    assert output_of(cli("ask", "people", REGISTER, "--from", "::1")) == output_of(cli("ask", "people", REGISTER))
    assert "housing:guide:read" in output_of(cli("ask", "functions", "WANGFANG", "housing", "--from", "10.1.2.3"))
    wrong = cli("ask", "check", "CHENJIE", REGISTER, "--from", "the office")
    assert wrong.exit_code == 2
    assert "is not an address such as 10.1.2.3" in wrong.output


def test_a_file_of_questions(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_text(
        f"employee_code,function,resource.division,context.case_number\nCHENJIE,{REGISTER},330106000000,\n\nWANGFANG,{REGISTER},,XH-1\n",
        encoding="utf-8-sig",
    )
    rows = [line.split("\t") for line in output_of(cli("ask", "batch", str(file))).splitlines()]
    assert [(row[0], row[1], row[3], row[4]) for row in rows[1:]] == [
        ("2", "CHENJIE", "yes", "allowed"),
        ("4", "WANGFANG", "no", "no_permission"),
    ]
    found = json.loads(output_of(cli("ask", "batch", str(file), "--json")))
    assert [(row["line"], row["allowed"]) for row in found] == [(2, True), (4, False)]
    for wrong, said in (
        ("function\nx\n", "the first line names the columns"),
        ("employee_code,function,colour\n", "unknown: colour"),
        ("employee_code,function\nNOBODY,x\n", "line 2: "),
        ("employee_code,function\nCHENJIE\n", "line 2: as many cells"),
        ("employee_code,function,resource.Bad Name\nCHENJIE,x,1\n", "line 2: "),
    ):
        file.write_text(wrong)
        answered = cli("ask", "batch", str(file))
        assert answered.exit_code != 0
        assert said in answered.output, wrong
    file.write_bytes(b"employee_code,function\n\xff,x\n")
    assert "no CSV in UTF-8" in cli("ask", "batch", str(file)).output


def test_what_may_be_entered_and_what_may_not_be_missed(cli: Cli, services: Services, world: World) -> None:
    lines = output_of(cli("ask", "subsystems", "WANGFANG")).splitlines()
    assert [line.split("\t")[0::2][:2] for line in lines[1:]] == [["assistance", "allowed"], ["housing", "allowed"]]
    assert [row["id"] for row in json.loads(output_of(cli("ask", "subsystems", "WANGFANG", "--json")))] == ["assistance", "housing"]
    assert output_of(cli("ask", "subsystems", "WANGFANG", "--as-of", "2020-01-01")).splitlines()[1:] == []
    epoch = json.loads(output_of(cli("ask", "check", "CHENJIE", REGISTER, "--json")))["epoch"]
    for command in (("check", "CHENJIE", REGISTER), ("people", REGISTER), ("functions", "CHENJIE", "housing"), ("subsystems", "CHENJIE")):
        assert cli("ask", *command, "--min-epoch", str(epoch)).exit_code == 0
        assert cli("ask", *command, "--min-epoch", str(epoch + 1)).exit_code not in {0, 3}
