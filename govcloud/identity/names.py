"""Search keys of Chinese names: pinyin and initials, with the readings that characters have as surnames."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import lazy_pinyin
from pypinyin.constants import RE_HANS
from pypinyin.seg import mmseg

_LETTERS = re.compile(r"[^a-z]+")

# Surnames that pypinyin, which goes by the commonest reading of a character, reads otherwise.
_SURNAMES = {
    "万俟": ("mo", "qi"),
    "尉迟": ("yu", "chi"),
    "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"),
    "长孙": ("zhang", "sun"),
    "令狐": ("ling", "hu"),
    "宰父": ("zai", "fu"),
    "单": ("shan",),
    "仇": ("qiu",),
    "解": ("xie",),
    "曾": ("zeng",),
    "查": ("zha",),
    "区": ("ou",),
    "盖": ("ge",),
    "朴": ("piao",),
    "乐": ("yue",),
    "缪": ("miao",),
    "翟": ("zhai",),
    "覃": ("qin",),
    "种": ("chong",),
    "员": ("yun",),
    "繁": ("po",),
    "秘": ("bi",),
    "黑": ("he",),
    "折": ("she",),
    "洗": ("xian",),
    "召": ("shao",),
    "祭": ("zhai",),
    "郇": ("xun",),
    "牟": ("mu",),
    "隗": ("wei",),
    "佴": ("nai",),
}
_LONGEST_SURNAME = 2


@lru_cache(maxsize=20_000)
def search_keys(name: str) -> tuple[str, str]:
    """Return ``(pinyin, initials)`` of a name: ``单小丽`` gives ``("shanxiaoli", "sxl")``.

    Letters only, lower case; ``ü`` is written ``v``, as input methods do. Characters without a known reading are left out, so a
    name of such characters only has empty keys and is found by the name itself.
    """
    spoken = _read(name)
    return "".join(spoken), "".join(syllable[0] for syllable in spoken)


def department_keys(name: str, short_name: str) -> tuple[str, str, list[str]]:
    """Return ``(pinyin, initials, grams)`` of a department's name: what searches for a part of it look at."""
    spoken = _plain(name)
    pinyin, initials = "".join(spoken), "".join(syllable[0] for syllable in spoken)
    return pinyin, initials, sorted({gram for text in (name, short_name, pinyin, initials) for gram in (*text.lower(), *grams_of(text))})


def grams_of(text: str) -> list[str]:
    """Return the pairs of neighbouring characters in ``text`` (itself, when it is a single one), in lower case.

    What contains ``text`` has all of them, so an index on them narrows a search for a part of a name without any extension.
    """
    lower = text.lower()
    return [lower] if len(lower) == 1 else [lower[place : place + 2] for place in range(len(lower) - 1)]


def _read(name: str) -> list[str]:
    """Return the reading of each character, the surname's first."""
    for length in range(_LONGEST_SURNAME, 0, -1):
        surname = _SURNAMES.get(name[:length])
        if surname:
            return [*surname, *_plain(name[length:])]
    return _plain(name)


def _plain(text: str) -> list[str]:
    # A name of two or more parts (买买提·艾力) is read part by part; runs of other letters come back as one syllable.
    return [syllable for part in re.split(r"[·•\s]+", text) if part for word in _words(part) for syllable in _spoken(word)]


def _words(part: str) -> Iterable[str]:
    """Cut ``part`` as pypinyin does before it reads; words come again and again in a million names, and whole names do not."""
    return mmseg.seg.cut(part) if RE_HANS.match(part) else (part,)


@lru_cache(maxsize=50_000)
def _spoken(word: str) -> tuple[str, ...]:
    """Return the letters of each syllable of ``word``."""
    return tuple(letters for syllable in lazy_pinyin(word, errors="default") if (letters := _LETTERS.sub("", syllable.lower())))
