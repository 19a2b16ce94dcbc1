"""What the client makes of a decision point's answers: only a yes that it understands whole is a yes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from flask import Flask, Response, jsonify
from hypothesis import given
from hypothesis import strategies as st

from govcloud.client import CheckDecision, Checks, CheckUnavailableError, FieldRule, RowCondition, Rows, View
from govcloud.client.wire import read_decision

XIHU = "330106000000"
PATH = "/0190a1/0190a2/"


def asked(answer: Any, status: int = 200) -> CheckDecision:  # noqa: ANN401 - any JSON
    """Ask a decision point that answers so."""
    point = Flask("point")

    @point.post("/access/v1/evaluation")
    def evaluation() -> tuple[Response, int]:
        return jsonify(answer), status

    http = httpx.Client(transport=httpx.WSGITransport(point))
    checks = Checks("http://localhost", "housing-web", "secret", http=http, sleep=lambda _seconds: None)
    return checks.check(sub="s", sid="q", function="housing:register:read")


def allowed(obligations: Any) -> CheckDecision:  # noqa: ANN401 - any JSON
    return asked({"decision": True, "context": {"obligations": obligations}})


@pytest.mark.parametrize(
    ("rows", "opened"),
    [
        ({"divisions": [XIHU]}, Rows((RowCondition(XIHU),))),
        ({"divisions": []}, Rows(())),
        ({"divisions": None}, Rows(None)),
        ({}, Rows(None)),
        ({"any": []}, Rows(())),
        (
            {"any": [{"division": XIHU, "department_path": PATH}, {"case_number": "XH1"}]},
            Rows((RowCondition(XIHU, PATH), RowCondition(case_number="XH1"))),
        ),
    ],
)
def test_a_yes_opens_the_rows_that_it_names(rows: Any, opened: Rows) -> None:  # noqa: ANN401 - any JSON
    assert allowed({"rows": rows}).rows == opened


def test_without_rows_every_row_is_open() -> None:
    decision = allowed({})
    assert decision.rows == Rows(None)
    assert list(decision.views) == [View(Rows(None))]


def test_views_carry_the_rules_of_fields() -> None:
    views = [
        {"rows": {"divisions": [XIHU]}, "fields": {"mask": ["phone"], "hide": ["id_number"]}},
        {"rows": {"any": [{"case_number": "XH1"}]}},
    ]
    decision = allowed({"rows": {"any": [{"division": XIHU}, {"case_number": "XH1"}]}, "views": views})
    assert list(decision.views) == [
        View(Rows.within(XIHU), FieldRule(frozenset({"phone"}), frozenset({"id_number"}))),
        View(Rows((RowCondition(case_number="XH1"),))),
    ]
    assert decision.rows == Rows((RowCondition(XIHU), RowCondition(case_number="XH1")))


@pytest.mark.parametrize(("obligations", "bound"), [({}, 0), ({"label_at_most": 0}, 0), ({"label_at_most": 4}, 4)])
def test_a_yes_says_up_to_which_label_it_opens_rows(obligations: dict[str, Any], bound: int) -> None:
    views = [{"rows": {"divisions": [XIHU]}}, {"rows": {"any": [{"case_number": "XH1"}]}, "fields": {"hide": ["note"]}}]
    rows = {"any": [{"division": XIHU}, {"case_number": "XH1"}]}
    for said in ({}, {"rows": {"divisions": [XIHU]}}, {"rows": rows, "views": views}):
        decision = allowed({**said, **obligations})
        assert decision.rows.label_at_most == bound
        assert {view.rows.label_at_most for view in decision.views} == {bound}


@pytest.mark.parametrize("label", [None, True, "1", 1.0, -1, 5, [1], {}])
def test_a_bound_that_is_no_label_makes_the_yes_none(label: object) -> None:
    with pytest.raises(CheckUnavailableError):
        allowed({"label_at_most": label})


def test_views_of_every_row_that_only_limit_fields() -> None:
    decision = allowed({"views": [{"rows": {"divisions": None}, "fields": {"hide": ["note"]}}]})
    assert list(decision.views) == [View(Rows(None), FieldRule(hidden=frozenset({"note"})))]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        "all",
        None,
        {"divisions": "330106000000"},
        {"divisions": [330106]},
        {"divisions": ["330106"]},
        {"divisions": ["00"]},
        {"divisions": ["３３０１０６００００００"]},
        {"any": None},
        {"any": {}},
        {"any": [{}]},
        {"any": [{"division": None}]},
        {"any": [{"business_line": "住房"}]},
        {"any": [{"division": XIHU, "rank": "x"}]},
        {"any": [{"department_path": "no/slashes"}]},
        {"any": [{"department_path": "/"}]},
        {"any": [{"case_number": ""}]},
        {"any": [], "divisions": [XIHU]},
        {"provinces": ["33"]},
    ],
)
def test_rows_that_are_not_understood_make_the_yes_none(rows: object) -> None:
    with pytest.raises(CheckUnavailableError):
        allowed({"rows": rows})


@pytest.mark.parametrize(
    "views",
    [
        None,
        {},
        "all",
        [7],
        [{"rows": {"divisions": [XIHU]}, "only_at": "08:00"}],
        [{"rows": {"divisions": [XIHU]}, "fields": ["phone"]}],
        [{"rows": {"divisions": [XIHU]}, "fields": {"mask": "phone"}}],
        [{"rows": {"divisions": [XIHU]}, "fields": {"hide": [7]}}],
        [{"rows": {"divisions": [XIHU]}, "fields": {"truncate": ["phone"]}}],
        [{"rows": {"divisions": ["330110000000"]}}],
        [{"rows": {"divisions": None}}],
        [{}],
    ],
)
def test_views_that_are_not_understood_or_show_more_than_is_open_make_the_yes_none(views: object) -> None:
    with pytest.raises(CheckUnavailableError):
        allowed({"rows": {"divisions": [XIHU]}, "views": views})


@pytest.mark.parametrize(
    "answer",
    [
        {"decision": True},
        {"decision": True, "context": {}},
        {"decision": True, "context": {"obligations": "x"}},
        {"decision": True, "context": {"obligations": {"fields": {"mask": ["id_number"]}}}},
        # An obligation of a later platform: so clients from before label_at_most took a yes with it for a no.
        {"decision": True, "context": {"obligations": {"rows": {"divisions": [XIHU]}, "label_at_least": 1}}},
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


_WORDS = ["rows", "views", "label_at_most", "divisions", "any", "fields", "mask", "hide", "division", "department_path", "case_number", "x"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from([XIHU, PATH, *_WORDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner),
    max_leaves=12,
)


@given(obligations=_json, context=_json)
def test_whatever_comes_is_a_decision_or_none(obligations: Any, context: Any) -> None:  # noqa: ANN401 - any JSON
    for said in ({"obligations": obligations}, {"obligations": obligations, "reason_user": context, "access_request": context}, context):
        for decision in (True, False, context):
            try:
                read = read_decision({"decision": decision, "context": said}, {})
            except CheckUnavailableError:
                continue
            assert read.allowed is decision
            read.views.masked([{"division": XIHU, "phone": "13800138000"}])
            assert read.allowed or not list(read.views)


@pytest.mark.parametrize("status", [201, 302, 400, 401, 429, 500, 503])
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
    assert decision.rows == Rows(())
    assert not decision.views.covers({"division": XIHU})


@pytest.mark.parametrize("offer", [{"url": "javascript:alert(1)"}, {"url": ""}, {}, "x", None])
def test_what_would_fix_it_is_an_address_of_the_web(offer: object) -> None:
    assert asked({"decision": False, "context": {"access_request": offer, "reason_user": 7}}).access_request is None
