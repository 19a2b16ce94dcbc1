"""How a command of the command line gets the platform: settings from the environment, services inside an application context."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import click

from govcloud.kernel.actor import Actor

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.kernel.clock import Clock
    from govcloud.services import Services
    from govcloud.settings import Settings

AppFactory = Callable[["Settings", "Clock | None"], "Flask"]


def settings_of() -> Settings:
    """Return the settings: of the environment, completed by the embedded server's state when ``DATABASE_URL`` is not set.

    Raises:
        SettingsError: a setting is missing or unsafe.
    """
    # Imported here so that `govcloud --help` answers at once.
    from govcloud.kernel.embedded_postgres import EmbeddedPostgres  # noqa: PLC0415
    from govcloud.settings import load_settings  # noqa: PLC0415

    given: dict[str, object] = {}
    embedded = EmbeddedPostgres()
    if "DATABASE_URL" not in os.environ and (addresses := embedded.addresses()) is not None:
        given |= {"DATABASE_URL": addresses.app_url, "DATABASE_OWNER_URL": addresses.owner_url}
    if "GOVCLOUD_MASTER_KEY_FILE" not in os.environ:
        given["master_key_file"] = embedded.root / "master.key"
    return load_settings(**given)


@contextmanager
def platform(context: click.Context, clock: Clock | None = None) -> Iterator[Services]:
    """Give the services of the platform within an application context; they go by ``clock``, or by the machine's."""
    create_app = cast("AppFactory", context.find_root().obj)
    app = create_app(settings_of(), clock)
    from govcloud.kernel.database import db  # noqa: PLC0415 - the command line answers `--help` without it

    with app.app_context():
        try:
            yield cast("Services", app.extensions["govcloud"])
        finally:
            db.session.remove()
            db.engine.dispose()


def operator() -> Actor:
    """Return the actor of the command line: whoever has a shell on the server, by the name of the system's account.

    Under ``sudo`` that is the account that called it, as far as the environment can be believed: whoever is root here can say
    anything, so this is a help for honest people and no proof.
    """
    return replace(Actor.system("operator"), name=os.environ.get("SUDO_USER") or getpass.getuser())


def secret_line(what: str) -> str:
    """Return a line that is typed unseen at a terminal, or comes from standard input.

    An option would stay in the shell's history and show in the list of processes.
    """
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True))
    return sys.stdin.readline().strip()
