"""A sensitive function wants a strong and recent proof of identity where the rules of sign-on say so: the platform looks at the session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import ACR_MFA, ACR_PASSWORD
from tests.entrypoints.authzen.conftest import EVALUATION, GUIDE, READ, Point, question, subject
from tests.factories.browsing import counted
from tests.factories.clients import flag_sensitive
from tests.factories.factors import acting, enrolled
from tests.factories.world import SEED, XIHU, YUHANG, World

CODE = "insufficient_user_authentication"


@dataclass
class Scene:
    """王芳 has a session in the housing subsystem, and the right to read its register in 西湖区."""

    housing: Point
    services: Services
    world: World
    clock: ManualClock
    sid: UUID

    def rule(self, demanded: str) -> None:
        """Say what sensitive functions ask."""
        self.services.signon_policies.set(self.world.security_admin.actor(), {"sensitive_functions": demanded}, "等保三级")

    def subject(self) -> dict[str, Any]:
        """Return her in her session."""
        return subject(self.world.wang, self.sid)

    def ask(self, name: str = READ, division: str = XIHU, *, session: bool = True, **more: object) -> dict[str, Any]:
        """Return the whole answer."""
        who = self.subject() if session else subject(self.world.wang)
        answer: dict[str, Any] = self.housing.said(EVALUATION, question(self.world.wang, name, division) | {"subject": who} | more)
        return answer

    def reason(self, name: str = READ, division: str = XIHU, *, session: bool = True, **more: object) -> str:
        """Return the reason."""
        return str(self.ask(name, division, session=session, **more)["context"]["reason"])

    def prove(self) -> None:
        """Prove a second factor in the session."""
        phone = enrolled(self.services, self.clock)
        session = self.services.signon.session_by_sid(self.sid, "housing-web")
        assert session is not None
        self.services.step_up.by_factor(acting(session), session, "totp", phone.code())


@pytest.fixture
def scene(housing: Point, services: Services, world: World, clock: ManualClock, sid: UUID) -> Scene:
    now, wang = services.clock.now(), world.wang
    right = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), Scope((XIHU,)))
    services.authorization.open_grant(SEED, right)
    return Scene(housing, services, world, clock, sid)


def test_without_the_rule_a_sensitive_function_asks_nothing(scene: Scene) -> None:
    assert scene.reason() == scene.reason(session=False) == "allowed"


@pytest.mark.parametrize(("demanded", "acr"), [("recent", ACR_PASSWORD), ("factor", ACR_MFA)])
def test_a_weak_or_old_session_is_told_what_to_prove(scene: Scene, demanded: str, acr: str) -> None:
    scene.rule(demanded)
    assert scene.reason() == ("allowed" if demanded == "recent" else CODE)
    scene.clock.advance(timedelta(minutes=16))
    answer = scene.ask()
    context = answer["context"]
    assert not answer["decision"]
    assert (context["reason"], context["acr_values"], context["max_age"]) == (CODE, acr, 900)
    assert set(context["reason_user"]) == {"zh-CN", "en"}
    assert not {"access_request", "obligations"} & context.keys()  # no request would mend it, and nothing is opened
    # What is not sensitive stays open, and nobody is sent to prove anything for what would stay closed.
    assert scene.reason(GUIDE) == "allowed"
    assert scene.reason(division=YUHANG) == "out_of_scope"


def test_a_denial_without_a_session_names_nothing_to_prove(scene: Scene) -> None:
    scene.rule("factor")
    context = scene.ask(session=False)["context"]
    assert context["reason"] == CODE
    assert not {"acr_values", "max_age"} & context.keys()


def test_a_recent_second_factor_opens_it_until_it_is_old(scene: Scene) -> None:
    scene.rule("factor")
    scene.prove()
    assert scene.reason() == "allowed"
    scene.clock.advance(timedelta(minutes=15, seconds=1))
    assert scene.reason() == CODE


def test_what_the_subsystem_says_of_the_session_counts_for_nothing(scene: Scene) -> None:
    scene.rule("factor")
    lies = {"acr": ACR_MFA, "strong": True, "second_factor_at": "2099-01-01T00:00:00Z", "amr": ["mfa"], "auth_time": 4_000_000_000}
    who = scene.subject()
    who["properties"] |= lies
    assert scene.reason(context=lies, subject=who) == CODE
    # Nor does leaving the session out: nobody has proven anything then.
    assert scene.reason(session=False) == CODE
    scene.prove()
    assert scene.reason(session=False) == CODE


def test_flagging_a_function_counts_at_once_and_so_does_its_label(scene: Scene) -> None:
    scene.rule("factor")
    for sensitive, told in ((True, CODE), (False, "allowed")):
        flag_sensitive(scene.services, GUIDE, sensitive=sensitive)
        traits = scene.services.subsystem_queries.traits_in_catalogue(GUIDE)
        assert traits is not None
        assert traits.sensitive == sensitive
        assert scene.reason(GUIDE) == told


def test_a_batch_asks_each_question_for_itself(scene: Scene) -> None:
    scene.rule("factor")
    items = [question(scene.world.wang, name) | {"subject": scene.subject()} for name in (READ, GUIDE, READ)]
    assert [answer["context"]["reason"] for answer in scene.housing.batch(*items)] == [CODE, "allowed", CODE]
    scene.prove()
    assert [answer["decision"] for answer in scene.housing.batch(*items)] == [True, True, True]


def test_a_strong_session_costs_no_read_more(scene: Scene) -> None:
    scene.ask()
    with counted() as before:
        assert scene.ask()["decision"]
    scene.rule("recent")
    scene.ask()
    with counted() as after:
        assert scene.ask()["decision"]
    assert len(after) == len(before)


def test_a_search_over_divisions_is_as_strict_as_the_evaluations(scene: Scene) -> None:
    body = {"subject": scene.subject(), "action": {"name": READ}, "resource": {"type": "govcloud:division"}}
    assert scene.housing.said("/access/v1/search/resource", body)["results"]
    scene.rule("factor")
    assert scene.housing.said("/access/v1/search/resource", body)["results"] == []


@pytest.mark.parametrize("kind", ["action", "resource"])
def test_a_search_over_functions_is_as_strict_as_the_evaluations(scene: Scene, kind: str) -> None:
    what = {"resource": {"type": "register", "id": "*", "properties": {"division": XIHU}}}
    if kind == "resource":
        what = {"action": {"name": "use"}, "resource": {"type": "govcloud:function", "properties": {"division": XIHU}}}

    def listed() -> set[str]:
        found = scene.housing.said(f"/access/v1/search/{kind}", {"subject": scene.subject()} | what)
        entries = [*found["results"], *found["context"].get("conditional", ())]
        return {entry.get("id") or entry["name"] for entry in entries}

    before = listed()
    assert {READ, GUIDE} <= before
    scene.rule("factor")
    assert GUIDE in listed()
    assert READ not in listed()
    scene.prove()
    assert listed() == before
