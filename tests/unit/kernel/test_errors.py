"""Errors: five kinds, each with a stable code, a sentence and what helps."""

from __future__ import annotations

import pytest

from govcloud.kernel.errors import Conflict, Denied, FieldError, GovcloudError, Invalid, NotFound, Refusal, Unavailable
from govcloud.kernel.messages import Message


@pytest.mark.parametrize("kind", [Invalid, NotFound, Conflict, Denied, Unavailable])
def test_every_kind_is_a_govcloud_error_and_no_other_kind(kind: type[GovcloudError]) -> None:
    error = kind("some_code", Message("出错了。"))
    assert isinstance(error, GovcloudError)
    others = {Invalid, NotFound, Conflict, Denied, Unavailable} - {kind}
    assert not isinstance(error, tuple(others))
    assert (error.code, str(error)) == ("some_code", "出错了。")


def test_an_error_carries_all_that_people_need() -> None:
    refusals = (Refusal("own_request", Message("不能审批自己的申请。")), Refusal("no_authority", Message("没有审批权限。")))
    error = Denied("refused", Message("不能审批。"), remedy=Message("请联系部门管理员。"), refusals=refusals, retry_after=30)
    assert error.refusals == refusals
    assert str(error.remedy) == "请联系部门管理员。"
    assert error.retry_after == 30


def test_wrong_fields_are_named_with_their_values() -> None:
    field = FieldError("login", Message("不能为空。"), "")
    error = Invalid.of(field)
    assert error.code == "invalid_input"
    assert error.fields == (field,)


def test_a_missing_thing_is_named_but_never_at_any_length() -> None:
    error = NotFound.of(Message("部门"), "x" * 10_000)
    assert error.code == "not_found"
    assert len(str(error)) < 200
