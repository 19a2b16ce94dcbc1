"""The refusals of identity: what is missing, what exists already, and in which state a thing is instead."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.identity.reorganisation import KINDS, MOST_NAMED, Affected
from govcloud.kernel.errors import Conflict, FieldError, NotFound, Refusal
from govcloud.kernel.messages import Message

# What each constraint means to people. Commands look before they write; these hold when two commands race.
CONSTRAINTS = {
    "pk_division": Message("该行政区划代码已登记。"),
    "pk_department": Message("该部门编号已被使用。"),
    "uq_department_uscc": Message("该统一社会信用代码已登记为另一部门。"),
    "ex_department_version_one_at_a_time": Message("该部门刚被他人修改，请刷新后重试。"),
    "pk_office": Message("该处室编号已被使用。"),
    "ex_office_one_at_a_time": Message("该处室刚被他人修改，请刷新后重试。"),
    "pk_official": Message("该人员编号已被使用。"),
    "uq_official_employee_code": Message("该工号已登记。"),
    "uq_official_id_number_digest": Message("该身份证件号码已登记：一人只能有一个账号。"),
    "ex_official_version_one_at_a_time": Message("该人员的状态刚被他人修改，请刷新后重试。"),
    "pk_appointment": Message("该任职编号已被使用。"),
    "ix_appointment_continues_id": Message("该任职刚被他人转隶，请刷新后重试。"),
    "ex_appointment_one_primary": Message("该人员在这段时间内已有主职，请先结束原主职，或改为兼职、挂职、借调。"),
    "ex_appointment_one_per_position": Message("该人员在这段时间内已在该部门担任这个岗位，请核对起止时间，或先结束原任职。"),
    "pk_personnel_event": Message("该事件编号已被使用。"),
    "uq_account_login": Message("该登录名已被使用。"),
}


def department_missing(value: object) -> NotFound:
    """Return the error for a department that there is not."""
    return NotFound.of(Message("部门"), value)


def office_missing(value: object) -> NotFound:
    """Return the error for an internal office that there is not."""
    return NotFound.of(Message("处室"), value)


def official_missing(value: object) -> NotFound:
    """Return the error for a person who is not registered."""
    return NotFound.of(Message("公职人员"), value)


def appointment_missing(value: object) -> NotFound:
    """Return the error for an appointment that there is not."""
    return NotFound.of(Message("任职"), value)


def department_cycle(name: str) -> Conflict:
    """Return the error for moving a department below itself."""
    return Conflict(
        "department_cycle",
        Message("不能把“%(name)s”移到它自己或其下级部门之下。", name=name),
        remedy=Message("请选择不在其下级中的部门作为新的上级。"),
    )


def vanishing(name: str) -> Conflict:
    """Return the error for a successor that ends itself, or stands below one that does."""
    return Conflict(
        "successor_vanishes",
        Message("“%(name)s”本身被并入或位于被并入的机构之下，不能作为接收机构。", name=name),
        remedy=Message("请先把接收机构移到别处，或选择其他接收机构。"),
    )


def still_held(name: str, held: Sequence[Affected]) -> Conflict:
    """Return the error for abolishing a department on which something hangs; it names what."""
    return Conflict(
        "department_in_use",
        Message("“%(name)s”还有人员、下级机构或主管的事项，不能撤销。", name=name),
        remedy=Message("请指定承接机构（即并入该机构），或先逐项移交。"),
        refusals=tuple(
            Refusal(
                f"still_has_{item.kind}",
                Message("%(kind)s %(count)s：%(names)s", kind=KINDS[item.kind], count=item.count, names="、".join(item.names) or "—"),
            )
            for item in held
        ),
    )


def office_in_use(name: str, people: Sequence[str]) -> Conflict:
    """Return the error for closing an office in which people serve; it names them."""
    return Conflict(
        "office_in_use",
        Message("“%(name)s”还有任职人员，不能撤销：%(people)s。", name=name, people=_some(people)),
        remedy=Message("请先为他们调整处室或结束任职。"),
    )


def position_twice(people: Sequence[str]) -> Conflict:
    """Return the error for a transfer after which people would hold one position in a department twice; it names them."""
    return Conflict(
        "position_twice",
        Message("以下人员转隶后会在同一部门重复担任同一岗位：%(people)s。", people=_some(people)),
        remedy=Message("请先结束其中一项任职，或更改其岗位。"),
    )


def _some(names: Sequence[str]) -> str:
    """Return the first names, and that there are more."""
    shown = "、".join(names[:MOST_NAMED])
    return f"{shown}…" if len(names) > MOST_NAMED else shown


def changed_meanwhile() -> Conflict:
    """Return the error for a change that another one overtook."""
    return Conflict("changed_meanwhile", Message("该部门刚被他人修改，请刷新后重试。"))


def wrong_status(name: str, status: Message) -> Conflict:
    """Return the error for a person who is already in the state that was asked for."""
    return Conflict("wrong_status", Message("%(name)s当前为“%(status)s”状态，无需此操作。", name=name, status=status))


def appointment_over() -> Conflict:
    """Return the error for ending an appointment that has ended."""
    return Conflict("appointment_ended", Message("该任职已经结束，无需再次结束。"))


def has_left(name: str) -> Conflict:
    """Return the error for a change in the duty of somebody who has left, or will have by then."""
    return Conflict(
        "has_left",
        Message("%(name)s届时已经离职，不能办理此项变动。", name=name),
        remedy=Message("如离职登记有误，请先撤销离职。"),
    )


def change_stands(kind: Message, date: str) -> Conflict:
    """Return the error for a change that another one, planned for later, stands in the way of."""
    return Conflict(
        "change_stands",
        Message("已有一项计划于 %(date)s 生效的%(kind)s，与本次变动冲突。", date=date, kind=kind),
        remedy=Message("请先取消那项计划，再办理本次变动。"),
    )


def change_missing(value: object) -> NotFound:
    """Return the error for a change that there is not."""
    return NotFound.of(Message("人事变动"), value)


def change_over() -> Conflict:
    """Return the error for cancelling a change that holds already, or was cancelled before."""
    return Conflict(
        "change_over",
        Message("该变动已经生效或已被取消，不能再取消。"),
        remedy=Message("已生效的离职可以撤销；其他已生效的变动请另行办理新的变动。"),
    )


def no_leave(name: str) -> Conflict:
    """Return the error for undoing a leave that there is not."""
    return Conflict("no_leave", Message("%(name)s没有可以撤销的离职。", name=name))


def not_left(name: str) -> Conflict:
    """Return the error for the return of somebody who has not left."""
    return Conflict(
        "not_left",
        Message("%(name)s没有离职，不能办理重新入职。", name=name),
        remedy=Message("在岗人员请办理调动、兼职、挂职或借调；停职人员请办理复职。"),
    )


def left_under(code: str, typed: str) -> Conflict:
    """Return the error for the return of somebody who left under another employee code: a person has one account."""
    return Conflict(
        "left_under_another_code",
        Message("此人曾以工号 %(code)s 登记，已经离职：一人只能有一个账号。", code=code),
        remedy=Message("重新入职请沿用原工号。"),
        fields=(FieldError("employee_code", Message("此人原工号为 %(code)s，请沿用。", code=code), typed),),
    )
