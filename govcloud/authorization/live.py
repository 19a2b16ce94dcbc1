"""The engine that is in force: a new policy is made into one beside the old one, and swapped in by reference when it is whole.

A question is decided by the policy that was read together with its subject, never by the one before: old rules over people as they are
now would be a state that never was, in which somebody may do what no policy let them. So what is there to be had before the whole is
made has to be of the new policy, too: a *slice*, the rules about the functions that are asked for, with all roles. The matcher compares
the function, so rules about others can change no answer (``CompiledPolicy.slice_for``), and a slice is read and compiled in milliseconds.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from govcloud.authorization.engine import Engine
from govcloud.authorization.facts import DecisionFacts, PolicyRoles
from govcloud.authorization.inclusion import role_closure
from govcloud.authorization.policy import CompiledPolicy, compile_policy, keys_of
from govcloud.authorization.shipped import baseline, model_text
from govcloud.authorization.surroundings import Surroundings

#: About more functions than these a question waits for the whole; and so many slices of one policy are kept until that is there.
_MOST_FUNCTIONS, _MOST_SLICES = 200, 512


#: Gives a session on a connection that no question waits for.
Sessions = Callable[[], AbstractContextManager[Session]]


class LiveEngine:
    """Hands out the engine of a policy version; nobody sees one half made, and nobody is answered by another version."""

    def __init__(self, facts: DecisionFacts, surroundings: Surroundings) -> None:
        """Take the reads, and the calendar and networks by which every policy decides here; an engine is made when it is asked for."""
        self._facts = facts
        self.surroundings = surroundings
        #: The newest two: questions that began before a change still find theirs. Replaced as a whole, never written into.
        self._engines: Mapping[UUID | None, Engine] = {}
        #: What is being made, each by one thread.
        self._coming: dict[UUID | None, _Coming] = {}
        self._lock = threading.Lock()
        self._sessions: Sessions | None = None

    def make_beside(self, sessions: Sessions) -> None:
        """From now on make engines on threads of their own, each with a session; one question alone is better off without."""
        self._sessions = sessions
        os.register_at_fork(after_in_child=self._forget)

    def of(self, version_id: UUID | None, about: Collection[str] = ()) -> Engine:
        """Return the engine of the policy version that was read together with the subject.

        ``about`` names the functions that it will be asked about, if nothing else: while the whole engine is being made, one of these
        alone is given, and without it the whole is waited for.

        ``None`` is a database without a policy: there the shipped baseline decides, compiled the same way. That is how the
        first policy gets in: the baseline lets ``system:seed`` and ``system:operator`` install it, and nobody else can hold
        a role yet. A policy without rules is another thing: it is installed, has an id, and denies everyone.

        Raises:
            OperationalError: the policy cannot be read.
        """
        engine = self._engines.get(version_id)
        return engine if engine is not None else self._new(version_id, about)

    def as_of(self, version_id: UUID | None) -> Engine:
        """Return the engine of a version that decided once, for questions about the past; it takes nobody's place."""
        return self._engines.get(version_id) or self._make(version_id, self._facts)

    def engine_for(self, policy: CompiledPolicy) -> Engine:
        """Return an engine of any policy, as it would decide here: for drafts that are compared with what is in force."""
        return Engine(model_text(), policy, self.surroundings)

    # How a new one comes in

    def _new(self, version_id: UUID | None, about: Collection[str]) -> Engine:
        coming, mine = self._enter(version_id)
        if self._sessions is None:
            if mine:
                self._finish(coming, self._facts)
            return coming.whole.result()
        if mine:
            threading.Thread(target=self._finish_beside, args=(coming, self._sessions), name="govcloud policy", daemon=True).start()
        if 0 < len(about) <= _MOST_FUNCTIONS and version_id is not None and not coming.whole.done():
            return coming.about(frozenset(about), self._facts, self.engine_for)
        try:
            return coming.whole.result()
        except NoResultFound:
            # It is the policy of the transaction that is open here: nobody else can read it yet, and it may still be undone.
            return self._make(version_id, self._facts)

    def _enter(self, version_id: UUID | None) -> tuple[_Coming, bool]:
        """Return what is being made of a version, and whether it falls to the caller to see to it."""
        with self._lock:
            coming = self._coming.get(version_id)
            if coming is not None:
                return coming, False
            coming = _Coming(version_id)
            engine = self._engines.get(version_id)
            if engine is not None:  # it has come in just now
                coming.whole.set_result(engine)
                return coming, False
            self._coming[version_id] = coming
            return coming, True

    def _finish_beside(self, coming: _Coming, sessions: Sessions) -> None:
        with sessions() as session:
            self._finish(coming, DecisionFacts(lambda: session))

    def _finish(self, coming: _Coming, facts: DecisionFacts) -> None:
        """Make the whole and swap it in; a failure is that of everybody who waits, and the next question tries again."""
        try:
            with _without_collections():
                engine = coming.made(facts, self.engine_for) if coming.version_id is not None else self._make(None, facts)
        except BaseException as error:  # noqa: BLE001 - given on, whatever it is: somebody waits for it
            self._swap(coming, ())
            coming.whole.set_exception(error)
        else:
            self._swap(coming, [(coming.version_id, engine)])
            coming.whole.set_result(engine)

    def _swap(self, coming: _Coming, made: Sequence[tuple[UUID | None, Engine]]) -> None:
        """Let what was made, if anything, take the place of the older of the two, and of what was being made."""
        with self._lock:
            if made:
                self._engines = dict([*list(self._engines.items())[-1:], *made])
            if self._coming.get(coming.version_id) is coming:
                del self._coming[coming.version_id]

    def _make(self, version_id: UUID | None, facts: DecisionFacts) -> Engine:
        if version_id is None:
            shipped = baseline()
            return self.engine_for(compile_policy(0, shipped.roles, shipped.rules))
        return self.engine_for(compile_policy(*facts.policy(version_id)))

    def _forget(self) -> None:
        """Begin anew in a child process: the threads of its parent do not go on in it, and one of them may have held the lock."""
        self._lock = threading.Lock()
        self._coming = {}


@contextmanager
def _without_collections() -> Iterator[None]:
    """Let the garbage collector rest: hundreds of thousands of new objects set it off again and again, and it stops every thread.

    What is made here is no garbage, and what others leave behind in circles waits for a second or two.
    """
    at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if at_work:
            gc.enable()


class _Coming:
    """A version that is being made into an engine: the whole, when it is there, and slices of it until then."""

    def __init__(self, version_id: UUID | None) -> None:
        self.version_id = version_id
        self.whole: Future[Engine] = Future()
        self._slices: dict[frozenset[str], Engine] = {}
        self._roles: tuple[PolicyRoles, Mapping[str, frozenset[str]]] | None = None
        self._reading = threading.Lock()

    def about(self, functions: frozenset[str], facts: DecisionFacts, engine_for: Callable[[CompiledPolicy], Engine]) -> Engine:
        """Return an engine that answers about ``functions`` as the whole will."""
        engine = self._slices.get(functions)
        if engine is None:
            engine = self.made(facts, engine_for, functions)
            if len(self._slices) >= _MOST_SLICES:
                self._slices.clear()
            self._slices[functions] = engine
        return engine

    def made(self, facts: DecisionFacts, engine_for: Callable[[CompiledPolicy], Engine], functions: frozenset[str] | None = None) -> Engine:
        """Return the whole engine, or that of ``functions`` alone."""
        held, closure = self._outline(facts)
        rules = facts.policy_rules(held.installed_at, None if functions is None else keys_of(functions))
        return engine_for(compile_policy(held.number, held.roles, rules, closure))

    def _outline(self, facts: DecisionFacts) -> tuple[PolicyRoles, Mapping[str, frozenset[str]]]:
        """Return the roles of the version, with what each includes; read once."""
        assert self.version_id is not None  # noqa: S101 - what is shipped needs no database and is made whole
        with self._reading:
            if self._roles is None:
                held = facts.policy_roles(self.version_id)
                self._roles = held, role_closure({role.code: role.includes for role in held.roles})
            return self._roles
