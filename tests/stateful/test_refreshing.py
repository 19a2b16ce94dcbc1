"""Any sequence of signing in, refreshing with whatever was ever given, giving back, waiting and signing out, against a small model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.signon.oauth.errors import RefreshRefused
from govcloud.signon.oauth.refreshing import GRACE
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TokenSet
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.oauth.conftest import Refresher
from tests.commands.signon.test_sessions import own
from tests.commands.signon.test_tickets import desk
from tests.factories.world import World


@dataclass
class Family:
    """What the model knows of what grew out of one code."""

    session: CurrentSession
    ended: bool = False


@dataclass
class Token:
    """What the model knows of a refresh token, and of the access token that came with it."""

    tokens: TokenSet
    family: Family
    issued_at: datetime
    used_at: datetime | None = None
    successors: list[Token] = field(default_factory=list)


class RefreshMachine(RuleBasedStateMachine):
    """Plays a client, its official, and a thief who has every token that was ever given."""

    def __init__(self, services: Services, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.clock = services, clock
        self.client = Refresher(services, desk(services, "assistance-web").client)
        self.given: list[Token] = []
        self.over: set[object] = set()
        self.session = sign_in(services)

    @rule()
    def redeem(self) -> None:
        if self.session.session_id in self.over:
            self.session = sign_in(self.services)
        self.given.append(Token(self.client.first(self.session), Family(self.session), self.clock.now()))

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.given))
        expected = self.expected(token)
        outcome = self.exchange(token)
        if isinstance(outcome, str):
            assert outcome == expected
            token.family.ended |= outcome == "reused"
            return
        assert expected is None
        successor = Token(outcome, token.family, self.clock.now())
        token.used_at = token.used_at or self.clock.now()
        token.successors.append(successor)
        self.given.append(successor)

    def exchange(self, token: Token) -> TokenSet | str:
        try:
            return self.client.refresh(token.tokens.refresh_token)
        except RefreshRefused as refused:
            return refused.reason

    def expected(self, token: Token) -> str | None:
        """Return why the token should be refused, or ``None``."""
        if token.family.session.session_id in self.over:
            return "session_ended"
        if token.family.ended:
            return "revoked"
        if token.used_at is None:
            return None
        late = self.clock.now() - token.used_at > GRACE
        return "reused" if late or any(successor.used_at for successor in token.successors) else None

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.given))
        self.services.oauth.revoke(self.client.actor, self.client.client, token.tokens.refresh_token or "")
        token.family.ended = True

    @rule(seconds=st.sampled_from([1, 10, 11, 60]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.session.session_id not in self.over)
    @rule()
    def sign_out(self) -> None:
        self.services.signon.sign_out(own(self.session), self.session.session_id)
        self.over.add(self.session.session_id)

    @invariant()
    def what_is_alive_is_what_the_model_says(self) -> None:
        for token in self.given[-6:]:
            standing = not token.family.ended and token.family.session.session_id not in self.over
            fresh = self.clock.now() - token.issued_at < timedelta(minutes=5)
            assert self.client.alive(token.tokens) == (standing and fresh)
            said = self.services.oauth.introspect(self.client.client, token.tokens.refresh_token or "")
            assert said["active"] == (standing and token.used_at is None)

    def teardown(self) -> None:
        db.session.remove()


@pytest.mark.timeout(300)
def test_refreshing_against_its_model(services: Services, world: World, clock: ManualClock, superuser_url: str) -> None:
    class Machine(RefreshMachine):
        def __init__(self) -> None:
            db.session.remove()
            with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
                connection.execute("TRUNCATE refresh_token, issued_token, ticket, participant, session CASCADE")
            super().__init__(services, clock)

    run_state_machine_as_test(
        Machine,
        # So few steps that nobody's session becomes idle.
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
