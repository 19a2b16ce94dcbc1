"""Sign-on over the API: a person's sessions and their end, the delivery record of sign-out, and the rules."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.entrypoints.api.wire.table import Route
from govcloud.signon.logout.views import DeliveryView, StayView
from govcloud.signon.policy import SignOnPolicy
from govcloud.web.asking import not_yours
from govcloud.web.gate import current_actor, may, reader_session, requires, services, signed_in

SESSIONS = "govcloud:console:sessions"


class StayAnswer(Answer):
    """A client that takes part, or took part, in a session; `participant_id` is its `sid`."""

    participant_id: UUID
    client_id: str
    subsystem_code: str
    subsystem_name: str
    protocol: str
    since: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, view: StayView) -> Self:
        """Take the view over."""
        return cls.model_validate({name: getattr(view, name) for name in cls.model_fields})


class SessionAnswer(Answer):
    """A live session."""

    session_id: UUID
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    appointment_id: UUID | None
    source_address: str | None
    user_agent: str | None
    stays: tuple[StayAnswer, ...]


class SessionsAnswer(Answer):
    """The live sessions of a person, the latest first."""

    sessions: tuple[SessionAnswer, ...]


class EndSessionsBody(Input):
    """Which sessions to end, and why."""

    reason: Text
    session_id: UUID | None = Field(default=None, description="null: all of the person's")


class EndedAnswer(Answer):
    """How many sessions ended."""

    ended: int


class DeliveryAnswer(Answer):
    """How a client keeps up with sign-outs; `middle_seconds` is the median time to its acknowledgement in the last day."""

    client_id: str
    subsystem_name: str
    channel: str = Field(description="`back_channel`, `front_channel`, `cas`, `none`")
    waiting: int
    failing: int
    given_up: int
    acknowledged: int
    middle_seconds: float | None
    oldest: datetime | None

    @classmethod
    def of(cls, view: DeliveryView) -> Self:
        """Take the view over."""
        own = {name: getattr(view, name) for name in cls.model_fields if name != "middle_seconds"}
        return cls.model_validate(own | {"middle_seconds": None if view.middle is None else view.middle.total_seconds()})


class DeliveriesAnswer(Answer):
    """Every client that was told something in the last day or still has to be, the worst first."""

    clients: tuple[DeliveryAnswer, ...]


class RetriedAnswer(Answer):
    """How many notices are sent again."""

    retried: int


class PolicyAnswer(Answer):
    """The rules of sign-on."""

    rules: dict[str, int | str]

    @classmethod
    def of(cls, policy: SignOnPolicy) -> Self:
        """Take the rules over."""
        return cls(rules=asdict(policy))


class PolicyBody(Input):
    """The rules to change; those that are not named stay as they are."""

    rules: dict[str, int | str]
    reason: Text


@signed_in
def official_sessions(official_id: UUID) -> SessionsAnswer:
    """A person's live sessions and the subsystems that take part: one's own, or those of people in one's charge."""
    if reader_session().official_id != official_id:
        _in_charge(official_id)
    return _sessions(official_id)


@signed_in
def end_sessions(official_id: UUID, body: EndSessionsBody) -> EndedAnswer:
    """End a person's sessions, or one of them; every subsystem that takes part is told."""
    return EndedAnswer(ended=services().logout.end_sessions(current_actor(), official_id, body.reason, session_id=body.session_id))


@requires("govcloud:console:logouts")
def logout_deliveries() -> DeliveriesAnswer:
    """How every client keeps up with sign-outs."""
    return DeliveriesAnswer(clients=tuple(DeliveryAnswer.of(view) for view in services().logout_queries.deliveries()))


@signed_in
def retry_logouts(client_id: str) -> RetriedAnswer:
    """Have a client's notices that are not acknowledged sent again at once."""
    return RetriedAnswer(retried=services().logout.retry(current_actor(), client_id))


@requires("govcloud:signon_policy:read")
def signon_policy() -> PolicyAnswer:
    """The rules of sign-on that hold."""
    return PolicyAnswer.of(services().signon_policies.current())


@signed_in
def set_signon_policy(body: PolicyBody) -> PolicyAnswer:
    """Change rules of sign-on."""
    return PolicyAnswer.of(services().signon_policies.set(current_actor(), body.rules, body.reason))


def _in_charge(official_id: UUID) -> None:
    """Let the reader go on whose role reaches the person.

    Raises:
        Denied: it does not.
    """
    place = services().identity_queries.main_places([official_id]).get(official_id)
    resource = {"type": "official"} if place is None else {"department_path": place.department_path}
    if not may(SESSIONS, resource):
        raise not_yours()


def _sessions(official_id: UUID) -> SessionsAnswer:
    live = services().signon.sessions_of(official_id)
    stays = services().logout_queries.stays_of(view.session_id for view in live)
    return SessionsAnswer(
        sessions=tuple(
            SessionAnswer(
                session_id=view.session_id,
                started_at=view.started_at,
                last_seen_at=view.last_seen_at,
                expires_at=view.expires_at,
                appointment_id=view.appointment_id,
                source_address=view.source_address,
                user_agent=view.user_agent,
                stays=tuple(StayAnswer.of(stay) for stay in stays.get(view.session_id, ())),
            )
            for view in live
        )
    )


TABLE = (
    Route("GET", "/officials/<uuid:official_id>/sessions", official_sessions, SessionsAnswer),
    Route("POST", "/officials/<uuid:official_id>/sessions/end", end_sessions, EndedAnswer, body=EndSessionsBody),
    Route("GET", "/logout-deliveries", logout_deliveries, DeliveriesAnswer),
    Route("POST", "/logout-deliveries/<client_id>/retry", retry_logouts, RetriedAnswer),
    Route("GET", "/signon-policy", signon_policy, PolicyAnswer),
    Route("POST", "/signon-policy", set_signon_policy, PolicyAnswer, body=PolicyBody),
)
