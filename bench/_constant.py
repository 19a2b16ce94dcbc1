"""The platform with one route more, which authenticates the client and answers with a constant (`python -m bench._constant PORT`).

It stands in the same worker as the routes that are measured beside it, so that both pay for the same server.
"""

from __future__ import annotations

import sys

from flask import Flask, Response

from govcloud.app import create_app
from govcloud.entrypoints.authzen.responses import respond
from govcloud.web.gate import client_authenticated
from govcloud.web.setup import csrf

CONSTANT = "/bench/constant"


@client_authenticated
def constant() -> Response:
    """Answer what a small yes looks like."""
    return respond({"decision": True, "context": {"reason": "allowed", "obligations": {}, "epoch": 1}})


def create() -> Flask:
    """Return the platform with the route."""
    app = create_app()
    csrf.exempt(constant)
    app.add_url_rule(CONSTANT, "bench_constant", constant, methods=["POST"])
    return app


def main() -> None:
    """Serve it as `govcloud serve` serves the platform, with one worker."""
    from granian.constants import Interfaces  # noqa: PLC0415 - only where it serves
    from granian.server import Server  # noqa: PLC0415

    from govcloud.cli.serve import BLOCKING_THREADS  # noqa: PLC0415

    Server(
        "bench._constant:create",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=BLOCKING_THREADS,
        factory=True,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
