"""Policies of tests: the way through two officers, and the texts that tests change."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from govcloud.authorization.deciding import installing
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.drafting.service import NewDraft, Shown
from govcloud.kernel.actor import Actor
from tests.factories.world import SEED, Person, World, small_policy

if TYPE_CHECKING:
    from govcloud.authorization.policies.document import PolicyDocument
    from govcloud.services import Services

OPERATOR = Actor.system("operator")


@lru_cache(maxsize=32)
def province_policy(extra: str = "") -> PolicyDocument:
    """Return the policy of the small province, with ``extra`` roles."""
    return small_policy().extended_by(extra, "changed") if extra else small_policy()


def second_officer(services: Services, world: World, login: str = "HEWEI") -> Person:
    """Make somebody the second security officer; return the person."""
    person = world.people[login]
    services.authorization.assign_role(OPERATOR, person.official_id, "security_admin", reason="第二名安全管理员")
    return person


def drafted(services: Services, maker: Person, text: str, *, title: str = "调整策略") -> UUID:
    """Keep a text as the draft of an officer."""
    return services.drafting.create(maker.actor(), NewDraft(title, "业务需要", text))


def shown(services: Services, draft_id: UUID) -> Shown:
    """Return what a reviewer is shown of a draft and its newest impact."""
    draft, impact = services.draft_queries.draft(draft_id), services.draft_queries.impact_of(draft_id)
    return Shown(draft.revision, draft.checksum, impact.id if impact else None, impact.digest if impact else None)


def approved(services: Services, maker: Person, checker: Person, text: str) -> UUID:
    """Take a text through draft, impact, submission and approval; return the draft's id."""
    draft_id = drafted(services, maker, text)
    services.drafting.work_out(maker.actor(), draft_id)
    services.drafting.submit(maker.actor(), draft_id, 1)
    services.drafting.approve(checker.actor(), draft_id, shown(services, draft_id), "同意")
    return draft_id


def install(services: Services, document: PolicyDocument) -> int:
    """Put a policy in force past the officers, for tests that are about what comes afterwards."""
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        return installing.put_in_force(tx, document, installing.live_number(tx.session), installing.Grounds())


def put_in_force(services: Services, world: World, text: str) -> int:
    """Change the policy of a province the way officers do; return the version's number."""
    checker = second_officer(services, world)
    return services.drafting.apply(checker.actor(), approved(services, world.security_admin, checker, text))


def run_shadow(services: Services, world: World, extra: str, hours: int = 2) -> UUID:
    """Let a draft run as a shadow, seen by this process; return the draft's id."""
    maker = world.security_admin
    draft_id = drafted(services, maker, province_policy(extra).text)
    services.drafting.start_shadow(maker.actor(), draft_id, hours)
    services.shadowing.note(Question("x"))
    services.shadowing.look()
    return draft_id


def differing(services: Services, draft_id: UUID) -> list[tuple[str, str, str]]:
    """Let the shadow look at what waits; return each function that differed, with what the live policy and the draft say."""
    services.shadowing.work()
    found = services.draft_queries.shadow_of(draft_id)
    return [(item.function, item.live, item.shadow) for item in found.differences] if found else []
