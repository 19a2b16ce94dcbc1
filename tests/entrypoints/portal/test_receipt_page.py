"""The page that says what a receipt says: for whoever may see the line, in both languages, of older receipts as well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg

from govcloud.access.commands import Submitted
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.commands.access.test_delegating import lend
from tests.factories.browsing import Visitor, said
from tests.factories.deciders import set_tier
from tests.factories.requests import ask
from tests.factories.world import World

OLD = Path(__file__).parents[2] / "commands" / "access" / "data" / "receipt_v1.json"


def test_the_page_names_the_right_the_step_and_who_counted_before(
    services: Services, world: World, clock: ManualClock, wang: Visitor, li: Visitor
) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    lend(services, clock, world.people["QIANWEI"], world.people["CHENJIE"], out_of_office=True)
    asked = ask(services, world)
    services.access.approve(world.li.actor(), asked.line_id, 1)
    done = services.access.approve(world.people["CHENJIE"].actor(), asked.line_id, 1)
    address = f"/lines/{asked.line_id}/receipts/{done.decision_id}/shown"
    assert address in li.get(f"/inbox/{asked.line_id}").text
    assert address in wang.get(f"/requests/{asked.request_id}").text
    shown = said(li.get(address))
    for words in (
        "这份回执核验通过",
        "陈杰",
        "委托人外出期间代行其审批权",
        "审批权属于 钱伟",
        "须 2 人同意，已同意 2 人",
        "此前同意：李强",
    ):
        assert words in shown, words
    assert "第 1 步，共 1 步" in shown
    assert "下载证据卡" in shown
    assert "下载证据卡" not in said(wang.get(address)), "the card is for those who decide"
    wang.client.set_cookie("govcloud_language", "en")
    english = said(wang.get(address))
    for words in (
        "This receipt holds",
        "Standing in while whoever delegated was out of office",
        "In the right of 钱伟",
        "Approved before: 李强",
    ):
        assert words in english, words


def test_strangers_see_no_receipt(services: Services, world: World, submitted: Submitted, visitor: Callable[[], Visitor]) -> None:
    done = services.access.approve(world.li.actor(), submitted.line_id, 1)
    stranger = visitor().sign_in("ZHAOMIN")
    assert stranger.get(f"/lines/{submitted.line_id}/receipts/{done.decision_id}/shown").status_code == 404
    assert stranger.get(f"/lines/{submitted.line_id}/receipts/{submitted.line_id}/shown").status_code == 404


def test_an_older_receipt_is_shown_as_what_it_is(
    services: Services, world: World, submitted: Submitted, li: Visitor, superuser_url: str
) -> None:
    """Its key is not of this platform's archive, so that the page also shows one that does not hold."""
    done = services.access.approve(world.li.actor(), submitted.line_id, 1)
    payload = json.loads(OLD.read_text(encoding="utf-8"))["receipt"]["payload"]
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("UPDATE decision_receipt SET payload = %s", (payload,))
    shown = said(li.get(f"/lines/{submitted.line_id}/receipts/{done.decision_id}/shown"))
    assert "旧版回执没有写明" in shown
    assert "这份回执核验不通过" in shown
