"""One's own requests: the list, one request, taking a line back."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.asking.attachments import MOST_FILES
from govcloud.access.asking.files import ENDINGS
from govcloud.access.lifecycle import GrantState, LineState
from govcloud.access.views import LineView
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.choices import full_names
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.forms import Findings, whole_number
from govcloud.kernel.errors import Conflict
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.locale import say
from govcloud.web.stays import ENDED, taken_back
from govcloud.web.words import DUTIES

_OVER = frozenset({GrantState.CLOSED, GrantState.EXPIRED})


@portal.get("/requests")
@signed_in
def requests() -> ResponseReturnValue:
    """Show the requests that one made or that were made for one, the newest first."""
    after = request.args.get("after")
    page = services().access_queries.my_requests(reader().official_id, after)
    return render_template("portal/requests.html", page=page, after=after)


@portal.get("/requests/<uuid:request_id>")
@signed_in
def request_detail(request_id: UUID) -> ResponseReturnValue:
    """Show one request: each line's state, clock, who may act, and the one next action."""
    return page_of(request_id, Findings())


def page_of(request_id: UUID, findings: Findings) -> str:
    """Return the page of a request, with what stood against a form of it."""
    entry = services().access_queries.request(current_actor(), request_id)
    mine = reader().official_id in {entry.requester.official_id, entry.beneficiary.official_id}
    return render_template(
        "portal/request.html",
        entry=entry,
        mine=mine,
        narrowed=narrowed,
        again=mine and any(ended(line) for line in entry.lines),
        duty_words=DUTIES,
        endings=ENDINGS,
        most_files=MOST_FILES,
        files=services().asking_queries.attachments(entry),
        taken_back=taken_back(
            {line.grant.id: line.grant.function for line in entry.lines if line.grant is not None and line.grant.state in ENDED}
        ),
        launch={line.subsystem_code: _launch_url(line) for line in entry.lines},
        remarks={line.id: services().approving.discussing.remarks(line.id) for line in entry.lines},
        scope_options={line.id: _scope_options(line) for line in entry.lines if line.state is LineState.RETURNED},
        form=request.form,
        errors=findings.errors,
        general=findings.general,
    )


@portal.post("/requests/<uuid:request_id>/lines/<uuid:line_id>/withdraw")
@signed_in
def withdraw(request_id: UUID, line_id: UUID) -> ResponseReturnValue:
    """Take a line back; whoever comes too late is told what happened."""
    version = whole_number(request.form.get("version")) or 0
    try:
        done = services().access.withdraw(current_actor(), line_id, version)
        flash(gettext("申请已撤回，主管部门不会再看到它。需要时可以重新申请。"), "success")
        if done.not_opened is not None:
            flash(gettext("其余已同意的申请项不能再按所同意的开通，不再开通：%(why)s", why=say(done.not_opened.message)), "error")
    except Conflict as error:
        flash(say(error.message), "error")
    return redirect(url_for("portal.request_detail", request_id=request_id), 303)


def ended(line: LineView) -> bool:
    """Return whether a line brought nothing, or what it brought is over: then it may be asked for anew."""
    return not line.is_open and (line.grant is None or line.grant.state in _OVER)


def narrowed(line: LineView) -> bool:
    """Return whether less was approved than was asked for."""
    decision = line.decision
    if decision is None or decision.days is None or decision.scope is None:
        return False
    return decision.days < line.requested_days or not decision.scope.covers(line.requested_scope)


def _scope_options(line: LineView) -> list[tuple[str, str]]:
    """Return the rows that a corrected line may ask for: as asked, or one of the divisions within."""
    choices = services().access_queries.scope_choices(line.requested_scope)
    names = full_names(choices)
    whole = [("", gettext("与原申请相同"))]
    return whole + [(choice.code, names[choice.code]) for choice in choices if choice.code and choice.code in names]


def _launch_url(line: LineView) -> str:
    """Return where the subsystem opens, while the grant works."""
    if line.grant is None or line.grant.state != "active":
        return ""
    subsystem = services().subsystem_queries.subsystem(line.subsystem_code)
    return (subsystem.launch_url or "") if subsystem else ""
