"""The services of sign-on, and what carries its notices of sign-outs."""

from __future__ import annotations

from govcloud.kernel.turn import Turn
from govcloud.outbox.queries import OutboxQueries
from govcloud.services import AuthorizationServices, SignOnServices
from govcloud.signon.cas.service import Cas
from govcloud.signon.factors.service import SecondFactors
from govcloud.signon.forwarding.service import Forwarding
from govcloud.signon.launcher import Launcher
from govcloud.signon.logout.closed_doors import SWEEP, ClosedDoors
from govcloud.signon.logout.leaving import Leaving
from govcloud.signon.logout.queries import LogoutQueries
from govcloud.signon.logout.service import Logout
from govcloud.signon.logout.telling import LogoutNotices
from govcloud.signon.oauth.delegating import Delegating
from govcloud.signon.oauth.devices import Devices
from govcloud.signon.oauth.dpop import Dpop
from govcloud.signon.oauth.issuing import Issuing
from govcloud.signon.oauth.service import OAuth
from govcloud.signon.oauth.user_codes import Guesses
from govcloud.signon.parts import Parts
from govcloud.signon.policy import Policies
from govcloud.signon.service import SignOn
from govcloud.signon.sessions import Sessions
from govcloud.signon.step_up import StepUp
from govcloud.signon.throttle import FailureLimits
from govcloud.signon.tokens import Tokens
from govcloud.signon.trying import Trying
from govcloud.wiring.ground import Ground, Reads


def wire_signon(ground: Ground, reads: Reads, rights: AuthorizationServices, outbox: OutboxQueries) -> tuple[SignOnServices, LogoutNotices]:
    """Make the services of sign-on, and what turns a sign-out into a letter."""
    uow, keys, clock, settings = ground.uow, ground.keys, ground.clock, ground.settings
    identity, subsystems, authorization, given_out = reads.identity, reads.subsystems, rights.authorization, rights.given_out
    policies = Policies(uow, ground.read, clock, settings)
    leaving = Leaving(subsystems)
    sessions = Sessions(uow, identity, keys, clock, policies, leaving)
    issuing = Issuing(identity, keys, Tokens(keys, clock, settings), policies, settings)
    parts = Parts.build(uow, identity, authorization, keys, clock, settings, policies, sessions, given_out)
    step_up = StepUp(uow, identity, parts, policies, clock)
    services = SignOnServices(
        signon=SignOn(uow, identity, subsystems, authorization, keys, settings, clock, issuing, parts),
        signon_policies=policies,
        launcher=Launcher(uow, subsystems, clock),
        trying=Trying(identity, authorization, clock, settings),
        cas=Cas(
            uow=uow,
            entering=parts.entering,
            sessions=sessions,
            identity=identity,
            subsystems=subsystems,
            keys=keys,
            clock=clock,
            settings=settings,
        ),
        forwarding=Forwarding(
            uow=uow,
            sessions=sessions,
            entering=parts.entering,
            authorization=authorization,
            given_out=given_out,
            identity=identity,
            subsystems=subsystems,
            keys=keys,
            clock=clock,
            settings=settings,
            strong=step_up.strong,
        ),
        oauth=OAuth(uow, subsystems, keys, clock, settings, sessions, issuing),
        dpop=Dpop(uow, keys, clock),
        devices=Devices(uow, sessions, parts.entering, keys, Guesses(keys, parts.throttle), issuing),
        delegating=Delegating(
            uow=uow,
            subsystems=subsystems,
            authorization=authorization,
            given_out=given_out,
            sessions=sessions,
            issuing=issuing,
            clock=clock,
        ),
        logout=Logout(uow, identity, subsystems, sessions, leaving, settings.public_url),
        closed_doors=ClosedDoors(uow, subsystems, authorization, rights.authorization_queries, leaving, clock, Turn(ground.engine, SWEEP)),
        logout_queries=LogoutQueries(ground.read, subsystems, outbox, clock),
        ceremony=parts.ceremony,
        second_factors=SecondFactors(uow, identity, parts, step_up),
        step_up=step_up,
        password_rules=parts.rules,
        failure_limits=FailureLimits(uow, parts.throttle),
    )
    return services, LogoutNotices(subsystems, issuing.tokens, keys)
