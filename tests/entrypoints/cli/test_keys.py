"""``govcloud keys``: what will happen is said before it does, a dry run changes nothing, and a key that leaked is gone at once."""

from __future__ import annotations

import pytest

from govcloud.kernel.errors import Conflict, NotFound
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.world import World

__all__ = ["cli"]


def kids(services: Services) -> set[str]:
    return {key["kid"] for key in services.keys.jwks()["keys"]}


def test_a_season_of_keys(cli: Cli, services: Services, world: World) -> None:
    [first] = kids(services)
    assert output_of(cli("keys", "list")).startswith(f"{first}  ES256  signs since ")
    assert "signs in 6 minutes" in output_of(cli("keys", "rotate", "--dry-run"))
    assert kids(services) == {first}
    assert "waits until" in output_of(cli("keys", "rotate", "--yes"))
    assert len(kids(services)) == 3  # the next one of each algorithm
    assert isinstance(cli("keys", "retire", first, "--yes").exception, Conflict)
    [waiting] = [key.kid for key in services.keys.standing() if key.algorithm == "ES256" and key.kid != first]
    assert output_of(cli("keys", "retire", waiting, "--yes")).endswith("done\n")
    assert f"{waiting}  ES256  retired" in output_of(cli("keys", "list"))
    assert isinstance(cli("keys", "retire", "nobody", "--yes").exception, NotFound)


def test_a_key_that_leaked(cli: Cli, services: Services, world: World) -> None:
    [leaked] = kids(services)
    said = output_of(cli("keys", "rotate", "--now", "--dry-run"))
    for consequence in ("access tokens", "sign-out", "cache", "within five minutes", "within a minute"):
        assert consequence in said
    assert kids(services) == {leaked}
    output_of(cli("keys", "rotate", "--now", "--yes"))
    # The command line goes by the machine's clock, not by that of the tests.
    assert leaked not in output_of(cli("keys", "list"))
    assert f"{leaked}  ES256  withdrawn" in output_of(cli("keys", "list", "--all"))


@pytest.mark.parametrize("words", [("rotate",), ("rotate", "--now"), ("retire", "x")])
def test_whoever_does_not_say_yes_changes_nothing(cli: Cli, services: Services, world: World, words: tuple[str, ...]) -> None:
    before = kids(services)
    assert cli("keys", *words).exit_code == 1
    assert kids(services) == before
