"""The root command ``govcloud``: finds a command's file when it is called, and turns errors into one line."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from govcloud import __version__

#: Command → its file and one line of help. Files are imported only when their command runs, so `--help` is instant.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "start everything for a first look: database, platform, jobs, both examples"),
    "serve": ("serve", "serve the platform (granian)"),
    "jobs": ("jobs", "run the background jobs"),
    "replica": ("replica", "keep this machine's replica of what decisions read"),
    "demo": ("demo", "play the story over HTTP against a throw-away platform (--story)"),
    "seed": ("seed", "fill an empty platform with a believable province"),
    "db": ("db", "prepare, upgrade and check the database"),
    "keys": ("keys", "make the master key and the signing keys, and rotate these"),
    "policy": ("policy", "show, test and compare policies; draft, apply and bring back"),
    "org": ("org", "read and reorganise the department tree"),
    "lists": ("lists", "import, export and follow the power list and the implementation list"),
    "people": ("people", "find, register, transfer and disable officials"),
    "roles": ("roles", "give and end roles directly, set ceilings, say what somebody may do"),
    "apart": ("apart", "keep duties apart: rules, exceptions, who breaks one"),
    "ask": ("ask", "ask who may do what and why, now or as of a date; read the decision log"),
    "subsystem": ("subsystem", "register subsystems and bring them into service"),
    "matter": ("matters", "register, change and end matters: items of several departments that belong together"),
    "clocks": ("clocks", "set the time to answer and working hours, import the working calendar"),
    "signon": ("signon", "set the rules of sign-on, see and end sessions, follow sign-outs"),
    "client": ("client", "register, change, import and test subsystems' clients"),
    "receipt": ("receipt", "verify decision receipts offline, and take them out"),
    "audit": ("audit", "verify and read the audit record"),
    "doctor": ("doctor", "check settings, database, keys, privileges, policy and password list"),
    "backup": ("backup", "write a backup of the database"),
    "restore": ("backup", "restore a backup into an empty database"),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them late."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command's file and return its command of the same name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"govcloud.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list from the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="govcloud")
def main() -> None:
    """Identity and permission system of a provincial government's cloud (省级政务云身份与权限平台)."""


def run(create_app: Any) -> None:  # noqa: ANN401 - the application factory; its type would import the platform
    """Run the command line with ``create_app`` as the way to the platform; errors become one line and exit code 1."""
    from psycopg import OperationalError as DriverError  # noqa: PLC0415 - only when something runs
    from sqlalchemy.exc import OperationalError, ProgrammingError  # noqa: PLC0415

    from govcloud.kernel.crypto import MasterKeyError  # noqa: PLC0415
    from govcloud.kernel.embedded_postgres import EmbeddedPostgresError  # noqa: PLC0415
    from govcloud.kernel.errors import GovcloudError  # noqa: PLC0415
    from govcloud.kernel.provisioning import ProvisioningError  # noqa: PLC0415
    from govcloud.kernel.schema import SchemaError  # noqa: PLC0415
    from govcloud.settings import SettingsError  # noqa: PLC0415

    try:
        main(obj=create_app, standalone_mode=True)
    except GovcloudError as error:
        _fail(_one_line(error))
    except (SettingsError, MasterKeyError, EmbeddedPostgresError, ProvisioningError, SchemaError) as error:
        _fail(str(error))
    except OperationalError as error:
        _fail(f"the database cannot be reached: {str(error.orig).strip().splitlines()[0]}")
    except DriverError as error:
        _fail(f"the database cannot be reached: {str(error).strip().splitlines()[0]}")
    except ProgrammingError as error:
        _fail(f"the database refuses: {str(error.orig).strip().splitlines()[0]}; is it prepared? See: govcloud doctor")


def _one_line(error: Any) -> str:  # noqa: ANN401 - a GovcloudError
    """Return the error, its fields and its remedy in one line."""
    parts = [str(error.message), *(f"{item.field}: {item.message} ({item.value!r})" for item in error.fields)]
    parts += [str(item.message) for item in error.refusals]
    if error.remedy is not None:
        parts.append(str(error.remedy))
    return " ".join(parts)


def _fail(text: str) -> None:
    click.secho(f"govcloud: {text}", fg="red", err=True)
    sys.exit(1)
