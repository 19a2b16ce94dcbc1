"""Reads of identity: who is who, who serves where, and how the organisation stood at a given moment.

Every look-up of one thing returns ``None`` when there is none at that moment; ``at`` is an aware datetime, by default now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Integer, Text, bindparam, or_, select
from sqlalchemy.orm import aliased

from govcloud.identity import rows, sealing
from govcloud.identity.departments.census import lasting
from govcloud.identity.extents import at_or_below
from govcloud.identity.finding.matching import SubjectPage, Wanted, counted, selected
from govcloud.identity.finding.people_queries import MOST_ROWS, ChangePage, ChangeView, PeopleQueries, Planned, TimelineEntry
from govcloud.identity.models import Account, Appointment, Department, DepartmentVersion, Division, Office, Official
from govcloud.identity.views import (
    AccountView,
    AppointmentView,
    DepartmentView,
    DivisionView,
    OfficialPage,
    OfficialView,
    Subject,
)
from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look, one_of
from govcloud.kernel.validation import searchable

__all__ = [
    "AccountView",
    "AppointmentView",
    "ChangePage",
    "ChangeView",
    "DepartmentView",
    "DivisionView",
    "IdentityQueries",
    "OfficialPage",
    "OfficialView",
    "Planned",
    "Subject",
    "SubjectPage",
    "TimelineEntry",
    "Wanted",
]

# What signing in and every decision read.
_AT = bindparam("at", type_=DateTime(timezone=True))
_SUBJECT = Look(rows.subjects_at(_AT).where(Appointment.id == bindparam("appointment")))
_SUBJECTS_AMONG = Look(rows.subjects_at(_AT).where(one_of(Appointment.official_id, "wanted")))
_SUBJECTS_IN = Look(
    rows.subjects_at(_AT).where(Appointment.department_id == bindparam("department")).limit(bindparam("most", type_=Integer()))
)
_SUBJECTS_ASKED = Look(rows.subjects_asked())
_DEPARTMENTS = Look(rows.departments_at(_AT).where(one_of(DepartmentVersion.department_id, "wanted")))
_OFFICIAL_NAMES = Look(select(Official.id, Official.name).where(one_of(Official.id, "wanted")))
_DIVISION_NAMES = Look(select(Division.code, Division.name).where(one_of(Division.code, "wanted", Text)))
_APPOINTMENTS_OF = Look(rows.appointments_at(_AT).where(Appointment.official_id == bindparam("official")))
_ACCOUNT = Look(rows.accounts_at(_AT).where(Account.id == bindparam("account")))
_ACCOUNT_BY_LOGIN = Look(rows.accounts_at(_AT).where(Account.login == bindparam("login")))
_ACCOUNT_OF = Look(rows.accounts_at(_AT).where(Account.official_id == bindparam("official")))


class IdentityQueries(PeopleQueries):
    """Answers questions about people and the organisation; it never writes. Search and time lines: ``people_queries.py``."""

    # Divisions

    def division(self, code: str, at: datetime | None = None) -> DivisionView | None:
        """Return one division by its twelve digits."""
        found = self._divisions(Division.code == searchable(code), at)
        return found[0] if found else None

    def division_codes(self, after: str | None, limit: int, at: datetime | None = None) -> tuple[str, ...]:
        """Return the codes of the next ``limit`` divisions behind ``after`` (``None``: the first), in their order."""
        query = select(Division.code).where(live_at(Division, self._at(at)), Division.code > (after or ""))
        return tuple(self._read().scalars(query.order_by(Division.code).limit(limit)))

    def children_of_divisions(self, parents: Iterable[str], at: datetime | None = None) -> tuple[DivisionView, ...]:
        """Return the divisions directly below any of ``parents``, in the order of their codes."""
        return self._divisions(Division.parent_code.in_({searchable(code) for code in parents}), at)

    def division_children(self, parent_code: str | None, at: datetime | None = None) -> tuple[DivisionView, ...]:
        """Return the divisions directly below one, or the topmost ones for ``None``."""
        below = Division.parent_code.is_(None) if parent_code is None else Division.parent_code == searchable(parent_code)
        return self._divisions(below, at)

    def division_names(self, wanted: Iterable[str]) -> Mapping[str, str]:
        """Return the names of the divisions ``wanted``, abolished ones too; unknown codes are left out."""
        found = _DIVISION_NAMES.within(self._read(), {"wanted": list(set(wanted))})
        return {row.code: row.name for row in found}

    # Departments

    def department(self, department_id: UUID, at: datetime | None = None) -> DepartmentView | None:
        """Return a department as it is at ``at``."""
        return self.departments([department_id], at).get(department_id)

    def department_by_uscc(self, uscc: str, at: datetime | None = None) -> DepartmentView | None:
        """Return a department by its unified social credit code."""
        return self._one_department(Department.uscc == searchable(uscc).upper(), at)

    def departments_under(self, path: str, at: datetime | None = None) -> tuple[DepartmentView, ...]:
        """Return the department at ``path`` and all below it, parents before children."""
        query = rows.departments_at(self._at(at)).where(at_or_below(DepartmentVersion.path, [path]))
        return tuple(rows.department_view(row) for row in self._read().execute(query.order_by(DepartmentVersion.path)))

    def children(self, parent_id: UUID | None, at: datetime | None = None) -> tuple[DepartmentView, ...]:
        """Return the departments directly below one (``None``: the roots), in their set order."""
        below = DepartmentVersion.parent_id.is_(None) if parent_id is None else DepartmentVersion.parent_id == parent_id
        query = rows.departments_at(self._at(at)).where(below).order_by(DepartmentVersion.position, DepartmentVersion.name)
        return tuple(rows.department_view(row) for row in self._read().execute(query))

    def departments(self, wanted: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, DepartmentView]:
        """Return the departments ``wanted`` by id; those that are not live at ``at`` are left out."""
        found = _DEPARTMENTS.within(self._read(), {"wanted": list(set(wanted)), "at": self._at(at)})
        return {row.department_id: rows.department_view(row) for row in found}

    def departments_by_uscc(self, wanted: Iterable[str], at: datetime | None = None) -> Mapping[str, DepartmentView]:
        """Return the departments by their unified social credit codes; those that are not live at ``at`` are left out."""
        query = rows.departments_at(self._at(at)).where(Department.uscc.in_(set(wanted)))
        return {row.uscc: rows.department_view(row) for row in self._read().execute(query)}

    def search_departments(self, text: str, limit: int = 20, *, at: datetime | None = None) -> tuple[DepartmentView, ...]:
        """Return departments whose name or short name contains ``text`` or whose credit code it is, the topmost first."""
        clean = searchable(text)
        named = or_(
            DepartmentVersion.name.contains(clean, autoescape=True),
            DepartmentVersion.short_name.contains(clean, autoescape=True),
            Department.uscc == clean.upper(),
        )
        query = rows.departments_at(self._at(at)).where(named).order_by(DepartmentVersion.path).limit(_limited(limit))
        return tuple(rows.department_view(row) for row in self._read().execute(query))

    def offices(self, department_id: UUID, at: datetime | None = None) -> Mapping[UUID, str]:
        """Return the names of a department's internal offices by id."""
        query = select(Office).where(Office.department_id == department_id, live_at(Office, self._at(at))).order_by(Office.office_id)
        return {row.office_id: row.name for row in self._read().scalars(query)}

    def office_department(self, office_id: UUID, at: datetime | None = None) -> UUID | None:
        """Return the department that an office belongs to."""
        return self._read().scalar(select(Office.department_id).where(Office.office_id == office_id, live_at(Office, self._at(at))))

    # Officials and accounts

    def official(self, official_id: UUID, at: datetime | None = None) -> OfficialView | None:
        """Return a person with the standing held at ``at``."""
        return self._one_official(Official.id == official_id, at)

    def official_by_code(self, employee_code: str, at: datetime | None = None) -> OfficialView | None:
        """Return a person by employee code."""
        return self._one_official(Official.employee_code == searchable(employee_code).upper(), at)

    def official_by_id_number(self, id_number: str, at: datetime | None = None) -> OfficialView | None:
        """Return a person by ID number, which is compared by its keyed digest only."""
        digest = sealing.id_number_digest(self._keys, searchable(id_number).upper())
        return self._one_official(Official.id_number_digest == digest, at)

    def officials(self, wanted: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, OfficialView]:
        """Return the people ``wanted`` by id, with the standing held at ``at``; those who had none are left out."""
        found = self._read().execute(rows.officials_at(self._at(at)).where(Official.id.in_(set(wanted))))
        return {row.Official.id: rows.official_view(row, self._keys) for row in found}

    def official_names(self, wanted: Iterable[UUID]) -> Mapping[UUID, str]:
        """Return the names of the people ``wanted`` by id, those who left included."""
        found = _OFFICIAL_NAMES.within(self._read(), {"wanted": list(set(wanted))})
        return {row.id: row.name for row in found}

    def account(self, account_id: UUID) -> AccountView | None:
        """Return an account by its id."""
        return self._one_account(_ACCOUNT, account=account_id)

    def account_by_login(self, login: str) -> AccountView | None:
        """Return an account by what is typed at sign-in; case and surrounding space do not matter."""
        return self._one_account(_ACCOUNT_BY_LOGIN, login=searchable(login).upper())

    def account_of(self, official_id: UUID) -> AccountView | None:
        """Return the one account of a person."""
        return self._one_account(_ACCOUNT_OF, official=official_id)

    def accounts_of(self, officials: Iterable[UUID]) -> Mapping[UUID, AccountView]:
        """Return the accounts of several people, by the person."""
        query = rows.accounts_at(self._clock.now()).where(Account.official_id.in_(set(officials)))
        return {row.official_id: rows.account_view(row) for row in self._read().execute(query)}

    def paths_of(self, officials: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, tuple[str, ...]]:
        """Return where several people serve, as paths of departments; those without a live appointment are left out."""
        moment = self._at(at)
        query = (
            select(Appointment.official_id, DepartmentVersion.path)
            .join(DepartmentVersion, DepartmentVersion.department_id == Appointment.department_id)
            .where(Appointment.official_id.in_(set(officials)), live_at(Appointment, moment), live_at(DepartmentVersion, moment))
        )
        found: dict[UUID, tuple[str, ...]] = {}
        for row in self._read().execute(query):
            found[row.official_id] = (*found.get(row.official_id, ()), row.path)
        return found

    # Appointments and subjects

    def appointment(self, appointment_id: UUID, at: datetime | None = None) -> AppointmentView | None:
        """Return an appointment that is live at ``at``."""
        row = self._read().execute(rows.appointments_at(self._at(at)).where(Appointment.id == appointment_id)).one_or_none()
        return rows.appointment_view(row) if row else None

    def appointments_of(self, official_id: UUID, at: datetime | None = None) -> tuple[AppointmentView, ...]:
        """Return the live appointments of a person, the primary one first."""
        found = _APPOINTMENTS_OF.within(self._read(), {"official": official_id, "at": self._at(at)})
        return tuple(rows.appointment_view(row) for row in found)

    def people_in(self, departments: Iterable[UUID], people: Iterable[UUID], at: datetime | None = None) -> frozenset[UUID]:
        """Return those of ``people`` who serve, or will serve, in one of ``departments``."""
        mine = (Appointment.department_id.in_(set(departments)), Appointment.official_id.in_(set(people)), lasting(self._at(at)))
        return frozenset(self._read().scalars(select(Appointment.official_id).where(*mine)))

    def continued(self, department_id: UUID, successor_id: UUID) -> Mapping[UUID, UUID]:
        """Return which appointment in ``successor_id`` goes on with which of ``department_id``, whenever a reorganisation did so."""
        before = aliased(Appointment)
        query = select(before.id, Appointment.id.label("now")).join(before, before.id == Appointment.continues_id)
        query = query.where(Appointment.department_id == successor_id, before.department_id == department_id)
        return {row.id: row.now for row in self._read().execute(query)}

    def subject(self, appointment_id: UUID, at: datetime | None = None) -> Subject | None:
        """Return what decisions may read of the official under this appointment; ``None`` when it is not live at ``at``."""
        found = _SUBJECT.within(self._read(), {"appointment": appointment_id, "at": self._at(at)})
        return rows.subject_view(found[0]) if found else None

    def subjects_asked(self, wanted: Iterable[tuple[UUID, datetime]]) -> Mapping[tuple[UUID, datetime], Subject]:
        """Return the subjects under the appointments ``wanted``, each as at its own moment; those not live then are left out."""
        asked = tuple(set(wanted))
        ids, moments = [pair[0] for pair in asked], [pair[1] for pair in asked]
        found = _SUBJECTS_ASKED.within(self._read(), {"ids": ids, "moments": moments}) if asked else ()
        return {(row.id, row.at): rows.subject_view(row) for row in found}

    def subjects_of(self, official_id: UUID, at: datetime | None = None) -> tuple[Subject, ...]:
        """Return one subject for each live appointment of a person, the primary one first."""
        return self.subjects_among([official_id], at)

    def subjects_among(self, officials: Iterable[UUID], at: datetime | None = None) -> tuple[Subject, ...]:
        """Return one subject for each live appointment of several people."""
        found = _SUBJECTS_AMONG.within(self._read(), {"wanted": list(set(officials)), "at": self._at(at)})
        return tuple(rows.subject_view(row) for row in found)

    def subjects_in(self, department_id: UUID, limit: int, at: datetime | None = None) -> tuple[Subject, ...]:
        """Return the subjects of up to ``limit`` live appointments in a department itself, not below it."""
        found = _SUBJECTS_IN.within(self._read(), {"department": department_id, "most": limit, "at": self._at(at)})
        return tuple(rows.subject_view(row) for row in found)

    def count_wanted(self, wanted: Wanted, at: datetime | None = None) -> int:
        """Return how many live appointments are ``wanted``."""
        return int(self._read().execute(counted(self._wanted(wanted, self._at(at)))).scalar_one())

    def subjects_wanted(self, wanted: Wanted, limit: int = 20, after: UUID | None = None, *, at: datetime | None = None) -> SubjectPage:
        """Return a page of the live appointments that are ``wanted``; ``after`` is the ``after`` of the page before."""
        query = self._wanted(wanted, self._at(at))
        if after is not None:
            query = query.where(Appointment.id > after)
        most = _limited(limit)
        found = self._read().execute(query.order_by(Appointment.id).limit(most + 1)).all()
        page = tuple(rows.subject_view(row) for row in found[:most])
        return SubjectPage(page, page[-1].appointment_id if len(found) > most else None)

    # How the above read

    def _wanted(self, wanted: Wanted, at: datetime) -> rows.Rows:
        paths = {found.id: found.path for found in self.departments(wanted.roots, at).values()} if wanted.roots else {}
        return selected(wanted, paths, at)

    def _at(self, at: datetime | None) -> datetime:
        return self._clock.now() if at is None else at

    def _divisions(self, condition: ColumnElement[bool], at: datetime | None) -> tuple[DivisionView, ...]:
        query = select(Division).where(condition, live_at(Division, self._at(at))).order_by(Division.code)
        return tuple(rows.division_view(row) for row in self._read().scalars(query))

    def _one_department(self, condition: ColumnElement[bool], at: datetime | None) -> DepartmentView | None:
        row = self._read().execute(rows.departments_at(self._at(at)).where(condition)).one_or_none()
        return rows.department_view(row) if row else None

    def _one_official(self, condition: ColumnElement[bool], at: datetime | None) -> OfficialView | None:
        row = self._read().execute(rows.officials_at(self._at(at)).where(condition)).one_or_none()
        return rows.official_view(row, self._keys) if row else None

    def _one_account(self, query: Look, **key: object) -> AccountView | None:
        found = query.within(self._read(), {**key, "at": self._clock.now()})
        return rows.account_view(found[0]) if found else None


def _limited(limit: int) -> int:
    return max(1, min(limit, MOST_ROWS))
