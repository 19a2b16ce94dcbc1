"""What a list would change: its entries compared with what stands; it writes nothing, and single commands are such plans too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.identity.paths import lies_within
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.views import DepartmentView
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.findings import Finding
from govcloud.subsystems.listing import inputs, standing
from govcloud.subsystems.listing.entries import Entry
from govcloud.subsystems.listing.kinds import POWER, ListKind
from govcloud.subsystems.listing.standing import Extent, Standing


@dataclass(frozen=True, slots=True)
class Change:
    """What an entry that stands is to say: all its facts, and the names of those that differ."""

    standing: Standing
    facts: dict[str, object]
    changed: tuple[str, ...]
    line: int = 0

    def differences(self) -> list[tuple[str, object, object]]:
        """Return field by field what it says and what it is to say."""
        return [(name, self.standing.facts[name], self.facts[name]) for name in self.changed]


@dataclass
class Plan:
    """What a list comes to. ``carried`` are service items that leave because what they rest on does.

    ``managed`` is how many entries stand in the extent of a complete list, ``unplaced`` how many rows cannot be told apart.
    """

    kind: ListKind
    new: list[Entry] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    withdrawn: list[Standing] = field(default_factory=list)
    carried: list[Standing] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    lines: int = 0
    unchanged: int = 0
    refused: int = 0
    managed: int = 0
    unplaced: int = 0

    @property
    def empty(self) -> bool:
        """Say whether nothing would be written."""
        return not (self.new or self.changed or self.withdrawn)

    @property
    def share(self) -> float:
        """Return how many percent of the standing entries would be withdrawn."""
        return 100 * len(self.withdrawn) / self.managed if self.managed else 0.0

    def counts(self) -> dict[str, int]:
        """Return the counts as an edition keeps them."""
        return {
            "added": len(self.new),
            "changed": len(self.changed),
            "unchanged": self.unchanged,
            "withdrawn": len(self.withdrawn),
        }

    def weights(self) -> Counter[UUID]:
        """Return how much there is to write by department."""
        found: Counter[UUID] = Counter(entry.department_id for entry in self.new if entry.department_id)
        found.update(change.standing.department_id for change in self.changed)
        found.update(item.department_id for item in self.withdrawn)
        return found

    def digest(self) -> str:
        """Return the SHA-256 of all that would be written: what was shown is what is confirmed."""
        said = [
            *(("new", entry.code, str(entry.department_id), sorted(entry.facts.items())) for entry in self.new),
            *(("changed", str(change.standing.item_id), change.standing.version, sorted(change.facts.items())) for change in self.changed),
            *(("withdrawn", str(item.item_id), item.version) for item in (*self.withdrawn, *self.carried)),
        ]
        return sha256("\n".join(sorted(map(repr, said))).encode()).hexdigest()


class Planner:
    """Compares entries with what stands now, as ``session`` sees it."""

    def __init__(self, session: Session, identity: IdentityQueries, kind: ListKind, extent: Extent, now: datetime) -> None:
        """Take where to read, the list, what it is about, and the moment."""
        self._session = session
        self._identity = identity
        self._kind = kind
        self._extent = extent
        self._now = now
        self._inside: dict[UUID, Standing] = {}

    def plan(self, entries: Sequence[Entry], *, complete: bool) -> Plan:
        """Return what ``entries`` come to; the entries keep the departments that were found, and are left otherwise as they are."""
        plan = Plan(self._kind, lines=len(entries))
        known = self._known(entries, complete=complete)
        usable = [entry for entry in entries if not entry.findings]
        found = self._placed(usable, known)
        named: set[UUID] = set()
        for entry in entries:
            wrong = [*entry.findings, *found.get(entry.line, ())]
            here = _matching(known, entry)
            if wrong:
                plan.refused += 1
                plan.findings += wrong
                # A wrong row is about the entry that it names all the same: nothing leaves a list by a slip of the pen.
                named |= {item.item_id for item in (here or known.get(entry.code, []))}
                plan.unplaced += not inputs.well_formed(entry.code)
                continue
            if not here:
                plan.new.append(entry)
                continue
            named.add(here[0].item_id)
            self._compare(plan, here[0], entry)
        if complete:
            self._withdraw(plan, named)
        return plan

    def _known(self, entries: Sequence[Entry], *, complete: bool) -> Mapping[str, list[Standing]]:
        """Return what stands under the codes of the entries and, for a complete list, in its extent; by code."""
        found: dict[UUID, Standing] = {item.item_id: item for item in standing.by_codes(self._session, self._kind, _codes(entries))}
        if complete:
            self._inside = {item.item_id: item for item in standing.within(self._session, self._kind, self._extent, self._now)}
            found |= self._inside
        by_code: dict[str, list[Standing]] = {}
        for item in found.values():
            by_code.setdefault(item.code, []).append(item)
        return by_code

    def _placed(self, entries: Iterable[Entry], known: Mapping[str, list[Standing]]) -> dict[int, list[Finding]]:
        """Find the department of each entry, and what a service item rests on; return what is wrong by line."""
        chosen = list(entries)
        views = self._identity.departments_by_uscc({entry.uscc for entry in chosen})
        by_id = {view.id: view for view in views.values()}
        for entry in chosen:
            view = views.get(entry.uscc)
            entry.department_id = view.id if view else None
            entry.power_item_id = None
        if self._kind is not POWER:
            self._stay(chosen, known)
            missing = {entry.department_id for entry in chosen if entry.department_id} - by_id.keys()
            by_id |= self._identity.departments(missing)
            self._rest(chosen)
        found: dict[int, list[Finding]] = {}
        for entry in chosen:
            message = self._fault(entry, by_id.get(entry.department_id) if entry.department_id else None)
            if message is not None:
                name = "department_uscc" if self._kind is POWER else "code"
                found[entry.line] = [Finding(entry.line, name, message, entry.uscc if self._kind is POWER else entry.code)]
        return found

    def _stay(self, entries: Iterable[Entry], known: Mapping[str, list[Standing]]) -> None:
        """Leave service items that stand already with their department and basis: those may have gone into another department."""
        for entry in entries:
            if here := known.get(entry.code):
                entry.department_id, entry.power_item_id = here[0].department_id, here[0].power_item_id

    def _rest(self, entries: Sequence[Entry]) -> None:
        """Find what new service items rest on."""
        wanted = {(entry.department_id, entry.base) for entry in entries if entry.department_id and entry.power_item_id is None}
        powers = standing.powers_of(self._session, wanted)
        for entry in entries:
            if entry.department_id and entry.power_item_id is None:
                entry.power_item_id = powers.get((entry.department_id, entry.base))

    def _fault(self, entry: Entry, department: DepartmentView | None) -> Message | None:
        """Return what is wrong with where an entry belongs."""
        if department is None:
            return Message("没有登记信用代码为 %(code)s 的部门，请核对；新部门请先登记。", code=entry.uscc)
        if not lies_within(department.path, self._extent.path):
            return Message("该部门（%(name)s）不在本次导入的范围内；请删去此行，或由上级部门导入。", name=department.name)
        if self._kind is POWER:
            return None
        if entry.power_item_id is None:
            return Message("%(name)s的权力清单中没有基本编码 %(base)s；请先更新权力清单。", name=department.name, base=entry.base)
        return inputs.level_fault(entry.code, department.level) if entry.uscc == department.uscc else None

    def _compare(self, plan: Plan, here: Standing, entry: Entry) -> None:
        changed = tuple(name for name in self._kind.facts if name in entry.facts and entry.facts[name] != here.facts[name])
        if not changed:
            plan.unchanged += 1
            return
        plan.changed.append(Change(here, here.facts | entry.facts, changed, entry.line))

    def _withdraw(self, plan: Plan, named: Collection[UUID]) -> None:
        plan.managed = len(self._inside)
        gone = [item for item in self._inside.values() if item.item_id not in named]
        plan.withdrawn = sorted(gone, key=lambda item: (item.code, item.item_id))
        plan.carried = carried(self._session, self._kind, plan.withdrawn)


def carried(session: Session, kind: ListKind, withdrawn: Sequence[Standing]) -> list[Standing]:
    """Return the service items that leave together with entries of the power list."""
    if kind is not POWER or not withdrawn:
        return []
    return sorted(standing.resting_on(session, [item.item_id for item in withdrawn]), key=lambda item: item.code)


def _codes(entries: Iterable[Entry]) -> set[str]:
    return {entry.code for entry in entries if inputs.well_formed(entry.code)}


def _matching(known: Mapping[str, list[Standing]], entry: Entry) -> list[Standing]:
    """Return the entry that stands, if it does: by code, and in the power list by department as well."""
    here = known.get(entry.code, [])
    return [item for item in here if item.department_id == entry.department_id]
