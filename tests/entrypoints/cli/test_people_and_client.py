"""``govcloud people`` and ``govcloud client``: the commands work, keep numbers masked and say what is wrong in one line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.factors import enrolled
from tests.factories.people import id_number
from tests.factories.world import World

Cli = Callable[..., Result]


@pytest.fixture
def cli(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line on the small province; a refused command keeps its error in ``exception``."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, list(words), input=typed, obj=assemble)

    return run


def output_of(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_people_are_found_and_shown_masked(cli: Cli) -> None:
    assert "王芳" in output_of(cli("people", "list"))
    assert output_of(cli("people", "search", "sxm")).splitlines()[1].split("\t")[:3] == ["SHANXUEMEI", "单雪梅", "shanxuemei"]
    assert "no official" in output_of(cli("people", "search", "nobody"))
    shown = output_of(cli("people", "show", "wangfang"))
    assert "杭州市西湖区民政局" in shown
    assert "********" in shown
    assert id_number(5000) not in shown
    assert id_number(5000) not in output_of(cli("people", "list"))


def test_a_lost_second_factor_is_reset(cli: Cli, services: Services, world: World, clock: ManualClock) -> None:
    assert isinstance(cli("people", "reset-second-factor", "wangfang", "--reason", "手机丢失").exception, Conflict)
    enrolled(services, clock)
    assert "王芳" in output_of(cli("people", "reset-second-factor", "wangfang", "--reason", "手机丢失，已当面核实"))
    assert services.second_factors.standing(world.wang.official_id).since is None


def test_one_official_is_registered_and_can_get_a_password(cli: Cli, services: Services, world: World) -> None:
    department = services.identity_queries.department(world.organisation.ids["xihu_civil_affairs"])
    assert department is not None
    words = ["people", "register", "--code", "N0001", "--name", "仇晓", "--department", department.uscc, "--position", "窗口受理员"]
    output = output_of(cli(*words, "--issue-password", typed=id_number(7001) + "\n"))
    password = output.rpartition(": ")[2].strip()
    assert len(password) >= 10
    assert "qiuxiao" in output_of(cli("people", "search", "N0001"))

    refused = cli(*words, typed=id_number(7002) + "\n")
    assert isinstance(refused.exception, Conflict)
    wrong = cli(*words, typed="110105194912310021\n")
    assert isinstance(wrong.exception, Invalid)
    unknown = cli(*[word if word != department.uscc else "nothing" for word in words], typed="\n")
    assert unknown.exit_code == 1
    assert "no department" in unknown.output


def test_an_official_is_disabled_and_restored_with_a_reason(cli: Cli) -> None:
    output_of(cli("people", "disable", "WANGFANG", "--reason", "停职检查"))
    assert "suspended" in output_of(cli("people", "show", "WANGFANG"))
    again = cli("people", "disable", "WANGFANG", "--reason", "停职检查")
    assert isinstance(again.exception, GovcloudError)
    output_of(cli("people", "restore", "WANGFANG", "--reason", "查无问题"))
    missing = cli("people", "disable", "NOBODY", "--reason", "停职检查")
    assert missing.exit_code == 1
    assert "NOBODY" in missing.output


def test_clients_are_registered_listed_rotated_and_disabled(cli: Cli, services: Services) -> None:
    words = ("client", "register", "housing", "housing-m", "--name", "移动端", "--redirect-uri", "https://m.zj.example/cb")
    secret = output_of(cli(*words)).rpartition(": ")[2].strip()
    queries = services.subsystem_queries
    assert queries.authenticate_client("housing-m", secret) is not None
    assert "housing-m\thousing\toidc\tclient_secret\tenabled\thttps://m.zj.example/cb" in output_of(cli("client", "list"))
    rotated = output_of(cli("client", "rotate-secret", "housing-m")).rpartition(": ")[2].strip()
    assert rotated != secret
    output_of(cli("client", "disable", "housing-m", "--yes"))
    assert "disabled" in output_of(cli("client", "list", "housing"))

    assert isinstance(cli("client", "rotate-secret", "housing-m").exception, NotFound)
    assert isinstance(cli(*words[:-1], "http://m.zj.example/cb").exception, Invalid)
    assert "no subsystem" in cli("client", "list", "nothing").output
