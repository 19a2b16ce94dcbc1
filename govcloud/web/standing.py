"""How pages show what somebody may do and why: functions of one subsystem with the same causes stand in one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.authorization.deciding.explaining import AccessView, Cause, CauseKind, OpenFunction
from govcloud.authorization.scopes.scope import RowCondition
from govcloud.kernel.messages import Message
from govcloud.subsystems.levels import OWN
from govcloud.web.gate import services
from govcloud.web.locale import own_words, say
from govcloud.web.words import StateWord

PLATFORM = "govcloud"
KINDS: Mapping[CauseKind, StateWord] = {
    CauseKind.EVERYBODY: StateWord(Message("人人都有"), "users"),
    CauseKind.DUTY: StateWord(Message("随岗位"), "briefcase", "primary"),
    CauseKind.ASSIGNMENT: StateWord(Message("单独授予"), "id-card", "warning"),
    CauseKind.GRANT: StateWord(Message("临时权限"), "timer", "success"),
}


@dataclass(frozen=True)
class CauseWords:
    """One cause as people read it; ``request`` leads to the request behind a temporary grant (id and number)."""

    word: StateWord
    because: Message
    department: str | None
    scope_names: tuple[str, ...]
    ends_at: datetime | None
    request: tuple[UUID, str] | None


@dataclass(frozen=True)
class AccessRow:
    """The functions of one subsystem that the same causes open, and how closely they are connected (the integration level)."""

    subsystem_name: str
    level: int
    functions: tuple[str, ...]
    causes: tuple[CauseWords, ...]


@dataclass(frozen=True)
class RoleRow:
    """A role that is held directly."""

    name: str
    cause: CauseWords


@dataclass(frozen=True)
class AccessPanel:
    """All that the template ``_access.html`` shows; ``view`` is what was asked."""

    view: AccessView
    rows: tuple[AccessRow, ...]
    roles: tuple[RoleRow, ...]


def access_panel(
    official_id: UUID,
    appointment_id: UUID | None,
    at: datetime | None = None,
    *,
    kinds: frozenset[CauseKind] = frozenset(CauseKind),
    platform: bool = True,
) -> AccessPanel:
    """Return what an official may do under an appointment at ``at`` (aware; by default now), and why, in words.

    Args:
        official_id: whose access it is; whether the reader may see it is for the caller to ask.
        appointment_id: the appointment that is acted under.
        at: the moment.
        kinds: the causes to show; a function that has none of them is left out.
        platform: whether to show what the platform itself opens, too.
    """
    view = services().authorization_queries.access_of(official_id, appointment_id, at)
    words = _Words(official_id, view, kinds)
    catalogue = _Catalogue(view)
    grouped: dict[tuple[str, int, tuple[Cause, ...]], list[str]] = {}
    for item in view.functions:
        causes = tuple(dict.fromkeys(words.same(cause) for cause in item.causes if cause.kind in kinds))
        if causes and (platform or item.subsystem_code != PLATFORM):
            grouped.setdefault((item.subsystem_code, catalogue.level(item), causes), []).append(catalogue.function(item))
    rows = tuple(
        AccessRow(catalogue.subsystem(code), level, tuple(names), tuple(words.of(cause) for cause in causes))
        for (code, level, causes), names in grouped.items()
    )
    roles = tuple(RoleRow(own_words(words.role(cause.held_role)), words.of(cause)) for cause in view.roles if cause.kind in kinds)
    return AccessPanel(view, rows, roles)


class _Catalogue:
    """What functions and their subsystems are called, and how closely they are connected; looked up once for the whole page."""

    def __init__(self, view: AccessView) -> None:
        queries = services().subsystem_queries
        self._subsystems = {item.code: item for item in queries.all()}
        self._levels = queries.levels([item.function for item in view.functions], view.at)

    def subsystem(self, code: str) -> str:
        """Return a subsystem's name."""
        found = self._subsystems.get(code)
        return self._own(code, found.name) if found else code

    def function(self, item: OpenFunction) -> str:
        """Return a function's name."""
        return self._own(item.subsystem_code, item.name)

    def level(self, item: OpenFunction) -> int:
        """Return a function's integration level: its subsystem's, where it is not listed by itself (a door, what the platform opens)."""
        found = self._subsystems.get(item.subsystem_code)
        return self._levels.get(item.function, found.integration_level if found else OWN.level)

    @staticmethod
    def _own(code: str, name: str) -> str:
        """Return a name in the reader's language: the platform's own words have their English."""
        return own_words(name) if code == PLATFORM else name


class _Words:
    """Turns causes into words; every name is looked up once for the whole page."""

    def __init__(self, official_id: UUID, view: AccessView, kinds: frozenset[CauseKind]) -> None:
        every = (*(cause for item in view.functions for cause in item.causes), *view.roles)
        causes = [cause for cause in every if cause.kind in kinds]
        rows = [item for cause in causes for item in cause.scope.alternatives]
        codes = {item.division for item in rows if item.division is not None}
        self._divisions = services().identity_queries.division_names(codes) if codes else {}
        self._roles = services().authorization_queries.policy().roles
        paths = (*(cause.department_path for cause in causes), *(item.department_path for item in rows))
        self._departments = _departments(paths)
        is_lent = any(cause.kind is CauseKind.GRANT for cause in causes)
        held = services().access_queries.my_access(official_id) if is_lent else ()
        self._requests = {entry.grant.id: entry for entry in held}

    def role(self, code: str | None) -> str:
        """Return a role's name."""
        found = self._roles.get(code or "")
        return found.name if found else code or ""

    @staticmethod
    def same(cause: Cause) -> Cause:
        """Return the cause without what differs between the rules of one role: a row is about the cause, not about the rule."""
        return Cause(
            cause.kind,
            cause.id,
            cause.held_role,
            cause.held_role,
            "",
            cause.because,
            cause.starts_at,
            cause.ends_at,
            cause.scope,
            cause.department_path,
        )

    def of(self, cause: Cause) -> CauseWords:
        """Return the words for one cause."""
        entry = self._requests.get(cause.id) if cause.id else None
        names = tuple(self._rows(item) for item in cause.scope.alternatives) if not cause.scope.whole else ()
        department = self._departments.get(cause.department_path or "")
        request = (entry.request_id, entry.request_number or "") if entry and entry.request_id else None
        because = self._because(cause, entry.reason if entry else "")
        return CauseWords(KINDS[cause.kind], because, department, names, cause.ends_at, request)

    def _rows(self, item: RowCondition) -> str:
        """Return the words for the rows of one alternative: all that it names."""
        parts = [self._divisions.get(item.division, item.division)] if item.division is not None else []
        if item.department_path is not None:
            parts.append(say(Message("%(department)s及下级", department=self._departments.get(item.department_path, ""))))
        if item.case_number is not None:
            parts.append(say(Message("办件 %(number)s", number=item.case_number)))
        return " · ".join(parts)

    def _because(self, cause: Cause, reason: str) -> Message:
        match cause.kind:
            case CauseKind.DUTY:
                return Message("%(label)s → %(role)s", label=cause.because, role=Message(self.role(cause.held_role)))
            case CauseKind.ASSIGNMENT:
                return Message("%(role)s（%(reason)s）", role=Message(self.role(cause.held_role)), reason=cause.because or "—")
            case CauseKind.GRANT:
                return Message("%(reason)s", reason=reason or "—")
            case _:
                return Message("在岗的公职人员都可使用")


def _departments(paths: Iterable[str | None]) -> dict[str, str]:
    """Return the name of the department at the end of each path."""
    ids = {path: UUID(hex=path.rstrip("/").rpartition("/")[2]) for path in paths if path and path != "/"}
    found = services().identity_queries.departments(set(ids.values())) if ids else {}
    return {path: found[item].name for path, item in ids.items() if item in found}
