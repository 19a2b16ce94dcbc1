"""The ceremony of signing in: today by password; whatever is proven, it ends in a session opened here."""

from __future__ import annotations

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon import events
from govcloud.signon.opening import Browser, Opening
from govcloud.signon.proving import PasswordProof, Proving
from govcloud.signon.views import SignedIn

_COMMAND = "govcloud:session:sign_in"


class Ceremony:
    """Lets somebody prove who they are and opens their session."""

    def __init__(self, uow: UnitOfWork, proof: PasswordProof, opening: Opening) -> None:
        """Take the parts."""
        self._uow = uow
        self._proof = proof
        self._opening = opening

    def by_password(self, login: str, password: str, browser: Browser, trace: str | None) -> SignedIn:
        """Return the session of whoever knows the password; see ``SignOn.sign_in``."""
        actor = Actor.anonymous(browser.address, trace_id=trace)
        proven = self._proof.prove(Proving(actor, _COMMAND), login, password)
        with self._uow.begin(actor, _COMMAND, Target("account", str(proven.account.id))) as tx:
            self._proof.accept(tx, proven)
            refusal = self._opening.refused(tx, proven.account, browser)
            if refusal is None:
                return self._opening.open(tx, proven.account, browser)
            subject = f"official:{proven.account.official_id}"
            tx.record(events.SignInFailed(subject=subject, reason=refusal.code, locked_until=None, source_address=actor.source_address))
        # Raised after the commit: the password was right, so the try must not count as a failure.
        raise refusal
