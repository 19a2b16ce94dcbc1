"""策略草稿: the versions and drafts; one draft with its text, difference, impact by name, tests, second person and shadow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from govcloud.authorization.drafting import checking, states
from govcloud.authorization.drafting.service import NewDraft
from govcloud.authorization.drafting.views import DraftView, ShadowView
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.policies.document import MAX_BYTES
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.policy_steps import DRAFT, MAY, STEPS
from govcloud.entrypoints.console.policies import policy_words as words
from govcloud.entrypoints.console.policies.policy_rules import RuleDrafting
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.asking import TRY
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, current_session, no_permission, services
from govcloud.web.locale import say

_PAGE, _LINES, _FUNCTIONS = 20, 200, 100
_RELOAD_SECONDS = 2
_MOVING = frozenset({"waiting", "running"})


class PolicyDraftsView(RuleDrafting):
    """Versions and drafts of the policy."""

    opens = "govcloud:console:policy_drafts"
    asks = (*MAY.values(), TRY)
    title = Message("策略草稿与版本")
    lead = Message("策略的每次修改先起草、试算影响，再由另一位安全管理员批准。")
    icon = "scroll-text"
    group = Message("授权")

    def __init__(self) -> None:
        """Serve below ``/console/policy_drafts/``."""
        super().__init__("policy_drafts")

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """Show the drafts in somebody's hands and the versions, each the newest first."""
        queries = services().draft_queries
        over = request.args.get("over") == "1"
        drafts = queries.drafts(over=over, limit=_PAGE + 1, after=identifier(request.args.get("after", "")))
        before = request.args.get("before", type=int)
        versions = queries.versions(_PAGE + 1, before)
        people = {person for version in versions for person in (version.maker_id, version.reviewer_id) if person}
        page = self.render(
            "console/policy_drafts.html",
            view=self,
            drafts=drafts[:_PAGE],
            draft_cursor=drafts[_PAGE - 1].id if len(drafts) > _PAGE else None,
            over=over,
            versions=versions[:_PAGE],
            version_cursor=versions[_PAGE - 1].number if len(versions) > _PAGE else None,
            before=before,
            live=queries.live_number(),
            names={**words.people_of(drafts), **services().identity_queries.official_names(people)},
            officers=queries.officers(),
            words=words,
            may_draft=opened(DRAFT),
        )
        return make_response(page)

    @expose("/new", methods=("GET", "POST"))
    def new_view(self) -> ResponseReturnValue:
        """Take in a new text, beginning with the one in force."""
        if not opened(DRAFT):
            raise no_permission()
        if request.method == "GET":
            live = services().draft_queries.live_number()
            return self._form(None, _typed(text=services().draft_queries.version_text(live)), live)
        base = request.form.get("base", type=int)
        typed = _typed_form()
        try:
            draft_id = services().drafting.create(current_actor(), _new(typed, base))
        except GovcloudError as error:
            return self._form(None, typed, base or 0, error)
        return _kept(draft_id)

    @expose("/rollback/<int:number>", methods=("GET", "POST"))
    def rollback_view(self, number: int) -> ResponseReturnValue:
        """Draft the text of an earlier version anew, after showing what that changes."""
        if not opened(DRAFT):
            raise no_permission()
        error: GovcloudError | None = None
        if request.method == "POST":
            try:
                draft_id = services().drafting.roll_back(current_actor(), number, request.form.get("reason", ""))
                flash(say(Message("已按第 %(number)s 版的正文起草，须经另一人批准才生效。", number=number)), "success")
                return redirect(url_for(".draft_view", draft_id=draft_id), 303)
            except GovcloudError as refused:
                error = refused
        queries = services().draft_queries
        live = queries.live_number()
        difference = words.lines_of(compare(queries.version_document(live), queries.version_document(number)))
        page = self.render(
            "console/policy_rollback.html", view=self, number=number, live=live, lines=list(islice(difference, _LINES)), error=error
        )
        return make_response(page, status_of(error) if error else 200)

    @expose("/<uuid:draft_id>")
    def draft_view(self, draft_id: UUID) -> ResponseReturnValue:
        """Show one draft: what it changes, for whom, what the cases say, and what can be done next."""
        return self._page(services().draft_queries.draft(draft_id))

    @expose("/<uuid:draft_id>/edit", methods=("GET", "POST"))
    def edit_view(self, draft_id: UUID) -> ResponseReturnValue:
        """Change the text, the title or the reason of one's own draft."""
        draft = services().draft_queries.draft(draft_id)
        if not opened(DRAFT):
            raise no_permission()
        if request.method == "GET":
            typed = _typed(draft.title, draft.reason, services().draft_queries.text(draft_id))
            return self._form(draft, typed, draft.base_number, findings=services().draft_queries.findings(draft_id))
        typed = _typed_form()
        try:
            revision = request.form.get("revision", type=int) or 0
            services().drafting.change(current_actor(), draft_id, revision, _new(typed, draft.base_number))
        except GovcloudError as error:
            return self._form(draft, typed, draft.base_number, error)
        return _kept(draft_id)

    @expose("/<uuid:draft_id>/text")
    def text_view(self, draft_id: UUID) -> ResponseReturnValue:
        """Show the text with the numbers of its lines."""
        draft = services().draft_queries.draft(draft_id)
        text = services().draft_queries.text(draft_id)
        found = services().draft_queries.findings(draft_id)
        page = self.render("console/policy_text.html", view=self, draft=draft, lines=text.splitlines(), findings=found)
        return make_response(page)

    @expose("/<uuid:draft_id>/people")
    def people_view(self, draft_id: UUID) -> ResponseReturnValue:
        """List the people whom a draft touches, by name, page by page."""
        queries = services().draft_queries
        draft, impact = queries.draft(draft_id), queries.impact_of(draft_id)
        if impact is None or impact.state != "done":
            return redirect(url_for(".draft_view", draft_id=draft_id), 303)
        function, kind = request.args.get("function") or None, request.args.get("kind", "")
        effects = words.KINDS.get(kind, words.KINDS[""])[1]
        group, after = request.args.get("group", type=int), request.args.get("after")
        people = queries.touched(impact.id, function=function, effects=effects, group=group, after=after, limit=_PAGE)
        page = self.render(
            "console/policy_people.html",
            view=self,
            draft=draft,
            impact=impact,
            page=people,
            function=function,
            kind=kind,
            group=group,
            after=after,
            names=queries.function_names({code for _, item in people.rows for code in item.effects}),
            words=words,
        )
        return make_response(page)

    @expose("/<uuid:draft_id>/<step>", methods=("POST",))
    def step_view(self, draft_id: UUID, step: str) -> ResponseReturnValue:
        """Take one step with a draft; a refusal is told on its page."""
        draft = services().draft_queries.draft(draft_id)
        if step not in STEPS:
            raise NotFound.of(Message("操作"), step)
        function, take = STEPS[step]
        if not opened(function):
            raise no_permission()
        try:
            said, leads_to = take(draft)
        except GovcloudError as error:
            return self._page(services().draft_queries.draft(draft_id), error)
        flash(say(said), "success")
        return redirect(url_for(".draft_view", draft_id=leads_to), 303)

    # Parts of the pages

    def _form(
        self,
        draft: DraftView | None,
        typed: Mapping[str, str],
        base: int,
        error: GovcloudError | None = None,
        findings: tuple[checking.Finding, ...] = (),
    ) -> Response:
        if isinstance(error, PolicyError):
            findings = checking.located(typed["text"], error)
        page = self.render(
            "console/policy_draft_form.html",
            view=self,
            draft=draft,
            typed=typed,
            base=base,
            findings=findings,
            errors={} if error is None or isinstance(error, PolicyError) else {item.field: say(item.message) for item in error.fields},
            general=say(error.message) if error and not error.fields else "",
            remedy=say(error.remedy) if error and error.remedy else "",
        )
        return make_response(page, status_of(error) if error else 200)

    def _page(self, draft: DraftView, error: GovcloudError | None = None) -> Response:
        queries = services().draft_queries
        reviews, impact, shadow = queries.reviews(draft.id), queries.impact_of(draft.id), queries.shadow_of(draft.id)
        session = current_session()
        mine = session is not None and draft.maker_id == session.official_id
        people = {person for review in reviews for person in (review.reviewer_id,)} | ({draft.maker_id} if draft.maker_id else set())
        findings = queries.findings(draft.id)
        lines = [] if findings else list(islice(words.lines_of(queries.difference(draft.id)), _LINES + 1))
        page = self.render(
            "console/policy_draft.html",
            view=self,
            draft=draft,
            mine=mine,
            error=error,
            names=services().identity_queries.official_names(people),
            findings=findings,
            lines=lines[:_LINES],
            more_lines=len(lines) > _LINES,
            impact=impact,
            current=impact is not None and (impact.checksum, impact.base_number) == (draft.checksum, draft.base_number),
            moving=impact is not None and impact.state in _MOVING,
            functions=impact.functions[:_FUNCTIONS] if impact else (),
            groups=queries.groups(impact.id)[:_PAGE] if impact and impact.state == "done" else (),
            tests=queries.tests(draft.id),
            reviews=reviews,
            shadow=shadow,
            shadow_names=self._sampled(shadow),
            officers=queries.officers(),
            approval_days=states.APPROVAL_LASTS.days,
            words=words,
            may={name: opened(function) for name, function in MAY.items()},
            may_try=opened(TRY) and not findings,
        )
        response = make_response(page, status_of(error) if error else 200)
        if impact is not None and impact.state in _MOVING:
            response.headers["Refresh"] = str(_RELOAD_SECONDS)
        return response

    @staticmethod
    def _sampled(shadow: ShadowView | None) -> Mapping[UUID, str]:
        """Return the names of those whose questions stand in the list of samples."""
        samples = shadow.samples if shadow else ()
        return services().identity_queries.official_names({item.official_id for item in samples if item.official_id})


def _kept(draft_id: UUID) -> ResponseReturnValue:
    """Lead on from a draft that was saved: to its page, or back to its text when that has errors."""
    found = services().draft_queries.findings(draft_id)
    if found:
        flash(say(Message("草稿已保存；正文有 %(n)s 处错误，改正后才能提交批准。", n=len(found))), "warning")
        return redirect(url_for(".edit_view", draft_id=draft_id), 303)
    flash(say(Message("草稿已保存。请试算影响后提交。")), "success")
    return redirect(url_for(".draft_view", draft_id=draft_id), 303)


def _typed(title: str = "", reason: str = "", text: str = "") -> dict[str, str]:
    return {"title": title, "reason": reason, "text": text}


def _typed_form() -> dict[str, str]:
    """Return what was typed; a file, if one was sent, is the text."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    given = request.files.get("file")
    if given is not None and given.filename:
        try:
            text = given.read(MAX_BYTES + 1).decode()
        except UnicodeDecodeError as error:
            raise Invalid.of(FieldError("file", Message("文件不是 UTF-8 文本。"), given.filename)) from error
    return _typed(request.form.get("title", ""), request.form.get("reason", ""), text)


def _new(typed: Mapping[str, str], base: int | None) -> NewDraft:
    return NewDraft(typed["title"], typed["reason"], typed["text"], base_number=base)
