"""Step-up: proving again who one is within a session, and the platform's own commands that want it done lately.

When the rules make second factors more than optional, the commands of ``SENSITIVE`` run for an official only in a session in which
a second factor was proven within ``step_up_minutes``. The question is asked where every command is authorised, so no way in can
forget it; pages lead to the proof and back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session as DatabaseSession

from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor, ActorKind
from govcloud.kernel.authorizer import Authorizer, Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Denied
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon import errors
from govcloud.signon.models import Session
from govcloud.signon.opening import Shown
from govcloud.signon.parts import Parts
from govcloud.signon.policy import FACTOR, OPTIONAL, RECORDED, Policies, SignOnPolicy
from govcloud.signon.proving import Proving
from govcloud.signon.views import ACR_MFA, ACR_PASSWORD, PASSWORD_METHOD, CurrentSession

COMMAND = "govcloud:session:step_up"
#: Commands of the platform (``policies/baseline.yaml``) after which others may do more, or somebody could act as another.
SENSITIVE = frozenset(
    {
        "govcloud:policy:install",
        "govcloud:policy:approve",
        "govcloud:policy:apply",
        "govcloud:role:assign",
        "govcloud:role_ceiling:set",
        "govcloud:duty_rule:add",
        "govcloud:duty_rule:change",
        "govcloud:sod_rule:approve",
        "govcloud:sod_exception:give",
        "govcloud:official:unmask",
        "govcloud:official:correct_id_number",
        "govcloud:password:issue",
        "govcloud:password:import",
        "govcloud:activation:issue",
        "govcloud:second_factor:reset",
        "govcloud:signon_policy:set",
        "govcloud:client:register",
        "govcloud:client:change",
        "govcloud:client:rotate",
        "govcloud:client:entrust",
        # A key vouches for everybody; whoever ends all of them signs everybody out of what they may call.
        "govcloud:signing_key:create",
        "govcloud:signing_key:retire",
        "govcloud:signing_key:withdraw",
        # Whoever may decide in somebody's right, or in advance, opens access to others.
        "govcloud:authority:delegate",
        "govcloud:approval_rule:sign",
    }
)


class StepUpRequired(Exception):
    """The session has to prove a second factor (``factor``) or the password before it goes on; no failure that forms show."""

    def __init__(self, *, factor: bool = True) -> None:
        """Keep what is wanted."""
        super().__init__("a recent proof of identity is required")
        self.factor = factor


class Means(StrEnum):
    """With what a session can be stepped up."""

    FACTOR = "factor"
    PASSWORD = "password"  # noqa: S105 - the name of a means
    ENROL = "enrol"


@dataclass(frozen=True)
class Offer:
    """What the page of step-up offers: the means, and the names of the factors."""

    means: Means
    factors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Demand:
    """What the sensitive functions of subsystems ask of a session: how strong a proof (``acr``), and how many seconds old at the most."""

    acr: str
    max_age: int

    @property
    def factor(self) -> bool:
        """Return whether it has to be a second factor."""
        return self.acr == ACR_MFA


class StepUpAuthorizer:
    """The kernel's port: the engine decides first, then a sensitive command looks for a recent second factor."""

    def __init__(self, inner: Authorizer, rules: Callable[[], SignOnPolicy]) -> None:
        """Take the engine's answer and the rules."""
        self._inner = inner
        self._rules = rules

    def authorize(self, session: DatabaseSession, actor: Actor, command: str, target: Target | None, now: datetime) -> None:
        """Return nothing when allowed.

        Raises:
            Denied: the engine says no.
            StepUpRequired: the engine says yes, and the session has to prove a second factor first.
        """
        self._inner.authorize(session, actor, command, target, now)
        if command not in SENSITIVE or actor.kind is not ActorKind.OFFICIAL:
            return
        policy = self._rules()
        if policy.second_factor == OPTIONAL:
            return
        proven_at = session.scalar(select(Session.second_factor_at).where(Session.id == actor.session_id, Session.ended_at.is_(None)))
        if not recent(proven_at, now, policy):
            raise StepUpRequired


class StepUp:
    """Lets the holder of a session prove again who they are."""

    def __init__(self, uow: UnitOfWork, identity: IdentityQueries, parts: Parts, policies: Policies, clock: Clock) -> None:
        """Take the parts."""
        self._uow = uow
        self._identity = identity
        self._parts = parts
        self._policies = policies
        self._clock = clock

    def offer(self, session: CurrentSession, *, factor: bool = False) -> Offer:
        """Return how the session can be stepped up: with a second factor if there is one, else by password.

        ``factor`` says that a password will not do; then whoever has no second factor has to set one up.
        """
        held = self._parts.demands.held(session.account_id)
        if held:
            return Offer(Means.FACTOR, held)
        wanted = factor or self._parts.demands.demanded_of(session.official_id)
        return Offer(Means.ENROL if wanted else Means.PASSWORD)

    def holds_factor(self, session: CurrentSession) -> bool:
        """Return whether the session's owner has a second factor to prove."""
        return bool(self._parts.demands.held(session.account_id))

    def by_factor(self, actor: Actor, session: CurrentSession, factor: str, typed: str) -> str:
        """Prove a second factor and return the session's fresh token; ``auth_time`` and ``second_factor_at`` are this moment.

        Raises:
            FactorRefused: what was typed does not prove it.
            SignInLocked: too many failures.
            NotFound: the session ended meanwhile.
        """
        account = self._own(session)
        with self._uow.begin(actor, COMMAND, self._target(session)) as tx:
            proven = self._parts.factor_proof.prove(tx, account, factor, typed)
            if not isinstance(proven, Denied):
                token = self._parts.opening.renew(tx, session, actor.source_address, Shown(session.amr).with_factor(proven.methods))
                if token is None:
                    raise errors.no_such_session()
                return token
        raise proven

    def by_password(self, actor: Actor, session: CurrentSession, password: str) -> str:
        """Prove the password and return the session's fresh token, for whoever has no second factor.

        Raises:
            FactorRefused: there is a second factor, which is what counts.
            SignInRefused: the password is wrong.
            SignInLocked: too many failures.
            NotFound: the session ended meanwhile.
        """
        account = self._own(session)
        if self._parts.demands.held(session.account_id):
            policy = self._policies.current()
            raise errors.FactorRefused(policy.lock_attempts, policy.lock_minutes)
        proven = self._parts.proof.prove(Proving(actor, COMMAND, self._target(session)), account.login, password)
        with self._uow.begin(actor, COMMAND, self._target(session)) as tx:
            self._parts.proof.accept(tx, proven)
            token = self._parts.opening.renew(tx, session, actor.source_address, Shown((PASSWORD_METHOD,)))
            if token is None:
                raise errors.no_such_session()
            return token

    def demand(self) -> Demand | None:
        """Return what sensitive functions of subsystems ask of a session now; ``None``: nothing."""
        return _demand(self._policies.current())

    def strong(self, session: CurrentSession | None) -> bool | None:
        """Return whether a session opens sensitive functions of subsystems now; ``None``: nothing is asked of it.

        Whoever acts without a session has proven nothing. It is read of the session itself, never taken from who asks.
        """
        policy = self._policies.current()
        demand = _demand(policy)
        if demand is None or session is None:
            return None if demand is None else False
        return recent(session.second_factor_at if demand.factor else session.auth_time, self._clock.now(), policy)

    def check_recent(self, session: CurrentSession, *, factor: bool) -> None:
        """Return nothing when the session proved its second factor (or, ``factor`` false, its owner) lately.

        Raises:
            StepUpRequired: it did not.
        """
        proven_at = session.second_factor_at if factor else session.auth_time
        if not recent(proven_at, self._clock.now(), self._policies.current()):
            raise StepUpRequired(factor=factor)

    def _own(self, session: CurrentSession) -> AccountView:
        account = self._identity.account(session.account_id)
        if account is None or not account.active:
            raise errors.no_such_session()
        return account

    @staticmethod
    def _target(session: CurrentSession) -> Target:
        return Target("session", str(session.session_id), attributes={"official_id": str(session.official_id)})


def recent(proven_at: datetime | None, now: datetime, policy: SignOnPolicy) -> bool:
    """Return whether a proof still opens sensitive functions."""
    return proven_at is not None and now - proven_at <= timedelta(minutes=policy.step_up_minutes)


def _demand(policy: SignOnPolicy) -> Demand | None:
    if policy.sensitive_functions == RECORDED:
        return None
    return Demand(ACR_MFA if policy.sensitive_functions == FACTOR else ACR_PASSWORD, policy.step_up_minutes * 60)
