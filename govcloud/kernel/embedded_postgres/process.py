"""The processes of the embedded server: how they start as their account, when they are ready, how they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from govcloud.kernel.embedded_postgres.account import Account, EmbeddedPostgresError
from govcloud.kernel.offspring import end_with_parent

START_SECONDS = 60.0
STOP_SECONDS = 20.0


def run_program(command: Sequence[str], account: Account, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the server's programs to its end as ``account``, in a directory that it may enter."""
    return subprocess.run(command, check=False, capture_output=True, text=True, **_surroundings(account, directory))  # noqa: S603 - our own files


def launch(command: Sequence[str], account: Account, data: Path, log_file: Path) -> subprocess.Popen[bytes]:
    """Start the server over ``data`` and return its process as soon as it takes connections.

    Raises:
        EmbeddedPostgresError: it ended instead (with the reason from its log), or it does not answer in time.
    """
    process = _spawn(command, account, data, log_file)
    if not _wait_until(lambda: process.poll() is not None or _ready(data, process.pid), START_SECONDS):
        stop(process, gently=False)
        raise EmbeddedPostgresError(f"PostgreSQL does not answer after {START_SECONDS:.0f} seconds (see {log_file})")
    if process.returncode is not None:
        complaint = last_complaint(log_file.read_text(encoding="utf-8", errors="replace"))
        raise EmbeddedPostgresError(f"PostgreSQL does not start: {complaint} (see {log_file})")
    return process


def stop(process: subprocess.Popen[bytes], *, gently: bool) -> None:
    """End the server: gently with a checkpoint (a fast shutdown), else at once; nothing committed is lost either way."""
    process.send_signal(signal.SIGINT if gently else signal.SIGQUIT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def clear_away(data: Path) -> None:
    """End what a dead launcher or a killed server left over ``data``; call it only with the launcher's lock in hand.

    A stale ``postmaster.pid`` goes too: its number may by now belong to somebody else's process, and then PostgreSQL would not start.

    Raises:
        EmbeddedPostgresError: an older server does not stop.
    """
    pid_file = data / "postmaster.pid"
    for how in (signal.SIGINT, signal.SIGQUIT):
        working = _working_in(data)
        postmaster = _first_line(pid_file)
        if postmaster in working:
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster, how)
        # Without their postmaster the server's children end by themselves, within a second or two.
        if _wait_until(lambda: not _working_in(data), STOP_SECONDS):
            pid_file.unlink(missing_ok=True)
            return
    raise EmbeddedPostgresError(f"an older PostgreSQL on {data} does not stop (processes {sorted(_working_in(data))}); end it first")


def last_complaint(log: str) -> str:
    """Return the line that says why a program gave up."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    marked = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "error:" in line]
    return (marked or lines or ["it said nothing"])[-1]


def _spawn(command: Sequence[str], account: Account, data: Path, log_file: Path) -> subprocess.Popen[bytes]:
    with contextlib.suppress(FileNotFoundError):
        log_file.replace(log_file.with_suffix(".log.1"))
    with os.fdopen(os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own files
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for the launcher, which stops the server last.
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGINT),  # noqa: PLW1509 - one system call between fork and exec
            **_surroundings(account, data),
        )


def _surroundings(account: Account, directory: Path) -> dict[str, Any]:
    """Return how a process of the server starts: its account, a clean environment, a directory that it may enter."""
    identity: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switched else {}
    return identity | {"cwd": directory, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(directory)}, "umask": 0o077}


def _ready(data: Path, pid: int) -> bool:
    """Return whether the server of process ``pid`` takes connections (line 8 of its pid file says so)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]


def _working_in(data: Path) -> set[int]:
    """Return the processes of PostgreSQL whose working directory is ``data``: a server and its children.

    Somebody's shell may stand there as well; it is neither ended nor waited for.
    """
    found = set()
    for link in Path("/proc").glob("[0-9]*/cwd"):
        # A process may end while we look, and those of other users are closed to us.
        with contextlib.suppress(OSError):
            if link.readlink() == data and _is_postgres(link.parent):
                found.add(int(link.parent.name))
    return found


def _is_postgres(process: Path) -> bool:
    """Say whether a process runs the server's program, be it one that an upgrade has replaced by now."""
    return (process / "exe").readlink().name.removesuffix(" (deleted)") == "postgres"


def _first_line(pid_file: Path) -> int:
    """Return the process that ``postmaster.pid`` names, 0 when there is none."""
    try:
        return int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return 0


def _wait_until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
