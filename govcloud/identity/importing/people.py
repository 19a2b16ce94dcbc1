"""From records to people: consecutive rows of one employee code, checked by the same checks as the single commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from govcloud.identity import codes, inputs, sealing
from govcloud.identity.importing.columns import HEADINGS, KEYS, KINDS, PLACE
from govcloud.identity.importing.report import Finding
from govcloud.identity.inputs import STAFFING_TYPES, NewAppointment, NewOfficial
from govcloud.identity.masking import mask_id_number, mask_phone
from govcloud.identity.names import search_keys
from govcloud.kernel.ids import fresh_ids
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.password_hashes import scheme_of
from govcloud.kernel.tables.record import Record
from govcloud.kernel.validation import Fields, shorten, whole_number

CHINA = ZoneInfo("Asia/Shanghai")
#: Nobody has more places than this; whoever does is a mistake in the source.
MOST_ROWS = 50
_NOWHERE = UUID(int=0)
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_FORMULA = ("=", "+", "@", "＝", "＋", "＠")
_MASKS = {"id_number": mask_id_number, "phone": mask_phone}
_PERSONAL = ("name", "id_number", "phone", "rank", "staffing_type", "security_label", "password_hash")
_TEXTS = tuple(PLACE[key] for key in KEYS if key != "password_hash")
_CODE, _NAME, _ID, _PHONE, _RANK, _STAFFING, _LABEL, _USCC, _DIVISION, _OFFICE, _KIND, _POST, _POSITION, _STARTS, _ENDS, _HASH = range(
    len(KEYS)
)


#: A province has ten thousand departments and a million and a half rows.
_uscc_fault = lru_cache(maxsize=20_000)(codes.uscc_fault)


@dataclass(slots=True)
class PlaceRow:
    """One appointment of a person as a line names it; the department and office are looked up later."""

    line: int
    uscc: str
    division: str
    office: str
    appointment: NewAppointment
    starts_given: bool
    department_id: UUID = _NOWHERE
    office_id: UUID | None = None


@dataclass(slots=True)
class Candidate:
    """One person of a source after the checks that need no database; ``records`` is how many lines that took.

    ``given`` are the facts that the source names: the others are left as they are registered.
    """

    line: int
    code: str
    records: int
    official: NewOfficial | None = None
    places: list[PlaceRow] = field(default_factory=list)
    given: frozenset[str] = frozenset()
    password_hash: str = ""
    digest: bytes = b""
    keys: tuple[str, str] = ("", "")
    id_number_sealed: bytes = b""
    phone_sealed: bytes | None = None
    findings: list[Finding] = field(default_factory=list)

    def fail(self, line: int, column: str, message: Message, value: object = "") -> None:
        """Note a finding; ``value`` must come masked."""
        self.findings.append(Finding(line, column, message, shorten(str(value))))


def grouped(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Give the rows of one person after another: neighbours with one employee code."""
    group: list[Record] = []
    code = ""
    for record in records:
        own = (record.values[_CODE] or "").strip().upper()
        if group and (not own or own != code or len(group) > MOST_ROWS):
            yield group
            group = []
        group.append(record)
        code = own
    if group:
        yield group


class Checker:
    """Checks people one by one; it reads nothing, so it may run beside the writing."""

    def __init__(self, keys: KeyRing, now: datetime) -> None:
        """Take the key ring (numbers are sealed here) and the moment that an empty start stands for while checking."""
        self._keys = keys
        self._sealer = keys.sealer()
        self._ids = fresh_ids()
        self._now = now
        self._today = now.astimezone(CHINA).date()

    def check(self, group: list[Record]) -> Candidate:
        """Return the person of a group of rows, with every finding of every field."""
        first = group[0]
        values = first.values
        person = Candidate(first.line, (values[_CODE] or "").strip().upper(), len(group))
        for record in group:
            if record.fault is not None:
                person.fail(record.line, record.fault[0], record.fault[1])
        if len(group) > MOST_ROWS:
            message = Message("同一工号超过 %(most)s 行，请核对来源数据。", most=MOST_ROWS)
            person.fail(first.line, "employee_code", message, person.code)
        if person.findings:
            return person
        for record in group:
            self._no_formulas(person, record)
        for record in group[1:]:
            self._agrees(person, first, record)
        rows = [self._place(person, record) for record in group]
        official = self._official(person, values, rows)
        self._one_primary(person, rows)
        if person.findings:
            return person
        person.official = official
        person.places = rows
        person.given = frozenset(key for key in ("phone", "rank", "staffing_type", "security_label") if (values[PLACE[key]] or "").strip())
        person.digest = sealing.id_number_digest(self._keys, official.id_number)
        person.keys = search_keys(official.name)
        person.id_number_sealed = sealing.seal_id_number(self._sealer, official.id, official.id_number)
        person.phone_sealed = sealing.seal_phone(self._sealer, official.id, official.phone) if official.phone else None
        return person

    def _official(self, person: Candidate, values: tuple[str | None, ...], rows: list[PlaceRow]) -> NewOfficial:
        """Check the facts of the person, and of the one appointment that most people have."""
        fields = Fields()
        alone = len(rows) == 1
        checked = inputs.checked_official(
            NewOfficial(
                employee_code=values[_CODE] or "",
                name=values[_NAME] or "",
                id_number=values[_ID] or "",
                phone=values[_PHONE],
                rank=values[_RANK] or "",
                staffing_type=(values[_STAFFING] or "").strip() or STAFFING_TYPES[0],
                security_label=self._label(values[_LABEL] or "", fields),
                appointments=(rows[0].appointment,) if alone else (),
                id=next(self._ids),
            ),
            fields,
            self._now,
            self._today,
        )
        person.findings += (Finding.of(person.line, error) for error in fields.findings)
        if alone:
            rows[0].appointment = checked.appointments[0]
        else:
            for row in rows:
                own = Fields()
                row.appointment = inputs.checked_appointment(row.appointment, own, self._now)
                person.findings += (Finding.of(row.line, error) for error in own.findings)
        person.password_hash = (values[_HASH] or "").strip()
        if person.password_hash and scheme_of(person.password_hash) is None:
            message = Message("不接受这种密码散列；可用 argon2、bcrypt（$2b$）、pbkdf2-sha256，成本应在常规范围内，不能是明文。")
            person.fail(person.line, "password_hash", message, "*" * 8)
        return checked

    @staticmethod
    def _label(text: str, fields: Fields) -> int:
        clean = text.strip()
        if not clean:
            return 0
        label = whole_number(clean, 3)
        if label is None:
            fields.fail("security_label", Message("应为 0 至 4 的整数。"), clean)
        return label or 0

    def _place(self, person: Candidate, record: Record) -> PlaceRow:
        values = record.values
        kind = (values[_KIND] or "").strip()
        if kind not in KINDS:
            message = Message("不是可选值，请填写：%(allowed)s。", allowed="主职、兼职、挂职、借调")
            person.fail(record.line, "kind", message, kind)
            kind = ""
        starts_at = self._moment(person, record, "starts_at", values[_STARTS])
        ends_at = self._moment(person, record, "ends_at", values[_ENDS])
        uscc = (values[_USCC] or "").strip().upper()
        if fault := _uscc_fault(uscc):
            person.fail(record.line, "department_uscc", fault, uscc)
        division = (values[_DIVISION] or "").strip()
        if division and (fault := codes.division_fault(division)):
            person.fail(record.line, "division_code", fault, division)
        appointment = NewAppointment(
            _NOWHERE,
            values[_POSITION] or "",
            values[_POST] or "",
            KINDS[kind],
            starts_at=starts_at,
            ends_at=ends_at,
            id=next(self._ids),
        )
        return PlaceRow(record.line, uscc, division, (values[_OFFICE] or "").strip(), appointment, starts_at is not None)

    @staticmethod
    def _moment(person: Candidate, record: Record, key: str, text: str | None) -> datetime | None:
        """Return a day's beginning in China, or a moment there, in UTC's terms."""
        clean = (text or "").strip()
        if not clean:
            return None
        try:
            if match := _DAY.fullmatch(clean):
                year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
                return datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
        except ValueError:
            pass  # the thirtieth of February: the same finding
        person.fail(record.line, key, Message("不是有效的日期；请按 2026-12-01 的格式填写。"), clean)
        return None

    @staticmethod
    def _no_formulas(person: Candidate, record: Record) -> None:
        for place in _TEXTS:
            value = record.values[place]
            if value and value.startswith(_FORMULA):
                message = Message("以“%(sign)s”开头，会被表格软件当作公式；请改为普通文本。", sign=value[0])
                person.fail(record.line, KEYS[place], message, _masked(KEYS[place], value))

    @staticmethod
    def _agrees(person: Candidate, first: Record, other: Record) -> None:
        """Note where a further row of a person tells another story; an empty cell tells none."""
        for key in _PERSONAL:
            told = (other.values[PLACE[key]] or "").strip()
            if told and told != (first.values[PLACE[key]] or "").strip():
                message = Message(
                    "与第 %(line)s 行同一工号的“%(column)s”不一致；请核对，同一人的各行应相同。", line=first.line, column=HEADINGS[key]
                )
                person.fail(other.line, key, message, _masked(key, told))

    @staticmethod
    def _one_primary(person: Candidate, rows: list[PlaceRow]) -> None:
        """Hold several rows to what one command would hold them to: one primary place, and no place twice at a time."""
        primary = [row for row in rows if row.appointment.kind == "primary"]
        for row in primary[1:]:
            message = Message("同一时间只能有一个主职，请将其余任职改为兼职、挂职或借调。")
            person.fail(row.line, "kind", message, HEADINGS["kind"])
        for index, row in enumerate(rows):
            for other in rows[:index]:
                if _same_place(row, other) and overlap(row.appointment, other.appointment):
                    message = Message("与第 %(line)s 行是同一岗位，任职时间重叠；请删去一行或改正起止日期。", line=other.line)
                    person.fail(row.line, "position", message, row.appointment.position)


def overlap(one: NewAppointment, other: NewAppointment) -> bool:
    """Say whether two checked appointments hold at one moment."""
    if one.starts_at is None or other.starts_at is None:
        raise ValueError("the appointments were not checked: they have no start")
    return (one.ends_at is None or other.starts_at < one.ends_at) and (other.ends_at is None or one.starts_at < other.ends_at)


def _same_place(one: PlaceRow, other: PlaceRow) -> bool:
    return (one.uscc, one.appointment.position) == (other.uscc, other.appointment.position)


def _masked(key: str, value: str) -> str:
    if key == "password_hash":
        return "*" * 8
    mask = _MASKS.get(key)
    return mask(value) if mask else value


def resolved(person: Candidate, now: datetime) -> tuple[NewAppointment, ...]:
    """Return the appointments with their departments; one without a start begins at ``now``."""
    return tuple(
        replace(
            row.appointment,
            department_id=row.department_id,
            office_id=row.office_id,
            starts_at=row.appointment.starts_at if row.starts_given else now,
        )
        for row in person.places
    )


__all__ = ["CHINA", "Candidate", "Checker", "PlaceRow", "grouped", "overlap", "resolved"]
