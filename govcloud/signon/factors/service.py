"""The commands on second factors: set up, renew the recovery codes, take away, and reset for whoever lost theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import checked_reason
from govcloud.signon import errors
from govcloud.signon.factors import events
from govcloud.signon.factors.enrolment import Enrolment
from govcloud.signon.factors.totp import Totp
from govcloud.signon.models import Session
from govcloud.signon.opening import Shown
from govcloud.signon.parts import Parts
from govcloud.signon.step_up import StepUp
from govcloud.signon.views import CurrentSession

ENROL = "govcloud:second_factor:enrol"
REMOVE = "govcloud:second_factor:remove"
RENEW = "govcloud:recovery_codes:renew"
RESET = "govcloud:second_factor:reset"
_MOST_REASON = 500


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with second factors: since when (``None``: without), codes left, and whether the rules demand one."""

    since: datetime | None
    codes_left: int
    demanded: bool


@dataclass(frozen=True)
class SetUp:
    """A second factor that was set up in a session: the session's fresh token, and the codes to be shown this once."""

    token: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)


class SecondFactors:
    """Sets second factors up and takes them away."""

    def __init__(self, uow: UnitOfWork, identity: IdentityQueries, parts: Parts, step_up: StepUp) -> None:
        """Take the parts."""
        self._uow = uow
        self._identity = identity
        self._parts = parts
        self._step_up = step_up

    def standing(self, official_id: UUID) -> Standing:
        """Return where a person stands."""
        account = self._identity.account_of(official_id)
        return self.standing_of(account.id, official_id) if account else Standing(None, 0, demanded=False)

    def standing_of(self, account_id: UUID, official_id: UUID) -> Standing:
        """Return where the owner of an account stands, for who knows the account already."""
        since = self._parts.enrolments.since(account_id)
        left = self._parts.enrolments.codes_left(account_id) if since else 0
        return Standing(since, left, self._parts.demands.demanded_of(official_id))

    def pending(self, session: CurrentSession) -> Enrolment:
        """Return the secret that waits in a session, the same however often it is asked for.

        Raises:
            StepUpRequired: whoever sits at the session has not proven lately to be its owner.
        """
        self._step_up.check_recent(session, factor=False)
        return self._parts.enrolments.pending(self._own(session), self._binding(session))

    def enrol(self, actor: Actor, session: CurrentSession, code: str) -> SetUp:
        """Confirm the waiting secret by the code that the app shows; it counts from now on, and as proven.

        Raises:
            StepUpRequired: as above.
            Conflict: there is a second factor already.
            Invalid: ``code`` is not what the app shows.
            NotFound: the session ended meanwhile.
        """
        self._step_up.check_recent(session, factor=False)
        account = self._own(session)
        with self._uow.begin(actor, ENROL, self._target(account)) as tx:
            codes = self._parts.enrolments.confirm(tx, account, self._binding(session), code)
            token = self._parts.opening.renew(tx, session, actor.source_address, Shown(session.amr).with_factor(Totp.methods))
            if token is None:
                raise errors.no_such_session()
            return SetUp(token, codes)

    def renew_codes(self, actor: Actor, session: CurrentSession) -> tuple[str, ...]:
        """Return ten other recovery codes in place of the earlier ones.

        Raises:
            StepUpRequired: the second factor was not proven lately.
            Conflict: there is no second factor.
        """
        self._step_up.check_recent(session, factor=True)
        account = self._own(session)
        with self._uow.begin(actor, RENEW, self._target(account)) as tx:
            lock_official(tx.session, account.official_id)
            if self._parts.enrolments.since(account.id) is None:
                raise _none()
            tx.record(events.RecoveryCodesRenewed(subject=f"official:{account.official_id}", account_id=account.id))
            return self._parts.enrolments.renew_codes(tx, account.id)

    def remove(self, actor: Actor, session: CurrentSession) -> None:
        """Take one's own second factor away.

        Raises:
            FactorDemanded: the rules want one.
            StepUpRequired: it was not proven lately.
            Conflict: there is none.
        """
        account = self._own(session)
        if self._parts.demands.demanded_of(account.official_id):
            raise errors.FactorDemanded
        self._step_up.check_recent(session, factor=True)
        with self._uow.begin(actor, REMOVE, self._target(account)) as tx:
            lock_official(tx.session, account.official_id)
            if not self._parts.enrolments.withdraw(tx, account.id):
                raise _none()
            tx.record(events.SecondFactorRemoved(subject=f"official:{account.official_id}", account_id=account.id))

    def reset(self, actor: Actor, official_id: UUID, reason: str) -> None:
        """Take away the second factor of somebody who lost it; the person's sessions end, and the next sign-in sets up another.

        Raises:
            Denied: the account is not in the actor's care, or entrusted with more than the actor may touch.
            NotFound: there is no such account.
            Conflict: it has no second factor.
            Invalid: there is no reason.
        """
        account = self._identity.account_of(official_id)
        if account is None:
            raise errors.no_such_account(official_id)
        with self._uow.begin(actor, RESET, self._target(account)) as tx:
            clean = checked_reason(reason, _MOST_REASON)
            lock_official(tx.session, account.official_id)
            if not self._parts.enrolments.withdraw(tx, account.id):
                raise _none()
            self._parts.sessions.end(tx, "second_factor_reset", Session.account_id == account.id)
            subject = f"official:{account.official_id}"
            tx.record(events.SecondFactorReset(subject=subject, account_id=account.id, reason=clean))

    def _own(self, session: CurrentSession) -> AccountView:
        account = self._identity.account(session.account_id)
        if account is None:
            raise errors.no_such_account(session.account_id)
        return account

    @staticmethod
    def _binding(session: CurrentSession) -> str:
        return f"session:{session.session_id}"

    def _target(self, account: AccountView) -> Target:
        """Return the account with its owner, the owner's place and what that is entrusted with, as for passwords."""
        return self._parts.credentials.target(account)


def _none() -> Conflict:
    return Conflict("no_second_factor", Message("这个账号没有绑定第二因素。"), remedy=Message("请刷新后查看最新状态。"))
