"""The processes of a first look: the examples are other departments' programs and hold nothing of the platform's."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.cli.stack import example_environment, free_ports, stack


def test_an_example_runs_without_the_platforms_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = {"DATABASE_URL": "postgresql://app@127.0.0.1:1/x", "GOVCLOUD_MASTER_KEY_FILE": "/nowhere", "SOME_OTHER_SECRET": "hidden"}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    ports = free_ports()
    with stack(tmp_path) as running:
        environment = example_environment(ports.platform_url, "housing", "its own secret")
        running.start("housing", ["examples.serve", "housing", "--port", str(ports.housing)], environment)
        running.wait_for("housing", f"{ports.example_urls['housing']}healthz")
        text = Path(f"/proc/{running.processes[0].popen.pid}/environ").read_text(encoding="utf-8")
    held = {entry.partition("=")[0] for entry in text.split("\0")}
    assert not held & set(ours)
    assert {name for name in held if name.startswith("GOVCLOUD_")} >= {"GOVCLOUD_ISSUER", "GOVCLOUD_CLIENT_ID", "GOVCLOUD_CLIENT_SECRET"}
