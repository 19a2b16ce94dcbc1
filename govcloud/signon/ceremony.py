"""The ceremony of signing in: steps in a fixed order, each proving one thing, until a session is opened.

===================  ==================================================================================
password             always first; unknown accounts and wrong passwords look the same
``second_factor``    for whoever has one; any factor of ``factors/table.py``
``enrol``            for whoever has none and must: the session opens nothing before there is one
``change_password``  for whoever's password is older than the rules allow
===================  ==================================================================================

What was proven so far is carried by the browser, sealed, for ten minutes, and is a fresh value after every step. Each step looks
again at the account and at the password that opened the ceremony, so disabling somebody or setting a password ends it. A way to
sign in without a password (passkey, certificate, SAML) begins a ceremony of its own and goes on with the same steps.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.crypto import MasterKeyError
from govcloud.kernel.errors import Denied
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon import errors, events
from govcloud.signon.credentials import Credentials
from govcloud.signon.factors.demands import Demands
from govcloud.signon.factors.enrolment import Enrolment, Enrolments
from govcloud.signon.factors.proving import FactorProof
from govcloud.signon.factors.totp import Totp
from govcloud.signon.opening import Browser, Opening, Shown
from govcloud.signon.password_rules import PasswordRules
from govcloud.signon.proving import PasswordProof, Proving
from govcloud.signon.views import PASSWORD_METHOD, SignedIn

_COMMAND = "govcloud:session:sign_in"
_CONTEXT = b"sign-in-ceremony"
_LIVES = timedelta(minutes=10)
_LONGEST = 4000
_BINDING_BYTES = 16


class Step(StrEnum):
    """What comes next in a ceremony."""

    SECOND_FACTOR = "second_factor"
    ENROL = "enrol"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 - the name of a step


@dataclass(frozen=True)
class Waiting:
    """A ceremony that waits for its next step: whose it is, and with what the step can be done."""

    step: Step
    account: AccountView
    factors: tuple[str, ...]


@dataclass(frozen=True)
class Enrolled:
    """An app was set up on the way in: its recovery codes, and the session or the step that follows."""

    codes: tuple[str, ...] = field(repr=False)
    outcome: SignedIn | Denied


class MoreToProve(Denied):
    """What was proven is right, and more is wanted; ``token`` is for the browser's cookie."""

    def __init__(self, step: Step, token: str) -> None:
        """Keep what comes next."""
        super().__init__("more_to_prove", Message("还需要完成一个登录步骤。"), remedy=Message("请按页面提示继续。"))
        self.step = step
        self.token = token


@dataclass(frozen=True)
class _Standing:
    """What a ceremony has come to; ``binding`` is its name, which waiting secrets are bound to."""

    account_id: UUID
    credential_id: UUID
    shown: Shown
    at: datetime
    binding: str

    def with_factor(self, methods: tuple[str, ...]) -> _Standing:
        """Return the ceremony after a second factor was proven."""
        return replace(self, shown=self.shown.with_factor(methods))


class Ceremony:
    """Takes the steps."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        identity: IdentityQueries,
        keys: KeyRing,
        proof: PasswordProof,
        opening: Opening,
        demands: Demands,
        factor_proof: FactorProof,
        enrolments: Enrolments,
        credentials: Credentials,
        rules: PasswordRules,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._uow = uow
        self._identity = identity
        self._keys = keys
        self._proof = proof
        self._opening = opening
        self._demands = demands
        self._factor_proof = factor_proof
        self._enrolments = enrolments
        self._credentials = credentials
        self._rules = rules
        self._clock = clock

    def by_password(self, login: str, password: str, browser: Browser, trace: str | None) -> SignedIn:
        """Begin with the password; see ``SignOn.sign_in``."""
        actor = Actor.anonymous(browser.address, trace_id=trace)
        proven = self._proof.prove(Proving(actor, _COMMAND), login, password)
        with self._uow.begin(actor, _COMMAND, Target("account", str(proven.account.id))) as tx:
            self._proof.accept(tx, proven)
            standing = _Standing(
                proven.account.id, proven.credential_id, Shown((PASSWORD_METHOD,)), tx.now, secrets.token_hex(_BINDING_BYTES)
            )
            outcome = self._go_on(tx, standing, proven.account, browser)
        return _signed(outcome)

    def waiting(self, token: str | None) -> Waiting:
        """Return what comes next in the ceremony of a browser's token.

        Raises:
            CeremonyOver: there is none, it took too long, or nothing comes next.
        """
        standing = self._standing(token)
        account = self._account(standing)
        step = self._next(standing, account)
        if step is None:
            raise errors.CeremonyOver
        return Waiting(step, account, self._demands.held(account.id) if step is Step.SECOND_FACTOR else ())

    def enrolment(self, token: str | None) -> Enrolment:
        """Return the secret that waits in a ceremony, the same however often it is asked for.

        Raises:
            CeremonyOver: it is not the turn of setting up an app.
        """
        if self.waiting(token).step is not Step.ENROL:
            raise errors.CeremonyOver
        standing = self._standing(token)
        return self._enrolments.pending(self._account(standing), standing.binding)

    def by_factor(self, token: str | None, factor: str, typed: str, browser: Browser, trace: str | None) -> SignedIn:
        """Prove a second factor.

        Raises:
            CeremonyOver: it is not the turn of a second factor.
            FactorRefused: what was typed does not prove it.
            SignInLocked: too many failures.
            MoreToProve: another step follows.
        """
        standing, account = self._turn_of(token, Step.SECOND_FACTOR)
        with self._begin(browser, trace, account) as tx:
            proven = self._factor_proof.prove(tx, account, factor, typed)
            outcome = proven if isinstance(proven, Denied) else self._advance(tx, standing.with_factor(proven.methods), browser)
        return _signed(outcome)

    def by_enrolment(self, token: str | None, code: str, browser: Browser, trace: str | None) -> Enrolled:
        """Confirm the app that was set up on the way in, which proves it as well.

        Raises:
            CeremonyOver: it is not the turn of setting up an app.
            Invalid: ``code`` is not what the app shows.
        """
        standing, account = self._turn_of(token, Step.ENROL)
        with self._begin(browser, trace, account) as tx:
            codes = self._enrolments.confirm(tx, account, standing.binding, code)
            outcome = self._advance(tx, standing.with_factor(Totp.methods), browser)
        return Enrolled(codes, outcome)

    def by_new_password(self, token: str | None, password: str, browser: Browser, trace: str | None) -> SignedIn:
        """Set another password in place of one that is too old.

        Raises:
            CeremonyOver: it is not the turn of a new password.
            Invalid: it breaks the rules, or was used before.
        """
        standing, account = self._turn_of(token, Step.CHANGE_PASSWORD)
        self._rules.check(password, account.login)
        secret_hash = self._credentials.hashed(account.id, password)
        with self._begin(browser, trace, account) as tx:
            self._recheck(tx, standing)
            fresh = self._credentials.replace(tx, account, secret_hash, issued=False, own=True)
            outcome = self._advance(tx, replace(standing, credential_id=fresh), browser)
        return _signed(outcome)

    def _begin(self, browser: Browser, trace: str | None, account: AccountView) -> AbstractContextManager[Transaction]:
        return self._uow.begin(Actor.anonymous(browser.address, trace_id=trace), _COMMAND, Target("account", str(account.id)))

    def _advance(self, tx: Transaction, standing: _Standing, browser: Browser) -> SignedIn | Denied:
        """Open the session, or say what comes next, once a step was taken."""
        return self._go_on(tx, standing, self._recheck(tx, standing), browser)

    def _go_on(self, tx: Transaction, standing: _Standing, account: AccountView, browser: Browser) -> SignedIn | Denied:
        """Open the session, or return what stands in its way.

        It is raised after the commit: what was proven is right, so the try must not count as a failure.
        """
        step = self._next(standing, account)
        if step is not None:
            return MoreToProve(step, self._sealed(standing))
        refusal = self._opening.refused(tx, account, browser)
        if refusal is None:
            return self._opening.open(tx, account, browser, standing.shown)
        subject, address = f"official:{account.official_id}", tx.actor.source_address
        tx.record(events.SignInFailed(subject=subject, reason=refusal.code, locked_until=None, source_address=address))
        return refusal

    def _turn_of(self, token: str | None, step: Step) -> tuple[_Standing, AccountView]:
        standing = self._standing(token)
        account = self._account(standing)
        if self._next(standing, account) is not step:
            raise errors.CeremonyOver
        return standing, account

    def _next(self, standing: _Standing, account: AccountView) -> Step | None:
        """Return what is still wanted of a ceremony, or ``None``."""
        if not standing.shown.second_factor:
            if self._demands.held(account.id):
                return Step.SECOND_FACTOR
            if self._demands.demanded_of(account.official_id):
                return Step.ENROL
        return Step.CHANGE_PASSWORD if self._proof.outdated(standing.credential_id) else None

    def _recheck(self, tx: Transaction, standing: _Standing) -> AccountView:
        """Return the account, under the person's lock, if it may still go on.

        Raises:
            CeremonyOver: the account was disabled, or its password replaced, meanwhile.
        """
        account = self._identity.account(standing.account_id)
        if account is not None:
            lock_official(tx.session, account.official_id)
        return self._account(standing)

    def _account(self, standing: _Standing) -> AccountView:
        account = self._identity.account(standing.account_id)
        if account is None or not account.active or not self._proof.stands(standing.account_id, standing.credential_id):
            raise errors.CeremonyOver
        return account

    def _sealed(self, standing: _Standing) -> str:
        document = {
            "account": str(standing.account_id),
            "credential": str(standing.credential_id),
            "methods": standing.shown.methods,
            "second_factor": standing.shown.second_factor,
            "at": standing.at.isoformat(),
            "binding": standing.binding,
        }
        sealed = self._keys.seal(json.dumps(document).encode(), _CONTEXT)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def _standing(self, token: str | None) -> _Standing:
        """Return what a browser's token says.

        Raises:
            CeremonyOver: it says nothing, is not ours, or too old.
        """
        if not token or len(token) > _LONGEST or not token.isascii():
            raise errors.CeremonyOver
        try:
            document = json.loads(self._keys.open(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), _CONTEXT))
        except (MasterKeyError, binascii.Error):
            raise errors.CeremonyOver from None
        at = datetime.fromisoformat(document["at"]).astimezone(UTC)
        if not timedelta(0) <= self._clock.now() - at < _LIVES:
            raise errors.CeremonyOver
        shown = Shown(tuple(document["methods"]), second_factor=document["second_factor"])
        return _Standing(UUID(document["account"]), UUID(document["credential"]), shown, at, document["binding"])


def _signed(outcome: SignedIn | Denied) -> SignedIn:
    """Return a sign-in, or raise what stands in its way, once what led there is committed."""
    if isinstance(outcome, Denied):
        raise outcome
    return outcome
