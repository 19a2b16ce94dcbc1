"""The answers behind one face: lists, many answers at once, explanations, as of any moment and by any version of the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.answers.checking import Checked, Checks, Subjected
from govcloud.authorization.answers.doors import Doors
from govcloud.authorization.answers.entries import FunctionPage, PeopleCount, PeoplePage, Subsystems
from govcloud.authorization.answers.explanation import Explainer, Explanation
from govcloud.authorization.answers.functions import Functions
from govcloud.authorization.answers.judging import Asked
from govcloud.authorization.answers.moments import Moments
from govcloud.authorization.answers.people import People
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.explaining import Explaining
from govcloud.authorization.models import PolicyVersion

__all__ = ["Answers", "Asked", "Checked", "Subjected"]


class Answers:
    """Answers questions about who may do what, and why; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider, explaining: Explaining) -> None:
        """Take the source of reading sessions, the decider, and what turns windows into causes."""
        self._read = read
        self._moments = Moments(decider)
        self._people = People(read, decider, self._moments)
        self._functions = Functions(decider, self._moments)
        self._doors = Doors(decider, self._moments)
        self._checks = Checks(decider, self._moments)
        self._explainer = Explainer(decider, self._moments, explaining)

    def list_people(
        self,
        function: str,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        at: datetime | None = None,
        department_id: UUID | None = None,
        every_appointment: bool = False,
        client_address: str | None = None,
        min_epoch: int | None = None,
        limit: int = 50,
        after: UUID | None = None,
    ) -> PeoplePage:
        """Return a page of the active officials who may use ``function`` on ``resource``, or may if the question said more.

        Args:
            function: what is asked for.
            resource: attributes of what is acted on; empty: on something at least.
            context: attributes of the request; the time is that of ``at``.
            at: the moment (aware); ``None`` is now. The past answers with the policy, the rules and the people of that moment.
            department_id: keep to appointments in this department and below.
            every_appointment: ask under every appointment of a person and not only, as a question without a session is, under the
                primary one; the entry then names those under which it is so.
            client_address: the address from which they would use it, told by whoever is trusted to; without one a rule that asks
                for a network zone opens nothing.
            min_epoch: the number of a change that the answer must have taken into account; about now alone.
            limit: how many people at most, up to 100,000.
            after: the ``after`` of the page before.

        Raises:
            Unavailable: what is known is older than ``min_epoch``.
        """
        return self._people.page(
            Asked(function, resource, context, client_address),
            self._moments.of(at, min_epoch=min_epoch),
            department_id=department_id,
            every_appointment=every_appointment,
            limit=limit,
            after=after,
        )

    def count_people(
        self,
        function: str,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        at: datetime | None = None,
        department_id: UUID | None = None,
        client_address: str | None = None,
    ) -> PeopleCount:
        """Return how many ``list_people`` would list under every appointment; what everybody has is not counted."""
        return self._people.count(Asked(function, resource, context, client_address), self._moments.of(at), department_id=department_id)

    def list_functions(
        self,
        official_id: UUID | None,
        appointment_id: UUID | None,
        subsystem: str,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        at: datetime | None = None,
        client_address: str | None = None,
        min_epoch: int | None = None,
        strong: bool | None = None,
        limit: int = 200,
        after: str | None = None,
    ) -> FunctionPage:
        """Return a page of the functions of ``subsystem`` that an official may use under an appointment, or may if the question said more.

        Arguments as for ``list_people``; without ``appointment_id`` the rights of the person alone count. ``strong`` as in ``Question``.
        """
        asked = Asked("", resource, context, client_address)
        moment = self._moments.of(at, min_epoch=min_epoch)
        return self._functions.page(official_id, appointment_id, subsystem, asked, moment, strong=strong, limit=limit, after=after)

    def list_subsystems(
        self,
        official_id: UUID | None,
        appointment_id: UUID | None,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        at: datetime | None = None,
        client_address: str | None = None,
        min_epoch: int | None = None,
    ) -> Subsystems:
        """Return the published subsystems whose door is open to an official under an appointment, or may be if the question said more.

        Arguments as for ``list_functions``. This is the launcher's list as well.
        """
        asked = Asked("", resource, context, client_address)
        return self._doors.open(official_id, appointment_id, asked, at=at, min_epoch=min_epoch)

    def check(self, questions: Sequence[Subjected], *, at: datetime | None = None, min_epoch: int | None = None) -> tuple[Checked, ...]:
        """Return the answers to questions, in their order and all at one state of what is known; ``at`` and ``min_epoch`` as above."""
        about = {question.asked.function for question in questions}
        return self._checks.all(questions, self._moments.of(at, min_epoch=min_epoch, about=about))

    def explain(
        self,
        official_id: UUID | None,
        appointment_id: UUID | None,
        asked: Asked,
        *,
        at: datetime | None = None,
        version_id: UUID | None = None,
        engine: Engine | None = None,
        min_epoch: int | None = None,
    ) -> Explanation:
        """Return the decision with what stands behind it: rule, role, appointment or grant of a yes, what would mend a no.

        ``version_id`` asks another installed version of the policy than the one in force at ``at``, and ``engine`` one that was never
        installed, such as a draft.
        """
        return self._explainer.explain(official_id, appointment_id, asked, self._moments.of(at, version_id, engine, min_epoch=min_epoch))

    def version(self, number: int) -> UUID | None:
        """Return the version of the policy that was installed under ``number``."""
        return self._read().scalar(select(PolicyVersion.id).where(PolicyVersion.number == number))
