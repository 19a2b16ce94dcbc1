"""What the official of one request may do: asked when it is needed, answered for a page at once, forgotten with the request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from govcloud.client.errors import CheckUnavailableError, ClientError, ConfigurationError, DeniedError, SignInRequiredError
from govcloud.client.explaining import Explanation
from govcloud.client.trace import trace_of
from govcloud.client.wire import Question

if TYPE_CHECKING:
    from govcloud.client.aio import AsyncChecks
    from govcloud.client.checks import Checks
    from govcloud.client.decisions import CheckDecision
    from govcloud.client.limits import Pace
    from govcloud.client.views import Masked, Statement

#: A request that goes on for longer (a stream, say) asks anew.
REMEMBERED_SECONDS = 10.0
#: What a page may ask about: a question, a function, or a function with the attributes of a row.
Asked = Question | str | tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class SignedInOfficial:
    """The official of the current request, as kept in the subsystem's own session."""

    sub: str
    sid: str
    name: str
    department: str | None
    division: str | None
    appointment_id: str | None


class _Remembered:
    """The answers that one request has had, and what follows from them without asking."""

    def __init__(self, official: SignedInOfficial | None, pace: Pace, trace_id: str | None, context: Mapping[str, Any] | None) -> None:
        self._official = official
        self._pace = pace
        self._context = context or {}
        self._answers: dict[str, tuple[CheckDecision, float]] = {}
        self._opened: tuple[Question, CheckDecision] | None = None
        self.trace_id = trace_of(trace_id)
        #: The last refusal that was raised: frameworks turn exceptions into errors of their own, which the middlewares then overrule.
        self.refusal: ClientError | None = None

    @property
    def official(self) -> SignedInOfficial:
        """Return who is signed in.

        Raises:
            SignInRequiredError: nobody is.
        """
        if self._official is None:
            raise self._refused(SignInRequiredError("nobody is signed in"))
        return self._official

    @property
    def is_signed_in(self) -> bool:
        """Return whether somebody is signed in."""
        return self._official is not None

    @property
    def decision(self) -> CheckDecision:
        """Return the decision that opened the request: that of the last ``require``.

        Raises:
            ConfigurationError: nothing was required yet.
        """
        return self._opened_by()[1]

    def explanation(self) -> Explanation:
        """Tell in words what the decision that opened the request lets one see; nothing is asked."""
        question, decision = self._opened_by()
        return Explanation(question.function, decision)

    def filter(self, statement: Statement, columns: object) -> Statement:
        """Return ``statement`` kept to the rows that the decision opens; see ``Views.filter``."""
        return self.decision.views.filter(statement, columns)

    def mask(self, row: object, columns: object = None) -> Masked:
        """Return ``row`` as the decision lets it be seen; see ``Views.mask``."""
        return self.decision.views.mask(row, columns)

    def masked(self, rows: Iterable[object], columns: object = None) -> list[Masked]:
        """Return ``rows`` as the decision lets them be seen, without those that it does not open; see ``Views.masked``."""
        return self.decision.views.masked(rows, columns)

    def _question(self, function: str | Question, resource: Mapping[str, Any] | None = None, resource_id: str = "*") -> Question:
        """Return what is asked as a question, with the surroundings of the request."""
        asked = function if isinstance(function, Question) else Question(function, resource or {}, resource_id)
        return replace(asked, context={**self._context, **asked.context}) if self._context else asked

    def _given(self, asked: Asked) -> Question:
        return self._question(*asked) if isinstance(asked, tuple) else self._question(asked)

    def _opened_by(self) -> tuple[Question, CheckDecision]:
        if self._opened is None:
            raise ConfigurationError("no permission was required in this request; call require(...) first")
        return self._opened

    def _open(self, question: Question, decision: CheckDecision) -> CheckDecision:
        """Remember a decision that was required.

        Raises:
            DeniedError: it is a no.
        """
        self._remember([question], [decision])
        if not decision.allowed:
            raise self._refused(DeniedError(decision))
        self._opened = (question, decision)
        return decision

    def _refused(self, error: ClientError) -> ClientError:
        """Return an error to raise, after it was noted."""
        self.refusal = error
        return error

    def _remember(self, questions: Iterable[Question], decisions: Iterable[CheckDecision]) -> None:
        until = self._pace.now() + REMEMBERED_SECONDS
        self._answers |= {question.key: (decision, until) for question, decision in zip(questions, decisions, strict=True)}

    def _known(self, question: Question) -> CheckDecision | None:
        decision, until = self._answers.get(question.key, (None, 0.0))
        return decision if self._pace.now() < until else None

    def _unknown(self, asked: Iterable[Asked]) -> list[Question]:
        """Return what has no answer yet, each question once."""
        questions = {question.key: question for question in map(self._given, asked)}
        return [question for question in questions.values() if self._known(question) is None]


class Access(_Remembered):
    """What the official of one request may do, for programs with threads. One for each request: never keep it longer.

    Raises, wherever it asks:
        SignInRequiredError: nobody is signed in.
        CheckUnavailableError: no trustworthy answer came; refuse.
    """

    def __init__(
        self, checks: Checks, official: SignedInOfficial | None, *, trace_id: str | None = None, context: Mapping[str, Any] | None = None
    ) -> None:
        """Begin a request.

        Args:
            checks: whom to ask.
            official: who is signed in; ``None``: nobody.
            trace_id: the number of the request (``X-Request-ID``), where it has one.
            context: the surroundings that every question of the request tells.
        """
        super().__init__(official, checks.pace, trace_id, context)
        self._checks = checks

    def check(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> CheckDecision:
        """Ask now whether ``function`` may be used, on the row with the attributes ``resource`` where one is meant."""
        question = self._question(function, resource, resource_id)
        official = self.official
        try:
            decision = self._checks.ask(official.sub, official.sid, question, trace_id=self.trace_id)
        except CheckUnavailableError as error:
            self.refusal = error
            raise
        self._remember([question], [decision])
        return decision

    def require(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> CheckDecision:
        """Ask now, and go on only with a yes; what was opened is kept for ``filter`` and ``mask``.

        Raises:
            DeniedError: the answer is no; the middlewares show the refusal page.
        """
        decision = self.check(function, resource, resource_id=resource_id)
        return self._open(self._question(function, resource, resource_id), decision)

    def prefetch(self, asked: Iterable[Asked]) -> None:
        """Ask everything that a page will want to know in one call; ``can`` then answers from it, within this request only."""
        questions = self._unknown(asked)
        if not questions:
            return
        official = self.official
        try:
            decisions = self._checks.ask_all(official.sub, official.sid, questions, trace_id=self.trace_id)
        except CheckUnavailableError as error:
            self.refusal = error
            raise
        self._remember(questions, decisions)

    def can(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> bool:
        """Return whether to offer something: from what this request has asked already, else asked now.

        It is for what a page shows. What is done about it has to be required when it is done.
        """
        known = self._known(self._question(function, resource, resource_id))
        return (known or self.check(function, resource, resource_id=resource_id)).allowed

    def explain(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> Explanation:
        """Ask now, and tell in words why, what may be seen, and what would help."""
        return Explanation(self._question(function).function, self.check(function, resource, resource_id=resource_id))


class AsyncAccess(_Remembered):
    """What the official of one request may do, for programs with coroutines; the twin of ``Access``."""

    def __init__(
        self,
        checks: AsyncChecks,
        official: SignedInOfficial | None,
        *,
        trace_id: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Take what ``Access`` takes."""
        super().__init__(official, checks.pace, trace_id, context)
        self._checks = checks

    async def check(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> CheckDecision:
        """Ask now; as ``Access.check``."""
        question = self._question(function, resource, resource_id)
        official = self.official
        try:
            decision = await self._checks.ask(official.sub, official.sid, question, trace_id=self.trace_id)
        except CheckUnavailableError as error:
            self.refusal = error
            raise
        self._remember([question], [decision])
        return decision

    async def require(
        self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*"
    ) -> CheckDecision:
        """Ask now, and go on only with a yes; as ``Access.require``."""
        decision = await self.check(function, resource, resource_id=resource_id)
        return self._open(self._question(function, resource, resource_id), decision)

    async def prefetch(self, asked: Iterable[Asked]) -> None:
        """Ask everything that a page will want to know in one call; as ``Access.prefetch``."""
        questions = self._unknown(asked)
        if not questions:
            return
        official = self.official
        try:
            decisions = await self._checks.ask_all(official.sub, official.sid, questions, trace_id=self.trace_id)
        except CheckUnavailableError as error:
            self.refusal = error
            raise
        self._remember(questions, decisions)

    async def can(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> bool:
        """Return whether to offer something; as ``Access.can``."""
        known = self._known(self._question(function, resource, resource_id))
        return (known or await self.check(function, resource, resource_id=resource_id)).allowed

    async def explain(self, function: str | Question, resource: Mapping[str, Any] | None = None, *, resource_id: str = "*") -> Explanation:
        """Ask now, and tell in words; as ``Access.explain``."""
        return Explanation(self._question(function).function, await self.check(function, resource, resource_id=resource_id))
