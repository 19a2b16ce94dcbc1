"""The card's hash: the same facts give the same hash, also after the database has stored the card; another fact gives another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from govcloud.access.evidence.card import (
    ClearanceEvidence,
    EvidenceCard,
    ItemEvidence,
    LastUse,
    PastDecision,
    PersonEvidence,
    SeparationEvidence,
    evidence_digest,
    utc_text,
)

CARD = EvidenceCard(
    line_id="0199",
    request_number="QX20261124-000001",
    beneficiary=PersonEvidence(
        "01", "王芳", "WANGFANG", "杭州市西湖区民政局", "科员", "窗口受理员", "一级科员", "primary", None, active=True
    ),
    requester=None,
    reason="核对<b>住房</b>情况",
    case_number="XH-2026-0117",
    matter=None,
    item=ItemEvidence(
        name="查询住房登记信息",
        function="housing:register:read",
        function_name="查询住房登记信息",
        subsystem="住房保障管理系统",
        exposes="姓名、房屋坐落",
        sensitive=True,
        integration_level=3,
        tier="one",
        requested_version=1,
        live_version=1,
        owner_department="浙江省住房和城乡建设厅",
    ),
    scope={"divisions": ["330106000000"]},
    scope_names=("西湖区",),
    automatic_end_days=5,
    cap_days=30,
    peers_holding=0,
    held_now=0,
    approved_before=1,
    rejected_before=0,
    looked_back=200,
    latest_decisions=(PastDecision("2026-11-01T00:00:00+00:00", "approved", "杭州市余杭区民政局", 3, ("余杭区",)),),
    last_use=LastUse("unknown", None),
    separation=(SeparationEvidence("cash-and-books", 3, "出纳与会计分离", "static", "clear", (), (), None, None),),
    clearance=ClearanceEvidence(2, 3, suffices=True),
)


def test_the_hash_survives_a_round_through_the_database() -> None:
    stored = json.loads(json.dumps(CARD.to_json(), sort_keys=True))
    assert evidence_digest(stored) == CARD.digest()


def test_any_other_fact_gives_another_hash() -> None:
    others = [
        replace(CARD, reason="别的事由"),
        replace(CARD, peers_holding=1),
        replace(CARD, item=replace(CARD.item, exposes="姓名、房屋坐落、证件号码")),
        replace(CARD, latest_decisions=()),
        replace(CARD, last_use=LastUse("function", "2026-11-20")),
        replace(CARD, separation=(replace(CARD.separation[0], version=4),)),
        replace(CARD, clearance=ClearanceEvidence(2, 1, suffices=False)),
    ]
    assert len({CARD.digest(), *(card.digest() for card in others)}) == 1 + len(others)


def test_a_moment_is_written_in_utc_whatever_zone_it_came_in() -> None:
    moment = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
    assert utc_text(moment.astimezone(timezone(timedelta(hours=8)))) == utc_text(moment) == "2026-11-24T01:30:00+00:00"
