"""Evidence bundles verify from the file alone, and only as they were exported."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from sqlalchemy import text

from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.evidence import check_bundle
from govcloud.audit.findings import Kind
from govcloud.audit.merkle import leaf_hash
from govcloud.kernel.errors import Invalid, NotFound
from tests.commands.audit.conftest import Record


@pytest.fixture
def sealed(record: Record) -> Record:
    record.write(3, chain="QX1")
    record.write(2, subject="official:li")
    record.seal()
    record.write(2, chain="QX1")
    record.seal()
    return record


@pytest.fixture
def bundle(sealed: Record) -> dict[str, Any]:
    return sealed.trail.bundle(sealed.official, chain="QX1")


def test_a_bundle_verifies_from_the_file_alone(bundle: dict[str, Any]) -> None:
    report = check_bundle(json.dumps(bundle))
    assert report.holds, report.findings
    assert (report.events, report.personal_values) == (5, 15)
    assert report.checkpoint == Checkpoint(7, bytes.fromhex(bundle["checkpoint"]["root"]))


def test_a_bundle_of_a_subject_and_of_everything(sealed: Record) -> None:
    by_subject = sealed.trail.bundle(sealed.official, subject="official:li")
    assert [event["seq"] for event in by_subject["events"]] == [3, 4]
    assert check_bundle(json.dumps(by_subject)).holds
    sealed.seal()
    everything = sealed.trail.bundle(sealed.official)
    assert len(everything["events"]) == 8  # seven, and the export before
    assert check_bundle(json.dumps(everything)).holds


def edit_text(bundle: dict[str, Any]) -> None:
    bundle["events"][1]["canonical"] = bundle["events"][1]["canonical"].replace("换号", "无")


def move(bundle: dict[str, Any]) -> None:
    bundle["events"][1]["seq"] += 1


def swap_proofs(bundle: dict[str, Any]) -> None:
    bundle["events"][0]["proof"], bundle["events"][1]["proof"] = bundle["events"][1]["proof"], bundle["events"][0]["proof"]


def other_root(bundle: dict[str, Any]) -> None:
    bundle["checkpoint"]["root"] = "00" * 32


def other_person(bundle: dict[str, Any]) -> None:
    bundle["events"][0]["personal"][0]["value"] = '"李强"'


def omit(bundle: dict[str, Any]) -> None:
    del bundle["events"][1]


def omit_and_say_so(bundle: dict[str, Any]) -> None:
    del bundle["events"][1]
    bundle["about"]["entries"] -= 1


def omit_all(bundle: dict[str, Any]) -> None:
    bundle["events"].clear()
    bundle["about"] = {"chain": "QX1", "subject": "official:wang", "entries": 0}


def repeat(bundle: dict[str, Any]) -> None:
    bundle["events"].append(bundle["events"][0])


def of_another_chain(bundle: dict[str, Any]) -> None:
    bundle["about"]["chain"] = "QX2"


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (edit_text, {Kind.PROOF_WRONG: 1, Kind.CHAIN_BROKEN: 1}),
        (move, {Kind.PROOF_WRONG: 1, Kind.EVENT_REPEATED: 1, Kind.BUNDLE_INCOMPLETE: 1}),
        (omit, {Kind.BUNDLE_INCOMPLETE: 2}),
        (omit_and_say_so, {Kind.BUNDLE_INCOMPLETE: 1}),
        (omit_all, {Kind.BUNDLE_INCOMPLETE: 1}),
        (repeat, {Kind.EVENT_REPEATED: 1}),
        (of_another_chain, {Kind.BUNDLE_INCOMPLETE: 5}),
        (swap_proofs, {Kind.PROOF_WRONG: 2}),
        (other_root, {Kind.PROOF_WRONG: 5}),
        (other_person, {Kind.PERSONAL_EDITED: 1}),
    ],
)
def test_a_changed_bundle_is_found_out(bundle: dict[str, Any], change: Callable[[dict[str, Any]], None], kinds: dict[Kind, int]) -> None:
    changed = copy.deepcopy(bundle)
    change(changed)
    assert check_bundle(json.dumps(changed)).counts == kinds


def test_a_bundle_of_everything_lacks_nothing(sealed: Record) -> None:
    everything = sealed.trail.bundle(sealed.official)
    assert check_bundle(json.dumps(everything)).holds
    del everything["events"][3]
    everything["about"]["entries"] -= 1
    assert check_bundle(json.dumps(everything)).counts == {Kind.BUNDLE_INCOMPLETE: 1}


def test_the_end_of_a_chain_left_out_with_its_count_is_not_found(bundle: dict[str, Any]) -> None:
    """What no file can show by itself; docs/audit.md says so."""
    del bundle["events"][-1]
    assert check_bundle(json.dumps(bundle)).counts == {Kind.BUNDLE_INCOMPLETE: 1}
    bundle["about"]["entries"] -= 1
    assert check_bundle(json.dumps(bundle)).holds


def test_a_bundle_made_up_whole_is_told_by_a_checkpoint_kept_elsewhere_alone(sealed: Record, bundle: dict[str, Any]) -> None:
    invented = json.loads(bundle["events"][0]["canonical"]) | {"chain": None, "personal": {}, "subject": "official:invented"}
    canonical = rfc8785.dumps(invented)
    forged = bundle | {
        "checkpoint": {"size": 1, "root": leaf_hash(canonical).hex(), "at": "2020-01-01"},
        "about": {"chain": None, "subject": "official:invented", "entries": 1},
        "events": [{"seq": 0, "canonical": canonical.decode(), "proof": [], "personal": []}],
    }
    report = check_bundle(json.dumps(forged))
    assert report.holds
    assert not report.anchored
    with pytest.raises(Invalid):
        check_bundle(json.dumps(forged), Checkpoint(5, first_root(sealed)))


def test_the_checkpoint_of_the_bundle_itself_may_be_the_one_kept_elsewhere(bundle: dict[str, Any]) -> None:
    kept = Checkpoint(7, bytes.fromhex(bundle["checkpoint"]["root"]))
    report = check_bundle(json.dumps(bundle), kept)
    assert (report.holds, report.anchored) == (True, True)


def test_an_erased_personal_value_leaves_the_bundle_whole(sealed: Record) -> None:
    sealed.run("DELETE FROM audit_personal")
    report = check_bundle(json.dumps(sealed.trail.bundle(sealed.official, chain="QX1")))
    assert report.holds
    assert report.personal_erased == 15


def test_a_bundle_shows_that_it_continues_an_older_checkpoint(sealed: Record) -> None:
    kept = Checkpoint(5, first_root(sealed))
    content = json.dumps(sealed.trail.bundle(sealed.official, chain="QX1", since=kept))
    assert check_bundle(content, kept).holds
    with pytest.raises(Invalid, match="填写的内容有误"):
        check_bundle(content, Checkpoint(5, bytes(32)))
    forged = Checkpoint(5, bytes(32))
    content = json.dumps(sealed.trail.bundle(sealed.official, chain="QX1", since=forged))
    assert check_bundle(content, forged).counts == {Kind.HISTORY_REWRITTEN: 1}


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"format": "other", "version": 1}', "\ud800"])
def test_a_file_that_is_no_bundle(content: str) -> None:
    with pytest.raises(Invalid):
        check_bundle(content)


def test_a_bundle_with_wrong_types_is_refused_or_found_out(bundle: dict[str, Any]) -> None:
    paths: list[tuple[str | int, ...]] = [
        ("checkpoint", "size"),
        ("checkpoint", "root"),
        ("events", 0, "proof"),
        ("events", 0, "canonical"),
    ]
    values: tuple[object, ...] = (None, "x", [], {}, -1)
    for path, value in itertools.product(paths, values):
        changed = copy.deepcopy(bundle)
        place: Any = changed
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        assert not holds(json.dumps(changed)), (path, value)


def holds(content: str) -> bool:
    """Say whether a bundle verifies; one that is refused as no bundle does not."""
    try:
        return check_bundle(content).holds
    except Invalid:
        return False


def test_nothing_to_export(record: Record) -> None:
    record.write(1, chain="QX1")
    with pytest.raises(NotFound):
        record.trail.bundle(record.official, chain="QX1")
    record.seal()
    with pytest.raises(NotFound):
        record.trail.bundle(record.official, chain="QX2")


@pytest.mark.parametrize("text_form", ["", "5", "5:abc", "0:" + "00" * 32, "x:" + "00" * 32, "5:" + "0g" * 32])
def test_a_text_that_is_no_checkpoint(text_form: str) -> None:
    with pytest.raises(Invalid):
        Checkpoint.parse(text_form)


def test_a_checkpoint_as_text() -> None:
    checkpoint = Checkpoint(12, bytes(range(32)))
    assert Checkpoint.parse(f" {checkpoint}\n") == checkpoint


def first_root(record: Record) -> bytes:
    with record.open() as session:
        return bytes(session.execute(text("SELECT root FROM audit_checkpoint WHERE size = 5")).scalar_one())
