"""Why an answer came out as it did: what stands behind a yes, what would mend a no, and every rule that was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from govcloud.authorization.answers.entries import State
from govcloud.authorization.answers.faring import fared
from govcloud.authorization.answers.judging import Asked, answerable, decided, judge, taken
from govcloud.authorization.answers.moments import Moment, Moments
from govcloud.authorization.answers.nearest import Nearest, Remedy
from govcloud.authorization.deciding.answering import Seen
from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Decision, Reason, refusal
from govcloud.authorization.deciding.explaining import Cause, Explaining
from govcloud.authorization.deciding.policy import all_of
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.subjects.snapshot import is_function

#: So many rules are shown at most; those of held roles come first.
MOST_RULES = 200


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule about the function, and how it fared: ``None`` is not to be said without ``missing``.

    ``held``: the subject holds its role now. ``cleared``: the subject's label suffices, which only an allow asks for. ``reaches``: its rows
    reach the resource. ``kept``: the function's integration level enforces what it bounds. ``holds``: its condition is met. ``matched``:
    all of these, so that it counted.
    """

    rule: RuleSpec
    held: bool
    cleared: bool
    reaches: bool | None
    holds: bool | None
    missing: tuple[str, ...] = ()
    kept: bool = True

    @property
    def matched(self) -> bool | None:
        """Return whether the rule counted; a deny that is undetermined does, an allow does not."""
        parts = (self.held, self.cleared, self.reaches, self.kept, self.holds)
        return False if False in parts else None if None in parts else True


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer with all that stands behind it.

    ``causes`` are the roles, duties and grants behind a yes; ``remedies`` what would mend a no, the nearest first. ``policy`` is the number
    of the version that decided (0: one that was not installed).
    """

    asked: Asked
    official_id: UUID | None
    appointment_id: UUID | None
    at: datetime
    policy: int
    decision: Decision
    state: State
    missing: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    considered: tuple[Considered, ...] = ()


class Explainer:
    """Explains answers, by the policy of a moment or by any other version."""

    def __init__(self, decider: Decider, moments: Moments, explaining: Explaining) -> None:
        """Take the decider's reads, what decides when, and what turns windows into causes."""
        self._decider = decider
        self._moments = moments
        self._explaining = explaining
        self._nearest = Nearest(decider, moments)

    def explain(self, official_id: UUID | None, appointment_id: UUID | None, asked: Asked, when: Moment) -> Explanation:
        """Return the answer that ``decide`` gives at that moment, with what stands behind it."""
        standing = self._decider.standing(official_id, appointment_id, when.at)
        if isinstance(standing, Reason):
            decision = refusal(standing, when.epoch)
            return Explanation(asked, official_id, appointment_id, when.at, when.policy.number, decision, State.DENIED)
        seen = when.seen(self._moments.held(standing, when))
        who = (standing.official_id, standing.appointment_id)
        decision = decided(asked, seen, standing, self._moments.catalogue(standing, when))
        traits = self._moments.traits_of(asked.function, when) if is_function(asked.function) else None
        if traits is None or not answerable(asked, traits):
            return Explanation(asked, *who, when.at, when.policy.number, decision, State.DENIED)
        judged, asking = judge(asked, traits, seen), taken(asked, traits, seen)
        # Deciding once more notes in the question which rules matched.
        seen.engine.decide(asking, asked.function)
        return Explanation(
            asked=asked,
            official_id=standing.official_id,
            appointment_id=standing.appointment_id,
            at=when.at,
            policy=when.policy.number,
            decision=decision,
            state=judged.state,
            missing=judged.missing,
            causes=self._explaining.behind(asking, seen.engine, when.duties) if decision.allowed else (),
            remedies=() if decision.allowed else self._nearest.remedies(asked, traits, standing, when, decision),
            considered=tuple(islice(_considered(asked.function, asking, seen), MOST_RULES)),
        )


def _considered(function: str, asking: Asking, seen: Seen) -> Iterator[Considered]:
    """Give the rules about the function, those of held roles first, each in the order of the policy."""
    policy = seen.engine.policy
    keys = {function, all_of(function)}
    numbers = [number for number, rule in enumerate(policy.rules) if rule.function in keys]
    if asking.grant in seen.snapshot.roles:
        numbers.append(0)
    numbers.sort(key=lambda number: (not asking.holds_role(asking.role_of(policy.rules[number].role)), number))
    for number in numbers:
        how = fared(policy, asking, number)
        yield Considered(policy.rules[number], how.held, how.cleared, how.reaches, how.holds, tuple(sorted(how.missing)), how.kept)
