"""Writing a plan, set by set within one transaction: COPY for what is new, one statement a kind for what changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from govcloud.identity import errors
from govcloud.identity.events import AppointmentEnded, OfficialChanged, OfficialRegistered
from govcloud.identity.importing.known import Held, Known
from govcloud.identity.importing.people import Candidate
from govcloud.identity.importing.planning import Change, Plan
from govcloud.identity.inputs import NewAppointment
from govcloud.identity.working_life.people import appointment_begun
from govcloud.kernel.constraints import explained
from govcloud.kernel.copying import copy_rows
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_id, new_ids
from govcloud.kernel.unit_of_work import Transaction

AcceptHashes = Callable[[Transaction, Sequence[tuple[UUID, str]]], None]
"""Gives accounts (by official) that have no password the one whose hash was imported; sign-on keeps them, identity does not."""

ENDED_BY_IMPORT = "导入的名单中已无此任职"

_OFFICIAL = {
    "id": "uuid",
    "employee_code": "text",
    "name": "text",
    "pinyin": "text",
    "initials": "text",
    "id_number_sealed": "bytea",
    "id_number_digest": "bytea",
    "phone_sealed": "bytea",
    "created_at": "timestamptz",
}
_STANDING = {
    "id": "uuid",
    "official_id": "uuid",
    "status": "text",
    "rank": "text",
    "staffing_type": "text",
    "security_label": "int4",
    "valid_from": "timestamptz",
    "valid_to": "timestamptz",
}
_ACCOUNT = {"id": "uuid", "official_id": "uuid", "login": "text", "status": "text", "created_at": "timestamptz"}
_APPOINTMENT = {
    "id": "uuid",
    "official_id": "uuid",
    "department_id": "uuid",
    "office_id": "uuid",
    "kind": "text",
    "post": "text",
    "position": "text",
    "valid_from": "timestamptz",
    "valid_to": "timestamptz",
}
_MEMBER = {"official_id": "uuid", "source": "text", "run_id": "uuid"}

_LOCK = text("SELECT id FROM official WHERE id = ANY(CAST(:people AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
_RENAME = text(
    """
    UPDATE official SET name = new.name, pinyin = new.pinyin, initials = new.initials, phone_sealed = new.phone
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:pinyin AS text[]), CAST(:initials AS text[]),
                CAST(:phones AS bytea[])) AS new (id, name, pinyin, initials, phone)
    WHERE official.id = new.id
    """
)
_CLOSE = text("UPDATE official_version SET valid_to = :now WHERE id = ANY(CAST(:versions AS uuid[]))")
_END = text(
    "UPDATE appointment SET valid_to = greatest(CAST(:now AS timestamptz), valid_from), end_noted_at = :now"
    " WHERE id = ANY(CAST(:appointments AS uuid[]))"
)
_SEEN = text(
    """
    INSERT INTO import_member (official_id, source, run_id)
    SELECT id, :source, :run_id FROM unnest(CAST(:people AS uuid[])) AS seen (id)
    ON CONFLICT (official_id) DO UPDATE SET source = excluded.source, run_id = excluded.run_id
    """
)
_SEEN_REFUSED = text("UPDATE import_member SET run_id = :run_id WHERE source = :source AND official_id = ANY(CAST(:people AS uuid[]))")


def lock(session: Session, people: set[UUID]) -> None:
    """Hold the rows of ``people`` until the transaction ends, in one order, so that two imports never wait for each other."""
    if people:
        session.execute(_LOCK, {"people": sorted(people)})


def write(tx: Transaction, plan: Plan, source: str, run_id: UUID, accept: AcceptHashes) -> None:
    """Write ``plan`` and record its events, in the order of the single commands: change, end, begin; new people last.

    Raises:
        Conflict: somebody was quicker; nothing of the batch is written.
    """
    events: list[Event] = []
    with explained(errors.CONSTRAINTS):
        _write_changes(tx, plan.changes, events)
        _write_ended(tx, plan.ended, events)
        begun = [(known.id, item) for known, item in plan.begun]
        _copy_appointments(tx.session, begun)
        events += (appointment_begun(official_id, item) for official_id, item in begun)
        _write_new(tx, plan.new, events)
    _write_members(tx.session, plan, source, run_id)
    if events:
        tx.record_all(events)
    if plan.hashes:
        accept(tx, plan.hashes)


def _write_changes(tx: Transaction, changes: Sequence[Change], events: list[Event]) -> None:
    own = [change for change in changes if change.facts.name is not None or change.facts.phone is not None]
    if own:
        named = [(change.facts.name or change.known.name, change.person.keys) for change in own]
        tx.session.execute(
            _RENAME,
            {
                "ids": [change.known.id for change in own],
                "names": [name for name, _ in named],
                "pinyin": [keys[0] for _, keys in named],
                "initials": [keys[1] for _, keys in named],
                "phones": [change.phone_sealed for change in own],
            },
        )
    standings = [(change, _standing(change)) for change in changes]
    others = [(change, facts) for change, facts in standings if facts != _stood(change.known)]
    if others:
        tx.session.execute(_CLOSE, {"now": tx.now, "versions": [change.known.version_id for change, _ in others]})
        rows = ((new_id(), change.known.id, change.known.status, *facts, tx.now, change.known.version_ends_at) for change, facts in others)
        copy_rows(tx.session, "official_version", _STANDING, rows)
    for change, (rank, staffing_type, label) in standings:
        events.append(
            OfficialChanged(
                subject=f"official:{change.known.id}",
                official_id=change.known.id,
                changed=change.changed,
                official_name=change.facts.name or change.known.name,
                rank=rank,
                staffing_type=staffing_type,
                security_label=label,
            )
        )


def _stood(known: Known) -> tuple[str, str, int]:
    return (known.rank, known.staffing_type, known.security_label)


def _standing(change: Change) -> tuple[str, str, int]:
    facts, known = change.facts, change.known
    return (
        known.rank if facts.rank is None else facts.rank,
        known.staffing_type if facts.staffing_type is None else facts.staffing_type,
        known.security_label if facts.security_label is None else facts.security_label,
    )


def _write_ended(tx: Transaction, ended: Sequence[tuple[Known, Held]], events: list[Event]) -> None:
    if not ended:
        return
    tx.session.execute(_END, {"now": tx.now, "appointments": [item.id for _, item in ended]})
    for known, item in ended:
        events.append(
            AppointmentEnded(
                subject=f"official:{known.id}",
                official_id=known.id,
                appointment_id=item.id,
                department_id=item.department_id,
                reason=ENDED_BY_IMPORT,
            )
        )


def _write_new(tx: Transaction, new: Sequence[tuple[Candidate, tuple[NewAppointment, ...]]], events: list[Event]) -> None:
    if not new:
        return
    now, session = tx.now, tx.session
    accounts = new_ids(len(new))
    copy_rows(session, "official", _OFFICIAL, (_official(person, now) for person, _ in new))
    copy_rows(
        session,
        "official_version",
        _STANDING,
        (_first_standing(person, version, now) for version, (person, _) in zip(new_ids(len(new)), new, strict=True)),
    )
    logins = (
        (account, person.official.id, person.code, "active", now)
        for account, (person, _) in zip(accounts, new, strict=True)
        if person.official
    )
    copy_rows(session, "account", _ACCOUNT, logins)
    _copy_appointments(session, [(person.official.id, item) for person, places in new if person.official for item in places])
    for account, (person, places) in zip(accounts, new, strict=True):
        official = person.official
        if official is None:
            continue
        events.append(
            OfficialRegistered(
                subject=f"official:{official.id}",
                official_id=official.id,
                account_id=account,
                employee_code=official.employee_code,
                official_name=official.name,
                security_label=official.security_label,
            )
        )
        events += (appointment_begun(official.id, item) for item in places)


def _official(person: Candidate, now: datetime) -> tuple[object, ...]:
    official = person.official
    if official is None:
        raise ValueError(f"line {person.line} was not checked")
    return (
        official.id,
        official.employee_code,
        official.name,
        *person.keys,
        person.id_number_sealed,
        person.digest,
        person.phone_sealed,
        now,
    )


def _first_standing(person: Candidate, version: UUID, now: datetime) -> tuple[object, ...]:
    official = person.official
    if official is None:
        raise ValueError(f"line {person.line} was not checked")
    return (version, official.id, "active", official.rank, official.staffing_type, official.security_label, now, None)


def _copy_appointments(session: Session, rows: Sequence[tuple[UUID, NewAppointment]]) -> None:
    if rows:
        copy_rows(
            session,
            "appointment",
            _APPOINTMENT,
            (
                (
                    item.id,
                    official_id,
                    item.department_id,
                    item.office_id,
                    item.kind,
                    item.post,
                    item.position,
                    item.starts_at,
                    item.ends_at,
                )
                for official_id, item in rows
            ),
        )


def _write_members(session: Session, plan: Plan, source: str, run_id: UUID) -> None:
    """Note whom the source named, so that a complete list shows who is gone; a refused line still names its person."""
    if plan.new:
        copy_rows(session, "import_member", _MEMBER, ((person.official.id, source, run_id) for person, _ in plan.new if person.official))
    if plan.seen:
        session.execute(_SEEN, {"people": plan.seen, "source": source, "run_id": run_id})
    if plan.refused_known:
        session.execute(_SEEN_REFUSED, {"people": plan.refused_known, "source": source, "run_id": run_id})
