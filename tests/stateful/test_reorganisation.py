"""Any sequence of reorganisations, against a small model: paths are chains of parents, at every past moment too; nobody is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from govcloud.identity.inputs import NewDivision
from govcloud.identity.reorganisation import Abolish, Merge, Move, Reorder, Split
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from tests.factories.people import a_department, an_official
from tests.factories.world import PROVINCE, SEED

WHY = "机构改革"
PICK = st.integers(0, 99)
Tree = dict[UUID, UUID | None]


@dataclass
class Model:
    """What there is: the parent of each department, and where each person serves."""

    parents: Tree = field(default_factory=dict)
    places: dict[UUID, UUID] = field(default_factory=dict)

    def above(self, department_id: UUID) -> list[UUID]:
        """Return a department and all above it, the root last."""
        chain = [department_id]
        while (parent := self.parents[chain[-1]]) is not None:
            chain.append(parent)
        return chain

    def children(self, parent_id: UUID | None) -> list[UUID]:
        return [child for child, parent in self.parents.items() if parent == parent_id]


class ReorganisationMachine(RuleBasedStateMachine):
    """Each rule does one thing on the platform and on the model, and compares what came of it."""

    def __init__(self, services: Services, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.clock = services, clock
        self.model = Model()
        self.past: list[tuple[datetime, Tree, dict[UUID, UUID]]] = []

    @initialize(people=st.integers(0, 4))
    def begin(self, people: int) -> None:
        if self.services.identity_queries.division(PROVINCE) is None:
            self.services.identity.register_divisions(SEED, [NewDivision(PROVINCE, "浙江省")])
        rows = [a_department(), a_department()]
        rows += [a_department(rows[0].id), a_department(rows[0].id)]
        self.services.identity.register_departments(SEED, rows)
        self.model.parents |= {row.id: row.parent_id for row in rows}
        for number in range(people):
            self.person(rows[number % len(rows)].id)

    def person(self, department_id: UUID) -> None:
        row = an_official(department_id)
        self.services.identity.register_official(SEED, row)
        self.model.places[row.id] = department_id

    def pick(self, number: int) -> UUID:
        found = list(self.model.parents)
        return found[number % len(found)]

    def refused(self, error: Conflict, code: str, *, because: bool) -> None:
        """Compare a refusal with what the model knows."""
        assert (error.code, because) == (code, True)

    def moment(self) -> None:
        """Keep how things stand, and let time pass."""
        self.past.append((self.clock.now(), dict(self.model.parents), dict(self.model.places)))
        self.clock.advance(timedelta(minutes=1))

    @rule(where=PICK, root=st.booleans(), staffed=st.booleans())
    def register(self, where: int, root: bool, staffed: bool) -> None:  # noqa: FBT001 - hypothesis hands them by name
        self.moment()
        row = a_department(None if root else self.pick(where))
        self.services.identity.register_department(SEED, row)
        self.model.parents[row.id] = row.parent_id
        if staffed:
            self.person(row.id)

    @rule(what=PICK, where=PICK, root=st.booleans())
    def move(self, what: int, where: int, root: bool) -> None:  # noqa: FBT001
        self.moment()
        department, goal = self.pick(what), None if root else self.pick(where)
        try:
            self.services.identity.reorganise(SEED, Move(department, goal))
        except Conflict as error:
            self.refused(error, "department_cycle", because=goal is not None and department in self.model.above(goal))
        else:
            assert goal is None or department not in self.model.above(goal)
            self.model.parents[department] = goal

    @rule(where=PICK, shuffle=st.randoms(use_true_random=False))
    def reorder(self, where: int, shuffle: Random) -> None:
        self.moment()
        parent = self.pick(where)
        order = self.model.children(parent)
        shuffle.shuffle(order)
        self.services.identity.reorganise(SEED, Reorder(parent, tuple(order)))
        assert [node.id for node in self.services.tree_queries.children(parent).nodes] == order

    @rule(what=st.lists(PICK, min_size=1, max_size=3), where=PICK, new=st.booleans())
    def merge(self, what: list[int], where: int, new: bool) -> None:  # noqa: FBT001
        self.moment()
        sources = tuple(dict.fromkeys(self.pick(number) for number in what))
        goal = self.pick(where)
        into = a_department(goal) if new else goal
        try:
            done = self.services.identity.reorganise(SEED, Merge(sources, into, WHY)).department_id
        except Conflict as error:
            self.refused(error, "successor_vanishes", because=bool(set(sources) & set(self.model.above(goal))))
            return
        assert not set(sources) & set(self.model.above(goal))
        assert done is not None
        self.model.parents.setdefault(done, goal)
        for child, parent in self.model.parents.items():
            if parent in sources:
                self.model.parents[child] = done
        for source in sources:
            del self.model.parents[source]
        self.model.places = {who: done if place in sources else place for who, place in self.model.places.items()}

    @precondition(lambda self: self.model.places)
    @rule(who=PICK, children=st.booleans())
    def split(self, who: int, children: bool) -> None:  # noqa: FBT001
        self.moment()
        person, source = list(self.model.places.items())[who % len(self.model.places)]
        taken = tuple(self.model.children(source)[:1]) if children else ()
        new = a_department(self.model.parents[source])
        self.services.identity.reorganise(SEED, Split(source, new, WHY, people=(person,), children=taken))
        self.model.parents[new.id] = new.parent_id
        self.model.parents |= dict.fromkeys(taken, new.id)
        self.model.places[person] = new.id

    @rule(what=PICK)
    def abolish(self, what: int) -> None:
        self.moment()
        department = self.pick(what)
        used = self.model.children(department) or department in self.model.places.values()
        try:
            self.services.identity.reorganise(SEED, Abolish(department, WHY))
        except Conflict as error:
            self.refused(error, "department_in_use", because=bool(used))
        else:
            assert not used
            del self.model.parents[department]

    @invariant()
    def the_present_is_that_of_the_model(self) -> None:
        self.compare(self.clock.now(), self.model.parents, self.model.places)

    def teardown(self) -> None:
        """Look at every moment that was."""
        for at, parents, places in self.past:
            self.compare(at, parents, places)

    def compare(self, at: datetime, parents: Tree, places: dict[UUID, UUID]) -> None:
        seen = Model(parents)
        found = {view.id: view for view in self.services.identity_queries.departments(parents, at).values()}
        assert {key: view.parent_id for key, view in found.items()} == parents
        for key, view in found.items():
            assert view.path == "/" + "".join(f"{item.hex}/" for item in reversed(seen.above(key)))
        rows = self.services.uow.read().execute(
            text(
                "SELECT official_id, department_id FROM appointment"
                " WHERE official_id = ANY(:people) AND valid_from <= :at AND (valid_to IS NULL OR valid_to > :at)"
            ),
            {"people": list(places), "at": at},
        )
        assert sorted((row.official_id, row.department_id) for row in rows) == sorted(places.items())


def test_whatever_is_reorganised_paths_are_chains_of_parents_and_nobody_is_lost(services: Services, clock: ManualClock) -> None:
    run_state_machine_as_test(
        lambda: ReorganisationMachine(services, clock),  # type: ignore[arg-type]
        settings=settings(
            max_examples=12, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
        ),
    )
