"""From the wire's subject to the platform's: whose session, under which appointment, and the engine's answer."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.decisions import Decision, Question, Reason, refusal
from govcloud.entrypoints.authzen.wire import Evaluation
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.inputs import ADDRESS_SOURCE
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services


def resolve(asked: Evaluation, client: ClientView) -> Decision:
    """Return the engine's decision on the question that ``client`` asks.

    The session decides who asks: with ``sid`` it must be live, belong to this client and to this subject, and its appointment
    counts; a subsystem that is called by another on behalf of the official names the caller's. Without ``sid`` (no person at a
    browser, a batch say) the official's primary appointment counts.
    """
    official_id = _uuid(asked.subject_id)
    if asked.subject_type != "official" or official_id is None:
        return refusal(Reason.UNKNOWN_SUBJECT)
    if asked.sid is None:
        appointment_id = _primary(official_id)
    else:
        sid = _uuid(asked.sid)
        session = _session(sid, client) if sid is not None else None
        if session is None or session.official_id != official_id:
            return refusal(Reason.SESSION_ENDED)
        appointment_id = session.appointment_id
    question = Question(
        function=asked.function,
        appointment_id=appointment_id,
        official_id=official_id,
        resource=asked.resource,
        context=asked.context,
        client_address=_address(asked, client),
    )
    return services().authorization.decide(question)


def _address(asked: Evaluation, client: ClientView) -> str | None:
    """Return the address of the person's device, if the client tells one and is entrusted with telling it."""
    told = asked.context.get("client_address")
    return told if ADDRESS_SOURCE in client.roles and isinstance(told, str) else None


def _session(sid: UUID, client: ClientView) -> CurrentSession | None:
    """Return the live session that the client takes part in, or is called in, as ``sid``."""
    return services().signon.session_by_sid(sid, client.client_id) or services().delegating.session_called_in(sid, client)


def _primary(official_id: UUID) -> UUID | None:
    """Return the official's primary appointment; ``None`` when there is none, and only the person's own rights count."""
    found = services().identity_queries.appointments_of(official_id)
    return next((appointment.id for appointment in found if appointment.kind == "primary"), None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
