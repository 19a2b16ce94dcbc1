"""Facts have a time from the first migration, and nobody is a superuser."""

from __future__ import annotations

from pathlib import Path

from govcloud.app import metadata

ROOT = Path(__file__).parents[2]

#: What a decision reads: each keeps [valid_from, valid_to).
DECISION_FACTS = {
    "access_grant",
    "appointment",
    "catalogue_item",
    "catalogue_item_version",
    "department_version",
    "division",
    "duty_rule",
    "function_basis",
    "grant_suspension",
    "official_version",
    "policy_rule",
    "role",
    "role_assignment",
    "role_ceiling",
    "role_link",
    "subsystem_function",
    "subsystem_function_version",
}


def test_every_fact_of_a_decision_has_a_time() -> None:
    tables = metadata().tables
    for name in DECISION_FACTS:
        columns = tables[name].columns
        assert not columns["valid_from"].nullable, name
        assert columns["valid_to"].nullable, name


def test_times_are_kept_with_their_zone() -> None:
    naive = [
        str(column)
        for table in metadata().tables.values()
        for column in table.columns
        if type(column.type).__name__ == "DateTime" and not getattr(column.type, "timezone", False)
    ]
    assert naive == []


def test_nobody_is_a_superuser() -> None:
    """No flag opens everything: neither a column nor a line of code."""
    columns = {column.name for table in metadata().tables.values() for column in table.columns}
    assert columns.isdisjoint({"is_admin", "is_superuser", "superuser", "admin"})
    found = [str(path) for path in (ROOT / "govcloud").rglob("*.py") if "is_admin" in path.read_text(encoding="utf-8")]
    assert found == []
