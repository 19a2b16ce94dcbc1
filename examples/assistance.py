"""民政救助业务系统: the cases of the divisions that the official's duty covers, and one case by a check of its own."""

from __future__ import annotations

from flask import Flask, Response, abort, make_response, render_template, request

from examples.store import area_names, load, page_of, row_of
from examples.subsystem import create_subsystem
from govcloud.client import Columns

READ = "assistance:case:read"
ACCEPT = "assistance:case:accept"
#: The demo province has it at security label 2: a role opens it to those alone who are cleared for as much.
PAYMENT = "assistance:payment:read"
COLUMNS = (
    ("case_no", "案件编号"),
    ("division_name", "地区"),
    ("applicant", "申请人"),
    ("id_number", "证件号码"),
    ("people", "家庭人口"),
    ("kind", "救助类别"),
    ("monthly_amount", "月救助金额（元）"),
    ("accepted_on", "受理日期"),
    ("status", "状态"),
)
PAYMENTS = (
    ("case_no", "案件编号"),
    ("division_name", "地区"),
    ("applicant", "发放对象"),
    ("kind", "救助类别"),
    ("monthly_amount", "月救助金额（元）"),
)
#: What a page calls the functions and the fields that policies name.
NAMES = {
    READ: "查看救助案件",
    ACCEPT: "受理救助案件",
    PAYMENT: "查询救助资金发放",
    "id_number": "证件号码",
    "name": "申请人",
    "monthly_amount": "月救助金额",
}


def create_app() -> Flask:
    """Return the subsystem as a WSGI application."""
    app, govcloud = create_subsystem("assistance")
    engine, cases = load("assistance_cases")
    areas = area_names(engine, cases)
    # Nobody needs a citizen's whole number on these pages, whatever a policy opens.
    columns = Columns(division=cases.c.division_code, case_number=cases.c.case_no, fields={"applicant": "name"}, masked=("id_number",))

    @app.get("/")
    @govcloud.require(READ)
    def index() -> str:
        page = page_of(engine, cases, govcloud, columns, order=cases.c.case_no, number=request.args.get("page", 1, type=int))
        # One call for the whole page; the template then asks govcloud_can(...) row by row.
        govcloud.prefetch([PAYMENT, *((ACCEPT, {"division": row["division_code"]}) for row in page.rows)])
        lines = govcloud.explanation().lines(names={**areas, **NAMES})
        return render_template("assistance.html", columns=COLUMNS, page=page, lines=lines, accept=ACCEPT, payment=PAYMENT)

    @app.get("/payments")
    @govcloud.require(PAYMENT)
    def payments() -> str:
        page = page_of(engine, cases, govcloud, columns, order=cases.c.case_no, number=request.args.get("page", 1, type=int))
        lines = govcloud.explanation().lines(names={**areas, **NAMES})
        return render_template("payments.html", columns=PAYMENTS, page=page, lines=lines)

    @app.get("/cases/<number>")
    def case(number: str) -> str:
        found = row_of(engine, cases, cases.c.case_no, number)
        if found is None:
            # Whoever may not read cases does not learn which numbers there are.
            govcloud.access.require(READ)
            abort(404)
        govcloud.access.require(READ, {"division": found["division_code"], "case_number": number}, resource_id=number)
        return render_template("case.html", columns=COLUMNS, row=govcloud.mask(found, columns))

    @app.get("/healthz")
    def health() -> Response:
        return make_response("ok")

    return app
