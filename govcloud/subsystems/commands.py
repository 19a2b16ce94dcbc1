"""What the commands of the catalogue share: their tools, the place that a command is authorised for, and what a change may not break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import insert, select

from govcloud.identity.paths import path_above_all
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors
from govcloud.subsystems.checks import CHECKS, Checklist, SubsystemFacts
from govcloud.subsystems.findings import Finding, to_json
from govcloud.subsystems.lifecycle import UNDER_REVIEW, Status
from govcloud.subsystems.models import Subsystem, SubsystemStep
from govcloud.subsystems.publishing import publisher_of
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.usage import CountUsage, Promises
from govcloud.subsystems.views import FunctionView, SubsystemView


class _RehearsedError(Exception):
    """Carries a command out of its transaction, which so writes nothing."""


class Commands:
    """The tools of a command: transactions, keys, and reads within the open transaction."""

    def __init__(
        self, uow: UnitOfWork, keys: KeyRing, clock: Clock, usage: CountUsage, promises: Promises, *, loopback_allowed: bool
    ) -> None:
        """Take the unit of work, the key ring, the clock, what counts the use of functions and what is promised.

        ``loopback_allowed`` says whether a subsystem may go into service on the platform's own machine (not in production).
        """
        self._uow = uow
        self._keys = keys
        self._usage = usage
        self._promises = promises
        self._loopback_allowed = loopback_allowed
        self._queries = SubsystemQueries(uow.read, uow.look, keys, clock)
        self._identity = IdentityQueries(uow.read, keys, clock)

    @contextmanager
    def _begin(self, actor: Actor, command: str, target: Target, *, dry_run: bool = False) -> Iterator[Transaction]:
        """Open the transaction of a command; a dry run goes through all of it and writes nothing."""
        try:
            with self._uow.begin(actor, command, target) as tx:
                yield tx
                if dry_run:
                    raise _RehearsedError  # noqa: TRY301 - leaving by an error is what rolls back
        except _RehearsedError:
            return

    def _target(self, kind: str, thing: str, departments: Iterable[UUID | None]) -> Target:
        """Return a target that lies in the lowest department above all ``departments``.

        When one is unknown or missing it lies in none, and only who administers the whole province may act on it.
        """
        wanted = set(departments)
        views = self._identity.departments(department for department in wanted if department)
        path = path_above_all([view.path for view in views.values()]) if len(views) == len(wanted) else None
        return Target(kind, thing, path)

    def _at_publisher(self, view: SubsystemView) -> Target:
        """Return the subsystem as a target that lies in the department which publishes it."""
        publisher = publisher_of(self._identity, view.owner_department_id)
        return Target("subsystem", view.code, publisher.path if publisher else None)

    def _subsystem(self, key: str | UUID) -> SubsystemView:
        view = self._queries.subsystem(key)
        if view is None:
            raise errors.subsystem_missing(key)
        return view

    def _function(self, code: str) -> tuple[FunctionView, SubsystemView]:
        """Return a live function of a subsystem other than the platform, and the subsystem."""
        function = self._queries.function(code)
        if function is None:
            raise errors.function_missing(code)
        view = self._subsystem(function.subsystem_id)
        if view.owner_department_id is None:
            raise errors.function_missing(code)
        return function, view

    def _note_unknown_department(self, name: str, department_id: UUID, fields: Fields) -> None:
        if self._identity.department(department_id) is None:
            fields.fail(name, Message("没有这个部门，请核对。"), department_id)

    # What a change may not break

    def _checklist(self, view: SubsystemView) -> Checklist:
        functions = self._queries.functions_of(view.id)
        owner = self._identity.department(view.owner_department_id) if view.owner_department_id else None
        facts = SubsystemFacts(
            subsystem=view,
            functions=functions,
            items=self._queries.items_of(view.id),
            clients=tuple(client for client in self._queries.clients_of(view.id) if not client.disabled),
            bound=frozenset(self._queries.bases_of(function.id for function in functions)),
            owner_live=owner is not None,
            loopback_allowed=self._loopback_allowed,
            promised=self._promises([function.code for function in functions]),
        )
        return CHECKS.run(facts)

    @contextmanager
    def _keeping_sound(self, tx: Transaction, subsystems: Iterable[SubsystemView]) -> Iterator[None]:
        """Let changes be made to subsystems that may be changed; in service none may bring up a finding that would have kept it out.

        The rows of the subsystems are held, so that changes and steps of one subsystem follow each other.

        Raises:
            Conflict: a subsystem is under review or retired, was handed over meanwhile, or a blocking finding is new.
        """
        seen = {view.id: view for view in subsystems}
        before = {key: self._standing(tx, seen[key]) for key in sorted(seen)}
        yield
        tx.session.expire_all()
        for key, known in before.items():
            if known is None:
                continue
            view = self._subsystem(key)
            fresh = _beyond(known, self._checklist(view).blocking)
            if fresh:
                raise errors.unsound(view.name, fresh)

    def _standing(self, tx: Transaction, seen: SubsystemView) -> tuple[Finding, ...] | None:
        """Hold a subsystem; return the blocking findings that stand already if it is in service, else ``None``."""
        tx.session.execute(select(Subsystem.id).where(Subsystem.id == seen.id).with_for_update(key_share=True))
        tx.session.expire_all()
        view = self._subsystem(seen.id)
        if view.owner_department_id != seen.owner_department_id:
            # Authority was asked for the department that owned it then.
            raise errors.owner_changed(view.name)
        if Status(view.status) in UNDER_REVIEW | {Status.RETIRED}:
            raise errors.not_open_to_change(view.name, Status(view.status))
        return self._checklist(view).blocking if view.published else None

    def _add_step(self, tx: Transaction, subsystem_id: UUID, step: str, note: str = "", findings: Iterable[Finding] = ()) -> None:
        """Keep a step of the way into service: who took it, when, and what the checks found then."""
        actor = tx.actor
        tx.session.execute(
            insert(SubsystemStep).values(
                id=new_id(),
                subsystem_id=subsystem_id,
                step=step,
                at=tx.now,
                actor=actor.name,
                official_id=actor.official_id,
                appointment_id=actor.appointment_id,
                note=note,
                findings=to_json(findings),
            )
        )


def _beyond(known: Iterable[Finding], found: Iterable[Finding]) -> list[Finding]:
    """Return what was found more often than it was known, by check and subject: what stood before may be made better step by step."""
    left = Counter((finding.key, finding.subject) for finding in known)
    fresh = []
    for finding in found:
        kind = (finding.key, finding.subject)
        if left[kind]:
            left[kind] -= 1
        else:
            fresh.append(finding)
    return fresh
