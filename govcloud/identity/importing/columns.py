"""The columns of an import: one row is one official with one appointment; a repeated employee code adds appointments."""

from __future__ import annotations

from govcloud.kernel.messages import Message
from govcloud.kernel.tables.columns import Column, Columns

COLUMNS = Columns(
    Column(
        "employee_code",
        "工号",
        Message("3 至 32 位大写字母、数字、连字符或下划线；同一工号的多行各为一项任职，应相邻。"),
        "XH000123",
        required=True,
    ),
    Column("name", "姓名", Message("生僻字、少数民族姓名中的间隔号“·”照原样填写。"), "阿依古丽·买买提", required=True),
    Column("id_number", "证件号码", Message("18 位公民身份号码，末位 X 大写；该列应设为文本格式。"), "330106189001010048", required=True),
    Column("phone", "手机号", Message("11 位；留空则不改动已登记的号码。"), "15400000000"),
    Column("rank", "职级", Message("如“一级科员”；留空则不改动。"), "一级科员"),
    Column("staffing_type", "编制", Message("如“行政编制”“事业编制”；新人员留空为行政编制。"), "行政编制"),
    Column("security_label", "安全标记", Message("0 至 4；新人员留空为 0。"), "1"),
    Column(
        "department_uscc",
        "部门信用代码",
        Message("任职部门的 18 位统一社会信用代码，部门须已登记。"),
        "11330106MB0000000X",
        required=True,
    ),
    Column("division_code", "行政区划代码", Message("12 位；填写时应与部门所在的行政区划一致，用于核对。"), "330106000000"),
    Column("office", "处室", Message("该部门已登记的内设机构名称。"), "办公室"),
    Column("kind", "任职类别", Message("主职、兼职、挂职或借调；留空为主职。同一时间只能有一个主职。"), "主职"),
    Column("post", "职务", Message("如“科员”。"), "科员"),
    Column("position", "岗位", Message("如“窗口受理员”，权限随岗位而定。"), "窗口受理员", required=True),
    Column("starts_at", "任职开始", Message("如 2026-12-01，当日零时（北京时间）起任职；留空为导入之时。只用于新的任职。"), "2026-12-01"),
    Column("ends_at", "任职结束", Message("如 2027-12-01，当日零时（北京时间）起不再任职；留空为长期。")),
    Column(
        "password_hash",
        "密码散列",
        Message("可选：原系统的散列（argon2、bcrypt $2b$、pbkdf2-sha256），首次登录后升级；不接受明文密码。"),
    ),
)
KEYS = COLUMNS.keys
PLACE = COLUMNS.place
HEADINGS = COLUMNS.headings

KINDS = {
    "": "primary",
    "主职": "primary",
    "兼职": "concurrent",
    "挂职": "attachment",
    "借调": "secondment",
    "primary": "primary",
    "concurrent": "concurrent",
    "attachment": "attachment",
    "secondment": "secondment",
}
