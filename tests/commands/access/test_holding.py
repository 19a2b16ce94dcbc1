"""Who may hold a line, hand it on or send it back: holding keeps others from answering, so it takes a right to say yes."""

from __future__ import annotations

import pytest

from govcloud.access.lifecycle import LineState
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied
from govcloud.services import Services
from tests.commands.access.test_delegating import lend
from tests.factories.deciders import end_offices, give_office, set_tier
from tests.factories.requests import ask
from tests.factories.world import World


def test_who_may_only_refuse_holds_nothing_and_hands_nothing_on(services: Services, world: World) -> None:
    """钱伟 stands below 李强: his no is nobody's favour, but a hold of his would keep those away who may say yes."""
    above, qian = give_office(services, world, "SHANXUEMEI", "government"), world.people["QIANWEI"]
    handling, line_id = services.approving.handling, ask(services, world, world.li).line_id
    with pytest.raises(Denied) as caught:
        handling.claim(qian.actor(), line_id)
    assert caught.value.code == "subordinate"
    with pytest.raises(Denied) as caught:
        handling.reassign(qian.actor(), line_id, above.official_id, "转")
    assert caught.value.code == "subordinate"
    page = services.access_queries.decision_page(qian.actor(), line_id)
    assert (page.may_decide, page.may_hold) == (True, False)
    handling.claim(above.actor(), line_id)
    assert services.access_queries.decision_page(above.actor(), line_id).may_hold


def test_sending_back_is_less_than_a_no_and_takes_no_more(services: Services, world: World) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    line_id = ask(services, world, world.li).line_id
    services.approving.returning.send_back(world.people["QIANWEI"].actor(), line_id, 1, "缺办件材料")
    assert services.access_queries.line(world.li.actor(), line_id).state is LineState.RETURNED


def test_who_owes_a_favour_neither_holds_it_nor_is_handed_it(services: Services, world: World) -> None:
    above, other = give_office(services, world, "SHANXUEMEI", "government"), give_office(services, world, "ZHAOMIN", "government")
    services.access.approve(world.li.actor(), ask(services, world, above).line_id, 1)
    handling, line_id = services.approving.handling, ask(services, world, world.li).line_id
    with pytest.raises(Denied) as caught:
        handling.claim(above.actor(), line_id)
    assert caught.value.code == "reciprocal"
    assert above.name not in [one.name for one in handling.candidates(line_id)]
    with pytest.raises(Conflict) as conflict:
        handling.reassign(other.actor(), line_id, above.official_id, "转")
    assert conflict.value.code == "no_candidate"


def test_who_took_a_step_does_not_hold_the_next(services: Services, world: World) -> None:
    set_tier(services, world, "serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "owner", "needed": 1}]})
    handling, line_id = services.approving.handling, ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    with pytest.raises(Conflict) as caught:
        handling.claim(world.li.actor(), line_id)
    assert caught.value.code == "counted_already"
    handling.claim(world.people["QIANWEI"].actor(), line_id)


def test_what_stands_against_everybody_keeps_nobody_from_holding(services: Services, world: World) -> None:
    """The item changed: the line can be refused only, and somebody has to take that on."""
    line_id = ask(services, world).line_id
    set_tier(services, world, "quorum", {"needed": 2})
    services.approving.handling.claim(world.li.actor(), line_id)
    assert services.access.reject(world.li.actor(), line_id, 1, "other").state is LineState.REJECTED


def test_who_may_decide_takes_over_from_somebody_who_no_longer_can(services: Services, world: World, clock: ManualClock) -> None:
    chen, qian, handling = world.people["CHENJIE"], world.people["QIANWEI"], services.approving.handling
    line_id = ask(services, world).line_id
    lend(services, clock, world.li, chen)
    handling.claim(chen.actor(), line_id)
    end_offices(services, world, world.li)
    handling.reassign(qian.actor(), line_id, qian.official_id, "受托人不再有审批权")
    assert services.access.approve(qian.actor(), line_id, 1).state is LineState.APPROVED
