"""Commands on the catalogue: subsystems, their functions, and the items that may be requested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, insert, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place, refuse_known, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import (
    FunctionAdded,
    FunctionWithdrawn,
    ItemOffered,
    SubsystemPublished,
    SubsystemRegistered,
)
from govcloud.subsystems.inputs import PLATFORM, NewFunction, NewItem, NewSubsystem
from govcloud.subsystems.models import CatalogueItem, Subsystem, SubsystemFunction
from govcloud.subsystems.views import FunctionView

_PLATFORM_NAME = "政务云身份与权限平台"
_PLATFORM_LEVEL = 3


class Catalogue(Commands):
    """Commands that shape the catalogue; each is one transaction."""

    def register_subsystem(self, actor: Actor, subsystem: NewSubsystem) -> UUID:
        """Enter a relying system and return its id.

        Raises:
            Invalid: a field is wrong, or the owning department unknown.
            Conflict: the code is registered already.
        """
        target = self._target("subsystem", subsystem.code, [subsystem.owner_department_id])
        with self._uow.begin(actor, "govcloud:subsystem:register", target) as tx:
            fields = Fields()
            row = inputs.checked_subsystem(subsystem, fields)
            self._note_unknown_department("owner_department_id", row.owner_department_id, fields)
            fields.done()
            with explained(errors.CONSTRAINTS):
                tx.session.execute(
                    insert(Subsystem).values(
                        id=row.id,
                        code=row.code,
                        name=row.name,
                        owner_department_id=row.owner_department_id,
                        integration_level=row.integration_level,
                        status="registered",
                        launch_url=row.launch_url,
                        webhook_url=row.webhook_url,
                        description=row.description,
                        created_at=tx.now,
                    )
                )
            tx.record(_registered(row.id, row.code, row.name, row.owner_department_id))
        return row.id

    def publish_subsystem(self, actor: Actor, key: str | UUID) -> None:
        """Show a registered subsystem, given by code or id, to officials and let its items be requested.

        Raises:
            NotFound: there is no such subsystem.
            Conflict: it is published already, or retired.
        """
        view = self._subsystem(key)
        with self._uow.begin(actor, "govcloud:subsystem:publish", self._target("subsystem", view.code, [view.owner_department_id])) as tx:
            registered = update(Subsystem).where(Subsystem.id == view.id, Subsystem.status == "registered")
            if tx.session.scalar(registered.values(status="published").returning(Subsystem.id)) is None:
                raise errors.wrong_status(view.name, self._subsystem(key).status)
            tx.record(SubsystemPublished(subject=f"subsystem:{view.id}", subsystem_id=view.id, code=view.code))

    def add_function(self, actor: Actor, function: NewFunction) -> UUID:
        """Add one function; see ``add_functions``."""
        return self.add_functions(actor, [function])[0]

    def add_functions(self, actor: Actor, functions: Sequence[NewFunction]) -> tuple[UUID, ...]:
        """Add functions to the subsystems that their codes begin with, and return their ids.

        Raises:
            Invalid: a code is against the grammar, or its subsystem unknown.
            Conflict: a code is registered already; nothing is written.
        """
        owners = {code: self._queries.subsystem(code) for code in {row.code.partition(":")[0] for row in functions}}
        target = self._target(
            "function", one_place(row.code for row in functions), (view.owner_department_id if view else None for view in owners.values())
        )
        with self._uow.begin(actor, "govcloud:function:add", target) as tx:
            fields = Fields()
            within_limit(functions, fields)
            checked = [inputs.checked_function(row, fields.row(index)) for index, row in enumerate(functions)]
            for index, row in enumerate(checked):
                if owners.get(row.code.partition(":")[0]) is None or row.code.startswith(f"{PLATFORM}:"):
                    fields.row(index).fail("code", Message("没有这个子系统，请先登记子系统。"), row.code)
            fields.done()
            ids = {view.code: view.id for view in owners.values() if view}
            self._insert_functions(tx, [(ids[row.code.partition(":")[0]], row) for row in checked])
        return tuple(row.id for row in checked)

    def offer_item(self, actor: Actor, item: NewItem) -> UUID:
        """Offer one item; see ``offer_items``."""
        return self.offer_items(actor, [item])[0]

    def offer_items(self, actor: Actor, items: Sequence[NewItem]) -> tuple[UUID, ...]:
        """Let functions, or slices of them, be requested, and return the items' ids.

        Raises:
            Invalid: a field is wrong, or a function or department unknown.
        """
        functions = {row.function: self._queries.function(row.function) for row in items}
        owners = [row.owner_department_id or self._owner_of(functions[row.function]) for row in items]
        target = self._target("item", one_place(str(row.id) for row in items), owners)
        with self._uow.begin(actor, "govcloud:item:offer", target) as tx:
            fields = Fields()
            within_limit(items, fields)
            checked = [inputs.checked_item(row, fields.row(index)) for index, row in enumerate(items)]
            values = []
            for index, (row, owner) in enumerate(zip(checked, owners, strict=True)):
                function = functions.get(row.function) or self._queries.function(row.function)
                if function is None or owner is None:
                    fields.row(index).fail("function", Message("没有这个功能，请先登记功能。"), row.function)
                    continue
                if row.owner_department_id is not None:
                    self._note_unknown_department("owner_department_id", row.owner_department_id, fields.row(index))
                values.append(_item_values(row, function.id, owner, tx))
            fields.done()
            with explained(errors.CONSTRAINTS):
                tx.session.execute(insert(CatalogueItem), values)
            for row, owner in zip(checked, owners, strict=True):
                if owner is not None:
                    tx.record(_offered(row, owner))
        return tuple(row.id for row in checked)

    def install_catalogue(self, actor: Actor, functions: Mapping[str, str]) -> None:
        """Bring the platform's own functions (code → name) into the catalogue: add new ones, withdraw those that are gone.

        Installing what stands there already changes nothing, so it may run at every start.

        Raises:
            Invalid: a code is against the grammar or is not the platform's.
        """
        if {view.code: view.name for view in self._queries.functions_of(PLATFORM)} == dict(functions):
            return
        with self._uow.begin(actor, "govcloud:catalogue:install", Target("subsystem", PLATFORM)) as tx:
            tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("govcloud catalogue"))))
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

    # Parts of the commands above

    def _note_unknown_department(self, name: str, department_id: UUID, fields: Fields) -> None:
        if self._identity.department(department_id) is None:
            fields.fail(name, Message("没有这个部门，请核对。"), department_id)

    def _owner_of(self, function: FunctionView | None) -> UUID | None:
        return self._subsystem(function.subsystem_id).owner_department_id if function else None

    def _insert_functions(self, tx: Transaction, functions: Iterable[tuple[UUID, NewFunction]]) -> None:
        added = list(functions)
        if not added:
            return
        codes = [row.code for _, row in added]
        live_codes = select(SubsystemFunction.code).where(SubsystemFunction.valid_to.is_(None))
        refuse_known(tx.session, live_codes, codes, field="code", message=Message("该功能代码已登记。"))
        with explained(errors.CONSTRAINTS):
            tx.session.execute(insert(SubsystemFunction), [_function_values(row, subsystem_id, tx) for subsystem_id, row in added])
        tx.record_all(
            [
                FunctionAdded(
                    subject=f"function:{row.id}", function_id=row.id, code=row.code, function_name=row.name, sensitive=row.sensitive
                )
                for _, row in added
            ]
        )

    def _withdraw(self, tx: Transaction, functions: Sequence[FunctionView]) -> None:
        gone = update(SubsystemFunction).where(
            SubsystemFunction.id.in_([view.id for view in functions]), live_at(SubsystemFunction, tx.now)
        )
        tx.session.execute(gone.values(valid_to=tx.now))
        tx.record_all([FunctionWithdrawn(subject=f"function:{view.id}", function_id=view.id, code=view.code) for view in functions])

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
                status="published",
                description="",
                created_at=tx.now,
            )
        )
        tx.record(_registered(subsystem_id, PLATFORM, _PLATFORM_NAME, None))
        return subsystem_id


def _registered(subsystem_id: UUID, code: str, name: str, owner: UUID | None) -> SubsystemRegistered:
    return SubsystemRegistered(
        subject=f"subsystem:{subsystem_id}", subsystem_id=subsystem_id, code=code, subsystem_name=name, owner_department_id=owner
    )


def _offered(row: NewItem, owner: UUID) -> ItemOffered:
    return ItemOffered(
        subject=f"item:{row.id}",
        item_id=row.id,
        function=row.function,
        item_name=row.name,
        tier=row.tier,
        max_days=row.max_days,
        scope_kind=row.scope_kind,
        owner_department_id=owner,
    )


def _function_values(row: NewFunction, subsystem_id: UUID, tx: Transaction) -> dict[str, object]:
    return {
        "id": row.id,
        "subsystem_id": subsystem_id,
        "code": row.code,
        "name": row.name,
        "description": row.description,
        "sensitive": row.sensitive,
        "integration_level": row.integration_level,
        "valid_from": tx.now,
    }


def _item_values(row: NewItem, function_id: UUID, owner: UUID, tx: Transaction) -> dict[str, object]:
    return {
        "id": row.id,
        "function_id": function_id,
        "name": row.name,
        "exposes": row.exposes,
        "tier": row.tier,
        "max_days": row.max_days,
        "requires_case_number": row.requires_case_number,
        "scope_kind": row.scope_kind,
        "version": 1,
        "owner_department_id": owner,
        "valid_from": tx.now,
    }
