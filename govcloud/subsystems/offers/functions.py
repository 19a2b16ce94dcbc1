"""Commands on functions: adding, changing and withdrawing them; what they are for stands in ``basis.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place, refuse_known, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields, checked_reason
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.changes import FunctionChange
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import FunctionAdded, FunctionChanged, FunctionLoosened, FunctionWithdrawn
from govcloud.subsystems.inputs import PLATFORM, NewFunction
from govcloud.subsystems.models import FunctionBasis, SubsystemFunction, SubsystemFunctionVersion
from govcloud.subsystems.views import FunctionView

_CHANGED = ("name", "description", "sensitive", "integration_level", "basis_note", "label")


class Functions(Commands):
    """Commands on functions; each is one transaction."""

    def add_function(self, actor: Actor, function: NewFunction) -> UUID:
        """Add one function; see ``add_functions``."""
        return self.add_functions(actor, [function])[0]

    def add_functions(self, actor: Actor, functions: Sequence[NewFunction], *, dry_run: bool = False) -> tuple[UUID, ...]:
        """Add functions to the subsystems that their codes begin with, and return their ids; a dry run only looks.

        Raises:
            Invalid: a code is against the grammar, or its subsystem unknown.
            Conflict: a code is registered already, or a subsystem may not be changed; nothing is written.
        """
        owners = {code: self._queries.subsystem(code) for code in {row.code.partition(":")[0] for row in functions}}
        target = self._place_of(functions)
        with self._begin(actor, "govcloud:function:add", target, dry_run=dry_run) as tx:
            fields = Fields()
            within_limit(functions, fields)
            checked = [inputs.checked_function(row, fields.row(index)) for index, row in enumerate(functions)]
            for index, row in enumerate(checked):
                if owners.get(row.code.partition(":")[0]) is None or row.code.startswith(f"{PLATFORM}:"):
                    fields.row(index).fail("code", Message("没有这个子系统，请先登记子系统。"), row.code)
            fields.done()
            known = {view.code: view for view in owners.values() if view}
            with self._keeping_sound(tx, known.values()):
                self._insert_functions(tx, [(known[row.code.partition(":")[0]].id, row) for row in checked])
        return tuple(row.id for row in checked)

    def change_function(self, actor: Actor, code: str, change: FunctionChange, reason: str) -> bool:
        """Let a function be as ``change`` says from now on; return whether anything is different. Its code stays.

        Raises:
            Invalid: a field is wrong, or there is no reason.
            NotFound: there is no such function of a subsystem.
            Conflict: the subsystem is under review or retired, or would no longer pass the checks in service.
        """
        seen, view = self._function(code)
        with self._uow.begin(actor, "govcloud:function:change", self._target("function", seen.code, [view.owner_department_id])) as tx:
            fields = Fields()
            row = inputs.checked_function_change(change, fields)
            why = fields.text("reason", reason, most=inputs.MOST_REASON, multiline=True)
            fields.done()
            with self._keeping_sound(tx, [view]):
                current, _ = self._function(code)
                changed = tuple(name for name in _CHANGED if getattr(row, name) != getattr(current, name))
                if not changed:
                    return False
                live = (SubsystemFunctionVersion.function_id == current.id, SubsystemFunctionVersion.valid_to.is_(None))
                tx.session.execute(update(SubsystemFunctionVersion).where(*live).values(valid_to=tx.now))
                with explained(errors.CONSTRAINTS):
                    tx.session.execute(insert(SubsystemFunctionVersion).values(**_version_values(current.id, row, tx)))
            tx.record(
                FunctionChanged(
                    subject=f"function:{seen.id}",
                    function_id=seen.id,
                    code=seen.code,
                    changed=changed,
                    function_name=row.name,
                    sensitive=row.sensitive,
                    integration_level=row.integration_level,
                    label=row.label,
                    reason=why,
                )
            )
            if loosened := _loosened(current, row, why):
                tx.record(loosened)
        return True

    def withdraw_function(self, actor: Actor, code: str, reason: str) -> None:
        """Take a function that nothing hangs on out of the catalogue; its bindings end with it.

        Raises:
            Invalid: there is no reason.
            NotFound: there is no such function of a subsystem.
            Conflict: items offer it, grants open it or requests wait for it; says how many.
        """
        seen, view = self._function(code)
        with self._uow.begin(actor, "govcloud:function:withdraw", self._target("function", seen.code, [view.owner_department_id])) as tx:
            why = checked_reason(reason, inputs.MOST_REASON)
            with self._keeping_sound(tx, [view]):
                current, _ = self._function(code)
                items = [item for item in self._queries.items_of(view.id) if item.function_id == current.id]
                usage = self._usage([current.code])
                if items or not usage.none:
                    raise errors.in_use(current.name, len(items), usage)
                bound = (FunctionBasis.function_id == current.id, live_at(FunctionBasis, tx.now))
                tx.session.execute(update(FunctionBasis).where(*bound).values(valid_to=tx.now))
                self._withdraw(tx, [current], why)

    # Parts of the commands above

    def _place_of(self, functions: Sequence[NewFunction]) -> Target:
        """Return where functions are added: in the departments that own the subsystems that their codes begin with."""
        owners = [self._queries.subsystem(code) for code in {row.code.partition(":")[0] for row in functions}]
        return self._target(
            "function", one_place(row.code for row in functions), (view.owner_department_id if view else None for view in owners)
        )

    def _insert_functions(self, tx: Transaction, functions: Iterable[tuple[UUID, NewFunction]]) -> None:
        added = list(functions)
        if not added:
            return
        codes = [row.code for _, row in added]
        live_codes = select(SubsystemFunction.code).where(SubsystemFunction.valid_to.is_(None))
        refuse_known(tx.session, live_codes, codes, field="code", message=Message("该功能代码已登记。"))
        with explained(errors.CONSTRAINTS):
            values = [{"id": row.id, "subsystem_id": key, "code": row.code, "valid_from": tx.now} for key, row in added]
            tx.session.execute(insert(SubsystemFunction), values)
        tx.session.execute(insert(SubsystemFunctionVersion), [_version_values(row.id, row, tx) for _, row in added])
        tx.record_all(
            [
                FunctionAdded(
                    subject=f"function:{row.id}",
                    function_id=row.id,
                    code=row.code,
                    function_name=row.name,
                    sensitive=row.sensitive,
                    label=row.label,
                )
                for _, row in added
            ]
        )

    def _withdraw(self, tx: Transaction, functions: Sequence[FunctionView], reason: str = "") -> None:
        gone = update(SubsystemFunction).where(
            SubsystemFunction.id.in_([view.id for view in functions]), live_at(SubsystemFunction, tx.now)
        )
        tx.session.execute(gone.values(valid_to=tx.now))
        tx.record_all(
            [FunctionWithdrawn(subject=f"function:{view.id}", function_id=view.id, code=view.code, reason=reason) for view in functions]
        )


def _loosened(old: FunctionView, row: FunctionChange, reason: str) -> FunctionLoosened | None:
    """Return the event that says that a sensitive or labelled function takes less care than before, if it does."""
    careless = old.sensitive and (not row.sensitive or row.integration_level < old.integration_level)
    if not careless and row.label >= old.label:
        return None
    return FunctionLoosened(
        subject=f"function:{old.id}",
        function_id=old.id,
        code=old.code,
        sensitive_dropped=old.sensitive and not row.sensitive,
        old_integration_level=old.integration_level,
        integration_level=row.integration_level,
        old_label=old.label,
        label=row.label,
        reason=reason,
    )


def _version_values(function_id: UUID, row: NewFunction | FunctionChange, tx: Transaction) -> dict[str, object]:
    return {
        "id": new_id(),
        "function_id": function_id,
        "name": row.name,
        "description": row.description,
        "sensitive": row.sensitive,
        "integration_level": row.integration_level,
        "basis_note": row.basis_note,
        "label": row.label,
        "valid_from": tx.now,
    }
