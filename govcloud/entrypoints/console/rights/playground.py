"""判定试算: one question to the engine, as of any moment and by any version or draft of the policy, with every rule that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import Response, make_response, request
from flask_admin import expose

from govcloud.authorization.answers.explanation import Explanation
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.drafting import states
from govcloud.authorization.drafting.views import DraftView
from govcloud.authorization.errors import PolicyError
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.people_reach import reach
from govcloud.entrypoints.console.rights.access import people_like
from govcloud.entrypoints.console.rights.answer_words import TABLES, answered
from govcloud.entrypoints.console.rights.authorization import GROUP
from govcloud.entrypoints.console.rights.typed_question import TOLD, asked_of
from govcloud.identity.queries import AppointmentView, OfficialView
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier, searchable
from govcloud.subsystems.queries import FunctionView
from govcloud.web.asking import READ_POLICIES, TRY
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.moments import at_of

_MOST_VERSIONS = 50
_CHOICES = 8
_DRAFTS_PAGE = "govcloud:console:policy_drafts"
#: Before the id of a draft, where a version has its number.
_DRAFT = "draft:"
_FIELDS = ("code", "appointment", "function", *TOLD, "at", "policy")


@dataclass
class Trial:
    """What was typed, and what came of it."""

    values: dict[str, str]
    official: OfficialView | None = None
    places: tuple[AppointmentView, ...] = ()
    place: AppointmentView | None = None
    at: datetime | None = None
    draft: DraftView | None = None
    found: Explanation | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    general: str = ""


class PlaygroundView(ConsolePage):
    """Tries a decision out; nothing is changed and nothing logged."""

    opens = TRY
    asks = (READ_POLICIES, _DRAFTS_PAGE)
    title = Message("判定试算")
    lead = Message("填写人员、功能、数据和时点，看引擎如何回答、考虑了哪些规则。只是试算，不改变也不记录任何权限。")
    icon = "scale"
    group = GROUP

    def __init__(self) -> None:
        """Serve below ``/console/playground/``."""
        super().__init__("playground")

    @expose("/")
    def index_view(self) -> Response:
        """Show the form, with the answer below it when a question was asked."""
        trial = Trial({name: request.args.get(name, "").strip()[:4000] for name in _FIELDS})
        if trial.values["code"]:
            try:
                _try(trial)
            except GovcloudError as error:
                trial.errors = {item.field: [say(item.message)] for item in error.fields}
                trial.general = "" if error.fields else say(error.message)
        rendered = self.render(
            "console/playground.html",
            view=self,
            trial=trial,
            places=[("", say(Message("主职")))]
            + [(str(place.id), f"{place.department_name} · {place.position}") for place in trial.places],
            versions=_choices(),
            draft_states=states.STATES,
            may_drafts=opened(_DRAFTS_PAGE),
            answered=answered(trial.found) if trial.found else None,
            meant=_meant(trial),
            function_name=_function_name(trial),
            **TABLES,
        )
        return make_response(rendered, 422 if trial.errors or trial.general else 200)


def _try(trial: Trial) -> None:
    """Ask the engine what was typed.

    Raises:
        Invalid: something typed is wrong.
    """
    values = trial.values
    trial.at = at_of(values["at"])
    queries = services().identity_queries
    trial.official = queries.official_by_code(values["code"], trial.at)
    if trial.official is None:
        raise Invalid.of(FieldError("code", Message("那时没有这个工号的人员。"), values["code"]))
    trial.places = queries.appointments_of(trial.official.id, trial.at)
    main = next((place for place in trial.places if place.kind == "primary"), None)
    trial.place = next((place for place in trial.places if str(place.id) == values["appointment"]), main)
    if not values["function"]:
        raise Invalid.of(FieldError("function", Message("不能为空，请填写。"), ""))
    asked = asked_of(searchable(values["function"]), values)
    version_id, engine = _decides(trial)
    trial.found = services().authorization_queries.answers.explain(
        trial.official.id, trial.place.id if trial.place else None, asked, at=trial.at, version_id=version_id, engine=engine
    )


def _decides(trial: Trial) -> tuple[UUID | None, Engine | None]:
    """Return the version or the draft that was chosen to decide; neither: the version in force then.

    Raises:
        Invalid: there is no such version or draft, the reader may not read drafts, or the draft has errors.
    """
    chosen = trial.values["policy"]
    if chosen.startswith(_DRAFT):
        draft_id = identifier(chosen.removeprefix(_DRAFT))
        if draft_id is None or not opened(READ_POLICIES):
            raise Invalid.of(FieldError("policy", Message("没有这份草稿。"), chosen[:100]))
        draft = services().draft_queries.draft(draft_id)
        try:
            engine = services().draft_queries.engine(draft_id)
        except PolicyError as error:
            message = Message("草稿“%(title)s”的正文有 %(n)s 处错误，改正后才能用来试算。", title=draft.title, n=len(error.fields))
            raise Invalid.of(FieldError("policy", message, chosen[:100])) from error
        trial.draft = draft
        return None, engine
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 10 else 0  # noqa: PLR2004 - as many digits as the column has
    version_id = services().authorization_queries.answers.version(number) if number else None
    if chosen and version_id is None:
        raise Invalid.of(FieldError("policy", Message("没有安装过这一版策略。"), chosen[:100]))
    return version_id, None


def _choices() -> list[tuple[str, str]]:
    """Return what can be chosen to decide: versions, the newest first, and to those who may read them the drafts in hand."""
    drafts = services().draft_queries.drafts(limit=_MOST_VERSIONS) if opened(READ_POLICIES) else ()
    return [*_versions(), *((f"{_DRAFT}{draft.id}", say(_draft_words(draft))) for draft in drafts)]


def _draft_words(draft: DraftView) -> Message:
    state = states.STATES[draft.state]
    return Message("草稿：%(title)s（%(state)s，第 %(revision)s 稿）", title=draft.title, state=state, revision=draft.revision)


def _versions() -> list[tuple[str, str]]:
    """Return the versions of the policy to choose from, the newest first."""
    found = services().authorization_queries.policy_versions()[:_MOST_VERSIONS]
    named = [(str(view.number), say(Message("第 %(number)s 版：%(source)s", number=view.number, source=view.source))) for view in found]
    return [("", say(Message("那一时点生效的策略"))), *named]


@dataclass(frozen=True)
class Meant:
    """Whom and what the reader may have meant by a name instead of a code."""

    people: tuple[OfficialView, ...] = ()
    functions: tuple[FunctionView, ...] = ()


def _meant(trial: Trial) -> Meant:
    """Return people and functions to choose from where what was typed is the code of none."""
    code, function = trial.values["code"], searchable(trial.values["function"])
    people = people_like(code, reach(TRY)) if code and trial.official is None else ()
    catalogue = services().subsystem_queries
    unknown = bool(function) and catalogue.function(function) is None
    return Meant(people, catalogue.search_functions(function, _CHOICES) if unknown else ())


def _function_name(trial: Trial) -> str:
    """Return the name of the function that was asked about; the code of one that has none."""
    code = trial.found.asked.function if trial.found else ""
    return services().subsystem_queries.function_names([code]).get(code, code) if code else ""
