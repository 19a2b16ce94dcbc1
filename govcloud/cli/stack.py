"""The platform and both examples as processes: free ports, environments, waiting until each answers, stopping all of them."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click
import httpx

from govcloud.kernel.offspring import end_with_parent

START_SECONDS = 60.0
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
_LAST_LINES = 12
_NEEDED_TO_RUN = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"})
#: Where ``examples/`` lies: beside the package in a checkout, below the prefix when installed.
ROOT = next(
    (place for place in (Path(__file__).parents[2], Path(sys.prefix) / "share" / "govcloud") if (place / "examples").is_dir()),
    Path(sys.prefix),
)


@dataclass(frozen=True)
class Ports:
    """Where the platform and the two examples listen, on the loopback address."""

    platform: int
    housing: int
    assistance: int

    @property
    def platform_url(self) -> str:
        """Return the platform's address."""
        return f"http://127.0.0.1:{self.platform}"

    @property
    def example_urls(self) -> Mapping[str, str]:
        """Return the examples' addresses by subsystem code, with a slash at the end."""
        return {"housing": f"http://127.0.0.1:{self.housing}/", "assistance": f"http://127.0.0.1:{self.assistance}/"}


def free_ports() -> Ports:
    """Return three ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        # All are held at once, so that the three differ.
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return Ports(*(item.getsockname()[1] for item in sockets))


def require_free(port: int, what: str, option: str, host: str = "127.0.0.1") -> None:
    """Refuse to start on a port that is in use, or that cannot be opened on ``host``.

    Raises:
        ClickException: names the port and what to do.
    """
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            problem = f"is in use; stop what listens there, or choose another with {option}"
        else:
            problem = f"cannot be opened on {host}: {error.strerror or error}; choose another with {option}"
        raise click.ClickException(f"port {port} ({what}) {problem}") from error


@dataclass
class Process:
    """One running program of the stack, and the file that takes its output."""

    name: str
    popen: subprocess.Popen[bytes]
    log: IO[bytes]

    def last_lines(self) -> str:
        """Return the end of what it printed."""
        self.log.flush()
        text = Path(self.log.name).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-_LAST_LINES:])


@dataclass
class Stack:
    """The running processes; ``logs`` is the folder that takes their output."""

    logs: Path
    processes: list[Process] = field(default_factory=list)

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start ``python -m …`` with exactly this environment."""
        log = (self.logs / f"{name}.log").open("wb")
        popen = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-m", *arguments],
            env=dict(environment),
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            # Ctrl-C reaches us alone; we stop the others in order.
            start_new_session=True,
            # And if we are killed, nothing of ours keeps a port.
            preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call between fork and exec
        )
        self.processes.append(Process(name, popen, log))

    def wait_for(self, name: str, url: str, seconds: float = START_SECONDS) -> None:
        """Wait until ``url`` answers 200.

        Raises:
            ClickException: the process ended or did not answer in time; shows the end of its output.
        """
        process = next(item for item in self.processes if item.name == name)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if process.popen.poll() is not None:
                raise click.ClickException(f"{name} ended at its start (exit code {process.popen.returncode}):\n{process.last_lines()}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                    return
            time.sleep(_POLL_SECONDS)
        raise click.ClickException(f"{name} did not answer at {url} within {seconds:.0f} s:\n{process.last_lines()}")

    def stop(self) -> None:
        """End every process, the last started first; who does not end in time is killed."""
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.popen.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for process in reversed(self.processes):
            try:
                process.popen.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.popen.pid, signal.SIGKILL)
                process.popen.wait()
            process.log.close()
        self.processes.clear()


def example_environment(platform_url: str, client_id: str, secret: str) -> dict[str, str]:
    """Return the environment of an example: what a program needs to run at all, and its own three settings.

    It stands for a subsystem of another department, so it gets neither the platform's settings nor what else we may hold.
    """
    needed = {name: value for name, value in os.environ.items() if name in _NEEDED_TO_RUN or name.startswith("LC_")}
    return needed | {"GOVCLOUD_ISSUER": platform_url, "GOVCLOUD_CLIENT_ID": client_id, "GOVCLOUD_CLIENT_SECRET": secret}


@contextlib.contextmanager
def stack(logs: Path | None = None) -> Iterator[Stack]:
    """Give an empty stack, and stop whatever was started when leaving."""
    with contextlib.ExitStack() as cleanup:
        folder = logs or Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="govcloud-logs-")))
        folder.mkdir(parents=True, exist_ok=True)
        running = Stack(folder)
        try:
            yield running
        finally:
            running.stop()


def start_platform(running: Stack, ports: Ports, environment: Mapping[str, str], secrets: Mapping[str, str], workers: int = 2) -> None:
    """Start platform, jobs, both examples and the keeper of a replica where one is set, and wait until each that answers does."""
    ours = {**os.environ, **environment}
    if "GOVCLOUD_REPLICA_DIR" in ours:
        running.start("replica", ["govcloud", "replica", "keep"], ours)
    running.start("platform", ["govcloud", "serve", "--port", str(ports.platform), "--workers", str(workers)], ours)
    running.start("jobs", ["govcloud", "jobs"], ours)
    for code, port in (("housing", ports.housing), ("assistance", ports.assistance)):
        its_own = example_environment(ports.platform_url, code, secrets[code])
        running.start(code, ["examples.serve", code, "--port", str(port)], its_own)
    running.wait_for("platform", f"{ports.platform_url}/readyz")
    for code, url in ports.example_urls.items():
        running.wait_for(code, f"{url}healthz")
