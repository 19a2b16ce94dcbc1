"""What the life of a policy draft refuses, and how it says so."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.kernel.errors import Conflict, Denied, NotFound, Refusal
from govcloud.kernel.messages import Message


def no_such_draft(value: object) -> NotFound:
    """Return the error for a draft that does not exist."""
    return NotFound.of(Message("策略草稿"), value)


def no_such_version(value: object) -> NotFound:
    """Return the error for a version that never was in force."""
    return NotFound.of(Message("策略版本"), value)


def no_such_impact(value: object) -> NotFound:
    """Return the error for an impact that was not worked out, or was forgotten with its text."""
    return NotFound.of(Message("影响试算"), value)


def wrong_state(state: Message) -> Conflict:
    """Return the refusal of a step that the draft's state does not allow."""
    return Conflict(
        "draft_state", Message("草稿现在的状态是“%(state)s”，不能这样办理。", state=state), remedy=Message("请刷新页面，查看当前状态。")
    )


def draft_moved_on(revision: int) -> Conflict:
    """Return the refusal of a step that was meant for another revision of the draft."""
    return Conflict(
        "draft_changed",
        Message("草稿已经变成第 %(revision)s 稿，与您看到的不是同一稿；本次没有办理。", revision=revision),
        remedy=Message("请重新查看正文和影响后再办理。"),
    )


def not_the_maker() -> Denied:
    """Return the refusal to change somebody else's draft."""
    message = Message("草稿只能由起草人本人修改、提交或收回。")
    return Denied(
        "not_the_maker",
        message,
        remedy=Message("请复制为您自己的草稿，再作修改。"),
        refusals=(Refusal("not_the_maker", message),),
    )


def own_draft() -> Denied:
    """Return the refusal to approve what one has written oneself."""
    message = Message("不能批准自己起草的策略；须由另一位安全管理员批准。")
    return Denied(
        "own_draft",
        message,
        remedy=Message("请另一位安全管理员登录后批准。"),
        refusals=(Refusal("own_draft", message),),
    )


def not_a_person() -> Denied:
    """Return the refusal to let a program make or approve a draft."""
    message = Message("提交和批准策略须由安全管理员本人登录办理。")
    return Denied("not_a_person", message, refusals=(Refusal("not_a_person", message),))


def base_replaced(base: int, live: int) -> Conflict:
    """Return the refusal of a draft whose base is no longer in force."""
    return Conflict(
        "base_replaced",
        Message("草稿写在第 %(base)s 版之上，现行的已是第 %(live)s 版。", base=base, live=live),
        remedy=Message("请先把草稿移到现行版本之上，再重新提交。"),
    )


def cannot_rebase(places: Sequence[int]) -> Conflict:
    """Return the refusal to carry a draft over to a version that changed the same lines."""
    shown = "、".join(str(place) for place in places[:10])
    return Conflict(
        "rebase_conflict",
        Message("现行版本与草稿改动了同一处（草稿第 %(lines)s 行），不能自动合并。", lines=shown or "?"),
        remedy=Message("请以现行版本新建草稿，人工并入您的改动。"),
    )


def nothing_changed() -> Conflict:
    """Return the refusal to submit a draft that says what is in force already."""
    return Conflict("nothing_changed", Message("草稿与现行策略没有差别。"), remedy=Message("请修改后再提交，或放弃草稿。"))


def impact_missing() -> Conflict:
    """Return the refusal to approve without a finished impact of exactly this text."""
    return Conflict(
        "impact_missing",
        Message("这一稿的影响还没有试算完成，或试算已经过时。"),
        remedy=Message("请先试算影响，看过名单后再批准。"),
    )


def impact_changed() -> Conflict:
    """Return the refusal to approve another impact than was shown."""
    return Conflict(
        "impact_changed",
        Message("影响已经重新试算，与您看到的不是同一份；本次没有批准。"),
        remedy=Message("请重新查看影响后再批准。"),
    )


def approval_over(days: int) -> Conflict:
    """Return the refusal to apply an approval that is too old."""
    return Conflict(
        "approval_over",
        Message("批准已超过 %(days)s 天，不再有效。", days=days),
        remedy=Message("请起草人收回后重新提交。"),
    )


def nothing_approved() -> Conflict:
    """Return the refusal to apply what nobody else has approved as it stands."""
    return Conflict("not_approved", Message("这一稿没有有效的批准。"), remedy=Message("请先提交，由另一位安全管理员批准。"))


def would_lock_out(functions: Sequence[str]) -> Conflict:
    """Return the refusal of a policy after which no policy could be changed or brought back any more."""
    return Conflict(
        "would_lock_out",
        Message("新策略生效后将没有人能再修改或恢复策略（%(functions)s）。", functions="、".join(functions)),
        remedy=Message("请保留安全管理员的起草、批准、生效功能和运维命令行的紧急回退功能。"),
    )


def same_as_live(number: int) -> Conflict:
    """Return the refusal to bring back what is in force already."""
    return Conflict("same_as_live", Message("第 %(number)s 版的正文就是现行策略。", number=number))


def shadow_running() -> Conflict:
    """Return the refusal to start a second shadow."""
    return Conflict("shadow_running", Message("已有一份草稿在影子运行，同时只能有一份。"), remedy=Message("请先结束正在运行的影子。"))


def impact_under_way() -> Conflict:
    """Return the refusal to work out an impact twice at once."""
    return Conflict("impact_under_way", Message("这一稿的影响正在试算，请稍候。"))
