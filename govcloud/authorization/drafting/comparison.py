"""Two policies asked the same questions about one subject after another; equal subjects are asked about once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.drafting.changes import Changes
from govcloud.authorization.drafting.effects import Effect, between
from govcloud.authorization.drafting.sides import Side
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL
from govcloud.authorization.subjects.snapshot import AssignmentFact, GrantFact, Snapshot, instant
from govcloud.authorization.subjects.subjects import fixed_snapshot, official_snapshot
from govcloud.identity.queries import Subject
from govcloud.kernel.actor import Actor
from govcloud.subsystems.inputs import CLIENT_ROLES

Effects = Mapping[str, Effect]
_PART = "system:"


@dataclass(frozen=True, slots=True)
class Facts:
    """What somebody holds by name, as far as the change can touch it."""

    assignments: tuple[AssignmentFact, ...] = ()
    grants: tuple[GrantFact, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return bool(self.assignments or self.grants)

    def key(self, at: datetime) -> tuple[object, ...]:
        """Return the same for facts that decide alike."""
        assigned = ((fact.role_code, repr(sorted((fact.scope or {}).items())), fact.starts_at > at) for fact in self.assignments)
        granted = ((fact.function, repr(sorted((fact.scope or {}).items())), fact.starts_at > at) for fact in self.grants)
        return (tuple(sorted(assigned)), tuple(sorted(granted)))

    @property
    def bounded(self) -> bool:
        """Say whether something is held for some things only."""
        return any(fact.scope for fact in self.assignments) or any(fact.scope for fact in self.grants)


class Comparison:
    """Says what becomes of the changed functions for one subject."""

    def __init__(self, old: CompiledPolicy, new: CompiledPolicy, changes: Changes, duties: CompiledDuties, at: datetime) -> None:
        """Take both policies, what differs, the relevant duty rules and the moment."""
        self.old, self.new = Side(old), Side(new)
        self.changes = changes
        self._duties = duties
        self._at = at
        by_role: dict[str, list[str]] = {}
        for function, roles in changes.functions.items():
            for role in roles:
                by_role.setdefault(role, []).append(function)
        self._by_role: Mapping[str, list[str]] = by_role
        self._known: dict[object, Effects] = {}

    def scoped(self) -> bool:
        """Say whether a changed function has rules on certain rows: then it matters where somebody serves."""
        sides = (self.old, self.new)
        return any(rule.scope_expr for side in sides for function in self.changes.functions for rule in side.rules_on(function))

    def of_official(
        self, key: object, official_id: UUID, subject: Subject | None, facts: Facts, everywhere: tuple[Subject, ...] = ()
    ) -> Effects:
        """Return what changes for an official; ``key`` is the same for those who are decided alike."""

        def snapshot(policy: CompiledPolicy) -> Snapshot:
            places = everywhere or (() if subject is None else (subject,))
            return official_snapshot(
                official_id, subject, facts.assignments, facts.grants, policy.closure, duties=self._duties, everywhere=places
            )

        return self._of(key, snapshot)

    def of_part(self, actor: Actor) -> Effects:
        """Return what changes for somebody who is no official."""
        return self._of((actor.kind, actor.id, actor.roles), lambda policy: fixed_snapshot(actor, policy.closure))

    def parts(self) -> Iterable[tuple[str, Actor]]:
        """Give everything that is no official, by the role that it has: parts of the platform, relying systems, nobody yet."""
        codes = {code for side in (self.old, self.new) for code in side.policy.closure}
        for code in sorted(codes):
            if code.startswith(_PART):
                yield code, Actor.system(code.removeprefix(_PART))
            elif code in CLIENT_ROLES:
                yield code, Actor.subsystem(code, code, roles=(code,))
        yield "subsystem", Actor.subsystem("subsystem", "subsystem")
        yield "anonymous", Actor.anonymous()

    def roles_behind(self, roles: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``roles`` that can matter, and the role of every official when that does."""
        return tuple(sorted({role for role in (*roles, EVERY_OFFICIAL) if role in self.changes.holding}))

    def _of(self, key: object, snapshot: Callable[[CompiledPolicy], Snapshot]) -> Effects:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._compare(snapshot(self.old.policy), snapshot(self.new.policy))
        return found

    def _compare(self, before: Snapshot, after: Snapshot) -> Effects:
        now, found = instant(self._at), dict[str, Effect]()
        held = {*before.roles, *after.roles}
        for function in sorted({function for role in held for function in self._by_role.get(role, ())}):
            was = self.old.outcome(before, function, now, self.changes.before(function))
            effect = between(was, self.new.outcome(after, function, now, self.changes.after(function)))
            if effect is not None:
                found[function] = effect
        return found
