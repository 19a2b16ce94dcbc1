"""The services of authorization."""

from __future__ import annotations

from datetime import timedelta

from govcloud.authorization.apart.service import Apart
from govcloud.authorization.around.calendar_days import Calendars
from govcloud.authorization.decision_log.service import DecisionLog
from govcloud.authorization.drafting.queries import DraftQueries
from govcloud.authorization.drafting.service import Drafting
from govcloud.authorization.drafting.shadowing import Shadowing
from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.rights.acknowledging import Acknowledgements, note_refused
from govcloud.authorization.service import Authorization
from govcloud.kernel.rates import Rates
from govcloud.services import AuthorizationServices
from govcloud.subsystems.sensitive import sensitive_functions
from govcloud.wiring.deciding import Deciding
from govcloud.wiring.ground import Ground


def wire_authorization(ground: Ground, deciding: Deciding) -> AuthorizationServices:
    """Make the services of authorization."""
    uow, clock, settings, decider = ground.uow, ground.clock, ground.settings, deciding.decider
    decision_log = DecisionLog(
        uow,
        ground.read,
        ground.engine,
        clock,
        sensitive_functions,
        sample=settings.decision_log_sample,
        keep=timedelta(days=settings.decision_log_days),
        follow=note_refused,
    )
    shadowing = Shadowing(uow, decider, clock)
    return AuthorizationServices(
        authorization=Authorization(uow, decider, clock),
        authorization_queries=AuthorizationQueries(ground.read, decider, clock),
        decision_rates=Rates(settings.decision_rate, 2 * settings.decision_rate),
        decision_log=decision_log,
        drafting=Drafting(uow, ground.read, decider, clock),
        draft_queries=DraftQueries(ground.read, decider, clock),
        shadowing=shadowing,
        given_out=GivenOut(decision_log, shadowing),
        apart=Apart(uow, decider),
        acknowledgements=Acknowledgements(ground.read),
        calendars=Calendars(uow, deciding.calendar),
    )
