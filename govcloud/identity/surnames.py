"""Where a Chinese name divides into family and given name, for protocols that want both."""

from __future__ import annotations

import re

# Surnames of two characters that people bear today; a name of two characters has one of one character.
_COMPOUND = frozenset(
    re.findall(
        "..",
        "万俟司马上官欧阳夏侯诸葛闻人东方赫连皇甫尉迟公羊澹台公冶宗政濮阳淳于单于太叔申屠公孙仲孙轩辕令狐钟离宇文长孙慕容鲜于闾丘司徒司空"
        "亓官司寇子车颛孙端木巫马公西漆雕乐正壤驷公良拓跋夹谷宰父谷梁段干百里东郭南门呼延羊舌微生梁丘左丘东门西门南宫第五独孤南荣东里褚师"
        "即墨达奚纳兰完颜爱新叶赫那拉",
    )
)
_COMPOUND_LENGTH = 2
_DIVISIBLE = re.compile(r"[^\W\d_A-Za-z·•]{2,}")


def split_name(name: str) -> tuple[str, str] | None:
    """Return ``(family, given)``: ``欧阳小丽`` gives ``("欧阳", "小丽")``.

    ``None`` for a name that is not made of these two: ``买买提·艾力``, one in Latin letters, a single character. Both parts together
    are always the name itself.
    """
    if not _DIVISIBLE.fullmatch(name):
        return None
    length = _COMPOUND_LENGTH if len(name) > _COMPOUND_LENGTH and name[:_COMPOUND_LENGTH] in _COMPOUND else 1
    return name[:length], name[length:]
