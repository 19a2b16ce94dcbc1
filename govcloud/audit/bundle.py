"""Evidence bundles: events with their inclusion proofs and a checkpoint in one JSON file that verifies without the database.

The format, ``govcloud-audit-bundle`` version 1, is described in docs/audit.md; ``check_bundle`` needs nothing but the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from govcloud.audit import merkle
from govcloud.audit.canonical import PersonalValue, read_canonical
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.errors import bundle_malformed, nothing_sealed, too_many_events
from govcloud.audit.findings import Finding, Kind, Report, check_personal
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditPersonal, AuditSequence
from govcloud.audit.tree import load_nodes

FORMAT = "govcloud-audit-bundle"
VERSION = 1
MOST_EVENTS = 10_000


def export_bundle(session: Session, *, chain: str | None, subject: str | None, since: Checkpoint | None) -> dict[str, Any]:
    """Return the bundle of the sealed events of ``chain`` and ``subject`` (``None``: any), under the newest checkpoint.

    With ``since`` it also proves that the checkpoint continues that one.

    Raises:
        NotFound: no sealed event matches.
        Invalid: more than ten thousand match, or ``since`` covers more events than the record has.
    """
    newest = session.execute(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).scalar_one_or_none()
    if newest is None:
        raise nothing_sealed()
    rows = session.execute(_sealed(newest.size, chain, subject)).all()
    if not rows:
        raise nothing_sealed()
    if len(rows) > MOST_EVENTS:
        raise too_many_events(MOST_EVENTS)
    ranges = {row.seq: merkle.inclusion_ranges(row.seq, newest.size) for row in rows}
    between = [] if since is None else _continuation(since, newest.size)
    node = _lookup(session, [*ranges.values(), between])
    personal = _personal(session, [row.id for row in rows])
    bundle: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "checkpoint": {"size": newest.size, "root": newest.root.hex(), "at": newest.at.isoformat()},
        "events": [
            {
                "seq": row.seq,
                "canonical": row.canonical.decode(),
                "proof": [part.hex() for part in merkle.proof(ranges[row.seq], node)],
                "personal": personal.get(row.id, []),
            }
            for row in rows
        ],
    }
    if since is not None:
        bundle["since"] = {"checkpoint": str(since), "proof": [part.hex() for part in merkle.proof(between, node)]}
    return bundle


def check_bundle(content: str | bytes, since: Checkpoint | None = None) -> Report:
    """Verify a bundle by itself: leaves, inclusion proofs, chain links within it, personal values; and ``since``, if given.

    Raises:
        Invalid: the file is no bundle of this format, or says nothing about ``since``.
    """
    try:
        bundle = json.loads(content)
        if (bundle["format"], bundle["version"]) != (FORMAT, VERSION):
            raise bundle_malformed(f"format {bundle['format']} {bundle['version']}")
        checkpoint = Checkpoint(int(bundle["checkpoint"]["size"]), bytes.fromhex(bundle["checkpoint"]["root"]))
        report = Report(checkpoint=checkpoint)
        links = [_check_entry(entry, checkpoint, report) for entry in bundle["events"]]
        _check_links(links, report)
        if since is not None:
            _check_since(since, bundle.get("since"), checkpoint, report)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bundle_malformed(f"{type(error).__name__}: {error}") from error
    return report


def _check_entry(entry: Mapping[str, Any], checkpoint: Checkpoint, report: Report) -> tuple[Mapping[str, Any] | None, str]:
    """Check one event of a bundle; return its chain link and its leaf hash."""
    canonical = cast("str", entry["canonical"]).encode()
    seq, leaf = int(entry["seq"]), merkle.leaf_hash(canonical)
    where = f"seq {seq}"
    report.events += 1
    if not merkle.inclusion_holds(seq, checkpoint.size, leaf, [bytes.fromhex(part) for part in entry["proof"]], checkpoint.root):
        report.add(Finding(Kind.PROOF_WRONG, where, f"the event is not shown to be in the tree of checkpoint {checkpoint.size}"))
    document = read_canonical(canonical)
    personal = [PersonalValue(kept["field"], bytes.fromhex(kept["salt"]), kept["value"]) for kept in entry["personal"]]
    check_personal(document["id"], document["personal"], personal, where, report)
    return document["chain"], leaf.hex()


def _check_links(links: Sequence[tuple[Mapping[str, Any] | None, str]], report: Report) -> None:
    """Check that events of one chain that stand next to each other name one another's leaf."""
    leaves = {(link["id"], link["position"]): leaf for link, leaf in links if link is not None}
    for link, _ in links:
        if link is None:
            continue
        before = leaves.get((link["id"], link["position"] - 1))
        if before is not None and before != link["prev_leaf"]:
            report.add(Finding(Kind.CHAIN_BROKEN, f"chain {link['id']}", f"position {link['position']} does not follow the one before"))


def _check_since(since: Checkpoint, given: Mapping[str, Any] | None, checkpoint: Checkpoint, report: Report) -> None:
    """Check that the bundle's checkpoint continues one that was kept elsewhere."""
    if given is None or given["checkpoint"] != str(since):
        raise bundle_malformed(f"it was not exported with --since {since}")
    path = [bytes.fromhex(part) for part in given["proof"]]
    if not merkle.consistency_holds(since.size, since.root, checkpoint.size, checkpoint.root, path):
        detail = f"the checkpoint {checkpoint} does not continue {since}"
        report.add(Finding(Kind.HISTORY_REWRITTEN, f"checkpoint {checkpoint.size}", detail))


def _continuation(since: Checkpoint, size: int) -> list[tuple[int, int]]:
    if since.size > size:
        raise bundle_malformed(f"--since {since.size} > {size}")
    return merkle.consistency_ranges(since.size, size)


def _sealed(size: int, chain: str | None, subject: str | None) -> Select[*tuple[Any, ...]]:
    query = select(AuditSequence.seq, AuditEvent.id, AuditEvent.canonical).join(AuditEvent, AuditEvent.id == AuditSequence.event_id)
    wanted = [AuditEvent.chain == chain] if chain is not None else []
    wanted += [AuditEvent.subject == subject] if subject is not None else []
    for condition in wanted:
        query = query.where(condition)
    return query.where(AuditSequence.seq < size).order_by(AuditSequence.seq).limit(MOST_EVENTS + 1)


def _lookup(session: Session, proofs: Sequence[Sequence[tuple[int, int]]]) -> merkle.NodeLookup:
    """Fetch every node that the proofs need, and return the lookup of them."""
    wanted: set[tuple[int, int]] = set()
    for ranges in proofs:
        wanted |= merkle.nodes_of(ranges)
    stored = load_nodes(session, wanted)
    return lambda level, position: stored[level, position]


def _personal(session: Session, event_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, str]]]:
    found: dict[UUID, list[dict[str, str]]] = {}
    rows = session.execute(
        select(AuditPersonal.event_id, AuditPersonal.field, AuditPersonal.salt, AuditPersonal.value)
        .where(AuditPersonal.event_id.in_(event_ids))
        .order_by(AuditPersonal.event_id, AuditPersonal.field)
    )
    for row in rows:
        found.setdefault(row.event_id, []).append({"field": row.field, "salt": row.salt.hex(), "value": row.value})
    return found
