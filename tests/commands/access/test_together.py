"""Several lines in one act: those of a request all or none, those of an inbox each on its own; comments; links in mails."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from govcloud.access.commands import Alternative, Answer
from govcloud.access.deciding.decision_links import LinkedLine, link_token, read_token
from govcloud.access.deciding.together import Ballot
from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.deciders import give_office, put_together, set_tier
from tests.factories.requests import ask, may_read
from tests.factories.world import XIHU, World

EXPORT = "housing:register:export"


def two_lines(services: Services, world: World, superuser_url: str) -> tuple[UUID, UUID, UUID]:
    """Return a request, and its two lines, which one person decides."""
    set_tier(services, world, "one", function=EXPORT)
    first, second = ask(services, world), ask(services, world, item_id=world.items[EXPORT], days=7)
    put_together(superuser_url, first.request_id, second.line_id)
    return first.request_id, first.line_id, second.line_id


def test_many_lines_each_with_its_own_verdict(services: Services, world: World, superuser_url: str) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    _, first, second = two_lines(services, world, superuser_url)
    own = ask(services, world, world.li).line_id
    ballots = [Ballot(line_id, 1, Answer.yes()) for line_id in (first, second, own, uuid4())]
    with pytest.raises(NotFound):
        services.access.approve(world.li.actor(), ballots[-1].line_id, 1)
    verdicts = {verdict.line_id: verdict for verdict in services.approving.together.each(world.li.actor(), ballots)}
    assert [verdicts[line].decided is not None for line in (first, second, own, ballots[-1].line_id)] == [True, True, False, False]
    refused = verdicts[own].error
    assert isinstance(refused, Denied)
    assert refused.code == "own_request"
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_grant")) == 2
    for wrong in ([], [ballots[0], ballots[0]], [Ballot(uuid4(), 1, Answer.yes()) for _ in range(101)]):
        with pytest.raises(Invalid):
            services.approving.together.each(world.li.actor(), wrong)


def test_lines_of_one_act_stand_or_fall_together(services: Services, world: World, superuser_url: str) -> None:
    request_id, first, second = two_lines(services, world, superuser_url)
    ballots = [Ballot(first, 1, Answer.yes(days=3)), Ballot(second, 9, Answer.yes())]
    with pytest.raises(Conflict) as caught:
        services.approving.together.of_request(world.li.actor(), request_id, ballots)
    assert caught.value.code == "line_changed"
    assert services.uow.read().scalar(text("SELECT count(*) FROM decision")) == 0
    foreign = ask(services, world, world.people["CHENJIE"]).line_id
    with pytest.raises(NotFound):
        services.approving.together.of_request(world.li.actor(), request_id, [ballots[0], Ballot(foreign, 1, Answer.yes())])
    page = services.access_queries.decision_page(world.li.actor(), first)
    assert [other.line.id for other in page.others] == [second]
    ballots[1] = Ballot(second, 1, Answer.no("too_broad", "只需查询"))
    decided = services.approving.together.of_request(world.li.actor(), request_id, ballots)
    assert [one.state for one in decided] == [LineState.APPROVED, LineState.REJECTED]
    assert may_read(services, world.wang)


def test_a_refusal_offers_something_else(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    offer = Alternative(Scope((XIHU,)), 3, world.items[EXPORT])
    services.access.reject(world.li.actor(), line_id, 1, "too_broad", alternative=offer)
    shown = services.access_queries.line(world.wang.actor(), line_id).decision
    assert shown is not None
    assert shown.alternative is not None
    assert (shown.alternative.item_id, shown.alternative.days, shown.alternative.scope_names) == (world.items[EXPORT], 3, ("西湖区",))
    for wrong in (Alternative(days=0), Alternative(item_id=uuid4())):
        other = ask(services, world).line_id
        with pytest.raises(Invalid):
            services.access.reject(world.li.actor(), other, 1, "too_broad", alternative=wrong)
        services.access.withdraw(world.wang.actor(), other, 1)


def test_requester_and_approvers_talk_on_the_line(services: Services, world: World) -> None:
    talk = services.approving.discussing
    line_id = ask(services, world).line_id
    talk.comment(world.li.actor(), line_id, "请问涉及几户？")
    talk.comment(world.wang.actor(), line_id, "三户。")
    assert [(remark.by.name, remark.text) for remark in talk.remarks(line_id)] == [("李强", "请问涉及几户？"), ("王芳", "三户。")]
    for person in (world.zhao, world.people["HEWEI"], world.people["SUNLI"]):
        with pytest.raises(Denied):
            talk.comment(person.actor(), line_id, "旁观")
    for wrong in ("", " ", "长" * 501):
        with pytest.raises(Invalid):
            talk.comment(world.wang.actor(), line_id, wrong)


def test_a_link_names_a_line_and_runs_out(services: Services, clock: ManualClock) -> None:
    line_id = uuid4()
    token = link_token(services.keys, line_id, 3, clock.now())
    assert read_token(services.keys, token, clock.now()) == LinkedLine(line_id, 3)
    for wrong in ("", "x", token[:-2] + ("AA" if not token.endswith("AA") else "BB"), token[:40], token + token, "链接", "A" * 5000):
        with pytest.raises(Conflict) as caught:
            read_token(services.keys, wrong, clock.now())
        assert caught.value.code == "bad_link"
    with pytest.raises(Conflict) as caught:
        read_token(services.keys, token, clock.now() + timedelta(days=14))
    assert caught.value.code == "link_expired"
