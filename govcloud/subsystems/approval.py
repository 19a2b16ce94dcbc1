"""How much care an item needs: its tier and what the tier leaves open, as the steps that an answer takes.

``approval`` is a JSON object beside the tier. ``quorum``: ``{"needed": 2}``, so many of those who may decide. ``serial``:
``{"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]}``, one after the other. The other tiers leave nothing
open: ``auto`` is granted by a rule that the owner signed and else waits for one person, ``two_units`` for two of two departments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields, whole_number

TIERS = ("auto", "one", "quorum", "two_units", "serial")
OWNER, SUPERIOR = "owner", "superior"
KINDS = (OWNER, SUPERIOR)
LEAST_QUORUM, MOST_NEEDED = 2, 5
LEAST_STEPS, MOST_STEPS = 2, 4


@dataclass(frozen=True)
class Step:
    """One step: whose authority it takes, how many people, and whether they must serve in different departments."""

    kind: str = OWNER
    needed: int = 1
    distinct_units: bool = False


def steps_of(tier: str, approval: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps that an answer to a request for an item takes, in their order; ``approval`` is one that was checked."""
    match tier:
        case "quorum":
            return (Step(needed=approval["needed"]),)
        case "two_units":
            return (Step(needed=2, distinct_units=True),)
        case "serial":
            return tuple(Step(step["kind"], step["needed"]) for step in approval["steps"])
        case _:
            return (Step(),)


def care(tier: str, approval: Mapping[str, Any]) -> tuple[int, int]:
    """Return how much care an item takes, to compare: how many people say yes at the least, then the place of its tier."""
    people = 0 if tier == "auto" else sum(step.needed for step in steps_of(tier, approval))
    return people, TIERS.index(tier)


def checked_approval(tier: str, approval: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Return ``approval`` in its stored form, noting what is wrong with it; what the tier does not leave open must not be given."""
    allowed = {"quorum": {"needed"}, "serial": {"steps"}}.get(tier, set())
    if unknown := set(approval) - allowed:
        fields.fail("approval", Message("事项级别“%(tier)s”不接受：%(names)s。", tier=tier, names="、".join(sorted(unknown))))
    elif tier == "quorum":
        return {"needed": _people(approval.get("needed"), LEAST_QUORUM, fields)}
    elif tier == "serial":
        return {"steps": _steps(approval.get("steps"), fields)}
    return {}


def _steps(given: object, fields: Fields) -> list[dict[str, Any]]:
    """Return the steps of a serial approval."""
    wanted = Message(
        "依次审批须列出 %(least)s 至 %(most)s 步，每步写明 kind（owner 或 superior）和 needed。", least=LEAST_STEPS, most=MOST_STEPS
    )
    if not isinstance(given, list) or not LEAST_STEPS <= len(given) <= MOST_STEPS:
        fields.fail("approval", wanted)
        return []
    found: list[dict[str, Any]] = []
    for step in given:
        if not isinstance(step, dict) or set(step) - {"kind", "needed"} or step.get("kind") not in KINDS:
            fields.fail("approval", wanted)
            return []
        found.append({"kind": step["kind"], "needed": _people(step.get("needed", 1), 1, fields)})
    return found


def _people(given: object, least: int, fields: Fields) -> int:
    """Return how many people have to say yes."""
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= MOST_NEEDED:
        fields.fail("approval", Message("同意人数应为 %(least)s 至 %(most)s 的整数。", least=least, most=MOST_NEEDED), given)
        return least
    return given


#: How people write the kinds of steps in forms and tables.
_WRITTEN = {OWNER: OWNER, SUPERIOR: SUPERIOR, "主管部门": OWNER, "上级部门": SUPERIOR}


def read_approval(tier: str, text: str) -> dict[str, Any]:
    """Return what people wrote beside a tier, still to be checked: ``2`` for a quorum, ``owner,superior:2`` for steps.

    ``主管部门`` and ``上级部门`` stand for the kinds as well. What cannot be read is kept, for the check to refuse it.
    """
    clean = text.strip()
    if not clean:
        return {}
    if tier == "quorum":
        return {"needed": _whole(clean)}
    parts = (part.strip().replace("：", ":").partition(":") for part in clean.replace("，", ",").replace("、", ",").split(","))
    return {"steps": [{"kind": _WRITTEN.get(kind.strip(), kind), "needed": _whole(people) if people else 1} for kind, _, people in parts]}


def written_approval(approval: Mapping[str, Any]) -> str:
    """Return what ``read_approval`` reads."""
    steps = [step["kind"] + (f":{step['needed']}" if step["needed"] > 1 else "") for step in approval.get("steps", ())]
    return ",".join(steps) or str(approval.get("needed", ""))


def _whole(text: str) -> int | str:
    """Return a small whole number, or the text as it is."""
    clean = text.strip()
    number = whole_number(clean, len(str(MOST_NEEDED)) + 1)
    return clean if number is None else number
