"""Where a subsystem keeps what row conditions read, what policies call its fields, and how each is masked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from govcloud.client.errors import ConfigurationError
from govcloud.client.masks import Mask

#: What a row may say of where it stands.
ROW_KEYS = ("division", "department_path", "case_number")
#: What a row may say of how confidential it is.
LABEL = "label"


@dataclass(frozen=True)
class Columns:
    """How a table, a model or the rows of an interface are laid out.

    Attributes:
        division: the column with the 12-digit division code: a SQLAlchemy column, or the key in a row; ``None``: there is none.
        department_path: the column with the department's path (``"/…/"``).
        case_number: the column with the case's number.
        label: the column with the row's security label, a whole number from 0 to 4 (NULL is 0). It is never guessed: labels are held
            against the official's clearance only where this column is named.
        fields: the policy's name of a field, by the row's key, where the two differ (``{"sfzhm": "id_number"}``).
        masks: how a field is masked, by the row's key, where the standard masks do not know it.
        masked: keys that are masked whatever the policy opens: the page needs no more.
    """

    division: Any = None
    department_path: Any = None
    case_number: Any = None
    label: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    masked: frozenset[str] | tuple[str, ...] = ()

    @classmethod
    def of(cls, source: object) -> Columns:
        """Return how ``source`` is laid out.

        Args:
            source: ``Columns``; a column or key, which is that of the division; a mapping of ``ROW_KEYS`` and ``label``; a model or a
                table with columns named as ``ROW_KEYS``; ``None``: rows carry the keys themselves.

        Raises:
            ConfigurationError: none of the three is there, or a mapping names something else.
        """
        if source is None:
            return PLAIN
        if isinstance(source, Columns):
            return source
        if isinstance(source, str) or _is_column(source):
            return cls(division=source)
        if isinstance(source, Mapping):
            return cls._of_mapping(source)
        place = source if isinstance(source, type) else getattr(source, "c", source)
        found = {key: column for key in ROW_KEYS if _is_column(column := getattr(place, key, None))}
        if not found:
            raise ConfigurationError(f"{source!r} has no column named {', '.join(ROW_KEYS)}; name them: Columns(division=…)")
        return cls(found.get("division"), found.get("department_path"), found.get("case_number"))

    @classmethod
    def _of_mapping(cls, source: Mapping[Any, Any]) -> Columns:
        known = (*ROW_KEYS, LABEL)
        unknown = [str(key) for key in source if key not in known]
        if unknown or not source:
            raise ConfigurationError(f"columns are named {', '.join(known)}; got {', '.join(unknown) or 'none'}")
        return cls(**source)

    def place_of(self, row: object) -> dict[str, Any]:
        """Return where a row stands, by ``ROW_KEYS``; keys that it does not carry are left out."""
        values = values_of(row)
        found = {}
        for key in ROW_KEYS:
            column = getattr(self, key)
            if column is not None and (name := key_of(column)) in values:
                found[key] = values[name]
        return found

    def cleared(self, row: object, label_at_most: int) -> bool:
        """Return whether the security label of a row is one of 0 to ``label_at_most``; where no column is named, rows have none.

        An empty label is 0. One that is no whole number clears nobody, as the platform has it, and neither does a row without its column.
        """
        if self.label is None:
            return True
        values, key = values_of(row), key_of(self.label)
        if key not in values:
            return False
        label = values[key]
        return label is None or (isinstance(label, int) and not isinstance(label, bool) and 0 <= label <= label_at_most)

    def field_of(self, key: str) -> str:
        """Return what the policy calls the field under ``key``."""
        return self.fields.get(key, key)


PLAIN = Columns(*ROW_KEYS)


def _is_column(value: object) -> bool:
    """Return whether ``value`` is something that SQLAlchemy compares; models and tables are not."""
    return not isinstance(value, type) and hasattr(value, "between") and hasattr(value, "key")


def key_of(column: object) -> str:
    """Return under which key a row carries ``column``."""
    return column if isinstance(column, str) else str(getattr(column, "key", column))


def values_of(row: object) -> Mapping[str, Any]:
    """Return what a row carries, by key: a mapping, a SQLAlchemy row, an object of a model, or a dataclass.

    Raises:
        ConfigurationError: it is none of these.
    """
    if isinstance(row, Mapping):
        return row
    mapping = getattr(row, "_mapping", None)
    if isinstance(mapping, Mapping):
        return mapping
    mapper = getattr(type(row), "__mapper__", None)
    if mapper is not None:
        return {attribute.key: getattr(row, attribute.key) for attribute in mapper.column_attrs}
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return {item.name: getattr(row, item.name) for item in dataclasses.fields(row)}
    raise ConfigurationError(f"a row is a mapping, a SQLAlchemy row, an object of a model or a dataclass, not {type(row).__name__}")
