"""What tells that the end of a grant took effect in its subsystem: seen from what the subsystem did, not from a flag of ours.

Two things are seen here: that the subsystem received the message of the end (its webhook answered), and that the holder was refused
there for the first time afterwards. The second comes from the log of decisions, which has every denial and is written beside the checks,
so that no check waits for it. What clients answered to a sign-out (integration levels 0 and 1) stands with its notices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.decision_log.rows import DENIED, Row
from govcloud.authorization.events import GrantClosed
from govcloud.authorization.models import RevokeAck
from govcloud.authorization.rights.closing import among
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.letters import Letter

WEBHOOK = "webhook"
#: Denials that say that no grant opens this; one for rows, a condition or a label says nothing of the kind.
_NO_GRANT = frozenset({Reason.GRANT_REVOKED, Reason.GRANT_EXPIRED, Reason.GRANT_SUSPENDED, Reason.GRANT_NOT_STARTED, Reason.NO_PERMISSION})
#: A refusal at the door speaks for every grant in the subsystem. Grants that ended long ago are left alone: nobody waits for them.
_NOTE = text(
    """
    INSERT INTO revoke_ack (grant_id, how, subsystem_code, at)
    SELECT ended.id, 'refused', ended.subsystem_code, min(denied.at)
    FROM unnest(CAST(:officials AS uuid[]), CAST(:functions AS text[]), CAST(:moments AS timestamptz[]))
      AS denied (official_id, function, at)
    JOIN access_grant AS ended ON ended.official_id = denied.official_id
     AND (ended.function = denied.function OR denied.function = ended.subsystem_code || ':door:enter')
    WHERE ended.valid_to <= denied.at AND ended.valid_to > denied.at - interval '30 days'
    GROUP BY ended.id, ended.subsystem_code
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """When a subsystem received the message of an end, and when it first refused the holder afterwards; ``None``: not yet."""

    webhook_at: datetime | None = None
    refused_at: datetime | None = None


class Acknowledgements:
    """Notes and reads what subsystems acknowledged."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def of(self, grants: Iterable[UUID]) -> Mapping[UUID, Acknowledged]:
        """Return what was acknowledged of each of ``grants``; those without anything are left out."""
        wanted = list(grants)
        found: dict[UUID, Acknowledged] = {}
        columns = (RevokeAck.grant_id, RevokeAck.how, RevokeAck.at)
        for row in self._read().execute(select(*columns).where(among(RevokeAck.grant_id, wanted))) if wanted else ():
            known = found.get(row.grant_id, Acknowledged())
            found[row.grant_id] = replace(known, webhook_at=row.at) if row.how == WEBHOOK else replace(known, refused_at=row.at)
        return found

    def count(self, grants: Sequence[UUID]) -> int:
        """Return of how many of ``grants`` anything was acknowledged."""
        query = select(func.count(RevokeAck.grant_id.distinct())).where(among(RevokeAck.grant_id, grants))
        return self._read().scalar(query) or 0


def note_received(tx: Transaction, letters: Sequence[Letter]) -> None:
    """Note that subsystems received the messages of ends, in the transaction that settles them."""
    rows = [
        {"grant_id": UUID(data["grant_id"]), "how": WEBHOOK, "subsystem_code": data["subsystem_code"], "at": tx.now}
        for data in (letter.payload["data"] for letter in letters if letter.topic == GrantClosed.name)
    ]
    if rows:
        tx.session.execute(insert(RevokeAck).on_conflict_do_nothing(), rows)


def note_refused(connection: Connection, rows: Sequence[Row]) -> None:
    """Note the first refusals after ends among decisions that were just written down; beside the checks, by the log's own thread."""
    first: dict[tuple[UUID, str], datetime] = {}
    for row in rows:
        if row.kind == DENIED and row.official_id is not None and row.reason in _NO_GRANT:
            key = (row.official_id, row.function)
            first[key] = min(row.at, first.get(key, row.at))
    if first:
        officials, functions = [key[0] for key in first], [key[1] for key in first]
        connection.execute(_NOTE, {"officials": officials, "functions": functions, "moments": list(first.values())})
