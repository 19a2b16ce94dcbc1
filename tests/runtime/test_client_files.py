"""Clients by file and by hand on the command line: told before it is done, all or nothing, every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from govcloud.services import Services
from tests.factories.keys import elliptic_key, key_set
from tests.factories.world import World
from tests.runtime.conftest import Shell

FILE = """\
clients:
  - subsystem: housing
    client_id: housing-cas
    name: 住房旧门户
    protocol: cas
    services: [https://cas.zj.example/app/]
  - subsystem: assistance
    client_id: assistance-api
    name: 救助接口
    redirect_uris:
      - https://api.zj.example/cb
    settings:
      backchannel_logout_uri: https://api.zj.example/out
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clients.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_is_told_first_applied_once_and_then_the_same(
    shell: Shell, environment: dict[str, str], services: Services, world: World, file: Path
) -> None:
    told = shell("client", "import", str(file), "--dry-run", **environment)
    assert (told.code, told.err) == (0, "")
    assert "+ housing-cas (housing): new" in told.out
    assert "nothing was written" in told.out
    assert "secret" not in told.out.replace("client_secret", "")
    assert services.subsystem_queries.client_by_client_id("housing-cas") is None
    done = shell("client", "import", str(file), "--yes", **environment)
    assert "2 new, 0 changed" in done.out
    assert done.out.count("secret (shown this once)") == 1
    assert "nothing was written" in shell("client", "import", str(file), "--yes", **environment).out
    file.write_text(FILE.replace("https://api.zj.example/cb", "https://api.zj.example/back"), encoding="utf-8")
    changed = shell("client", "import", str(file), "--dry-run", **environment)
    assert "redirect_uris: - https://api.zj.example/cb" in changed.out
    assert "redirect_uris: + https://api.zj.example/back" in changed.out
    assert "= housing-cas (housing): same" in changed.out


def test_what_is_exported_is_imported_as_the_same(shell: Shell, environment: dict[str, str], world: World, file: Path) -> None:
    shell("client", "import", str(file), "--yes", **environment)
    exported = shell("client", "export", **environment)
    assert exported.code == 0
    read = yaml.safe_load(exported.out)
    assert {row["client_id"] for row in read["clients"]} == {"housing-web", "assistance-web", "housing-cas", "assistance-api"}
    assert str(world.clients["housing"].secret) not in exported.out
    again = file.with_name("again.yaml")
    again.write_text(exported.out, encoding="utf-8")
    assert "nothing was written" in shell("client", "import", str(again), "--yes", **environment).out
    assert shell("client", "export", "nothing", **environment).code == 1


WRONG = [
    ("services:", "servces:", ["clients.yaml:6: servces: there is no such field"]),
    ("backchannel_logout_uri:", "back_channel:", ["clients.yaml:13: back_channel:"]),
    ("client_id: housing-cas", "client_id: [x]", ["clients.yaml:3: client_id: a text"]),
    ("https://api.zj.example/cb", "http://api.zj.example/cb", ["clients.yaml:11: redirect_uris:", "https"]),
    ("name: 救助接口", 'name: ""', ["clients.yaml:9: name:"]),
    ("subsystem: assistance", "subsystem: nothing", ["clients.yaml:7: subsystem:"]),
    ("protocol: cas", "protocol: saml", ["clients.yaml:5: protocol:"]),
    ("client_id: assistance-api", "client_id: housing-cas", ["clients.yaml:8: client_id:"]),
    ("clients:", "- clients:", ["clients"]),
    ("name: 住房旧门户", "name: &x 住房\n    auth_method: *x", ["aliases"]),
    ("name: 住房旧门户", "name: {", ["clients.yaml"]),
]


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG)
def test_every_mistake_has_its_line_and_nothing_is_written(
    shell: Shell,
    environment: dict[str, str],
    services: Services,
    world: World,
    file: Path,
    *,
    right: str,
    wrong: str,
    words: list[str],
) -> None:
    file.write_text(FILE.replace(right, wrong), encoding="utf-8")
    refused = shell("client", "import", str(file), "--yes", **environment)
    assert refused.code == 1
    for word in words:
        assert word in refused.err, refused.err
    assert "Traceback" not in refused.err
    assert services.subsystem_queries.client_by_client_id("housing-cas") is None
    assert services.subsystem_queries.client_by_client_id("assistance-api") is None


def test_a_private_key_in_a_file_is_refused_without_being_repeated(
    shell: Shell, environment: dict[str, str], world: World, file: Path
) -> None:
    private = elliptic_key(private=True)
    rows = [{"subsystem": "housing", "client_id": "housing-keys", "name": "x", "redirect_uris": ["https://h.example/cb"]}]
    rows[0] |= {"auth_method": "private_key_jwt", "settings": {"jwks": key_set(private)}}  # type: ignore[dict-item]
    file.write_text(yaml.safe_dump({"clients": rows}), encoding="utf-8")
    refused = shell("client", "import", str(file), "--yes", **environment)
    assert refused.code == 1
    assert "私钥" in refused.err or "private" in refused.err
    assert private["d"] not in refused.err + refused.out


def test_one_client_by_hand(shell: Shell, environment: dict[str, str], services: Services, world: World) -> None:
    changed = shell("client", "change", "housing-web", "--set", "name=住房门户", "--set", "rotate_refresh=false", **environment)
    assert (changed.code, changed.err) == (0, "")
    assert "rotate_refresh: True → False" in changed.out
    shown = shell("client", "show", "housing-web", **environment).out
    assert "name\t住房门户" in shown
    assert "rotate_refresh\tfalse" in shown
    assert shell("client", "change", "housing-web", "--set", "nothing=1", **environment).code == 1
    assert shell("client", "change", "housing-web", "--set", "rotate_refresh=maybe", **environment).code == 1
    assert shell("client", "change", "nobody", "--set", "name=x", **environment).code == 1
    tested = shell("client", "test", "housing-web", **environment)
    assert tested.code == 1, "nothing listens there"
    assert tested.out.startswith("failed\tredirect\thttp://127.0.0.1:8001/oidc/callback")
    service = ("--protocol", "cas", "--service", "https://cas.zj.example/", "--set", "proxy=true")
    registered = shell("client", "register", "housing", "housing-cas", "--name", "旧", *service, **environment)
    assert "no secret" in registered.out, registered.err
