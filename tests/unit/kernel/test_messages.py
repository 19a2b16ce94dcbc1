"""Messages: a template that stays translatable because values never become part of it."""

from __future__ import annotations

import pytest

from govcloud.kernel.messages import Message

ENGLISH = {"找不到%(kind)s“%(value)s”。": "There is no %(kind)s “%(value)s”.", "部门": "department", "完成100%": "100% done"}


def english(template: str) -> str:
    return ENGLISH.get(template, template)


def test_chinese_is_the_source() -> None:
    assert str(Message("找不到%(kind)s“%(value)s”。", kind=Message("部门"), value="民政局")) == "找不到部门“民政局”。"


def test_a_message_is_translated_with_the_messages_in_it() -> None:
    message = Message("找不到%(kind)s“%(value)s”。", kind=Message("部门"), value="民政局")
    assert message.render(english) == "There is no department “民政局”."


def test_values_are_not_taken_for_templates() -> None:
    assert str(Message("找不到%(value)s。", value="%(kind)s 100%")) == "找不到%(kind)s 100%。"


def test_a_message_without_values_may_hold_a_percent_sign() -> None:
    assert Message("完成100%").render(english) == "100% done"


def test_a_missing_value_is_loud() -> None:
    with pytest.raises(KeyError):
        str(Message("找不到%(value)s。", other="x"))


def test_messages_compare_by_template_and_values() -> None:
    assert Message("甲%(a)s", a=1) == Message("甲%(a)s", a=1)
    assert Message("甲%(a)s", a=1) != Message("甲%(a)s", a=2)
