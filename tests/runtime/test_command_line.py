"""The commands around the database, through the same door as the shell: what they do, and that every error is one clear line."""

from __future__ import annotations

import io
import socket
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from govcloud.cli.stack import free_ports
from govcloud.kernel.clock import ManualClock, SystemClock
from govcloud.kernel.crypto import create_master_key
from govcloud.kernel.provisioning import with_database
from tests.factories import databases
from tests.factories.people import id_number
from tests.factories.world import World
from tests.runtime.conftest import Outcome, Shell


@pytest.fixture
def names() -> Iterator[dict[str, str]]:
    """Return names for roles and databases of our own on the test server, and drop what they came to name."""
    mark = f"own_{uuid4().hex[:12]}"
    names = {"database": mark, "second": f"{mark}_2", "owner": f"{mark}_owner", "app": f"{mark}_app"}
    yield names
    with psycopg.connect(databases.server().superuser_url, autocommit=True) as connection:
        for database in (names["database"], names["second"]):
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
        for role in (names["owner"], names["app"]):
            connection.execute(f"DROP ROLE IF EXISTS {role}".encode())


def prepare(shell: Shell, names: dict[str, str], database: str) -> dict[str, str]:
    """Prepare a database and return the settings that were printed."""
    words = ("db", "prepare", "--database", database, "--owner", names["owner"], "--app", names["app"])
    done = shell(*words, GOVCLOUD_ADMIN_URL=databases.server().superuser_url)
    assert done.code == 0, done.err
    return dict(line.split("=", 1) for line in done.out.splitlines() if not line.startswith("#"))


def test_from_a_server_of_ones_own_to_a_restored_backup(shell: Shell, names: dict[str, str], tmp_path: Path) -> None:
    env = prepare(shell, names, names["database"]) | {"GOVCLOUD_MASTER_KEY_FILE": str(tmp_path / "master.key")}
    assert "run: govcloud db upgrade" in shell("db", "check", **env).err
    assert "revision empty →" in shell("db", "upgrade", **env).out
    assert "nothing to do" in shell("db", "upgrade", **env).out
    assert shell("db", "check", **env).code == 0
    assert shell("keys", "init", **env).code == 0
    well = shell("doctor", **env)
    assert (well.code, "WRONG" in well.out) == (0, False), well.out

    file = tmp_path / "platform.backup"
    made = shell("backup", str(file), **env)
    assert made.code == 0, made.err
    assert "master.key" in made.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "exists" in shell("backup", str(file), **env).err
    assert "is not empty" in shell("restore", str(file), **env).err

    other = prepare(shell, names, names["second"]) | {"GOVCLOUD_MASTER_KEY_FILE": env["GOVCLOUD_MASTER_KEY_FILE"]}
    restored = shell("restore", str(file), **other)
    assert restored.code == 0, restored.err
    well = shell("doctor", **other)
    assert (well.code, "WRONG" in well.out) == (0, False), well.out


def test_the_first_people_are_entered_as_the_guide_says(
    shell: Shell, names: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``docs/guide/operator.md``, "The first people"."""
    env = prepare(shell, names, names["database"]) | {"GOVCLOUD_MASTER_KEY_FILE": str(tmp_path / "master.key")}
    divisions = tmp_path / "divisions.csv"
    divisions.write_text("330000000000,浙江省\n", encoding="utf-8")
    department = ("1133000000EXAMPLEM", "省数据局", "--division", "330000000000", "--level", "province")
    prepared = (("db", "upgrade"), ("keys", "init"), ("policy", "install", "--yes"), ("org", "divisions", str(divisions)))
    for words in (*prepared, ("org", "register", *department)):
        done = shell(*words, **env)
        assert done.code == 0, done.err
    offices = {"SYS01": "system_admin", "SEC01": "security_admin", "AUD01": "audit_admin"}
    for number, (code, role) in enumerate(offices.items()):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{id_number(number)}\n"))
        person = ("--code", code, "--name", "周建军", "--department", department[0], "--position", "管理员", "--issue-password")
        registered = shell("people", "register", *person, **env)
        assert registered.code == 0, registered.err
        given = shell("roles", "give", code, role, "--reason", "首任", "--yes", **env)
        assert given.code == 0, given.err
        assert role in shell("roles", "list", code, **env).out
    assert "knows every function" in shell("doctor", **env).out


def test_a_damaged_backup_is_refused_whole(shell: Shell, names: dict[str, str], tmp_path: Path) -> None:
    env = prepare(shell, names, names["database"]) | {"GOVCLOUD_MASTER_KEY_FILE": str(tmp_path / "master.key")}
    assert shell("db", "upgrade", **env).code == 0
    file = tmp_path / "platform.backup"
    assert shell("backup", str(file), **env).code == 0
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])

    other = prepare(shell, names, names["second"]) | {"GOVCLOUD_MASTER_KEY_FILE": env["GOVCLOUD_MASTER_KEY_FILE"]}
    assert_one_line(shell("restore", str(file), **other), "pg_restore: ")
    file.write_bytes(whole)
    assert shell("restore", str(file), **other).code == 0  # so nothing of the first try was left


def test_a_backup_is_not_restored_where_a_role_is_missing(shell: Shell, names: dict[str, str], tmp_path: Path) -> None:
    env = prepare(shell, names, names["database"]) | {"GOVCLOUD_MASTER_KEY_FILE": str(tmp_path / "master.key")}
    assert shell("db", "upgrade", **env).code == 0
    file = tmp_path / "platform.backup"
    assert shell("backup", str(file), **env).code == 0
    with psycopg.connect(databases.server().superuser_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {names['database']} WITH (FORCE)".encode())
        connection.execute(f"DROP ROLE {names['app']}".encode())

    roles = ("--owner", names["owner"], "--app", f"{names['app']}_2")
    done = shell("db", "prepare", "--database", names["second"], *roles, GOVCLOUD_ADMIN_URL=databases.server().superuser_url)
    other = dict(line.split("=", 1) for line in done.out.splitlines() if not line.startswith("#"))
    refused = shell("restore", str(file), **other, GOVCLOUD_MASTER_KEY_FILE=env["GOVCLOUD_MASTER_KEY_FILE"])
    assert_one_line(refused, "does not exist")


def test_over_tls_the_systems_own_programs_are_used(shell: Shell, environment: dict[str, str], tmp_path: Path) -> None:
    """The bundled ones know no TLS; they must neither go without it nor leave the operator with their riddle."""
    over_tls = environment["DATABASE_OWNER_URL"] + "&sslmode=verify-full"
    done = shell("backup", str(tmp_path / "b"), **environment | {"DATABASE_OWNER_URL": over_tls, "PATH": str(tmp_path)})
    assert_one_line(done, "postgresql-client")
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@" >&2; exit 1\n', encoding="utf-8")
    program.chmod(0o755)
    done = shell("backup", str(tmp_path / "b"), **environment | {"DATABASE_OWNER_URL": over_tls, "PATH": str(tmp_path)})
    assert_one_line(done, "sslmode=verify-full")
    assert str(make_url(over_tls).password) not in done.err


def test_the_admins_address_must_answer(shell: Shell) -> None:
    done = shell("db", "prepare", GOVCLOUD_ADMIN_URL="postgresql://postgres@127.0.0.1:1/postgres")
    assert_one_line(done, "the database cannot be reached")


@pytest.mark.parametrize("words", [("db", "upgrade"), ("people", "search", "王"), ("audit", "verify"), ("keys", "init")])
def test_a_database_that_is_away_is_one_clear_line(shell: Shell, environment: dict[str, str], words: tuple[str, ...]) -> None:
    away = environment | {"DATABASE_URL": "postgresql://app:secret-word@127.0.0.1:1/govcloud", "DATABASE_OWNER_URL": ""}
    done = shell(*words, **{name: value for name, value in away.items() if value})
    assert_one_line(done, "the database cannot be reached")
    assert "secret-word" not in done.err


def test_without_settings_the_missing_ones_are_named(shell: Shell) -> None:
    assert "DATABASE_URL" in shell("db", "upgrade").err


#: Variable, wrong value, and what the line says about it.
WRONG_SETTINGS = [
    ("GOVCLOUD_ENVIRONMENT", "prod", "'development', 'test' or 'production'"),
    ("DATABASE_URL", "", "needs an address postgresql://"),
    ("DATABASE_URL", "nonsense", "needs an address postgresql://"),
    ("DATABASE_URL", "mysql://app:secret-word@127.0.0.1/govcloud", "got scheme 'mysql'"),
    ("DATABASE_URL", "sqlite:///secret-word.db", "got scheme 'sqlite'"),
    ("DATABASE_URL", "postgresql://app:secret-word@127.0.0.1:port/govcloud", "cannot be read"),
    ("DATABASE_URL", "postgresql://app:secret-word@[::1/govcloud", "cannot be read"),
    ("DATABASE_URL", "postgresql://app:secret-word@127.0.0.1:99999/govcloud", "cannot be read"),
    ("DATABASE_OWNER_URL", "mysql://app:secret-word@127.0.0.1/govcloud", "got scheme 'mysql'"),
    ("GOVCLOUD_DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
    ("GOVCLOUD_DATABASE_POOL_SIZE", "many", "valid integer"),
    ("GOVCLOUD_PUBLIC_URL", "", "needs an address"),
    ("GOVCLOUD_PUBLIC_URL", "cloud.example.gov.cn", "needs an address"),
    ("GOVCLOUD_PUBLIC_URL", "ftp://cloud.example.gov.cn", "needs an address"),
    ("GOVCLOUD_PUBLIC_URL", "http://cloud.example.gov.cn", "http is only for this machine"),
    ("GOVCLOUD_PUBLIC_URL", "https://root:secret-word@cloud.example.gov.cn", "needs an address"),
    ("GOVCLOUD_PUBLIC_URL", "https://[cloud", "needs an address"),
    ("GOVCLOUD_PUBLIC_URL", "https://cloud.example.gov.cn:port", "needs an address"),
    ("GOVCLOUD_TRUSTED_PROXIES", "4", "less than or equal to 3"),
    ("GOVCLOUD_SESSION_IDLE_MINUTES", "0", "greater than or equal to 1"),
    ("GOVCLOUD_SESSION_ABSOLUTE_HOURS", "25", "less than or equal to 24"),
    ("GOVCLOUD_ACCESS_TOKEN_SECONDS", "301", "less than or equal to 300"),
    ("GOVCLOUD_CODE_SECONDS", "3600", "less than or equal to 120"),
    ("GOVCLOUD_LOCK_ATTEMPTS", "1000", "less than or equal to 20"),
    ("GOVCLOUD_REQUEST_MAX_BYTES", "1", "greater than or equal to 16384"),
]


@pytest.mark.parametrize("words", [("db", "check"), ("serve", "--port", "1"), ("jobs",)], ids=["db", "serve", "jobs"])
def test_a_wrong_setting_is_named(shell: Shell, environment: dict[str, str], words: tuple[str, ...]) -> None:
    for variable, value, explanation in WRONG_SETTINGS:
        done = shell(*words, **environment | {variable: value})
        assert_one_line(done, f"{variable}: ")
        assert explanation in done.err, (variable, value, done.err)
        assert "secret-word" not in done.err


def test_every_wrong_setting_is_named_at_once(shell: Shell, environment: dict[str, str]) -> None:
    wrong = {"GOVCLOUD_PUBLIC_URL": "x", "GOVCLOUD_TRUSTED_PROXIES": "9", "GOVCLOUD_ENVIRONMENT": "x"}
    done = shell("serve", **environment | wrong)
    assert done.code == 1
    assert all(f"{name}: " in done.err for name in wrong)
    assert "Traceback" not in done.err


def test_what_is_safe_at_home_is_not_in_production(shell: Shell, environment: dict[str, str]) -> None:
    production = environment | {"GOVCLOUD_ENVIRONMENT": "production", "GOVCLOUD_PUBLIC_URL": "https://cloud.example.gov.cn"}
    assert_one_line(shell("serve", **production | {"GOVCLOUD_PUBLIC_URL": "http://127.0.0.1:8000"}), "production needs an https public_url")
    same = production | {"DATABASE_OWNER_URL": production["DATABASE_URL"]}
    assert_one_line(shell("serve", **same), "production needs two database roles")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_named(shell: Shell, environment: dict[str, str], host: str) -> None:
    port = str(free_ports().platform)
    done = shell("serve", "--host", host, "--port", port, **environment)
    assert done.code == 1
    assert f"port {port} (the platform) cannot be opened on {host}" in done.err
    assert "Traceback" not in done.err


def test_a_master_key_that_cannot_be_used_is_named(shell: Shell, environment: dict[str, str], tmp_path: Path) -> None:
    short = tmp_path / "short.key"
    short.write_text("c2hvcnQ=", encoding="ascii")
    short.chmod(0o600)
    for place in (tmp_path / "absent.key", tmp_path, short):
        for words in (("people", "search", "王"), ("serve", "--port", str(free_ports().platform))):
            done = shell(*words, **environment | {"GOVCLOUD_MASTER_KEY_FILE": str(place)})
            assert_one_line(done, str(place))
            assert "c2hvcnQ" not in done.err


def test_migrations_need_the_owner(shell: Shell, environment: dict[str, str]) -> None:
    del environment["DATABASE_OWNER_URL"]
    assert_one_line(shell("db", "upgrade", **environment), "DATABASE_OWNER_URL is not set")


def test_the_doctor_finds_a_superuser_at_work(shell: Shell, environment: dict[str, str]) -> None:
    superuser = with_database(databases.server().superuser_url, str(make_url(environment["DATABASE_URL"]).database))
    done = shell("doctor", **environment | {"DATABASE_URL": superuser})
    assert done.code == 1
    assert "is a superuser" in done.out


def test_the_doctor_finds_a_right_too_many_and_one_too_few(shell: Shell, environment: dict[str, str]) -> None:
    role = make_url(environment["DATABASE_URL"]).username
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as owner:
        owner.execute(f"GRANT UPDATE (outcome) ON decision TO {role}; REVOKE INSERT ON official FROM {role}".encode())
    assert "must not UPDATE (outcome) on decision" in shell("doctor", **environment).out
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as owner:
        owner.execute(f"REVOKE UPDATE (outcome) ON decision FROM {role}".encode())
    assert "may not INSERT on official" in shell("doctor", **environment).out
    assert shell("db", "upgrade", **environment).code == 0
    assert "adds to the record and cannot change it" in shell("doctor", **environment).out


def test_the_doctor_finds_every_fault_in_one_go(shell: Shell, environment: dict[str, str], tmp_path: Path) -> None:
    away = environment | {"DATABASE_URL": "postgresql://app@127.0.0.1:1/govcloud", "GOVCLOUD_MASTER_KEY_FILE": str(tmp_path / "none")}
    done = shell("doctor", **away)
    assert done.code == 1
    assert done.out.count("WRONG") == 8
    assert "govcloud keys init" in done.out


def test_the_doctor_looks_at_clock_and_calendar(
    shell: Shell, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = tmp_path / "days.csv"
    days.write_text("date,day,name\n2027-01-01,holiday,元旦\n", encoding="utf-8")
    told = {"GOVCLOUD_WORK_CALENDAR_FILE": str(days), "GOVCLOUD_NETWORK_ZONES": '{"office": ["10.0.0.0/8"]}'}
    well = shell("doctor", **environment | told)
    assert "working days of 2024 to 2027" in well.out
    assert "soon " not in well.out
    assert "1 network zones" in well.out
    assert "no network zones" in shell("doctor", **environment).out
    days.write_text("date,day,name\n", encoding="utf-8")
    assert "GOVCLOUD_WORK_CALENDAR_FILE" in shell("doctor", **environment | told).out
    monkeypatch.setattr("govcloud.cli.doctor.SystemClock", lambda: ManualClock(SystemClock().now() + timedelta(seconds=3)))
    late = shell("doctor", **environment)
    assert (late.code, "set both by NTP" in late.out) == (1, True)


def test_the_doctor_finds_a_policy_of_an_older_version(shell: Shell, environment: dict[str, str], world: World) -> None:
    assert "knows every function" in shell("doctor", **environment).out
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as owner:
        owner.execute(
            "INSERT INTO policy_version (id, number, source, checksum, document, installed_at, installed_by) "
            "SELECT gen_random_uuid(), max(number) + 1, 'older.yaml', '', 'roles: {}', now(), 'test' FROM policy_version"
        )
    done = shell("doctor", **environment)
    assert done.code == 1
    assert "older.yaml" in done.out
    assert "govcloud policy show --source" in done.out


def test_the_doctor_finds_a_password_list_that_is_not_sorted(shell: Shell, environment: dict[str, str], tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("".join(f"{number:05d}-geheim\n" for number in range(3000, 0, -1)), encoding="utf-8")
    listed = environment | {"GOVCLOUD_BREACHED_PASSWORDS_FILE": str(words)}
    assert "LC_ALL=C sort" in shell("doctor", **listed).out
    words.write_text("".join(f"{number:05d}-geheim\n" for number in range(3000)), encoding="utf-8")
    assert "is sorted" in shell("doctor", **listed).out


@pytest.mark.parametrize("words", [("serve", "--port"), ("run", "--port"), ("run", "--housing-port"), ("run", "--assistance-port")])
def test_a_port_in_use_is_named_with_the_remedy(shell: Shell, environment: dict[str, str], words: tuple[str, str]) -> None:
    ports = free_ports()
    free = {"--port": str(ports.platform), "--housing-port": str(ports.housing), "--assistance-port": str(ports.assistance)}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        chosen = free | {words[1]: str(port)} if words[0] == "run" else {words[1]: str(port)}
        done = shell(words[0], *(word for pair in chosen.items() for word in pair), **environment)
    assert done.code == 1
    assert f"port {port} " in done.err
    assert words[1] in done.err


def test_another_master_key_is_found_and_never_made(shell: Shell, environment: dict[str, str], world: World, tmp_path: Path) -> None:
    """A new key over a filled database would open nothing that is in it."""
    lost = environment | {"GOVCLOUD_MASTER_KEY_FILE": str(tmp_path / "lost.key")}
    assert_one_line(shell("keys", "init", **lost), "another master key sealed")
    assert not (tmp_path / "lost.key").exists()
    create_master_key(tmp_path / "lost.key")
    done = shell("doctor", **lost)
    assert done.code == 1
    assert "does not open" in done.out


def assert_one_line(outcome: Outcome, words: str) -> None:
    """The error is one line with these words, and no traceback."""
    assert outcome.code == 1, outcome
    assert words in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert "Traceback" not in outcome.err
