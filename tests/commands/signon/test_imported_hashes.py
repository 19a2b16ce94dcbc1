"""Passwords hashed elsewhere: verified as they came, made anew at the first sign-in, refused when they are something else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import bcrypt
import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type
from sqlalchemy import text
from werkzeug.security import generate_password_hash

from govcloud.authorization.commands import NewAssignment
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.sources import examine
from govcloud.kernel import password_hashes
from govcloud.services import Services
from govcloud.signon.errors import SignInRefused
from tests.factories.imports import OPERATOR, a_row, write_csv
from tests.factories.world import SEED, World

OLD = "Alt-Passwort-密码1"
_DJANGO = base64.b64encode(hashlib.pbkdf2_hmac("sha256", OLD.encode(), b"salty", 1000)).decode()
HASHES = {
    "argon2id": PasswordHasher(1, 8 * 1024, 2, type=Type.ID).hash(OLD),
    "argon2i": PasswordHasher(2, 8 * 1024, 1, type=Type.I).hash(OLD),
    "bcrypt": bcrypt.hashpw(OLD.encode(), bcrypt.gensalt(4)).decode(),
    "werkzeug": generate_password_hash(OLD, "pbkdf2:sha256:1000"),
    "django": f"pbkdf2_sha256$1000$salty${_DJANGO}",
}


@pytest.mark.parametrize("kind", HASHES)
def test_it_opens_the_account_and_is_made_anew(services: Services, world: World, tmp_path: Path, kind: str) -> None:
    rows = [a_row(1, password_hash=HASHES[kind])]
    services.importing.apply(OPERATOR, examine(write_csv(tmp_path / "a.csv", rows)), Order("hr"))
    stored = text("SELECT secret_hash FROM credential JOIN account ON account.id = account_id WHERE login = 'IM00001'")
    assert services.uow.read().scalar(stored) == HASHES[kind]
    with pytest.raises(SignInRefused):
        services.signon.sign_in("IM00001", OLD + "x", "192.0.2.1", None)
    services.signon.sign_in("IM00001", OLD, "192.0.2.1", None)
    services.uow.read().rollback()
    assert str(services.uow.read().scalar(stored)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    services.signon.sign_in("IM00001", OLD, "192.0.2.1", None)
    # Another import does not bring the old one back.
    services.importing.apply(OPERATOR, examine(write_csv(tmp_path / "b.csv", [rows[0] | {"rank": "二级科员"}])), Order("hr"))
    services.uow.read().rollback()
    assert str(services.uow.read().scalar(stored)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "secret",
    [
        "",
        OLD,
        "$1$abc$def",
        "$2y$10$" + "a" * 53,
        "$2b$16$" + "a" * 53,
        "$2b$03$" + "a" * 53,
        "pbkdf2:sha1:1000$salt$" + "a" * 40,
        "pbkdf2:sha256:99999999$salt$" + "a" * 64,
        "pbkdf2:sha256:1000$salt$" + "g" * 64,
        "pbkdf2_sha256$1000$salt$short=",
        "pbkdf2_sha256$0$salt$" + "A" * 43 + "=",
        "$argon2id$v=19$m=4194304,t=3,p=4$c2FsdHNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=8,t=999,p=1$c2FsdHNhbHQ$" + "A" * 43,
        "scrypt:32768:8:1$salt$" + "a" * 128,
    ],
)
def test_what_is_not_accepted_matches_nothing(secret: str) -> None:
    assert password_hashes.scheme_of(secret) is None
    assert not password_hashes.matches(secret, OLD.encode())


def test_a_long_password_is_cut_as_bcrypt_always_did() -> None:
    secret = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert password_hashes.matches(secret, b"x" * 100)
    assert not password_hashes.matches(secret, b"x" * 71)
    assert not password_hashes.matches(secret, b"x\0x")


def test_nobody_brings_the_password_of_those_who_are_entrusted_with_more(services: Services, world: World, tmp_path: Path) -> None:
    """Whoever brings a hash may know its password; from those in charge of a department the platform takes none of another's trust."""
    rows = [a_row(1, password_hash=HASHES["bcrypt"]), a_row(2, password_hash=HASHES["bcrypt"])]
    bare = [{key: value for key, value in row.items() if key != "password_hash"} for row in rows]
    services.importing.apply(OPERATOR, examine(write_csv(tmp_path / "a.csv", bare)), Order("hr"))
    trusted = services.identity_queries.official_by_code("IM00001")
    assert trusted is not None
    services.authorization.assign_roles(SEED, [NewAssignment(trusted.id, "system_admin", reason="岗位职责")])
    sun, place = world.people["SUNLI"].actor(), world.organisation.ids["xihu_civil_affairs"]
    services.importing.apply(sun, examine(write_csv(tmp_path / "b.csv", rows)), Order("console", place))
    with_one = text("SELECT login FROM credential JOIN account ON account.id = account_id WHERE login LIKE 'IM%'")
    services.uow.read().rollback()
    assert services.uow.read().scalars(with_one).all() == ["IM00002"]
