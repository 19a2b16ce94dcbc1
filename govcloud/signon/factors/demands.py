"""Who has a second factor, and who must have one by the rules that hold now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.commands import NOTHING
from govcloud.authorization.service import Authorization
from govcloud.signon.factors.factor import Factor
from govcloud.signon.policy import EVERYBODY, PRIVILEGED, Policies


class Demands:
    """Answers both questions."""

    def __init__(
        self, read: Callable[[], Session], factors: Mapping[str, Factor], authorization: Authorization, policies: Policies
    ) -> None:
        """Take the factors there are, what people are entrusted with, and the rules."""
        self._read = read
        self._factors = factors
        self._authorization = authorization
        self._policies = policies

    def held(self, account_id: UUID) -> tuple[str, ...]:
        """Return the names of the account's second factors; none, when only something is left that stands in for one."""
        session = self._read()
        if not any(factor.held(session, account_id) for factor in self._factors.values() if not factor.stands_in):
            return ()
        return tuple(name for name, factor in self._factors.items() if factor.held(session, account_id))

    def demanded_of(self, official_id: UUID) -> bool:
        """Return whether the person must have one: everybody, or whoever is entrusted with more than everybody's."""
        rule = self._policies.current().second_factor
        if rule == PRIVILEGED:
            return self._authorization.entrusted(official_id) != NOTHING
        return rule == EVERYBODY
