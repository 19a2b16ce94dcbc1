"""What the client makes of a decision point's answers: only a yes that it understands whole is a yes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from flask import Flask, Response, jsonify

from govcloud.client import CheckDecision, Checks, CheckUnavailableError, Rows

XIHU = "330106000000"


def asked(answer: Any, status: int = 200) -> CheckDecision:  # noqa: ANN401 - any JSON
    """Ask a decision point that answers so."""
    point = Flask("point")

    @point.post("/access/v1/evaluation")
    def evaluation() -> tuple[Response, int]:
        return jsonify(answer), status

    http = httpx.Client(transport=httpx.WSGITransport(point))
    return Checks("http://localhost", "housing-web", "secret", http=http).check(sub="s", sid="q", function="housing:register:read")


def test_a_yes_opens_the_rows_that_it_names() -> None:
    assert asked({"decision": True, "context": {"obligations": {}}}).rows == Rows(None)
    assert asked({"decision": True, "context": {"obligations": {"rows": {"divisions": [XIHU]}}}}).rows == Rows((XIHU,))


@pytest.mark.parametrize("rows", [[], "all", {"divisions": None}, {"divisions": "330106000000"}, {"divisions": [330106]}, {}])
def test_rows_that_are_not_understood_are_no_rows(rows: object) -> None:
    decision = asked({"decision": True, "context": {"obligations": {"rows": rows}}})
    assert decision.rows == Rows(())
    assert not decision.rows.covers(XIHU)


@pytest.mark.parametrize(
    "answer",
    [
        {"decision": True},
        {"decision": True, "context": {}},
        {"decision": True, "context": {"obligations": "x"}},
        {"decision": True, "context": {"obligations": {"fields": {"mask": ["id_number"]}}}},
        {"decision": True, "context": [1]},
        {"decision": True, "context": "x"},
        {"decision": 1, "context": {"obligations": {}}},
        {"decision": "true", "context": {"obligations": {}}},
        {"allowed": True},
        [],
        None,
    ],
)
def test_a_yes_that_is_not_understood_whole_is_none(answer: object) -> None:
    with pytest.raises(CheckUnavailableError):
        asked(answer)


@pytest.mark.parametrize("status", [201, 302, 400, 401, 500, 503])
def test_only_200_is_an_answer(status: int) -> None:
    with pytest.raises(CheckUnavailableError):
        asked({"decision": True, "context": {"obligations": {}}}, status)


def test_a_no_tells_what_would_fix_it() -> None:
    offer = {"url": "https://cloud.example.gov.cn/requests/new?item=1", "function_name": "查询", "owner": "住建厅", "max_days": 30}
    context = {"reason": "no_permission", "reason_user": {"zh-CN": "没有权限。", "en": "No."}, "access_request": offer, "trace_id": "t"}
    decision = asked({"decision": False, "context": context})
    assert not decision.allowed
    assert (decision.reason("en"), decision.reason("fr"), decision.trace_id) == ("No.", "没有权限。", "t")
    assert decision.access_request is not None
    assert (decision.access_request.owner, decision.access_request.max_days) == ("住建厅", 30)


@pytest.mark.parametrize("offer", [{"url": "javascript:alert(1)"}, {"url": ""}, {}, "x", None])
def test_what_would_fix_it_is_an_address_of_the_web(offer: object) -> None:
    assert asked({"decision": False, "context": {"access_request": offer, "reason_user": 7}}).access_request is None
