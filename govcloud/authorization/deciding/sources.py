"""Where a question finds what it reads: in the node's replica, or in the database where that is not fresh, new enough and sound."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from govcloud.authorization.around.clock_watch import ClockWatch
from govcloud.authorization.deciding.facts import DecisionFacts
from govcloud.authorization.deciding.inputs import DatabaseInputs, Inputs, Look, Source, SourceError
from govcloud.authorization.deciding.live import LiveEngine
from govcloud.authorization.errors import inputs_away, inputs_behind
from govcloud.identity.queries import IdentityQueries
from govcloud.subsystems.queries import SubsystemQueries

logger = logging.getLogger(__name__)
AnswerT = TypeVar("AnswerT")


class Sources:
    """Gives a question its inputs, all of one moment, or says that it cannot be answered."""

    def __init__(
        self,
        facts: DecisionFacts,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        source: Source | None = None,
        watch: ClockWatch | None = None,
    ) -> None:
        """Take what reads the database, the node's replica if it has one, and what watches the node's clock if anything does."""
        self._facts = facts
        self._identity = identity
        self._subsystems = subsystems
        self._source = source
        self._watch = watch

    def answered(self, work: Callable[[Inputs], AnswerT], min_epoch: int | None = None, whole: LiveEngine | None = None) -> AnswerT:
        """Do ``work`` on inputs of now, of epoch ``min_epoch`` or later.

        ``whole``: of it ``work`` asks for a whole engine, which may take long; then it is there before the inputs are taken, which
        would be old by the end of that.

        Raises:
            Unavailable: they cannot be read, have not come as far as ``min_epoch``, or this node's clock is not to be believed.
        """
        try:
            found = self._replica(min_epoch, whole)
            if found is not None:
                try:
                    self.check_clock()
                    return work(found)
                except SourceError:
                    logger.exception("the replica is damaged, so the database is asked; run: govcloud replica rebuild")
                finally:
                    found.close()
            inputs = self.database(min_epoch, whole)
            self.check_clock()
            return work(inputs)
        except OperationalError as error:
            if self._source is None:
                raise
            raise inputs_away() from error

    def _replica(self, min_epoch: int | None, whole: LiveEngine | None) -> Look | None:
        found = None if self._source is None else self._source.look(min_epoch)
        if self._source is None or found is None or whole is None or whole.has(found.state.version_id):
            return found
        version_id = found.state.version_id
        found.close()
        whole.of(version_id)
        return self._source.look(min_epoch)

    def check_clock(self) -> None:
        """Refuse to decide by a clock that is not to be believed.

        Raises:
            Unavailable: see ``ClockWatch.check``.
        """
        if self._watch is not None:
            self._watch.check()

    def database(self, min_epoch: int | None, whole: LiveEngine | None = None) -> DatabaseInputs:
        """Return the inputs of now, read from the database.

        The policy and the epoch are read before anything else, and the moment is taken after them: whatever a change of that epoch
        or below wrote is then seen, and none of it lies after the moment. What is read later may be newer than the epoch says,
        which errs to the safe side.

        Raises:
            Unavailable: the database itself has not come as far as ``min_epoch``.
        """
        state = self._facts.state()
        if whole is not None and not whole.has(state.version_id):
            whole.of(state.version_id)
            state = self._facts.state()
        if min_epoch is not None and state.epoch < min_epoch:
            raise inputs_behind(min_epoch, state.epoch)
        return DatabaseInputs(self._facts, self._identity, self._subsystems, state)
