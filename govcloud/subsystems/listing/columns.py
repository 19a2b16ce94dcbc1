"""The columns of both lists as files have them: one row is one entry."""

from __future__ import annotations

from govcloud.kernel.messages import Message
from govcloud.kernel.tables.columns import Column, Columns

#: What the two digits of an item's kind mean (GB/T 39554.1); the set is open, as provinces add their own.
KIND_NAMES = {
    "01": Message("行政许可"),
    "02": Message("行政处罚"),
    "03": Message("行政强制"),
    "04": Message("行政征收"),
    "05": Message("行政给付"),
    "06": Message("行政检查"),
    "07": Message("行政确认"),
    "08": Message("行政奖励"),
    "09": Message("行政裁决"),
    "10": Message("其他行政权力"),
    "20": Message("公共服务"),
}
#: A kind may be written as its digits or as its name.
KIND_OF = {name.template: digits for digits, name in KIND_NAMES.items()}
MOST_BASIS = 4_000

POWER = Columns(
    Column(
        "code",
        "基本编码",
        Message("12 位数字或大写字母，第 3、4 位为事项类型；同一部门一个编码一行。该列应设为文本格式。"),
        "330530001000",
        required=True,
    ),
    Column(
        "department_uscc",
        "部门信用代码",
        Message("行使该权力的部门的 18 位统一社会信用代码，部门须已登记。"),
        "11330106MB0000000X",
        required=True,
    ),
    Column("name", "事项名称", Message("1 至 100 个字符。"), "公租房租赁补贴发放", required=True),
    Column("kind", "事项类型", Message("两位数字或名称，如 05 或 行政给付；应与基本编码的第 3、4 位一致。"), "05", required=True),
    Column(
        "legal_basis",
        "设定依据",
        Message("法律、法规、规章的名称和条款，4000 字以内；没有此列则不改动，单元格为空则清空。"),
        "《公共租赁住房管理办法》第十九条",
        most=MOST_BASIS,
    ),
)
IMPLEMENTATION = Columns(
    Column(
        "code",
        "实施编码",
        Message("31 位：统一社会信用代码 18 位 + 行使层级 1 位 + 基本编码 12 位；基本编码须在该部门的权力清单中。"),
        "11330106MB0000000X4330530001000",
        required=True,
    ),
    Column("name", "事项名称", Message("1 至 100 个字符。"), "公租房租赁补贴申领", required=True),
    Column(
        "promised_days",
        "承诺办结时限",
        Message("工作日数，0 至 999，0 为即时办结；没有此列则不改动，单元格为空则为未承诺。"),
        "5",
    ),
)
