"""The refusals of identity: what is missing, what exists already, and in which state a thing is instead."""

from __future__ import annotations

from govcloud.kernel.errors import Conflict, NotFound
from govcloud.kernel.messages import Message

# What each constraint means to people. Commands look before they write; these hold when two commands race.
CONSTRAINTS = {
    "pk_division": Message("该行政区划代码已登记。"),
    "pk_department": Message("该部门编号已被使用。"),
    "uq_department_uscc": Message("该统一社会信用代码已登记为另一部门。"),
    "ex_department_version_one_at_a_time": Message("该部门刚被他人修改，请刷新后重试。"),
    "pk_office": Message("该处室编号已被使用。"),
    "pk_official": Message("该人员编号已被使用。"),
    "uq_official_employee_code": Message("该工号已登记。"),
    "uq_official_id_number_digest": Message("该身份证件号码已登记：一人只能有一个账号。"),
    "ex_official_version_one_at_a_time": Message("该人员的状态刚被他人修改，请刷新后重试。"),
    "pk_appointment": Message("该任职编号已被使用。"),
    "ex_appointment_one_primary": Message("该人员在这段时间内已有主职，请先结束原主职，或改为兼职、挂职、借调。"),
    "uq_account_login": Message("该登录名已被使用。"),
}


def department_missing(value: object) -> NotFound:
    """Return the error for a department that there is not."""
    return NotFound.of(Message("部门"), value)


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


def department_in_use(name: str, people: int, departments: int) -> Conflict:
    """Return the error for ending a department that people or other departments still hang on."""
    return Conflict(
        "department_in_use",
        Message(
            "“%(name)s”仍有 %(people)s 人任职、%(departments)s 个下级部门，不能撤销。", name=name, people=people, departments=departments
        ),
        remedy=Message("请先结束这些任职，并调整或撤销下级部门。"),
    )


def changed_meanwhile() -> Conflict:
    """Return the error for a change that another one overtook."""
    return Conflict("changed_meanwhile", Message("该部门刚被他人修改，请刷新后重试。"))


def wrong_status(name: str, status: Message) -> Conflict:
    """Return the error for a person who is already in the state that was asked for."""
    return Conflict("wrong_status", Message("%(name)s当前为“%(status)s”状态，无需此操作。", name=name, status=status))


def appointment_over() -> Conflict:
    """Return the error for ending an appointment that has ended."""
    return Conflict("appointment_ended", Message("该任职已经结束，无需再次结束。"))
