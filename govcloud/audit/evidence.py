"""The check of an evidence bundle, from the file alone.

What a file can show by itself is that its events hash to the root that it names, and that it is whole in itself. Whether that
root was ever the record's, only a checkpoint that was kept elsewhere shows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from govcloud.audit import merkle
from govcloud.audit.bundle import FORMAT, VERSION
from govcloud.audit.canonical import PersonalValue, read_canonical
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.errors import bundle_malformed
from govcloud.audit.findings import Finding, Kind, Report, check_personal


@dataclass(frozen=True)
class About:
    """What a bundle says it holds: the events of a chain, of a subject, of both, or (neither named) all; and how many."""

    chain: str | None
    subject: str | None
    entries: int


@dataclass(frozen=True)
class Entry:
    """One event of a bundle: its place, its subject, its link in a chain and its leaf hash."""

    seq: int
    subject: str
    link: Mapping[str, Any] | None
    leaf: str


def check_bundle(content: str | bytes, since: Checkpoint | None = None) -> Report:
    """Verify a bundle: leaves, inclusion proofs, chains, personal values, that nothing is missing or repeated; and ``since``, if given.

    Args:
        content: the file.
        since: a checkpoint kept elsewhere: the bundle's own, or the older one that it was exported with. Without one the
            report is not ``anchored``: the file then agrees with itself and with the root that it names, which whoever
            makes a file chooses.

    Raises:
        Invalid: the file is no bundle of this format, or says nothing about ``since``.
    """
    try:
        bundle = json.loads(content)
        if (bundle["format"], bundle["version"]) != (FORMAT, VERSION):
            raise bundle_malformed(f"format {bundle['format']} {bundle['version']}")
        checkpoint = Checkpoint(int(bundle["checkpoint"]["size"]), bytes.fromhex(bundle["checkpoint"]["root"]))
        report = Report(checkpoint=checkpoint, anchored=since is not None)
        entries = [_check_entry(entry, checkpoint, report) for entry in bundle["events"]]
        _check_whole(entries, About(**bundle["about"]), checkpoint, report)
        _check_links(entries, report)
        if since is not None and since != checkpoint:
            _check_since(since, bundle.get("since"), checkpoint, report)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bundle_malformed(f"{type(error).__name__}: {error}") from error
    return report


def _check_entry(entry: Mapping[str, Any], checkpoint: Checkpoint, report: Report) -> Entry:
    """Check one event of a bundle."""
    canonical = cast("str", entry["canonical"]).encode()
    seq, leaf = int(entry["seq"]), merkle.leaf_hash(canonical)
    where = f"seq {seq}"
    report.events += 1
    if not merkle.inclusion_holds(seq, checkpoint.size, leaf, [bytes.fromhex(part) for part in entry["proof"]], checkpoint.root):
        report.add(Finding(Kind.PROOF_WRONG, where, f"the event is not shown to be in the tree of checkpoint {checkpoint.size}"))
    document = read_canonical(canonical)
    personal = [PersonalValue(kept["field"], bytes.fromhex(kept["salt"]), kept["value"]) for kept in entry["personal"]]
    check_personal(document["id"], document["personal"], personal, where, report)
    return Entry(seq, document["subject"], document["chain"], leaf.hex())


def _check_whole(entries: Sequence[Entry], about: About, checkpoint: Checkpoint, report: Report) -> None:
    """Check that the bundle holds what it says it is about: every event of it that can be known to exist, each once."""
    places = Counter(entry.seq for entry in entries)
    for seq, times in places.items():
        if times > 1:
            report.add(Finding(Kind.EVENT_REPEATED, f"seq {seq}", f"the event stands {times} times in the bundle"))
    missing = [] if entries else ["there is no event in it"]
    if about.entries != len(places):
        missing.append(f"it was exported with {about.entries} events and has {len(places)}")
    if about.chain is None and about.subject is None and len(places) != checkpoint.size:
        missing.append(f"it is about every event, of which checkpoint {checkpoint.size} covers {checkpoint.size}")
    if about.chain is not None and about.subject is None:
        held = {entry.link["position"] for entry in entries if entry.link is not None}
        if (last := max(held, default=0)) != len(held):
            missing.append(f"chain {about.chain} goes on to position {last}, of which {len(held)} are in it")
    for reason in missing:
        report.add(Finding(Kind.BUNDLE_INCOMPLETE, "bundle", reason))
    for entry in entries:
        chain = entry.link["id"] if entry.link is not None else None
        if about.chain not in {None, chain} or about.subject not in {None, entry.subject}:
            report.add(Finding(Kind.BUNDLE_INCOMPLETE, f"seq {entry.seq}", "the event is none of those that the bundle is about"))


def _check_links(entries: Sequence[Entry], report: Report) -> None:
    """Check that events of one chain that stand next to each other name one another's leaf."""
    leaves = {(entry.link["id"], entry.link["position"]): entry.leaf for entry in entries if entry.link is not None}
    for link in (entry.link for entry in entries):
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
