"""``govcloud serve``: the platform behind granian."""

from __future__ import annotations

import os

import click

from govcloud.cli.context import settings_of
from govcloud.cli.stack import require_free

#: Measured: four threads a worker keep PostgreSQL busy without queueing inside the process.
BLOCKING_THREADS = 4


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True, help="Processes; as many as cores.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the platform (granian, WSGI)."""
    from granian.constants import Interfaces  # noqa: PLC0415 - only where it serves
    from granian.server import Server  # noqa: PLC0415

    from govcloud.kernel.crypto import read_master_key  # noqa: PLC0415

    settings = settings_of()  # a wrong setting stops here with one line, not in every worker
    read_master_key(settings.master_key_file)
    require_free(port, "the platform", "--port", host)
    os.environ["DATABASE_URL"] = settings.database_url
    os.environ["GOVCLOUD_MASTER_KEY_FILE"] = str(settings.master_key_file)
    Server(
        "govcloud.app:serve_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=BLOCKING_THREADS,
        factory=True,
        log_access=False,
    ).serve()
