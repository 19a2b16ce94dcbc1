"""Serves one example: ``python -m examples.serve housing --port 8001`` (granian, the server that the platform uses)."""

from __future__ import annotations

import argparse
import importlib
import os
from typing import Any

from granian.constants import Interfaces
from granian.server import Server


def application() -> Any:  # noqa: ANN401 - a WSGI application, named by the environment of the worker
    """Return the example that the command line chose (granian calls this in its worker)."""
    return importlib.import_module(f"examples.{os.environ['GOVCLOUD_EXAMPLE']}").create_app()


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m examples.serve", description=__doc__)
    parser.add_argument("example", choices=["housing", "assistance"])
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    os.environ["GOVCLOUD_EXAMPLE"] = chosen.example
    Server(
        "examples.serve:application",
        address="127.0.0.1",
        port=chosen.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        factory=True,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
