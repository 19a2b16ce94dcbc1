"""住房保障管理系统: anybody with its door reads the guide; the register opens by permission, and only for the granted divisions."""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request

from examples.store import area_names, load, page_of
from examples.subsystem import create_subsystem

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


def create_app() -> Flask:
    """Return the subsystem as a WSGI application."""
    app, govcloud = create_subsystem("housing")
    engine, register = load("housing_register")
    app.jinja_env.globals["areas"] = area_names(engine, register)

    @app.get("/")
    @govcloud.require("housing:door:enter")
    def index() -> str:
        return render_template("housing.html")

    @app.get("/register")
    @govcloud.require("housing:register:read")
    def households() -> str:
        number = request.args.get("page", 1, type=int)
        page = page_of(engine, register, govcloud.rows(register.c.division_code), register.c.register_no, number)
        return render_template("register.html", columns=COLUMNS, page=page, decision=govcloud.decision())

    @app.get("/healthz")
    def health() -> Response:
        return make_response("ok")

    return app
