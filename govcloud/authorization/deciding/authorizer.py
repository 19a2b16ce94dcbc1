"""The kernel's ``Authorizer`` port: every command of the platform is decided by the same engine as everybody else's functions.

There is no superuser and no bypass. Parts of the platform, relying systems and people who have not signed in are subjects with
one role each; what these roles open stands in the policy. How the first policy gets in: see ``LiveEngine.of``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from govcloud.authorization.deciding.answering import Seen, command_refusal
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import MESSAGES, Reason
from govcloud.authorization.deciding.facts import DecisionFacts
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.snapshot import Snapshot
from govcloud.authorization.subjects.subjects import fixed_snapshot
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Denied, Refusal
from govcloud.kernel.messages import Message


class EngineAuthorizer:
    """Decides whether an actor may run a command of the platform."""

    def __init__(self, decider: Decider) -> None:
        """Take the decider, whose compiled policy is shared."""
        self._decider = decider

    def authorize(self, session: Session, actor: Actor, command: str, target: Target | None, now: datetime) -> None:
        """Return nothing when the engine opens ``command`` to ``actor`` on ``target``.

        A delegated role (one bounded by a department path) reaches only targets that say under which department they stand.

        Raises:
            Denied: with the engine's reason.
            Unavailable: this node's clock is not to be believed.
        """
        facts = DecisionFacts(lambda: session)
        # A database that is away is that, and no clock that is not to be believed: so it is read first.
        state = facts.state()
        self._decider.check_clock()
        engine = self._decider.live.of(state.version_id, (command,))
        snapshot = self._snapshot(facts, engine.policy, self._decider.live_duties.of(state.duties, now), actor, now)
        if isinstance(snapshot, Reason):
            raise _denied(snapshot, command)
        seen = Seen(snapshot, engine, state.epoch, now)
        reason = command_refusal(command, _resource(target), seen, client_address=actor.source_address)
        if reason is not None:
            raise _denied(reason, command)

    def _snapshot(
        self, facts: DecisionFacts, policy: CompiledPolicy, duties: CompiledDuties, actor: Actor, now: datetime
    ) -> Snapshot | Reason:
        """Return what the actor holds, or why it is nobody."""
        if actor.official_id is None:
            return fixed_snapshot(actor, policy.closure)
        standing = self._decider.standing(actor.official_id, actor.appointment_id, now)
        if isinstance(standing, Reason):
            return standing
        assignments = facts.assignments(standing.official_id, standing.appointment_id, now)
        # A temporary grant never opens a command of the platform: ``open_grant`` refuses those functions.
        return self._decider.snapshot(standing, policy, duties, assignments, (), now)


def _resource(target: Target | None) -> dict[str, Any]:
    """Return the target as the resource that conditions read; its own fields win over its attributes."""
    if target is None:
        return {}
    resource = {**target.attributes, "type": target.type, "id": target.id}
    if target.department_path is not None:
        resource["department_path"] = target.department_path
    if target.division is not None:
        resource["division"] = target.division
    return resource


def _denied(reason: Reason, command: str) -> Denied:
    """Return the refusal of a command, in words for the person who tried."""
    message = _COMMAND_MESSAGES.get(reason, MESSAGES[reason])
    return Denied(
        str(reason),
        message,
        remedy=Message("如确需办理，请联系本部门的部门管理员或平台的安全管理员（功能：%(command)s）。", command=command),
        refusals=(Refusal(str(reason), message),),
    )


_COMMAND_MESSAGES = {
    Reason.NO_PERMISSION: Message("您没有执行这项操作的权限。"),
    Reason.OUT_OF_SCOPE: Message("这项操作的对象不在您的管理范围内。"),
    Reason.CONDITION_NOT_MET: Message("当前不满足执行这项操作的条件。"),
    Reason.FORBIDDEN_BY_RULE: Message("有规则明确禁止您执行这项操作。"),
    Reason.LABEL_TOO_LOW: Message("这项操作的对象的安全标记高于您的安全标记。"),
}
