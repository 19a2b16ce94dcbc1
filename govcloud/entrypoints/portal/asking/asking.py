"""Asking for several items: the form of a basket, a matter or a request anew, the review before it is sent, and what was sent."""

from __future__ import annotations

import hashlib
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.datastructures import MultiDict

from govcloud.access.asking.attachments import MOST_FILES
from govcloud.access.asking.files import ENDINGS
from govcloud.access.asking.queries import Chosen
from govcloud.access.commands import NewSubmission, Submission
from govcloud.access.views import Page
from govcloud.entrypoints.portal.asking.asking_form import BASKET, MATTER, AskForm, empty_form, form_again, typed_form
from govcloud.entrypoints.portal.asking.files import sent_files
from govcloud.entrypoints.portal.asking.requests import ended
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.choices import duty_options
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings
from govcloud.identity.queries import Subject
from govcloud.kernel.answered_calls import CallAnswer
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.ids import new_id
from govcloud.kernel.validation import identifier
from govcloud.subsystems.changes import DUTIES
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.words import DUTIES as DUTY_WORDS


@portal.get("/basket")
@signed_in
def basket() -> ResponseReturnValue:
    """Show what lies in the basket, as the form that asks for it."""
    return _page(empty_form(BASKET, services().asking_queries.basket(current_actor()), _subject()), Findings())


@portal.post("/basket")
@signed_in
def put_in_basket() -> ResponseReturnValue:
    """Keep items for later, and come back to where they were found."""
    acting_appointment()
    items = [key for text in request.form.getlist("item")[:50] if (key := identifier(text)) is not None]
    try:
        services().asking.put_in_basket(current_actor(), [Chosen(key) for key in items])
        count = services().asking_queries.basket_count(current_actor())
        flash(gettext("已放入申请清单，共 %(count)s 项。", count=count), "success")
    except GovcloudError as error:
        findings = Findings()
        findings.take(error)
        flash(findings.general or " ".join(findings.errors.values()), "error")
    if request.form.get("then") == "basket":
        return redirect(url_for("portal.basket"), 303)
    return redirect(url_for("portal.new_request", q=request.form.get("q", "")[:60] or None), 303)


@portal.get("/requests/matter/<uuid:matter_id>")
@signed_in
def ask_for_matter(matter_id: UUID) -> ResponseReturnValue:
    """Show a matter as the form that asks for its items; ``duty`` says which part one has in it."""
    acting_appointment()
    matter = services().asking_queries.matter(current_actor(), matter_id)
    given = request.args.get("duty", "")
    duty = given if given in DUTIES else DUTIES[0]
    return _page(empty_form(MATTER, matter.items, _subject(), matter=matter, duty=duty), Findings(), duty=duty)


@portal.get("/requests/<uuid:request_id>/again")
@signed_in
def ask_again(request_id: UUID) -> ResponseReturnValue:
    """Show the form filled in with what a request did not bring, or what it brought and has ended."""
    acting_appointment()
    entry = services().access_queries.request(current_actor(), request_id)
    lines = [line for line in entry.lines if ended(line)]
    chosen = [Chosen(line.item_id, line.requested_scope, line.requested_days) for line in lines]
    return _page(form_again(entry, services().asking_queries.asked(current_actor(), chosen), _subject()), Findings())


@portal.post("/requests/ask")
@signed_in
def ask() -> ResponseReturnValue:
    """Take in the form: show it anew with what was changed, show the review, or send it off."""
    acting_appointment()
    form = typed_form(request.form, _subject())
    removed = identifier(request.form.get("remove"))
    if removed is not None and form.source == BASKET:
        services().asking.take_out_of_basket(current_actor(), [removed])
    step = request.form.get("step", "")
    if step not in {"review", "send"}:
        return _page(form, Findings())
    findings = Findings()
    new = form.new(findings)
    if new is None:
        return _page(form, findings), 422
    try:
        if step == "review":
            return _review(form, new)
        return _send(form, new)
    except GovcloudError as error:
        _take(findings, form, error)
        return _page(form, findings), status_of(error)


@portal.get("/submissions/<uuid:submission_id>")
@signed_in
def submission(submission_id: UUID) -> ResponseReturnValue:
    """Show the requests that were sent off together."""
    views = services().asking_queries.submission(current_actor(), submission_id)
    return render_template("portal/requests.html", page=Page(views, None), after=None, together=True)


def _review(form: AskForm, new: NewSubmission) -> str:
    """Show what will be sent, who decides and by when; the rules have been asked, so that nothing is refused that could be known."""
    services().asking.rehearse(current_actor(), new)
    if form.source == BASKET:
        services().asking.put_in_basket(current_actor(), form.chosen())
    return render_template(
        "portal/asking_review.html",
        form=form,
        new=new,
        once=new_id(),
        subject=_subject(),
        divisions=dict([*((near.code, near.name) for near in form.divisions.near), *form.divisions.others]),
        endings=ENDINGS,
        most_files=MOST_FILES,
    )


def _send(form: AskForm, new: NewSubmission) -> ResponseReturnValue:
    """Send the form off; a second click on the same review is answered with what the first led to."""
    files = sent_files()

    def work() -> CallAnswer:
        done = services().asking.submit(current_actor(), new, files)
        return CallAnswer(303, b"", _address(done))

    once = identifier(form.values.get("once"))
    calls = services().answered_calls
    answer = calls.once(current_actor(), f"portal {once}", _digest(request.form), work) if once is not None else work()
    count = len(new.items) * max(len(new.beneficiaries), 1)
    flash(ngettext("已提交 %(num)s 项申请，各部门同时审批。", "已提交 %(num)s 项申请，各部门同时审批。", count), "success")
    return redirect(answer.location or url_for("portal.requests"), 303)


def _address(done: Submission) -> str:
    """Return where what was sent can be followed."""
    if len(done.requests) == 1:
        return url_for("portal.request_detail", request_id=done.submission_id)
    return url_for("portal.submission", submission_id=done.submission_id)


def _digest(form: MultiDict[str, str]) -> bytes:
    fields = sorted((name, value) for name, value in form.items(multi=True) if name != "csrf_token")
    return hashlib.sha256(repr(fields).encode()).digest()


def _take(findings: Findings, form: AskForm, error: GovcloudError) -> None:
    """Note what the command said: what is about a line beside the line, the rest on top."""
    for item in error.fields:
        findings.add(form.field_of(item.field), item.message)
    if not error.fields:
        findings.take(error)


def _page(form: AskForm, findings: Findings, *, duty: str = "") -> str:
    return render_template(
        "portal/asking.html",
        form=form,
        duty=duty,
        duties={key: DUTY_WORDS[key] for key in DUTIES},
        duty_words=DUTY_WORDS,
        duty_options=duty_options(),
        found=form.found(),
        errors=findings.errors,
        general=findings.general,
    )


def _subject() -> Subject | None:
    return services().identity_queries.subject(acting_appointment())
