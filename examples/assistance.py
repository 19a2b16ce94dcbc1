"""民政救助业务系统: the cases of the divisions that the official's duty covers."""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request

from examples.store import area_names, load, page_of
from examples.subsystem import create_subsystem

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


def create_app() -> Flask:
    """Return the subsystem as a WSGI application."""
    app, govcloud = create_subsystem("assistance")
    engine, cases = load("assistance_cases")
    app.jinja_env.globals["areas"] = area_names(engine, cases)

    @app.get("/")
    @govcloud.require("assistance:case:read")
    def index() -> str:
        number = request.args.get("page", 1, type=int)
        page = page_of(engine, cases, govcloud.rows(cases.c.division_code), cases.c.case_no, number)
        return render_template("assistance.html", columns=COLUMNS, page=page, decision=govcloud.decision())

    @app.get("/healthz")
    def health() -> Response:
        return make_response("ok")

    return app
