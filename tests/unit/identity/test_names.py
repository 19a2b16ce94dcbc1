"""Search keys of names, and masks of personal numbers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from govcloud.identity.masking import mask_id_number, mask_phone
from govcloud.identity.names import department_keys, search_keys


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("王芳", "wangfang", "wf"),
        ("单雪梅", "shanxuemei", "sxm"),
        ("仇和", "qiuhe", "qh"),
        ("解晓东", "xiexiaodong", "xxd"),
        ("曾庆红", "zengqinghong", "zqh"),
        ("查良镛", "zhaliangyong", "zly"),
        ("区建国", "oujianguo", "ojg"),
        ("欧阳建国", "ouyangjianguo", "oyjg"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("万俟雄", "moqixiong", "mqx"),
        ("单于冒顿", "chanyumodu", "cymd"),
        ("吕布", "lvbu", "lb"),
        ("买买提·艾力", "maimaitiaili", "mmtal"),
        ("Alice 王", "alicewang", "aw"),
        ("𠮷野", "ye", "y"),
        ("", "", ""),
    ],
)
def test_names_are_read_as_people_say_them(name: str, pinyin: str, initials: str) -> None:
    assert search_keys(name) == (pinyin, initials)


_CHARACTERS = "重庆长行乐单解曾行朝阳都会了和王李建国志强丽·〇𠮷a"


@given(st.lists(st.one_of(st.sampled_from(_CHARACTERS), st.sampled_from(sorted(PHRASES_DICT))), max_size=4).map("".join))
def test_names_that_are_read_word_by_word_are_read_as_a_whole(name: str) -> None:
    """Words are kept, whole names hardly: the reading is pypinyin's own all the same."""
    pinyin, _, _ = department_keys(name, "")
    parts = [part for part in re.split(r"[·•\s]+", name) if part]
    assert pinyin == re.sub(r"[^a-z]+", "", "".join(syllable.lower() for part in parts for syllable in lazy_pinyin(part)))


@given(st.text(max_size=30))
def test_search_keys_are_letters_whatever_the_name(name: str) -> None:
    pinyin, initials = search_keys(name)
    assert (pinyin + initials).isascii()
    assert not pinyin or pinyin.isalpha()
    assert len(initials) <= len(pinyin)
    assert pinyin == pinyin.lower()


def test_masks_show_what_the_law_lets_them_show() -> None:
    assert mask_id_number("11010519491231002X") == "110105********002X"
    assert mask_phone("13800138000") == "138****8000"


@given(st.text(max_size=40))
def test_what_is_not_a_number_is_hidden_whole(value: str) -> None:
    if len(value) != 18:
        assert set(mask_id_number(value)) <= {"*"}
    if len(value) != 11:
        assert set(mask_phone(value)) <= {"*"}
