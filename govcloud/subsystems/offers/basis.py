"""Commands on the service items that functions rest on: what one may be given a function for (政务数据共享条例)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select, tuple_, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.batches import one_place, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors
from govcloud.subsystems.changes import Binding
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import FunctionBound, FunctionUnbound
from govcloud.subsystems.inputs import PLATFORM
from govcloud.subsystems.listing.views import ServiceItemView
from govcloud.subsystems.models import FunctionBasis
from govcloud.subsystems.offers.service_keys import keep_names
from govcloud.subsystems.views import FunctionView, SubsystemView


class Basis(Commands):
    """Commands that bind functions to service items; each is one transaction."""

    def bind_functions(self, actor: Actor, bindings: Sequence[Binding], *, dry_run: bool = False) -> int:
        """Say which service items functions serve; return how many bindings are new. What is bound already stays.

        Raises:
            Invalid: a function or a service item is unknown; names every row.
            Conflict: a subsystem is under review or retired.
        """
        functions, views = self._named(bindings)
        target = self._target("function", one_place(row.function for row in bindings), _owners(bindings, functions, views))
        with self._begin(actor, "govcloud:function:bind", target, dry_run=dry_run) as tx:
            found = self._resolved(bindings, functions)
            with self._keeping_sound(tx, views.values()):
                pairs = tuple_(FunctionBasis.function_id, FunctionBasis.service_item_id)
                wanted = {(function.id, item.id): (function, item) for function, item in found}
                query = select(FunctionBasis.function_id, FunctionBasis.service_item_id).where(pairs.in_(list(wanted)))
                known = {(row[0], row[1]) for row in tx.session.execute(query.where(FunctionBasis.valid_to.is_(None)))}
                new = [pair for key, pair in wanted.items() if key not in known]
                if new:
                    values = [
                        {"id": new_id(), "function_id": function.id, "service_item_id": item.id, "valid_from": tx.now}
                        for function, item in new
                    ]
                    with explained(errors.CONSTRAINTS):
                        tx.session.execute(insert(FunctionBasis), values)
                    keep_names(tx.session, {item.id: item.name for _function, item in new})
                tx.record_all(
                    [
                        FunctionBound(
                            subject=f"function:{function.id}",
                            function_id=function.id,
                            code=function.code,
                            service_item_id=item.id,
                            service_item=item.code,
                        )
                        for function, item in new
                    ]
                )
        return len(new)

    def unbind_function(self, actor: Actor, binding: Binding) -> None:
        """Say that a function no longer serves a service item.

        Raises:
            Invalid: the function or the service item is unknown.
            Conflict: they are not bound, or the subsystem is under review or retired.
        """
        functions, views = self._named([binding])
        target = self._target("function", binding.function, _owners([binding], functions, views))
        with self._uow.begin(actor, "govcloud:function:bind", target) as tx:
            [(function, item)] = self._resolved([binding], functions, withdrawn=True)
            with self._keeping_sound(tx, views.values()):
                live = (
                    FunctionBasis.function_id == function.id,
                    FunctionBasis.service_item_id == item.id,
                    FunctionBasis.valid_to.is_(None),
                )
                if tx.session.scalar(update(FunctionBasis).where(*live).values(valid_to=tx.now).returning(FunctionBasis.id)) is None:
                    raise errors.nothing_bound(function.code, item.code)
            tx.record(
                FunctionUnbound(
                    subject=f"function:{function.id}",
                    function_id=function.id,
                    code=function.code,
                    service_item_id=item.id,
                    service_item=item.code,
                )
            )

    # Parts of the commands above

    def _named(self, bindings: Sequence[Binding]) -> tuple[dict[str, FunctionView], dict[UUID, SubsystemView]]:
        """Return the functions that bindings name, by code, and their subsystems; those of the platform are left out."""
        found = {code: self._queries.function(code) for code in {row.function for row in bindings}}
        functions = {code: view for code, view in found.items() if view is not None and view.subsystem_code != PLATFORM}
        return functions, {key: self._subsystem(key) for key in {view.subsystem_id for view in functions.values()}}

    def _resolved(
        self, bindings: Sequence[Binding], functions: dict[str, FunctionView], *, withdrawn: bool = False
    ) -> list[tuple[FunctionView, ServiceItemView]]:
        """Return the function and the service item of every binding; ``withdrawn`` items count when a binding is taken away."""
        fields = Fields()
        within_limit(bindings, fields)
        items = dict(self._queries.service_items_by_code(row.service_item for row in bindings))
        if withdrawn:
            bound = self._queries.bases_of(view.id for view in functions.values())
            items |= {view.code: view for views in bound.values() for view in views}
        found = []
        for index, row in enumerate(bindings):
            function, item = functions.get(row.function), items.get(row.service_item.strip().upper())
            if function is None:
                fields.row(index).fail("function", Message("没有这个功能，请先登记功能。"), row.function)
            if item is None:
                fields.row(index).fail("service_item", Message("没有这个政务服务事项，请核对 31 位实施编码。"), row.service_item)
            if function is not None and item is not None:
                found.append((function, item))
        fields.done()
        return found


def _owners(bindings: Sequence[Binding], functions: dict[str, FunctionView], views: dict[UUID, SubsystemView]) -> set[UUID | None]:
    """Return the owners of the functions that bindings name; an unknown function has none."""
    named = (functions.get(row.function) for row in bindings)
    return {views[function.subsystem_id].owner_department_id if function else None for function in named}
