"""The catalogue of a province: subsystems with functions and requestable items, and the matters that link them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from govcloud.cli.seed.datafiles import document
from govcloud.cli.seed.departments import PlannedDepartment, department_key
from govcloud.cli.seed.divisions import PROVINCE
from govcloud.cli.seed.sizes import Shape

DOOR = "door:enter"
_OPEN = "open"
_LABEL = "label="
_VERB_FIRST = "{action}{resource}"
_DOMAIN = "zj.example"
# From this level on a subsystem keeps a grant by division.
_ROWS_LEVEL = 2


@dataclass(frozen=True)
class PlannedItem:
    """What may be requested of a function."""

    name: str
    exposes: str
    tier: str
    max_days: int
    requires_case_number: bool
    scope_kind: str
    approval: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedFunction:
    """A function; ``positions`` hold it by their duty in the owner's business line, ``open`` ones at every counter.

    ``label`` is its security label: whoever uses it has to be cleared for as much.
    """

    code: str
    name: str
    description: str
    sensitive: bool
    positions: tuple[str, ...] = ()
    open: bool = False
    label: int = 0
    item: PlannedItem | None = None


@dataclass(frozen=True)
class PlannedSubsystem:
    """A subsystem; ``launch_url`` is set where something answers there, which then has a client too."""

    code: str
    name: str
    owner_kind: str
    owner_key: str
    integration_level: int
    description: str
    functions: tuple[PlannedFunction, ...]
    launch_url: str | None = None

    @property
    def open(self) -> bool:
        """Return whether officials at every counter may go through its door."""
        return any(function.open for function in self.functions)


@dataclass(frozen=True)
class PlannedMatter:
    """One matter (一件事): ``items`` are pairs of function code and stage."""

    code: str
    name: str
    lead_key: str
    items: tuple[tuple[str, int], ...] = field(default=())


def plan_subsystems(shape: Shape, departments: Sequence[PlannedDepartment]) -> list[PlannedSubsystem]:
    """Return the subsystems of ``shape``: the province's own, then those that cities and counties run themselves."""
    by_key = {department.key: department for department in departments}
    rows: list[Mapping[str, Any]] = document("subsystems")
    provincial = (_subsystem(row, by_key[key]) for row in rows if (key := department_key(PROVINCE, row["owner"])) in by_key)
    return list(islice(chain(provincial, _local(rows, departments)), shape.subsystems))


def plan_matters(subsystems: Sequence[PlannedSubsystem], departments: Collection[str]) -> list[PlannedMatter]:
    """Return the matters that still link two departments when what the province lacks is left out."""
    owners = {function.code: system.owner_key for system in subsystems for function in system.functions if function.item}
    matters = []
    for row in document("matters"):
        items = tuple((code, stage) for stage, codes in enumerate(row["stages"], 1) for code in codes if code in owners)
        lead = department_key(PROVINCE, row["lead"])
        if lead in departments and len({owners[code] for code, _ in items}) > 1:
            matters.append(PlannedMatter(row["code"], row["name"], lead, items))
    return matters


def _local(rows: Sequence[Mapping[str, Any]], departments: Sequence[PlannedDepartment]) -> Iterator[PlannedSubsystem]:
    """Return copies of the provincial subsystems that cities, then counties, run beside them."""
    for level in ("city", "county"):
        for row in rows:
            for department in departments:
                if department.kind == row["owner"] and department.level == level:
                    place = department.name.partition("市")[0] + "市" if level == "city" else department.short_name
                    local = {**row, "code": f"{row['code']}_{department.division[:6]}", "name": f"{row['name']}（{place}）", "launch": None}
                    yield _subsystem(local, department)


def _subsystem(row: Mapping[str, Any], owner: PlannedDepartment) -> PlannedSubsystem:
    code = row["code"]
    door = PlannedFunction(f"{code}:{DOOR}", f"进入{row['name']}", "进入子系统，不含任何数据。", sensitive=False)
    functions = [function for resource in row["resources"] for function in _functions(code, resource, row["integration"])]
    return PlannedSubsystem(
        code=code,
        name=row["name"],
        owner_kind=owner.kind,
        owner_key=owner.key,
        integration_level=row["integration"],
        description=row["about"],
        functions=(door, *functions),
        launch_url=row.get("launch"),
    )


def _functions(subsystem: str, resource: Sequence[str], level: int) -> Iterator[PlannedFunction]:
    """Return the functions of one resource: code, name, actions, what it exposes, whether it is open, and its security label."""
    code, name, actions, exposes, *marks = resource
    for action in actions.split():
        terms = document("actions")[action]
        is_open = _OPEN in marks
        title = _VERB_FIRST.format(action=terms["name"], resource=name)
        yield PlannedFunction(
            code=f"{subsystem}:{code}:{action}",
            name=title,
            description=f"{title}：{exposes}。",
            sensitive=terms["sensitive"] and not is_open,
            positions=tuple(terms["positions"]),
            open=is_open,
            label=next((int(mark.removeprefix(_LABEL)) for mark in marks if mark.startswith(_LABEL)), 0),
            item=None if is_open else _item(title, exposes, terms | document("care").get(f"{subsystem}:{code}:{action}", {}), level),
        )


def _item(title: str, exposes: str, terms: Mapping[str, Any], level: int) -> PlannedItem | None:
    """Return what of a function may be requested, or nothing: an approval is never lent out."""
    if "tier" not in terms:
        return None
    scope_kind = "division" if level >= _ROWS_LEVEL else "none"
    return PlannedItem(title, exposes, terms["tier"], terms["max_days"], terms["case"], scope_kind, terms.get("approval", {}))
