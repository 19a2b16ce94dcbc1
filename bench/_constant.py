"""The platform with one route more, which authenticates a client and says always the same: ``python -m bench._constant PORT``."""

from __future__ import annotations

import sys

from flask import Blueprint, Flask, Response, jsonify
from granian.constants import Interfaces
from granian.server import Server

from bench._evaluations import CONSTANT
from govcloud.app import serve_app
from govcloud.cli.serve import BLOCKING_THREADS
from govcloud.web.gate import client_authenticated
from govcloud.web.setup import csrf

constant = Blueprint("constant", __name__)
csrf.exempt(constant)


@constant.post(CONSTANT)
@client_authenticated
def answer() -> Response:
    """Decide nothing."""
    return jsonify(decision=True, context={"reason": "allowed", "obligations": {}, "ends_at": None, "epoch": 1})


def make() -> Flask:
    """Return the platform with the route."""
    app = serve_app()
    app.register_blueprint(constant)
    return app


if __name__ == "__main__":
    Server(
        "bench._constant:make",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=BLOCKING_THREADS,
        factory=True,
        log_access=False,
    ).serve()
