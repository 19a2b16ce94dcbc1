"""From the wire to the engine's questions: whose session, under which appointment, about which function."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from govcloud.authorization.deciding.decisions import Decision, Question, Reason, refusal
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.entrypoints.authzen.errors import foreign_function
from govcloud.entrypoints.authzen.resources import Target, target_of
from govcloud.entrypoints.authzen.wire import Context, Evaluation, Subject
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.inputs import ADDRESS_SOURCE
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services

OFFICIAL = "official"


class Person(NamedTuple):
    """An official, the appointment that counts (``None``: only the person's own rights do), and how strong the session is.

    ``strong`` and ``session_id`` as in ``Question``.
    """

    official_id: UUID
    appointment_id: UUID | None
    strong: bool | None = None
    session_id: UUID | None = None


class Asker:
    """Turns what one client asks in one request into questions; every subject is looked up once, however often it is asked about.

    The session decides who asks: with ``sid`` it must be live, belong to this client and to this subject, and its appointment
    counts; a subsystem that is called by another on behalf of the official names the caller's. Without ``sid`` (no person at a
    browser, a batch say) the official's primary appointment counts, and nobody has proven who they are.
    """

    def __init__(self, client: ClientView) -> None:
        """Take who asks."""
        self._client = client
        self._known: dict[tuple[str, str | None, int | None], Person | Reason] = {}

    def question(self, asked: Evaluation) -> tuple[Question, Decision | None]:
        """Return the engine's question, with the denial of one that need not be asked.

        Raises:
            ForeignFunctionError: it is about a function of another subsystem.
        """
        target = target_of(asked.action.name, asked.resource)
        if target is None:
            return Question(asked.action.name, resource=asked.resource.properties), refusal(Reason.UNKNOWN_FUNCTION)
        self.own(target.function)
        person = self.person(asked.subject, asked.context)
        if isinstance(person, Reason):
            return Question(target.function, official_id=_uuid(asked.subject.id), resource=target.resource), refusal(person)
        return self.about(person, target, asked.context), None

    def unanswered(self, asked: Evaluation) -> Question:
        """Return what the log is told of a question that this client may not ask: about whom (nobody is looked up), and what."""
        target = target_of(asked.action.name, asked.resource) or Target(asked.action.name, asked.resource.properties)
        return Question(target.function, official_id=_uuid(asked.subject.id), resource=target.resource)

    def unread(self) -> Question:
        """Return what the log is told of a question that cannot be read: about whom and which of its own functions, nobody knows."""
        return Question(f"{self._client.subsystem_code}:*")

    def about(self, person: Person, target: Target, context: Context) -> Question:
        """Return the question whether the person may use ``target``, in ``context``."""
        return Question(
            function=target.function,
            appointment_id=person.appointment_id,
            official_id=person.official_id,
            resource=target.resource,
            context=context.given,
            client_address=self.address(context),
            min_epoch=context.min_epoch,
            strong=person.strong,
            session_id=person.session_id,
        )

    def address(self, context: Context) -> str | None:
        """Return the address of the person's device, if the client is entrusted with telling it (``address_source``)."""
        told = context.given.get("client_address")
        return told if isinstance(told, str) and ADDRESS_SOURCE in self._client.roles else None

    def own(self, function: str) -> None:
        """Raise ``ForeignFunctionError`` unless the function is one of the client's own subsystem."""
        if subsystem_of(function) != self._client.subsystem_code:
            raise foreign_function(function, self._client.subsystem_code)

    def person(self, subject: Subject, context: Context) -> Person | Reason:
        """Return who the subject is, or why it is nobody; a change that the context names is not missed in that either."""
        if subject.type != OFFICIAL:
            return Reason.UNKNOWN_SUBJECT
        key = (subject.id, subject.sid, context.min_epoch)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._look_up(subject, context.min_epoch)
        return found

    def _look_up(self, subject: Subject, min_epoch: int | None) -> Person | Reason:
        official_id = _uuid(subject.id)
        if official_id is None:
            return Reason.UNKNOWN_SUBJECT
        if subject.sid is None:
            primary = services().authorization_queries.primary_appointment(official_id, min_epoch)
            return Person(official_id, primary, services().step_up.strong(None))
        sid = _uuid(subject.sid)
        session = _session(sid, self._client) if sid is not None else None
        if session is None or session.official_id != official_id:
            return Reason.SESSION_ENDED
        return Person(official_id, session.appointment_id, services().step_up.strong(session), session.session_id)


def _session(sid: UUID, client: ClientView) -> CurrentSession | None:
    """Return the live session that the client takes part in, or is called in, as ``sid``."""
    return services().signon.session_by_sid(sid, client.client_id) or services().delegating.session_called_in(sid, client)


def _uuid(text: str) -> UUID | None:
    """Return the id, if it is written the one way that the platform writes it: two spellings would be two subjects to some."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
