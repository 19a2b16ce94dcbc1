"""How PostgreSQL would answer a query, were some ways closed to it: small tables are otherwise read from end to end."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from govcloud.kernel.prepared import driver_of


def plan_without(session: Session, *ways: str) -> None:
    """Close ``ways`` ("seqscan") to the plans of a reading session, until it is given back."""
    # Readers have no transaction of their own, and a setting for the connection would outlive the test.
    driver_of(session.connection()).execute("BEGIN READ ONLY")
    for way in ways:
        session.execute(text(f"SET LOCAL enable_{way} = off"))
