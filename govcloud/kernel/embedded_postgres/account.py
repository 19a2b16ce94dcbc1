"""Which account of the system the embedded server runs under, and which directories that account may reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

SYSTEM_ROOT = Path("/var/lib/govcloud")
SYSTEM_USER = "govcloud"
#: What a minimal system without `useradd` still has.
FALLBACK_USER = "nobody"


class EmbeddedPostgresError(Exception):
    """The embedded server cannot start or stop; the text says why and what to do, in one line."""


@dataclass(frozen=True)
class Account:
    """The account the server runs under; ``switched`` says that it is not our own (we are root)."""

    name: str
    uid: int
    gid: int
    switched: bool


def default_root() -> Path:
    """Return where data and programs are kept: ``GOVCLOUD_HOME``, as root ``/var/lib/govcloud``, else the user's data directory."""
    if named := os.environ.get("GOVCLOUD_HOME"):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return SYSTEM_ROOT
    base = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification asks to ignore a relative path.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "govcloud"


def server_account() -> Account:
    """Return the account for the server: our own, but never root, whom PostgreSQL refuses.

    As root the system user ``govcloud`` is made when it is missing.

    Raises:
        EmbeddedPostgresError: we are root and there is no account to change to.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(_name_of(uid), uid, os.getegid(), switched=False)
    entry = _lookup(SYSTEM_USER) or _create_system_user() or _lookup(FALLBACK_USER)
    if entry is None:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and there is neither a user {SYSTEM_USER!r} nor {FALLBACK_USER!r}; "
            f"make one: useradd --system --user-group {SYSTEM_USER}"
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=True)


def closed_ancestor(path: Path, account: Account) -> Path | None:
    """Return the topmost existing directory on the way to ``path`` that ``account`` may not enter, or None.

    We never open such a directory: it is not ours, and whoever closed it meant it.
    """
    for directory in [*reversed(path.parents), path]:
        try:
            entry = directory.stat()
        except FileNotFoundError:
            return None
        except PermissionError:
            return directory.parent
        if not _may_enter(entry, account):
            return directory
    return None


def _may_enter(entry: os.stat_result, account: Account) -> bool:
    if entry.st_uid == account.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == account.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def _create_system_user() -> pwd.struct_passwd | None:
    """Make the system user; None where the system has no way to (the caller then falls back)."""
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", str(SYSTEM_ROOT), "--shell", "/usr/sbin/nologin"]
    subprocess.run([program, *options, SYSTEM_USER], check=False, capture_output=True)  # noqa: S603 - fixed arguments
    # Another process may have made the same user in between: what counts is whether it is there now.
    return _lookup(SYSTEM_USER)


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # containers run under numbers that have no name
        return str(uid)
