"""Carrying a draft over to a version that came in meanwhile: three texts, merged line by line, and the meaning checked afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher

from govcloud.authorization.drafting.errors import cannot_rebase
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.comparing import Difference, compare
from govcloud.authorization.policies.document import PolicyDocument, parse_document


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines ``[start, end)`` of the base that one side has as ``lines``; ``at`` is where these stand on that side."""

    start: int
    end: int
    lines: tuple[str, ...]
    at: int


def merged(base: str, draft: str, live: str) -> str:
    """Return ``live`` with what ``draft`` changed in ``base``.

    Lines that both sides changed alike count as one change. Changes that overlap or touch are a conflict: nobody can say which of
    the two is meant.

    Raises:
        Conflict: names the lines of the draft.
    """
    mine, theirs = _hunks(base, draft), _hunks(base, live)
    lines = base.splitlines(keepends=True)
    clashing = [hunk.at + 1 for hunk in mine if any(_meet(hunk, other) and not _same(hunk, other) for other in theirs)]
    if clashing:
        raise cannot_rebase(clashing)
    found: list[str] = []
    place = 0
    kept = [hunk for hunk in mine if not any(_same(hunk, other) for other in theirs)]
    for hunk in sorted((*kept, *theirs), key=lambda item: (item.start, item.end)):
        found += lines[place : hunk.start]
        found += hunk.lines
        place = hunk.end
    return "".join([*found, *lines[place:]])


def rebased(base: PolicyDocument, draft: PolicyDocument, live: PolicyDocument) -> PolicyDocument:
    """Return the draft on top of ``live``: what it adds to and takes from ``base`` is what it now adds to and takes from ``live``.

    Raises:
        Conflict: the same lines changed on both sides, or the merged text would mean something else than both changes.
    """
    text = merged(base.text, draft.text, live.text)
    try:
        result = parse_document(text, draft.source)
    except PolicyError as error:
        raise cannot_rebase(()) from error
    if not _is_part(compare(live, result), compare(base, draft)):
        raise cannot_rebase(())
    return result


def _hunks(base: str, side: str) -> list[_Hunk]:
    before, after = base.splitlines(keepends=True), side.splitlines(keepends=True)
    # What both begin and end with is cut off first: a policy has a hundred thousand lines, a change has ten.
    same = next((place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), min(len(before), len(after)))
    most = min(len(before), len(after)) - same
    tail = next((place for place in range(most) if before[-1 - place] != after[-1 - place]), most)
    middle = SequenceMatcher(None, before[same : len(before) - tail], after[same : len(after) - tail])
    return [
        _Hunk(same + i1, same + i2, tuple(after[same + j1 : same + j2]), same + j1)
        for tag, i1, i2, j1, j2 in middle.get_opcodes()
        if tag != "equal"
    ]


def _meet(one: _Hunk, other: _Hunk) -> bool:
    """Return whether two changes overlap, or stand side by side with no line between them that both have kept."""
    return one.start <= other.end and other.start <= one.end


def _same(one: _Hunk, other: _Hunk) -> bool:
    return (one.start, one.end, one.lines) == (other.start, other.end, other.lines)


def _is_part(now: Difference, meant: Difference) -> bool:
    """Return whether ``now`` changes nothing that ``meant`` did not; what the live version has already need not be changed again."""
    pairs = (
        (now.roles_added, meant.roles_added),
        (now.roles_removed, meant.roles_removed),
        (now.inclusions_added, meant.inclusions_added),
        (now.inclusions_removed, meant.inclusions_removed),
        (now.rules_added, meant.rules_added),
        (now.rules_removed, meant.rules_removed),
    )
    return not any(Counter(done) - Counter(wanted) for done, wanted in pairs)
