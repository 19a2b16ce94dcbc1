"""The platform's own entry in its catalogue: its commands are functions like everybody else's, installed from the shipped policy."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import insert

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.locks import take
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems import inputs
from govcloud.subsystems.events import SubsystemRegistered
from govcloud.subsystems.inputs import PLATFORM, NewFunction
from govcloud.subsystems.lifecycle import Status
from govcloud.subsystems.models import Subsystem
from govcloud.subsystems.offers.functions import Functions

_PLATFORM_NAME = "政务云身份与权限平台"
_PLATFORM_LEVEL = 3


class Platform(Functions):
    """Keeps the platform's own functions in the catalogue."""

    def install_catalogue(self, actor: Actor, functions: Mapping[str, str]) -> None:
        """Bring the platform's own functions (code → name) into the catalogue: add new ones, withdraw those that are gone.

        Installing what stands there already changes nothing, so it may run at every start.

        Raises:
            Invalid: a code is against the grammar or is not the platform's.
        """
        if {view.code: view.name for view in self._queries.functions_of(PLATFORM)} == dict(functions):
            return
        with self._uow.begin(actor, "govcloud:catalogue:install", Target("subsystem", PLATFORM)) as tx:
            take(tx.session, "govcloud catalogue")
            fields = Fields()
            new = {code: NewFunction(code, name, integration_level=_PLATFORM_LEVEL) for code, name in functions.items()}
            checked = [inputs.checked_function(row, fields.row(index)) for index, row in enumerate(new.values())]
            for index, row in enumerate(checked):
                if not row.code.startswith(f"{PLATFORM}:"):
                    fields.row(index).fail("code", Message("平台自身的功能代码应以 govcloud: 开头。"), row.code)
            fields.done()
            subsystem_id = self._platform(tx)
            standing = {view.code: view for view in self._queries.functions_of(PLATFORM)}
            kept = {row.code for row in checked if row.code in standing and standing[row.code].name == row.name}
            self._withdraw(tx, [view for code, view in standing.items() if code not in kept])
            self._insert_functions(tx, [(subsystem_id, row) for row in checked if row.code not in kept])

    def _platform(self, tx: Transaction) -> UUID:
        """Return the id of the platform's own entry, which is made at the first installation."""
        standing = self._queries.subsystem(PLATFORM)
        if standing:
            return standing.id
        subsystem_id = new_id()
        tx.session.execute(
            insert(Subsystem).values(
                id=subsystem_id,
                code=PLATFORM,
                name=_PLATFORM_NAME,
                owner_department_id=None,
                integration_level=_PLATFORM_LEVEL,
                status=Status.PUBLISHED,
                description="",
                created_at=tx.now,
            )
        )
        tx.record(
            SubsystemRegistered(
                subject=f"subsystem:{subsystem_id}",
                subsystem_id=subsystem_id,
                code=PLATFORM,
                subsystem_name=_PLATFORM_NAME,
                owner_department_id=None,
            )
        )
        return subsystem_id
