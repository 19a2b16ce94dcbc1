"""What a draft says otherwise than the policy in force, line by line, and what its cases say: reads that change nothing."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.authorization.drafting.checking import run_cases
from govcloud.authorization.policies.comparing import Difference
from govcloud.authorization.policies.document import RuleSpec
from govcloud.entrypoints.api.policies.policy_answers import CasesAnswer
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.table import Route
from govcloud.web.gate import requires, services

READ = "govcloud:policy:read"


class RuleLineAnswer(Answer):
    """One rule; `when` empty: always, `scope` empty: every row, `mask` and `hide` empty: every field is shown."""

    role: str
    effect: str
    function: str
    when: str
    scope: str
    mask: tuple[str, ...]
    hide: tuple[str, ...]
    label: str

    @classmethod
    def of(cls, rule: RuleSpec) -> Self:
        """Take a rule over."""
        return cls(
            role=rule.role,
            effect=rule.effect,
            function=rule.function,
            when=rule.condition,
            scope=rule.scope_expr,
            mask=tuple(sorted(rule.fields.masked)),
            hide=tuple(sorted(rule.fields.hidden)),
            label=rule.label,
        )


class InclusionAnswer(Answer):
    """A role, and another one that whoever holds it holds as well."""

    role: str
    includes: str


class DifferenceAnswer(Answer):
    """What a draft adds to the policy in force and takes away from it; the order of rules does not count."""

    live_number: int = Field(description="the version in force that the draft was compared with; 0: the shipped policy")
    checksum: str = Field(description="of the text of the draft that was compared")
    roles_added: tuple[str, ...]
    roles_removed: tuple[str, ...]
    inclusions_added: tuple[InclusionAnswer, ...]
    inclusions_removed: tuple[InclusionAnswer, ...]
    rules_added: tuple[RuleLineAnswer, ...]
    rules_removed: tuple[RuleLineAnswer, ...]

    @classmethod
    def of(cls, found: Difference, live_number: int, checksum: str) -> Self:
        """Take a difference over."""
        return cls(
            live_number=live_number,
            checksum=checksum,
            roles_added=found.roles_added,
            roles_removed=found.roles_removed,
            inclusions_added=tuple(InclusionAnswer(role=role, includes=other) for role, other in found.inclusions_added),
            inclusions_removed=tuple(InclusionAnswer(role=role, includes=other) for role, other in found.inclusions_removed),
            rules_added=tuple(map(RuleLineAnswer.of, found.rules_added)),
            rules_removed=tuple(map(RuleLineAnswer.of, found.rules_removed)),
        )


@requires(READ)
def policy_draft_difference(draft_id: UUID) -> DifferenceAnswer:
    """What a draft says otherwise than the policy in force, rule by rule; one whose text has errors is answered with these."""
    queries = services().draft_queries
    draft = queries.draft(draft_id)
    return DifferenceAnswer.of(queries.difference(draft_id), draft.live_number, draft.checksum)


@requires(READ)
def policy_draft_cases(draft_id: UUID) -> CasesAnswer:
    """Run the cases against a draft, at any time and as often as wanted; nothing is kept of it."""
    return CasesAnswer.of(run_cases(services().draft_queries.document(draft_id)))


TABLE = (
    Route("GET", "/policy-drafts/<uuid:draft_id>/difference", policy_draft_difference, DifferenceAnswer),
    Route("GET", "/policy-drafts/<uuid:draft_id>/cases", policy_draft_cases, CasesAnswer),
)
