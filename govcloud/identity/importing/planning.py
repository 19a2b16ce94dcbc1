"""What an import would do: compares the people of a source with what stands, person by person; it writes nothing.

A person is taken whole or not at all: one finding on one line leaves all that is registered of the person as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from govcloud.identity import sealing
from govcloud.identity.importing.known import Held, Known, Standing
from govcloud.identity.importing.people import Candidate, PlaceRow, resolved
from govcloud.identity.importing.report import Finding, Summary
from govcloud.identity.importing.seen import Seen
from govcloud.identity.inputs import NewAppointment, OfficialChange
from govcloud.identity.masking import mask_id_number
from govcloud.identity.paths import lies_within
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message

_FACTS = ("rank", "staffing_type", "security_label")


@dataclass(frozen=True, slots=True)
class Change:
    """What differs of a known person: the facts to set, their names, and the sealed phone that stands afterwards."""

    person: Candidate
    known: Known
    facts: OfficialChange
    changed: tuple[str, ...]
    phone_sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Return:
    """Somebody who left and comes back: the new places (none: the return is planned already), and the facts that differ."""

    known: Known
    places: tuple[NewAppointment, ...]
    facts: OfficialChange | None


@dataclass
class Plan:
    """What one command is to do, and what it refuses; the appointments of new people stand with them."""

    new: list[tuple[Candidate, tuple[NewAppointment, ...]]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    ended: list[tuple[Known, Held]] = field(default_factory=list)
    begun: list[tuple[Known, NewAppointment]] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    seen: list[UUID] = field(default_factory=list)
    refused_known: list[UUID] = field(default_factory=list)
    hashes: list[tuple[UUID, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)

    def touched(self) -> set[UUID]:
        """Return the known people whom the plan changes; their rows are locked first."""
        placed = {known.id for known, _ in self.ended} | {known.id for known, _ in self.begun}
        return placed | {change.known.id for change in self.changes} | {item.known.id for item in self.returns}


@dataclass
class Once:
    """Remembers who was seen in this reading; a repeated code or ID number far away from the first is found by it."""

    codes: set[str] = field(default_factory=set)
    digests: dict[bytes, int] = field(default_factory=dict)


class Planner:
    """Plans batches of one run."""

    def __init__(self, keys: KeyRing, scope: str | None, run_id: UUID | None = None) -> None:
        """Take the key ring, the path of the subtree that the run is bound to (``None``: all), and the run that writes.

        Without a run nothing is written, and what was read before has to be remembered here.
        """
        self._keys = keys
        self._scope = scope
        self._run_id = run_id
        self._seen = Seen() if run_id is None else None

    def plan(self, batch: Sequence[Candidate], standing: Standing, now: datetime) -> Plan:
        """Return what to do about ``batch``."""
        plan, once = Plan(), Once()
        for person in batch:
            # A batch may be planned again under its locks: what an earlier plan found does not stay with the person.
            checked = len(person.findings)
            self._one(plan, person, standing, once, now)
            del person.findings[checked:]
            plan.summary.lines += person.records
        return plan

    def _one(self, plan: Plan, person: Candidate, standing: Standing, once: Once, now: datetime) -> None:
        plan.summary.passwords += bool(person.password_hash)
        known = standing.people.get(person.code)
        if person.official is not None:
            self._look_up(person, standing)
            self._unique(person, known, standing, once)
            if known is not None:
                self._may_change(person, known, now)
        steps = None if person.findings or person.official is None else self._steps(person, known, now)
        if steps is None or person.findings:
            plan.findings += person.findings
            plan.summary.refused += 1
            if known is not None:
                plan.refused_known.append(known.id)
            return
        self._take(plan, person, known, steps)

    def _take(self, plan: Plan, person: Candidate, known: Known | None, steps: _Steps) -> None:
        plan.summary.begun += len(steps.begun)
        plan.summary.ended += len(steps.ended)
        official = person.official
        if official is None:
            raise ValueError(f"line {person.line} was not checked")
        if known is None:
            plan.new.append((person, tuple(steps.begun)))
            plan.summary.new += 1
            if person.password_hash:
                plan.hashes.append((official.id, person.password_hash))
            return
        plan.seen.append(known.id)
        if returns(known):
            # Few come back, so each does by the single commands. A password of then does not, nor one that a file brings.
            if steps.begun or steps.change is not None:
                plan.returns.append(Return(known, tuple(steps.begun), steps.change.facts if steps.change else None))
        else:
            if steps.change is not None:
                plan.changes.append(steps.change)
            plan.ended += ((known, item) for item in steps.ended)
            plan.begun += ((known, item) for item in steps.begun)
            if person.password_hash:
                plan.hashes.append((known.id, person.password_hash))
        if steps.change is not None or steps.begun or steps.ended:
            plan.summary.changed += 1
        else:
            plan.summary.unchanged += 1

    def _look_up(self, person: Candidate, standing: Standing) -> None:
        """Find departments and offices, and hold them to the division that the row names and to the run's subtree."""
        for row in person.places:
            place = standing.departments.get(row.uscc)
            if place is None:
                person.fail(row.line, "department_uscc", Message("没有这个部门，请核对。"), row.uscc)
                continue
            row.department_id = place.id
            if self._scope is not None and not lies_within(place.path, self._scope):
                message = Message("该部门不在本次导入的范围内；请删去此行，或由上级部门导入。")
                person.fail(row.line, "department_uscc", message, row.uscc)
            if row.division and row.division != place.division:
                message = Message("没有这个行政区划，或与部门所在的行政区划（%(code)s）不一致；请核对。", code=place.division)
                person.fail(row.line, "division_code", message, row.division)
            row.office_id = standing.offices.get((place.id, row.office)) if row.office else None
            if row.office and row.office_id is None:
                person.fail(row.line, "office", Message("该部门没有这个处室，请核对。"), row.office)

    def _unique(self, person: Candidate, known: Known | None, standing: Standing, once: Once) -> None:
        official = person.official
        if official is None:
            return
        again = person.code in once.codes or (known is not None and self._run_id is not None and known.run_id == self._run_id)
        again = again or (self._seen is not None and not self._seen.add(person.code))
        if again:
            message = Message("该工号在前面已出现过；同一人的各行应相邻，请先按工号排序。")
            person.fail(person.line, "employee_code", message, person.code)
        once.codes.add(person.code)
        shown = mask_id_number(official.id_number)
        owner = standing.owners.get(person.digest)
        if owner is not None and owner != person.code:
            message = Message("该身份证件号码已登记在工号 %(code)s 名下：一人只能有一个账号；请核对工号和证件号码。", code=owner)
            person.fail(person.line, "id_number", message, shown)
        elif known is not None and known.digest != person.digest:
            message = Message("与该工号已登记的证件号码不一致；请核对，如确需更正请联系系统管理员。")
            person.fail(person.line, "id_number", message, shown)
        earlier = once.digests.setdefault(person.digest, person.line)
        if earlier != person.line and not again:
            message = Message("与第 %(line)s 行的证件号码相同：一人只能有一个账号；请核对。", line=earlier)
            person.fail(person.line, "id_number", message, shown)
        elif self._seen is not None and not self._seen.add(person.digest) and not again:
            message = Message("与前面某一行的证件号码相同：一人只能有一个账号；请核对。")
            person.fail(person.line, "id_number", message, shown)

    def _may_change(self, person: Candidate, known: Known, now: datetime) -> None:
        if known.status == "suspended":
            message = Message("此人已停用，导入不会恢复；请先恢复，再导入。")
            person.fail(person.line, "employee_code", message, person.code)
        if self._scope is not None and not returns(known):
            paths = known.live_paths(now)
            if not paths or not all(lies_within(path, self._scope) for path in paths):
                message = Message("此人的任职不全在本次导入的范围内；请由上级部门变更。")
                person.fail(person.line, "employee_code", message, person.code)

    def _steps(self, person: Candidate, known: Known | None, now: datetime) -> _Steps:
        wanted = resolved(person, now)
        if known is None:
            return _Steps(None, list(wanted), [])
        steps = _Steps(self._change(person, known), [], [])
        self._match(steps, known, _from_now(wanted, now) if returns(known) else wanted, now)
        if returns(known):
            self._returns(person, known, steps)
        final = [(item.kind, _key(item), item.starts_at, _end(item, now) if item in steps.ended else item.ends_at) for item in known.held]
        for new in steps.begun:
            line = _line_of(person, new)
            self._fits(person, line, new, final)
            if new.starts_at is not None:
                final.append((new.kind, _key(new), new.starts_at, new.ends_at))
        return steps

    def _change(self, person: Candidate, known: Known) -> Change | None:
        """Return what differs of the person's own facts, as ``change_official`` would find it."""
        official = person.official
        if official is None:
            return None
        name = official.name if official.name != known.name else None
        facts = {key: getattr(official, key) for key in _FACTS if key in person.given and getattr(official, key) != getattr(known, key)}
        phone = None
        if "phone" in person.given:
            stood = sealing.open_phone(self._keys, known.id, known.phone_sealed) if known.phone_sealed else ""
            phone = official.phone if official.phone != stood else None
        changed = sorted([*(["name"] if name else []), *(["phone"] if phone else []), *facts])
        if not changed:
            return None
        sealed = sealing.seal_phone(self._keys, known.id, phone) if phone else known.phone_sealed
        return Change(person, known, OfficialChange(name=name, phone=phone, **facts), tuple(changed), sealed)

    def _match(self, steps: _Steps, known: Known, wanted: Iterable[NewAppointment], now: datetime) -> None:
        """Pair the places that are wanted with those that are held; what is left over ends or begins."""
        free = list(known.held)
        for new in wanted:
            same = [item for item in free if _key(item) == _key(new)]
            over = new.ends_at is not None and new.ends_at <= now
            paired = next((item for item in same if item.ends_at == new.ends_at), None)
            if paired is None and over:
                paired = next((item for item in same if item.over(now)), None)
            if paired is not None:
                free.remove(paired)
                continue
            live = next((item for item in same if not item.over(now)), None)
            if live is not None:
                # Another end: a fact is closed and followed by another, never overwritten.
                free.remove(live)
                steps.ended.append(live)
                if over:
                    continue
                new = replace(new, starts_at=max(now, live.starts_at))  # noqa: PLW2901 - it goes on from where the old one ends
            steps.begun.append(new)
        steps.ended += (item for item in free if not item.over(now) and (self._scope is None or lies_within(item.path, self._scope)))

    @staticmethod
    def _returns(person: Candidate, known: Known, steps: _Steps) -> None:
        """Note what an import cannot do about the return of somebody who left."""
        if known.version_ends_at is None and not steps.begun:
            message = Message("此人已离职，名单中没有仍在继续的任职；重新入职应有任职，请核对起止日期。")
            person.fail(person.line, "position", message, person.code)
        elif known.version_ends_at is not None and (steps.begun or steps.ended):
            message = Message("此人的重新入职已登记，尚未生效；任职有变请先取消原计划，或待生效后再导入。")
            person.fail(person.line, "position", message, person.code)

    @staticmethod
    def _fits(
        person: Candidate, line: int, new: NewAppointment, final: Sequence[tuple[str, tuple[object, ...], datetime, datetime | None]]
    ) -> None:
        """Note an appointment that would stand beside one that it must not stand beside."""
        for kind, key, starts_at, ends_at in final:
            if new.starts_at is None or not _overlap((new.starts_at, new.ends_at), (starts_at, ends_at)):
                continue
            if key == _key(new):
                message = Message("此人在该岗位的任职已有重叠的时间；请改正起止日期。")
                person.fail(line, "starts_at", message, new.starts_at.date())
                return
            if kind == new.kind == "primary":
                message = Message("该人员在这段时间内已有主职，请先结束原主职，或改为兼职、挂职、借调。")
                person.fail(line, "kind", message, new.starts_at.date())
                return


@dataclass
class _Steps:
    """What one person's rows come to."""

    change: Change | None
    begun: list[NewAppointment]
    ended: list[Held]


def returns(known: Known) -> bool:
    """Say whether the person has left, so that being named again means coming back (重新入职)."""
    return known.status == "left"


def _from_now(wanted: Iterable[NewAppointment], now: datetime) -> tuple[NewAppointment, ...]:
    """Return the places of a new period of service: none begins before it, and what is over was part of an earlier one."""
    lasting = (item for item in wanted if item.ends_at is None or item.ends_at > now)
    return tuple(replace(item, starts_at=max(item.starts_at or now, now)) for item in lasting)


def _key(item: Held | NewAppointment) -> tuple[object, ...]:
    return (item.department_id, item.office_id, item.kind, item.post, item.position)


def _end(item: Held, now: datetime) -> datetime:
    """Return when an appointment is over that ends now; one that has not begun never held."""
    return max(now, item.starts_at)


def _line_of(person: Candidate, new: NewAppointment) -> int:
    found: PlaceRow | None = next((row for row in person.places if row.appointment.id == new.id), None)
    return found.line if found else person.line


def _overlap(one: tuple[datetime, datetime | None], other: tuple[datetime, datetime | None]) -> bool:
    """Say whether two half-open windows share a moment; an empty one shares none."""
    if one[0] == one[1] or other[0] == other[1]:
        return False
    return (one[1] is None or other[0] < one[1]) and (other[1] is None or one[0] < other[1])
