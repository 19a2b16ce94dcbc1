"""Node programs that use the platform as their makers' libraries do, with a browser that the test drives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.real_clients.conftest import Town

NODE = Path(__file__).parent / "node"
Said = dict[str, Any]


def converse(town: Town, program: str, environment: Mapping[str, str], answer: Callable[[Said], Said | None]) -> Said:
    """Run ``program``; each line that it says is answered with what ``answer`` returns, the one that gets ``None`` is its last."""
    node = shutil.which("node")
    assert node is not None, "node is missing: `make test-clients` installs it"
    usual = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(town.made.authority), "ISSUER": town.issuer}
    with subprocess.Popen(
        [node, str(NODE / program)],
        env=usual | dict(environment),
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        for line in running.stdout:
            said: Said = json.loads(line)
            told = answer(said)
            if told is None:
                return said
            running.stdin.write(json.dumps(told) + "\n")
            running.stdin.flush()
        raise AssertionError(running.stderr.read()[-3000:])
