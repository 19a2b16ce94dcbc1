"""The steps that can be taken with a policy draft on its page: each a function that opens it, a command, and what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import request

from govcloud.authorization.drafting.service import Shown
from govcloud.authorization.drafting.views import DraftView
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services

DRAFT, MEASURE, SHADOW = "govcloud:policy:draft", "govcloud:policy:measure", "govcloud:policy:shadow"
APPROVE, APPLY = "govcloud:policy:approve", "govcloud:policy:apply"
MAY = {"draft": DRAFT, "measure": MEASURE, "shadow": SHADOW, "approve": APPROVE, "apply": APPLY}
Done = tuple[Message, UUID]


def _submit(draft: DraftView) -> Done:
    run = services().drafting.submit(current_actor(), draft.id, _revision())
    if run.failed:
        return Message("已提交；%(failed)s 个用例不成立，批准人会看到。", failed=run.failed), draft.id
    return Message("已提交，等待另一位安全管理员批准。"), draft.id


def _rebase(draft: DraftView) -> Done:
    services().drafting.rebase(current_actor(), draft.id, _revision())
    return Message("草稿已移到现行版本之上，请重新试算影响。"), draft.id


def _withdraw(draft: DraftView) -> Done:
    services().drafting.withdraw(current_actor(), draft.id)
    return Message("已收回，可以继续修改。"), draft.id


def _discard(draft: DraftView) -> Done:
    services().drafting.discard(current_actor(), draft.id, request.form.get("reason", ""))
    return Message("草稿已放弃。"), draft.id


def _copy(draft: DraftView) -> Done:
    return Message("已复制为您的草稿。"), services().drafting.copy(current_actor(), draft.id)


def _measure(draft: DraftView) -> Done:
    impact = services().draft_queries.impact(services().drafting.work_out(current_actor(), draft.id))
    return Message("影响已试算。") if impact.state == "done" else Message("影响已开始试算。"), draft.id


def _approve(draft: DraftView) -> Done:
    services().drafting.approve(current_actor(), draft.id, _shown(), request.form.get("comment", ""))
    return Message("已批准；生效前仍可收回。"), draft.id


def _reject(draft: DraftView) -> Done:
    services().drafting.reject(current_actor(), draft.id, _shown(), request.form.get("comment", ""))
    return Message("已退回起草人。"), draft.id


def _apply(draft: DraftView) -> Done:
    number = services().drafting.apply(current_actor(), draft.id)
    return Message("第 %(number)s 版策略已生效，下一次判定即按新策略。", number=number), draft.id


def _shadow(draft: DraftView) -> Done:
    services().drafting.start_shadow(current_actor(), draft.id, request.form.get("hours", default=0, type=int))
    return Message("影子运行已开始，几秒内在各处起作用；不影响任何判定。"), draft.id


def _unshadow(draft: DraftView) -> Done:
    services().drafting.stop_shadow(current_actor(), draft.id)
    return Message("影子运行已结束。"), draft.id


#: Each step with the function that opens it; the commands ask again, and say who may take it with this draft.
STEPS: Mapping[str, tuple[str, Callable[[DraftView], Done]]] = {
    "submit": (DRAFT, _submit),
    "rebase": (DRAFT, _rebase),
    "withdraw": (DRAFT, _withdraw),
    "discard": (DRAFT, _discard),
    "copy": (DRAFT, _copy),
    "impact": (MEASURE, _measure),
    "approve": (APPROVE, _approve),
    "reject": (APPROVE, _reject),
    "apply": (APPLY, _apply),
    "shadow": (SHADOW, _shadow),
    "unshadow": (SHADOW, _unshadow),
}


def _revision() -> int:
    return request.form.get("revision", default=0, type=int)


def _shown() -> Shown:
    """Return what the page had shown when its form was sent."""
    form = request.form
    return Shown(_revision(), form.get("checksum", ""), identifier(form.get("impact_id", "")), form.get("digest") or None)
