"""住房保障管理系统: anybody with its door reads the guide; the register opens by permission, and only for the granted divisions."""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request

from examples.store import area_names, load, page_of
from examples.subsystem import create_subsystem
from govcloud.client import Columns

READ = "housing:register:read"
EXPORT = "housing:register:export"
COLUMNS = (
    ("register_no", "登记编号"),
    ("division_name", "地区"),
    ("householder", "户主"),
    ("id_number", "证件号码"),
    ("people", "人口"),
    ("address", "房屋坐落"),
    ("area_m2", "建筑面积（㎡）"),
    ("tenure", "住房性质"),
    ("status", "权属状态"),
)
#: What a page calls the functions and the fields that policies name.
NAMES = {READ: "查询住房登记信息", EXPORT: "导出住房登记信息", "id_number": "证件号码", "name": "户主", "address": "房屋坐落"}


def create_app() -> Flask:
    """Return the subsystem as a WSGI application."""
    app, govcloud = create_subsystem("housing")
    engine, register = load("housing_register")
    areas = area_names(engine, register)
    # Nobody needs a citizen's whole number on these pages, whatever a policy opens.
    columns = Columns(division=register.c.division_code, fields={"householder": "name"}, masked=("id_number",))

    @app.get("/")
    @govcloud.require("housing:door:enter")
    def index() -> str:
        # One call for everything that the page offers.
        govcloud.prefetch([READ, EXPORT])
        return render_template("housing.html", read=READ, export=EXPORT)

    @app.get("/register")
    @govcloud.require(READ)
    def households() -> str:
        page = page_of(engine, register, govcloud, columns, order=register.c.register_no, number=request.args.get("page", 1, type=int))
        lines = govcloud.explanation().lines(names={**areas, **NAMES})
        return render_template("register.html", columns=COLUMNS, page=page, lines=lines)

    @app.get("/why")
    @govcloud.require("housing:door:enter")
    def why() -> str:
        told = [govcloud.explain(function) for function in (READ, EXPORT)]
        return render_template("why.html", told=[item.lines(names={**areas, **NAMES}) for item in told])

    @app.get("/healthz")
    def health() -> Response:
        return make_response("ok")

    return app
