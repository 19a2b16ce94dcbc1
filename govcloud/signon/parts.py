"""What the rooms of sign-on build on, made once: sessions, the brake on guessing, passwords, second factors, the ceremony."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.service import Authorization
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.settings import Settings
from govcloud.signon.breached import Breached
from govcloud.signon.ceremony import Ceremony
from govcloud.signon.credentials import Credentials
from govcloud.signon.entering import Entering
from govcloud.signon.factors.demands import Demands
from govcloud.signon.factors.enrolment import Enrolments
from govcloud.signon.factors.proving import FactorProof
from govcloud.signon.factors.table import second_factors
from govcloud.signon.opening import Opening
from govcloud.signon.password_rules import PasswordRules
from govcloud.signon.passwords import Hashing
from govcloud.signon.policy import Policies
from govcloud.signon.proving import PasswordProof
from govcloud.signon.sessions import Sessions
from govcloud.signon.throttle import Throttle


@dataclass(frozen=True)
class Parts:
    """The parts; they are shared by all requests and hold no state of any."""

    sessions: Sessions
    opening: Opening
    throttle: Throttle
    hashing: Hashing
    rules: PasswordRules
    proof: PasswordProof
    credentials: Credentials
    demands: Demands
    factor_proof: FactorProof
    enrolments: Enrolments
    ceremony: Ceremony
    entering: Entering

    @classmethod
    def build(  # noqa: PLR0917 - all that it rests on, in the order of the house
        cls,
        uow: UnitOfWork,
        identity: IdentityQueries,
        authorization: Authorization,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
        policies: Policies,
        sessions: Sessions,
        given_out: GivenOut,
    ) -> Self:
        """Make the parts.

        Raises:
            SettingsError: the file of known passwords cannot be used.
        """
        opening = Opening(identity, sessions)
        throttle = Throttle(keys, policies)
        hashing = Hashing(settings.hash_concurrency)
        rules = PasswordRules(policies, Breached(settings.breached_passwords_file))
        proof = PasswordProof(uow, identity, throttle, hashing, policies, clock)
        credentials = Credentials(
            uow=uow, identity=identity, authorization=authorization, sessions=sessions, proof=proof, hashing=hashing, rules=rules
        )
        factors = second_factors(keys)
        demands = Demands(uow.read, factors, authorization, policies)
        factor_proof = FactorProof(throttle, factors, policies)
        enrolments = Enrolments(keys, uow.read)
        ceremony = Ceremony(
            uow=uow,
            identity=identity,
            keys=keys,
            proof=proof,
            opening=opening,
            demands=demands,
            factor_proof=factor_proof,
            enrolments=enrolments,
            credentials=credentials,
            rules=rules,
            clock=clock,
        )
        return cls(
            sessions,
            opening,
            throttle,
            hashing,
            rules,
            proof,
            credentials,
            demands,
            factor_proof,
            enrolments,
            ceremony,
            Entering(uow, sessions, authorization, given_out),
        )
