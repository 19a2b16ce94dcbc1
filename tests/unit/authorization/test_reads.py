"""What tells people apart for a condition while nothing is known of the thing, the time and the place."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.drafting.reads import OF_ALL, OF_ONE, OF_PERSON, OF_PLACE, Reads, reads_of
from govcloud.authorization.policies.vocabulary import EVERYWHERE, SUBJECT
from govcloud.identity.finding.grouping import BY


def test_every_attribute_of_a_subject_has_its_place() -> None:
    """One that had none would not tell people apart, and an impact would leave somebody out."""
    assert set(SUBJECT) == OF_PLACE | OF_PERSON | OF_ONE | OF_ALL | EVERYWHERE
    assert set(BY) == OF_PERSON


def test_what_waits_for_the_resource_tells_nobody_apart() -> None:
    reads = reads_of(["resource.official_id != subject.official_id", "subject.division == resource.division and context.weekday == 1"])
    assert reads == Reads(frozenset(), (), frozenset(), frozenset(), everywhere=False)


def test_what_decides_by_itself_is_read() -> None:
    one = UUID(int=5)
    reads = reads_of(
        [
            "subject.position == 'x' or not (subject.label >= 2)",
            "1 <= subject.label < resource.label",
            "within(subject.division, '330100000000') and subject.level in ['city']",
            f"subject.official_id == '{one}'",
            "'x' in subject.all_positions",
            "subject.department_path == subject.position",
        ]
    )
    assert reads.attributes == {"position", "label"}
    assert reads.raw_places == {"department_path"}
    assert [condition.text for condition in reads.places] == ["within(subject.division, '330100000000')", "subject.level in ['city']"]
    assert reads.named == {one}
    assert reads.everywhere
    here = {"division": "330106000000", "level": "county", "department_path": "/a/"}
    assert reads.of_place(here) == (True, False, "/a/")
