"""Which colleagues in a department may use a function: what an approver is shown beside a request."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.deciding.answering import Seen, opens
from govcloud.authorization.deciding.decider import Decider, traits_known
from govcloud.authorization.deciding.inputs import DatabaseInputs, Standing

#: Of how many colleagues it is counted who holds a function; more make the answer no clearer.
_MOST_COLLEAGUES = 500


def holders_in_department(decider: Decider, function: str, department_id: UUID, limit: int = 50) -> frozenset[UUID]:
    """Return up to ``limit`` officials of the department who may use ``function`` now, each asked of the engine.

    Its own people alone, a bounded number of them, and read in as many statements for all as for one: departments at the top
    have the whole province below them. Rules on the role of every official are left out: who holds what everybody holds says
    nothing.
    """
    facts, identity = decider.facts, decider.identity
    # The policy and the epoch first, then the moment; see ``Sources.database``.
    state, now = facts.state(), decider.now()
    engine, duties = decider.live.of(state.version_id), decider.live_duties.of(state.duties, now)
    inputs = DatabaseInputs(facts, identity, decider.subsystems, state)
    traits = traits_known(function, engine.policy, inputs, now)
    if traits is None:
        return frozenset()
    roles = engine.policy.roles_naming(function)
    subjects = [subject for subject in identity.subjects_in(department_id, _MOST_COLLEAGUES, now) if subject.active]
    people = {subject.official_id for subject in subjects}
    held = facts.assigned_among(people, sorted(roles), now) | facts.granted_among(people, function, now)
    candidates = [
        subject for subject in subjects if subject.official_id in held or any(duty.role_code in roles for duty in duties.matching(subject))
    ]
    if not candidates:
        return frozenset()
    assignments = facts.assignments_of_all({subject.official_id for subject in candidates}, now)
    grants = facts.grants_of_all({subject.official_id for subject in candidates}, now)
    found: set[UUID] = set()
    for subject in candidates:
        if len(found) == limit:
            break
        if subject.official_id in found:
            continue
        who = (subject.official_id, subject.appointment_id)
        snapshot = decider.snapshot(
            Standing(subject.official_id, subject), engine.policy, duties, assignments.of(*who), grants.of(*who), now
        )
        if opens(function, traits, Seen(snapshot, engine, state.epoch, now)):
            found.add(subject.official_id)
    return frozenset(found)
