"""Putting a policy in force: what changed is closed and written anew, what stayed keeps its row and its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.enforcing import refuse_unkept
from govcloud.authorization.epochs import note_change
from govcloud.authorization.errors import officers_by_duty, policy_changed, role_in_use
from govcloud.authorization.events import PolicyInstalled
from govcloud.authorization.locking import POLICY, take
from govcloud.authorization.models import OFFICER_ROLES, DutyRule, PolicyRule, PolicyVersion, Role, RoleAssignment, RoleLink
from govcloud.authorization.policies.document import ALLOW, PolicyDocument, RoleSpec, RuleSpec, parse_document
from govcloud.authorization.policies.inclusion import role_closure
from govcloud.authorization.policies.vocabulary import ZONE
from govcloud.authorization.scopes.fields import FieldRule
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.subsystems.queries import SubsystemQueries

RowT = TypeVar("RowT", Role, RoleLink, PolicyRule)
SpecT = TypeVar("SpecT")


@dataclass(frozen=True, slots=True)
class Grounds:
    """On what grounds a version comes in: what the policy before it lets its installer do, or the review of a second person."""

    basis: str = "installed"
    review_id: UUID | None = None
    note: str = ""


class Installing:
    """The command that installs a policy."""

    def __init__(self, uow: UnitOfWork, zones: Collection[str], subsystems: SubsystemQueries) -> None:
        """Take the unit of work, the network zones that conditions may name, and the catalogue."""
        self._uow = uow
        self._zones = zones
        self._subsystems = subsystems

    def install(self, actor: Actor, document: PolicyDocument) -> int:
        """Put ``document`` in force; see ``Authorization.install_policy``."""
        _check_zones(document, self._zones)
        current = live_number(self._uow.read())
        target = Target("policy", str(current), attributes={"installed_version": current})
        with self._uow.begin(actor, "govcloud:policy:install", target) as tx:
            refuse_unkept(document, self._subsystems.functions())
            return put_in_force(tx, document, current, Grounds())


def _check_zones(document: PolicyDocument, zones: Collection[str]) -> None:
    """Refuse a condition on a zone that there is not here, where it would silently never be true.

    Raises:
        PolicyError: names the column and the zones that there are.
    """
    if any(ZONE[1] in rule.condition for rule in document.rules):
        # The document was read before, where nobody knew the zones of this installation.
        parse_document(document.text, document.source, zones)


def live_number(session: Session) -> int:
    """Return the number of the version in force; 0 while none is installed and the shipped policy decides."""
    return session.scalar(select(func.max(PolicyVersion.number))) or 0


def put_in_force(tx: Transaction, document: PolicyDocument, current: int, grounds: Grounds) -> int:
    """Make ``document`` the next version after ``current`` and return its number; what is in force already stays as it is.

    Raises:
        Conflict: another version came in meanwhile; or the document drops a role that officials hold.
    """
    # Whoever is at it, or gives a role of it, is waited for.
    take(tx.session, POLICY)
    last = tx.session.scalars(select(PolicyVersion).order_by(PolicyVersion.number.desc()).limit(1)).one_or_none()
    if last is not None and last.checksum == document.checksum:
        return last.number
    if (0 if last is None else last.number) != current:
        # Somebody else installed one between the authorisation of this command and its lock.
        raise policy_changed(current)
    # Windows must not run backwards, whatever the clock of this machine says.
    at = tx.now if last is None else max(tx.now, last.installed_at)
    version = _version(document, tx.actor, current + 1, at, grounds)
    tx.session.add(version)
    added, removed, reduces = _write(tx.session, document, at)
    _refuse_lost_roles(tx.session, document, at)
    tx.session.flush()
    note_change(tx, "policy", reduces=reduces)
    tx.record(_installed(version, added, removed))
    return version.number


def _version(document: PolicyDocument, actor: Actor, number: int, at: datetime, grounds: Grounds) -> PolicyVersion:
    return PolicyVersion(
        basis=grounds.basis,
        review_id=grounds.review_id,
        note=grounds.note,
        id=new_id(),
        number=number,
        source=document.source,
        checksum=document.checksum,
        document=document.text,
        installed_at=at,
        installed_by=actor.reference,
    )


def _installed(version: PolicyVersion, added: int, removed: int) -> PolicyInstalled:
    return PolicyInstalled(
        subject=f"policy:{version.number}",
        number=version.number,
        source=version.source,
        checksum=version.checksum,
        rules_added=added,
        rules_removed=removed,
    )


def _write(session: Session, document: PolicyDocument, at: datetime) -> tuple[int, int, bool]:
    """Write roles, inclusions and rules; return how many rules came and went, and whether somebody may now do less."""
    _replace(session, _ROLES, document.roles, at)
    links = [(role.code, included) for role in document.roles for included in role.includes]
    _, links_removed = _replace(session, _LINKS, links, at)
    added, removed = _replace(session, _RULES, list(enumerate(document.rules)), at)
    fewer = bool(links_removed) or any(row.effect == ALLOW for row in removed)
    return len(added), len(removed), fewer or any(rule.effect != ALLOW for _, rule in added)


@dataclass(frozen=True)
class _Kept(Generic[SpecT, RowT]):
    """How one part of a policy is kept: its table, what makes two entries the same, and how an entry becomes a row."""

    table: type[RowT]
    key: Callable[[SpecT], Hashable]
    key_of_row: Callable[[RowT], Hashable]
    make: Callable[[SpecT, datetime], RowT]


def _replace(session: Session, kept: _Kept[SpecT, RowT], wanted: Sequence[SpecT], at: datetime) -> tuple[list[SpecT], list[RowT]]:
    """Close the rows that are not wanted any more and add those that are new; return both."""
    missing = Counter(kept.key(spec) for spec in wanted)
    removed: list[RowT] = []
    for row in session.scalars(select(kept.table).where(kept.table.valid_to.is_(None))):
        if missing[kept.key_of_row(row)] > 0:
            missing[kept.key_of_row(row)] -= 1
        else:
            row.valid_to = at
            removed.append(row)
    # The old window ends before the new one is written: only one row of a role may be open.
    session.flush()
    added: list[SpecT] = []
    for spec in wanted:
        if missing[kept.key(spec)] > 0:
            missing[kept.key(spec)] -= 1
            added.append(spec)
    session.add_all([kept.make(spec, at) for spec in added])
    return added, removed


def _role_key(role: RoleSpec | Role) -> Hashable:
    return (role.code, role.name, role.description)


def _new_role(role: RoleSpec, at: datetime) -> Role:
    return Role(id=new_id(), code=role.code, name=role.name, description=role.description, valid_from=at, valid_to=None)


def _link_key(row: RoleLink) -> Hashable:
    return (row.role_code, row.includes_code)


def _new_link(pair: tuple[str, str], at: datetime) -> RoleLink:
    return RoleLink(id=new_id(), role_code=pair[0], includes_code=pair[1], valid_from=at, valid_to=None)


def _rule_key(numbered: tuple[int, RuleSpec]) -> Hashable:
    _, rule = numbered
    return (rule.role, rule.function, rule.condition, rule.effect, rule.scope_expr, rule.label, rule.fields)


def _rule_key_of_row(row: PolicyRule) -> Hashable:
    fields = FieldRule(frozenset(row.masked), frozenset(row.hidden))
    return (row.role_code, row.function, row.condition, row.effect, row.scope_expr, row.label, fields)


def _new_rule(numbered: tuple[int, RuleSpec], at: datetime) -> PolicyRule:
    place, rule = numbered
    return PolicyRule(
        id=new_id(),
        role_code=rule.role,
        function=rule.function,
        condition=rule.condition,
        effect=rule.effect,
        scope_expr=rule.scope_expr,
        label=rule.label,
        masked=sorted(rule.fields.masked),
        hidden=sorted(rule.fields.hidden),
        position=place,
        valid_from=at,
        valid_to=None,
    )


_ROLES: _Kept[RoleSpec, Role] = _Kept(Role, _role_key, _role_key, _new_role)
_LINKS: _Kept[tuple[str, str], RoleLink] = _Kept(RoleLink, lambda pair: pair, _link_key, _new_link)
_RULES: _Kept[tuple[int, RuleSpec], PolicyRule] = _Kept(PolicyRule, _rule_key, _rule_key_of_row, _new_rule)


def lost_roles(session: Session, document: PolicyDocument, at: datetime) -> list[str]:
    """Return the roles that officials hold, by name or by duty, and that ``document`` no longer has."""
    held = _in_use(session, RoleAssignment, at) | _in_use(session, DutyRule, at)
    return sorted(held - {role.code for role in document.roles})


def _in_use(session: Session, table: type[RoleAssignment | DutyRule], at: datetime) -> set[str]:
    lasting = table.valid_to.is_(None) | (table.valid_to > at)
    return set(session.scalars(select(table.role_code).where(lasting).distinct()))


def _refuse_lost_roles(session: Session, document: PolicyDocument, at: datetime) -> None:
    """Refuse a policy that drops a role which officials hold: they would lose it without anybody having said so.

    Nor may a role that a duty gives come to include an officer's: no official is two officers, and duties give to many.

    Raises:
        Conflict: names the roles.
    """
    if lost := lost_roles(session, document, at):
        raise role_in_use(lost)
    by_duty = _in_use(session, DutyRule, at)
    closure = role_closure({role.code: role.includes for role in document.roles})
    officers = [role for role in sorted(by_duty) if closure[role] & set(OFFICER_ROLES)]
    if officers:
        raise officers_by_duty(officers)
