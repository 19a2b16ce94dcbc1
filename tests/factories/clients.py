"""Clients as no command would leave them, for tests of what must hold even then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from govcloud.subsystems.models import Client
from govcloud.subsystems.protocols import ProtocolSettings, to_json
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.services import Services


def put_unchecked(services: Services, client_id: str, settings: ProtocolSettings) -> None:
    """Store settings that registering and changing refuse, as an older release or a hand in the database might have left them."""
    with services.uow.begin(SEED, "govcloud:client:change") as tx:
        tx.session.execute(update(Client).where(Client.client_id == client_id).values(settings=to_json(settings)))
