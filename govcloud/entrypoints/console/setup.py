"""Puts the console on the application: the index, every view with the function that opens it, and the rail."""

from __future__ import annotations

from flask import Blueprint, Flask, request, url_for
from flask_admin import Admin, AdminIndexView, expose
from flask_admin.theme import Bootstrap4Theme
from flask_babel import gettext

from govcloud.access.models import RequestLine
from govcloud.authorization.apart.models import SodDraft, SodException, SodRule, SodViolation
from govcloud.authorization.models import AccessGrant, DutyRule, PolicyRule, Role, RoleAssignment
from govcloud.entrypoints.console.catalogue.clients import ClientsView
from govcloud.entrypoints.console.catalogue.list_imports import PowerItemsView, ServiceItemsView
from govcloud.entrypoints.console.catalogue.matters import MattersView
from govcloud.entrypoints.console.catalogue.subsystems import SubsystemsView
from govcloud.entrypoints.console.organisation.departments import OrganisationView
from govcloud.entrypoints.console.parts.base import ConsoleView
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.people.activation import ActivationView
from govcloud.entrypoints.console.people.imports import ImportsView
from govcloud.entrypoints.console.people.officials import OfficialsView
from govcloud.entrypoints.console.people.planned import PlannedView
from govcloud.entrypoints.console.policies.policy_drafts import PolicyDraftsView
from govcloud.entrypoints.console.rights.access import AccessView
from govcloud.entrypoints.console.rights.apart import SodDraftsView, SodExceptionsView, SodRulesView
from govcloud.entrypoints.console.rights.authorization import AssignmentsView, GrantsView, RolesView, RulesView
from govcloud.entrypoints.console.rights.ceilings import CeilingsView
from govcloud.entrypoints.console.rights.duties import DutyRulesView
from govcloud.entrypoints.console.rights.playground import PlaygroundView
from govcloud.entrypoints.console.rights.requests import RequestsView
from govcloud.entrypoints.console.rights.who_can import WhoCanView
from govcloud.entrypoints.console.running.audit import AuditView
from govcloud.entrypoints.console.running.clocks import ClocksView
from govcloud.entrypoints.console.running.decision_log import DecisionLogView
from govcloud.entrypoints.console.running.keys import KeysView
from govcloud.entrypoints.console.running.logouts import LogoutsView
from govcloud.entrypoints.console.running.outbox import OutboxView
from govcloud.entrypoints.console.running.sessions import SessionsView
from govcloud.entrypoints.console.running.signon_policy import SignOnPolicyView
from govcloud.entrypoints.console.violations import SodViolationsView
from govcloud.identity.models import Official
from govcloud.outbox.models import OutboxMessage
from govcloud.signon.models import Session
from govcloud.subsystems.models import Client
from govcloud.web.gate import Gate, declare_blueprint
from govcloud.web.headers import csp_nonce
from govcloud.web.locale import say
from govcloud.web.shell import NavGroup, NavItem
from govcloud.web.uploads import declare_upload

OPENS = "govcloud:console:open"
Room = ConsoleView | ConsolePage


def _views() -> list[Room]:
    """Return the views, in the order of the rail."""
    return [
        OfficialsView(Official, "officials"),
        PlannedView(),
        ImportsView(),
        ActivationView(),
        OrganisationView(),
        PowerItemsView(),
        ServiceItemsView(),
        SubsystemsView(),
        MattersView(),
        ClientsView(Client, "clients"),
        RolesView(Role, "roles"),
        DutyRulesView(DutyRule, "duties"),
        AssignmentsView(RoleAssignment, "assignments"),
        CeilingsView(),
        AccessView(),
        WhoCanView(),
        PlaygroundView(),
        RulesView(PolicyRule, "policies"),
        PolicyDraftsView(),
        SodRulesView(SodRule, "sod_rules"),
        SodDraftsView(SodDraft, "sod_drafts"),
        SodExceptionsView(SodException, "sod_exceptions"),
        SodViolationsView(SodViolation, "sod_violations"),
        RequestsView(RequestLine, "requests"),
        GrantsView(AccessGrant, "grants"),
        SignOnPolicyView(),
        ClocksView(),
        KeysView(),
        SessionsView(Session, "sessions"),
        LogoutsView(),
        OutboxView(OutboxMessage, "outbox"),
        AuditView(),
        DecisionLogView(),
    ]


class _Index(AdminIndexView):
    """The console's first page: what the reader's roles open."""

    def __init__(self, views: list[Room]) -> None:
        super().__init__(name=gettext("管理控制台"), endpoint="console", url="/console")
        self._rooms = views

    @expose("/")
    def index(self) -> str:
        """Show the groups."""
        rendered: str = self.render("console/index.html", groups=_groups(self._rooms))
        return rendered


def _groups(views: list[Room]) -> list[NavGroup]:
    """Return the views that the reader may open, by group."""
    found: dict[str, list[NavItem]] = {}
    for view in views:
        if opened(view.opens):
            here = (request.endpoint or "").rpartition(".")[0] == view.endpoint
            hint = say(view.lead) if view.lead else ""
            item = NavItem(url_for(f"{view.endpoint}.index_view"), say(view.title), view.icon, current=here, hint=hint)
            found.setdefault(say(view.group), []).append(item)
    return [NavGroup(title, tuple(items)) for title, items in found.items()]


def init_console(app: Flask) -> None:
    """Register the console; every view is closed but to those to whom the engine opens its function."""
    views = _views()
    app.extensions["govcloud.console_functions"] = frozenset().union(*(view.functions for view in views))
    index = _Index(views)
    with app.test_request_context():
        # Flask-Admin translates while it builds its forms, which wants a request's language.
        admin = Admin(
            app,
            name="govcloud",
            index_view=index,
            theme=Bootstrap4Theme(base_template="console/layout.html"),
            csp_nonce_generator=csp_nonce,
        )
        for view in views:
            admin.add_view(view)
    templates = Blueprint("console_templates", __name__, template_folder="templates")
    app.register_blueprint(templates)
    declare_blueprint(app, "console", Gate("requires", OPENS))
    for view in views:
        declare_blueprint(app, view.endpoint, Gate("requires", view.opens))
    for endpoint in ("console_imports", "console_power_items", "console_service_items"):
        declare_upload(app, f"{endpoint}.upload")
    for endpoint in ("console_policy_drafts.new_view", "console_policy_drafts.edit_view"):
        declare_upload(app, endpoint)

    def console_rail() -> list[NavGroup]:
        home = NavItem(url_for("console.index"), gettext("管理控制台"), "monitor-cog", current=request.endpoint == "console.index")
        back = NavItem(url_for("portal.workbench"), gettext("返回工作台"), "arrow-left")
        return [NavGroup("", (back, home)), *_groups(views)]

    app.jinja_env.globals["console_rail"] = console_rail


__all__ = ["OPENS", "init_console"]
