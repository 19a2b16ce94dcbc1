"""Rows of separation of duty, read: rules, drafts, exceptions, violations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from govcloud.authorization.apart.models import SodDraft, SodException, SodRule
from govcloud.authorization.apart.views import PER_CASE, DraftView, ExceptionView, RuleView
from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look

_IN_FORCE = select(
    SodRule.id,
    SodRule.code,
    SodRule.version,
    SodRule.name,
    SodRule.kind,
    SodRule.functions,
    SodRule.most,
    SodRule.liftable,
    SodRule.reason,
    SodRule.proposed_by,
    SodRule.approved_by,
    SodRule.valid_from,
    SodRule.valid_to,
)
_IN_FORCE = _IN_FORCE.where(SodRule.valid_to.is_(None)).order_by(SodRule.code)
_NAMED = SodRule.functions.overlap(bindparam("functions", type_=ARRAY(Text())))
_EVERY = (SodRule.kind == PER_CASE) & (func.cardinality(SodRule.functions) == 0)
#: Every request and every decision on it asks.
_ABOUT = Look(_IN_FORCE.where(or_(_NAMED, _EVERY)))


def rules_about(session: Session, functions: Collection[str]) -> tuple[RuleView, ...]:
    """Return the rules in force that are about one of ``functions``, in the order of their codes."""
    return tuple(rule_view(row) for row in _ABOUT.within(session, {"functions": sorted(functions)}))


def rules_of_kind(session: Session, kind: str) -> tuple[RuleView, ...]:
    """Return the rules of a kind that are in force, in the order of their codes."""
    return _rules(session, SodRule.kind == kind)


def all_rules(session: Session) -> tuple[RuleView, ...]:
    """Return the rules in force, in the order of their codes."""
    return _rules(session)


def current_rule(session: Session, code: str) -> SodRule | None:
    """Return the row of a rule that is in force."""
    return session.scalars(select(SodRule).where(SodRule.code == code, SodRule.valid_to.is_(None))).one_or_none()


def versions(session: Session, code: str) -> tuple[RuleView, ...]:
    """Return every version of a rule, the newest first."""
    query = select(SodRule).where(SodRule.code == code).order_by(SodRule.version.desc())
    return tuple(rule_view(row) for row in session.scalars(query))


def exceptions_of(session: Session, officials: Collection[UUID], codes: Collection[str], at: datetime) -> tuple[ExceptionView, ...]:
    """Return the exceptions of ``officials`` from rules that hold at ``at``."""
    mine = (SodException.official_id.in_(officials), SodException.rule_code.in_(codes))
    query = select(SodException).where(*mine, live_at(SodException, at), SodException.ends_at > at)
    return tuple(exception_view(row) for row in session.scalars(query.order_by(SodException.id)))


def _rules(session: Session, *conditions: ColumnElement[bool]) -> tuple[RuleView, ...]:
    return tuple(rule_view(row) for row in session.execute(_IN_FORCE.where(*conditions)))


def rule_view(row: Any) -> RuleView:  # noqa: ANN401 - a row of these columns, or a ``SodRule``
    """Return a version of a rule."""
    return RuleView(
        id=row.id,
        code=row.code,
        version=row.version,
        name=row.name,
        kind=row.kind,
        functions=tuple(row.functions),
        most=row.most,
        liftable=row.liftable,
        reason=row.reason,
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        since=row.valid_from,
        ended_at=row.valid_to,
    )


def draft_view(row: SodDraft) -> DraftView:
    """Return a proposed rule."""
    return DraftView(
        id=row.id,
        code=row.code,
        base_version=row.base_version,
        ends=row.ends,
        name=row.name,
        kind=row.kind,
        functions=tuple(row.functions),
        most=row.most,
        liftable=row.liftable,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        state=row.state,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def exception_view(row: SodException) -> ExceptionView:
    """Return an exception."""
    return ExceptionView(
        id=row.id,
        official_id=row.official_id,
        rule_code=row.rule_code,
        functions=tuple(row.functions),
        reason=row.reason,
        given_by_official_id=row.given_by_official_id,
        given_at=row.valid_from,
        ends_at=row.ends_at,
        ended_at=row.valid_to,
    )
