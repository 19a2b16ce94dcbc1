"""The pages of one client: what it is, its form, the settings to copy, the test of its connection, and a sign-in as oneself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, abort, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.catalogue.client_fields import (
    CLAIM_WORDS,
    FIELDS,
    GRANT_WORDS,
    METHOD_WORDS,
    PROTOCOL_WORDS,
    addresses_from,
    blank,
    settings_from,
    shown,
    typed,
)
from govcloud.entrypoints.console.catalogue.client_settings import NO_SECRET, endpoints_for, ready_for, text_of
from govcloud.entrypoints.console.catalogue.subsystem_forms import FORMS
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.subsystem_reach import Standing, subsystem_within
from govcloud.entrypoints.console.people.change_forms import Filled
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.clients.client_records import as_record, fingerprint
from govcloud.subsystems.inputs import ClientCredentials, NewClient
from govcloud.subsystems.lifecycle import UNDER_REVIEW, Status
from govcloud.subsystems.probing.probes import ADVICE, FAILED, PASSED
from govcloud.subsystems.protocols import SECRET
from govcloud.subsystems.queries import ClientView, SubsystemView
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, current_session, no_permission, services, source_address
from govcloud.web.locale import say
from govcloud.web.words import StateWord

REGISTERS, CHANGES, TESTS = "govcloud:client:register", "govcloud:client:change", "govcloud:client:test"
OUTCOMES: Mapping[str, StateWord] = {
    PASSED: StateWord(Message("正常"), "circle-check", "success"),
    ADVICE: StateWord(Message("建议"), "info", "warning"),
    FAILED: StateWord(Message("未通过"), "circle-x", "danger"),
}
_TOLD_WORDS: Mapping[str, Message] = {
    "id_token": Message("ID 令牌的内容"),
    "userinfo": Message("userinfo 的回答"),
    "serviceValidate": Message("CAS 验证票据的回答"),
    "headers": Message("放在请求头中的信息"),
}


class ClientPages(ConsolePage):
    """The pages of a client, below those of its subsystem."""

    @expose("/client/<uuid:subsystem_id>/<client_id>/")
    def client_view(self, subsystem_id: UUID, client_id: str) -> str:
        """Show a client: its settings, what to copy to the other side, and what the reader may do."""
        view, client = _found(subsystem_id, client_id)
        issuer, ready = services().settings.public_url, ready_for(client)
        wanted = request.args.get("for", "")
        chosen = next((one for one in ready if one.name == wanted), next(iter(ready), None))
        return self._show(
            "console/client.html",
            view,
            client,
            record=as_record(client),
            fields=FIELDS[client.protocol],
            ready=ready,
            chosen=chosen,
            text=text_of(chosen, client, issuer) if chosen else "",
            endpoints=endpoints_for(client, issuer),
            no_secret=NO_SECRET,
        )

    @expose("/client/<uuid:subsystem_id>/<client_id>/change", methods=("GET", "POST"))
    def client_change_view(self, subsystem_id: UUID, client_id: str) -> Response:
        """Show the form of a client, and change it."""
        view, client = _found(subsystem_id, client_id)
        if client.disabled or not _may(view, CHANGES):
            raise no_permission()
        back = url_for(".client_view", subsystem_id=view.id, client_id=client.client_id)
        if request.method == "GET":
            start = shown(client) | {"seen": fingerprint(client)}
            return self._client_form(view, client.protocol, Filled(start), client=client, back=back)
        values, notes = _typed(client.protocol)
        try:
            notes.done()
            changed = services().subsystems.change_client(current_actor(), client.client_id, _change(client.protocol, values, notes))
        except GovcloudError as error:
            return self._client_form(
                view, client.protocol, _refilled(client.protocol, error), client=client, back=back, status=status_of(error)
            )
        return self._registered(
            view, changed, back, Message("已变更客户端，立即生效；已登录的人员不受影响。") if changed else Message("没有变化。")
        )

    @expose("/new-client/<uuid:subsystem_id>/", methods=("GET", "POST"))
    def client_new_view(self, subsystem_id: UUID) -> Response:
        """Ask for the protocol, then show the form of a new client of it, and register it."""
        view = subsystem_within(subsystem_id)
        if not _may(view, REGISTERS):
            raise no_permission()
        protocol = request.args.get("protocol", "")
        if protocol not in PROTOCOL_WORDS:
            return make_response(self._client_page("console/client_protocol.html", subsystem=view))
        back = url_for(".details_view", id=view.id)
        if request.method == "GET":
            taken = services().subsystem_queries.clients_named([view.code])
            start = blank(protocol, view.name) | {"client_id": "" if taken else view.code}
            return self._client_form(view, protocol, Filled(start), client=None, back=back)
        values, notes = _typed(protocol)
        try:
            notes.done()
            given = services().subsystems.register_client(current_actor(), _new(view, protocol, values, notes))
        except GovcloudError as error:
            return self._client_form(view, protocol, _refilled(protocol, error), client=None, back=back, status=status_of(error))
        page = url_for(".client_view", subsystem_id=view.id, client_id=given.client_id)
        return self._registered(view, given, page, Message("已登记客户端。接下来请复制配置到子系统，再测试连接。"))

    @expose("/client/<uuid:subsystem_id>/<client_id>/test", methods=("GET", "POST"))
    def client_test_view(self, subsystem_id: UUID, client_id: str) -> str:
        """Show the tests of the connection; sent as a form, run all of them (with scripts, each row runs its own)."""
        view, client = _testable(subsystem_id, client_id)
        found = services().probing.run(current_actor(), client.client_id) if request.method == "POST" else ()
        plan = services().probing.plan(client.client_id)
        return self._show("console/client_test.html", view, client, plan=plan, found={one.planned.key: one for one in found})

    @expose("/client/<uuid:subsystem_id>/<client_id>/test/<key>", methods=("POST",))
    def client_probe(self, subsystem_id: UUID, client_id: str, key: str) -> str:
        """Run one test and answer with its row."""
        _, client = _testable(subsystem_id, client_id)
        [one] = services().probing.run(current_actor(), client.client_id, key)
        return self._client_page("console/_probe.html", planned=one.planned, probed=one)

    @expose("/client/<uuid:subsystem_id>/<client_id>/try")
    def client_try_view(self, subsystem_id: UUID, client_id: str) -> str:
        """Show what the client would be told if the reader signed in through it now; nothing is sent to it."""
        view, client = _testable(subsystem_id, client_id)
        session = current_session()
        if session is None:
            abort(401)
        tried = services().trying.as_myself(session, client, client_address=source_address())
        appointment = services().identity_queries.appointment(session.appointment_id) if session.appointment_id else None
        told = {name: json.dumps(values, ensure_ascii=False, indent=2) for name, values in tried.told.items()}
        return self._show(
            "console/client_try.html",
            view,
            client,
            tried=tried,
            told=told,
            told_words=_TOLD_WORDS,
            session=session,
            appointment=appointment,
        )

    # Parts of the pages

    def _client_form(
        self, view: SubsystemView, protocol: str, filled: Filled, *, client: ClientView | None, back: str, status: int = 200
    ) -> Response:
        fields = FIELDS[protocol]
        labels = {field.name: field.label for field in fields} | {"client_id": Message("客户端标识")}
        page = self._client_page(
            "console/client_form.html",
            subsystem=view,
            protocol=protocol,
            fields=fields,
            labels=labels,
            filled=filled,
            client=client,
            back=back,
            rare_wrong=any(field.rare and field.name in filled.errors for field in fields),
        )
        return make_response(page, status)

    def _registered(self, view: SubsystemView, given: ClientCredentials | None, page: str, said: Message) -> Response:
        """Say what was done; a secret is shown on the answer itself, this once."""
        if given is not None and given.secret is not None:
            shown_once = self._client_page("console/client_secret.html", subsystem=view, credentials=given, page=page, said=said)
            response = make_response(shown_once)
            response.headers["Cache-Control"] = "no-store"
            return response
        flash(say(said), "success")
        return make_response(redirect(page, 303))

    def _show(self, template: str, view: SubsystemView, client: ClientView, **values: Any) -> str:  # noqa: ANN401 - template values
        """Render a page of a client with what all of them show."""
        forms = {name: FORMS[name] for name in ("rotate", "disable") if not client.disabled and _may(view, FORMS[name].function)}
        if client.auth_method != SECRET:
            forms.pop("rotate", None)
        return self._client_page(
            template,
            subsystem=view,
            client=client,
            may_change=not client.disabled and _may(view, CHANGES),
            may_test=not client.disabled and view.status != Status.RETIRED and _may_test(view),
            forms=forms,
            **values,
        )

    def _client_page(self, template: str, **values: Any) -> str:  # noqa: ANN401 - template values
        words = {"protocol_words": PROTOCOL_WORDS, "method_words": METHOD_WORDS, "grant_words": GRANT_WORDS, "claim_words": CLAIM_WORDS}
        rendered: str = self.render(template, view=self, outcomes=OUTCOMES, **words, **values)
        return rendered


def _found(subsystem_id: UUID, client_id: str) -> tuple[SubsystemView, ClientView]:
    """Return a client, a disabled one too, of a subsystem within the reader's reach.

    Raises:
        NotFound: there is none by that id there.
    """
    view = subsystem_within(subsystem_id)
    found = next((client for client in services().subsystem_queries.clients_of(view.id) if client.client_id == client_id), None)
    if found is None:
        raise NotFound.of(Message("客户端"), client_id)
    return view, found


def _testable(subsystem_id: UUID, client_id: str) -> tuple[SubsystemView, ClientView]:
    view, client = _found(subsystem_id, client_id)
    if not _may_test(view):
        raise no_permission()
    return view, client


def _may(view: SubsystemView, function: str) -> bool:
    """Say whether the reader may change a client of the subsystem as it stands."""
    return Status(view.status) not in UNDER_REVIEW | {Status.RETIRED} and Standing.of(view).may(function)


def _may_test(view: SubsystemView) -> bool:
    return opened(TESTS) and Standing.of(view).may(TESTS)


def _typed(protocol: str) -> tuple[dict[str, Any], Fields]:
    notes = Fields()
    return typed(protocol, request.form, notes), notes


def _change(protocol: str, values: Mapping[str, Any], notes: Fields) -> ClientChange:
    settings = settings_from(protocol, values, notes)
    notes.done()
    return ClientChange(
        values["name"] or "",
        **addresses_from(values),
        auth_method=values.get("auth_method", SECRET),
        settings=settings,
        seen=request.form.get("seen") or "",
    )


def _new(view: SubsystemView, protocol: str, values: Mapping[str, Any], notes: Fields) -> NewClient:
    change = _change(protocol, values, notes)
    addresses = (change.redirect_uris, change.post_logout_uris, change.services, change.origins)
    return NewClient(view.code, request.form.get("client_id", ""), change.name, *addresses, change.auth_method, change.settings)


def _refilled(protocol: str, error: GovcloudError) -> Filled:
    """Return the form as it was typed, with what is wrong; keys that were refused are not shown again, for one may be private."""
    kept: dict[str, Any] = {"client_id": request.form.get("client_id", ""), "seen": request.form.get("seen", "")}
    for field in FIELDS[protocol]:
        kept[field.name] = request.form.getlist(field.name) if field.kind == "checks" else request.form.get(field.name, "")
    filled = Filled(kept)
    filled.take(error)
    several: dict[str, list[str]] = {}
    for item in error.fields:
        several.setdefault(item.field, []).append(f"{item.value}：{say(item.message)}" if item.value else say(item.message))
    filled.errors.update({name: " ".join(texts[:5]) for name, texts in several.items()})
    if "jwks" in filled.errors:
        kept["jwks"] = ""
    return filled
