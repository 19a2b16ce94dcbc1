"""Clients as no command would leave them, for tests of what must hold even then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from govcloud.kernel.ids import new_id
from govcloud.subsystems.changes import FunctionChange
from govcloud.subsystems.models import Client, ClientRedirect
from govcloud.subsystems.protocols import RECORDS, SECRET, ProtocolSettings, protocol_of, to_json
from tests.factories.policies import OPERATOR
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.subsystems.inputs import NewClient


def register_unchecked(services: Services, row: NewClient) -> None:
    """Enter a client with settings that registering refuses; it has no secret unless it shows one."""
    sound = replace(row, settings=RECORDS[protocol_of(row.settings)](), auth_method=SECRET)
    services.subsystems.register_client(SEED, sound)
    with services.uow.begin(SEED, "govcloud:client:change") as tx:
        kept = {} if row.auth_method == SECRET else {"secret_digest": None}
        change = update(Client).where(Client.client_id == row.client_id)
        tx.session.execute(change.values(settings=to_json(row.settings), auth_method=row.auth_method, **kept))


def put_unchecked(services: Services, client_id: str, settings: ProtocolSettings) -> None:
    """Store settings that registering and changing refuse, as an older release or a hand in the database might have left them."""
    with services.uow.begin(SEED, "govcloud:client:change") as tx:
        tx.session.execute(update(Client).where(Client.client_id == client_id).values(settings=to_json(settings)))


def claim_unchecked(services: Services, client_id: str, kind: str, address: str) -> None:
    """Store an address that registering refuses because another subsystem claims it."""
    with services.uow.begin(SEED, "govcloud:client:change") as tx:
        client = tx.session.scalars(select(Client.id).where(Client.client_id == client_id)).one()
        tx.session.execute(insert(ClientRedirect).values(id=new_id(), client_id=client, kind=kind, uri=address))


def flag_sensitive(services: Services, function: str, *, sensitive: bool = True) -> None:
    """Let a function be sensitive from now on, or no longer."""
    view = services.subsystem_queries.function(function)
    assert view is not None
    change = FunctionChange(view.name, view.description, sensitive=sensitive, integration_level=view.integration_level, label=view.label)
    services.subsystems.change_function(OPERATOR, function, change, "复核")
