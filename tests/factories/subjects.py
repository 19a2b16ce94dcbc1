"""Subjects as identity gives them out, without a database: for what is decided from attributes alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from govcloud.identity.queries import Subject

_ROOT = UUID(int=1)
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def serving(position: str = "窗口受理员", line: str = "民政", level: str = "county", **changes: Any) -> Subject:  # noqa: ANN401 - any field
    """Return somebody active in an appointment, with ``changes``."""
    usual: dict[str, Any] = {
        "official_id": UUID(int=100),
        "appointment_id": UUID(int=200),
        "name": "王芳",
        "employee_code": "WANGFANG",
        "status": "active",
        "kind": "primary",
        "post": "科员",
        "position": position,
        "rank": "一级科员",
        "label": 1,
        "department_id": _ROOT,
        "department_name": "西湖区民政局",
        "department_path": f"/{_ROOT.hex}/",
        "division": "330106000000",
        "level": level,
        "business_lines": (line,),
        "starts_at": _BEGAN,
        "ends_at": None,
    }
    return Subject(**{**usual, **changes})
