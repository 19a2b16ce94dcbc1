"""The engine that is in force: a new policy is made into one beside the old one, and swapped in by reference when it is whole.

A question is decided by the policy that was read together with its subject, never by the one before: old rules over people as they are
now would be a state that never was, in which somebody may do what no policy let them. So what is there to be had before the whole is
made has to be of the new policy, too: a *slice*, the rules about the functions that are asked for, with all roles. The matcher compares
the function, so rules about others can change no answer (``CompiledPolicy.slice_for``), and a slice is read and compiled in milliseconds.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from uuid import UUID

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from govcloud.authorization.around.surroundings import Surroundings
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.facts import DecisionFacts, PolicyRoles
from govcloud.authorization.deciding.policy import CompiledPolicy, compile_policy, keys_of
from govcloud.authorization.errors import inputs_away
from govcloud.authorization.policies.inclusion import role_closure
from govcloud.authorization.shipped import baseline, model_text
from govcloud.authorization.subjects.snapshot import is_function

logger = logging.getLogger(__name__)
#: About more functions than these a question waits for the whole: no batch asks about so many.
MOST_FUNCTIONS = 1_000
#: So many slices of one policy are kept until the whole is there.
_MOST_SLICES = 512
#: Seconds: how long a question waits for the whole, and how soon one that could not be made is tried again.
_PATIENCE, _AGAIN = 30, 1.0


#: Gives a session on a connection that no question waits for.
Sessions = Callable[[], AbstractContextManager[Session]]


class LiveEngine:
    """Hands out the engine of a policy version; nobody sees one half made, and nobody is answered by another version."""

    def __init__(self, facts: DecisionFacts, surroundings: Surroundings, counter: Callable[[], float] = time.monotonic) -> None:
        """Take the reads, the calendar and networks by which every policy decides here, and what counts seconds.

        An engine is made when it is asked for.
        """
        self._facts = facts
        self._counter = counter
        self.surroundings = surroundings
        #: The newest two: questions that began before a change still find theirs. Replaced as a whole, never written into.
        self._engines: Mapping[UUID | None, Engine] = {}
        #: What is being made, each by one thread.
        self._coming: dict[UUID | None, _Coming] = {}
        self._lock = threading.Lock()
        #: The one version of the past that was asked about last, and who is making one.
        self._past: tuple[UUID | None, Engine] | None = None
        self._past_lock = threading.Lock()
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
            Unavailable: it was not made in time.
        """
        engine = self._engines.get(version_id)
        return engine if engine is not None else self._new(version_id, about)

    def has(self, version_id: UUID | None) -> bool:
        """Return whether the whole engine of a version is there, so that nobody waits for it."""
        return version_id in self._engines

    def as_of(self, version_id: UUID | None, about: Collection[str] = ()) -> Engine:
        """Return the engine of a version that decided once, for questions about the past; it takes nobody's place.

        ``about`` as in ``of``: then these rules alone are read. The whole of one version is kept, and one at a time is made.

        Raises:
            Unavailable: others had it make theirs for too long.
        """
        engine = self._engines.get(version_id)
        if engine is not None:
            return engine
        if version_id is not None and 0 < len(about) <= MOST_FUNCTIONS:
            return _Coming(version_id).made(self._facts, self.engine_for, _functions(about))
        lock = self._past_lock
        if not lock.acquire(timeout=_PATIENCE):
            raise inputs_away()
        try:
            if self._past is None or self._past[0] != version_id:
                self._past = version_id, self._make(version_id, self._facts)
            return self._past[1]
        finally:
            lock.release()

    def engine_for(self, policy: CompiledPolicy) -> Engine:
        """Return an engine of any policy, as it would decide here: for drafts that are compared with what is in force."""
        return Engine(model_text(), policy, self.surroundings)

    # How a new one comes in

    def _new(self, version_id: UUID | None, about: Collection[str]) -> Engine:
        coming, mine = self._enter(version_id)
        if self._sessions is None:
            if mine:
                self._finish(coming)
            return _waited(coming)
        if mine:
            self._begin_beside(coming)
        if 0 < len(about) <= MOST_FUNCTIONS and version_id is not None and not coming.there:
            return coming.about(_functions(about), self._facts, self.engine_for)
        try:
            return _waited(coming)
        except NoResultFound:
            # It is the policy of the transaction that is open here: nobody else can read it yet, and it may still be undone.
            return self._make(version_id, self._facts)

    def _enter(self, version_id: UUID | None) -> tuple[_Coming, bool]:
        """Return what is being made of a version, and whether it falls to the caller to see to it."""
        with self._lock:
            coming = self._coming.get(version_id)
            if coming is not None and (coming.failed_at is None or self._counter() - coming.failed_at < _AGAIN):
                return coming, False
            coming = _Coming(version_id)
            engine = self._engines.get(version_id)
            if engine is not None:  # it has come in just now
                coming.whole.set_result(engine)
                return coming, False
            self._coming = {other: one for other, one in self._coming.items() if one.failed_at is None} | {version_id: coming}
            return coming, True

    def _begin_beside(self, coming: _Coming) -> None:
        try:
            threading.Thread(target=self._finish, args=(coming, self._sessions), name="govcloud policy", daemon=True).start()
        except BaseException as error:  # noqa: BLE001 - as in ``_finish``
            self._failed(coming, error)

    def _finish(self, coming: _Coming, sessions: Sessions | None = None) -> None:
        """Make the whole and swap it in; a failure is that of everybody who waits, and a later question tries again."""
        try:
            with nullcontext() if sessions is None else sessions() as session, _without_collections(coming):
                facts = self._facts if session is None else DecisionFacts(lambda: session)
                engine = coming.made(facts, self.engine_for) if coming.version_id is not None else self._make(None, facts)
        except BaseException as error:  # noqa: BLE001 - given on, whatever it is: somebody waits for it
            self._failed(coming, error)
        else:
            self._swap(coming, [(coming.version_id, engine)])
            coming.whole.set_result(engine)

    def _failed(self, coming: _Coming, error: BaseException) -> None:
        """Give the failure on. Beside the questions nobody may be waiting: it is said, and not tried again by every question.

        A policy that nobody else can read yet is no failure, and is made as soon as it can be.
        """
        if self._sessions is None or isinstance(error, NoResultFound):
            self._swap(coming, ())
        else:
            logger.error("the policy could not be made beside the questions; it is tried again", exc_info=error)
            coming.failed_at = self._counter()
        coming.whole.set_exception(error)

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
        self._lock, self._past_lock = threading.Lock(), threading.Lock()
        if any(coming.collects for coming in self._coming.values()):
            gc.enable()
        self._coming = {}


def _functions(about: Collection[str]) -> frozenset[str]:
    """Return what rules can be about; anything else that was asked for is no function, and no text for a database."""
    return frozenset(filter(is_function, about))


def _waited(coming: _Coming) -> Engine:
    try:
        return coming.whole.result(_PATIENCE)
    except TimeoutError as error:
        raise inputs_away() from error


@contextmanager
def _without_collections(coming: _Coming) -> Iterator[None]:
    """Let the garbage collector rest: hundreds of thousands of new objects set it off again and again, and it stops every thread.

    What is made here is no garbage, and what others leave behind in circles waits for a second or two.
    """
    coming.collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if coming.collects:
            gc.enable()
            coming.collects = False


class _Coming:
    """A version that is being made into an engine: the whole, when it is there, and slices of it until then."""

    def __init__(self, version_id: UUID | None) -> None:
        self.version_id = version_id
        self.whole: Future[Engine] = Future()
        self._slices: dict[frozenset[str], Engine] = {}
        self._roles: tuple[PolicyRoles, Mapping[str, frozenset[str]]] | None = None
        #: When it could not be made, by the counter.
        self.failed_at: float | None = None
        #: Whether it let the garbage collector rest, which it wakes when it is done.
        self.collects = False

    @property
    def there(self) -> bool:
        """Return whether the whole was made."""
        return self.whole.done() and self.whole.exception() is None

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
        """Return the roles of the version, with what each includes.

        Read under no lock: twice does no harm, and one connection that is stuck must not stop everybody's questions.
        """
        assert self.version_id is not None  # noqa: S101 - what is shipped needs no database and is made whole
        found = self._roles
        if found is None:
            held = facts.policy_roles(self.version_id)
            found = self._roles = held, role_closure({role.code: role.includes for role in held.roles})
        return found
