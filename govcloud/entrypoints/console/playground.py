"""判定试算: one question to the engine, as of any moment and by any version of the policy, with every rule that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from flask import Response, make_response, request
from flask_admin import expose

from govcloud.authorization.answers.explanation import Explanation
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.answers.typed import attributes
from govcloud.entrypoints.console.answer_words import MATCHED, STATES, attribute_words, remedy_words
from govcloud.entrypoints.console.authorization import GROUP, role_name
from govcloud.entrypoints.console.base import ConsolePage
from govcloud.entrypoints.console.who_can import at_of
from govcloud.identity.queries import AppointmentView, OfficialView
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import searchable
from govcloud.web.asking import TRY
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.standing import KINDS

_MOST_VERSIONS = 50
_FIELDS = ("code", "appointment", "function", "resource", "context", "address", "at", "policy")


@dataclass
class Trial:
    """What was typed, and what came of it."""

    values: dict[str, str]
    official: OfficialView | None = None
    places: tuple[AppointmentView, ...] = ()
    place: AppointmentView | None = None
    at: datetime | None = None
    found: Explanation | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    general: str = ""


class PlaygroundView(ConsolePage):
    """Tries a decision out; nothing is changed and nothing logged."""

    opens = TRY
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
            versions=_versions(),
            states=STATES,
            matched=MATCHED,
            kinds=KINDS,
            role_name=role_name,
            attribute_words=attribute_words,
            remedies=[remedy_words(remedy) for remedy in trial.found.remedies] if trial.found else [],
            division_names=_division_names(trial.found),
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
    asked = Asked(
        searchable(values["function"]),
        attributes("resource", values["resource"].splitlines()),
        attributes("context", values["context"].splitlines()),
        _address(values["address"]),
    )
    answers = services().authorization_queries.answers
    version_id = answers.version(int(values["policy"])) if values["policy"].isdecimal() and len(values["policy"]) < 10 else None  # noqa: PLR2004
    if values["policy"] and version_id is None:
        raise Invalid.of(FieldError("policy", Message("没有安装过这一版策略。"), values["policy"]))
    trial.found = answers.explain(trial.official.id, trial.place.id if trial.place else None, asked, at=trial.at, version_id=version_id)


def _address(typed: str) -> str | None:
    """Return the address that was typed, if one was.

    Raises:
        Invalid: it is none.
    """
    try:
        return str(ip_address(typed)) if typed else None
    except ValueError:
        raise Invalid.of(FieldError("address", Message("应为 IP 地址，如 10.1.2.3。"), typed)) from None


def _versions() -> list[tuple[str, str]]:
    """Return the versions of the policy to choose from, the newest first."""
    found = services().authorization_queries.policy_versions()[:_MOST_VERSIONS]
    named = [(str(view.number), say(Message("第 %(number)s 版：%(source)s", number=view.number, source=view.source))) for view in found]
    return [("", say(Message("那一时点生效的策略"))), *named]


def _division_names(found: Explanation | None) -> dict[str, str]:
    """Return the names of the divisions whose rows are open."""
    scope = found.decision.scope if found else None
    codes = (scope.divisions or ()) if scope else ()
    return dict(services().identity_queries.division_names(codes)) if codes else {}
