"""A process that does nothing but ask: ``python -m tests.factories.hammering``, with what to ask as JSON on standard input.

Each answer is a line on standard output: which question, the answer, the epoch that it states, and the monotonic nanoseconds (the same
clock for every process of a machine) before and after. It ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

from govcloud.app import assemble
from govcloud.authorization.decisions import Question
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Environment, load_settings

#: A bound, should nobody ever say that it is enough.
MOST = 20_000


def main() -> None:
    """Ask until standard input ends."""
    told = json.loads(sys.stdin.readline())
    settings = load_settings(
        environment=Environment.TEST,
        DATABASE_URL=told["database_url"],
        master_key_file=Path(told["master_key_file"]),
        public_url="http://localhost",
    )
    app = assemble(settings, ManualClock(datetime.fromisoformat(told["now"])))
    over = threading.Event()
    threads = [threading.Thread(target=_ask, args=(app, told["questions"], over)) for _ in range(told["threads"])]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()


def _ask(app: Flask, questions: dict[str, Any], over: threading.Event) -> None:
    services: Services = app.extensions["govcloud"]
    asked = {name: Question(item["function"], UUID(item["appointment_id"]), resource=item["resource"]) for name, item in questions.items()}
    with app.app_context():
        for _ in range(MOST):
            for name, question in asked.items():
                begun = time.monotonic_ns()
                decision = services.authorization.decide(question)
                ended = time.monotonic_ns()
                sys.stdout.write(json.dumps([name, decision.allowed, decision.epoch, begun, ended]) + "\n")
                # As a request would: the next question reads anew.
                db.session.remove()
            sys.stdout.flush()
            if over.is_set():
                return


if __name__ == "__main__":
    main()
