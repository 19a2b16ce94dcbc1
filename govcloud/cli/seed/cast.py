"""The people of the story: the same in every province, whatever its size and its seed."""

from __future__ import annotations

from dataclasses import dataclass, field

from govcloud.cli.seed.departments import department_key
from govcloud.cli.seed.divisions import PROVINCE

_XIHU = "330106000000"
_YUHANG = "330110000000"
COUNTER = "窗口受理员"


@dataclass(frozen=True)
class CastMember:
    """A person of the story; ``roles`` are given beside those of the duty, over the member's own department where they need one."""

    login: str
    name: str
    woman: bool
    department_key: str
    office: str
    post: str
    position: str
    rank: str
    description: str
    roles: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = field(default=())
    security_label: int = 1


def _at(division: str, kind: str) -> str:
    return department_key(division, kind)


CAST = (
    CastMember(
        "WANGFANG",
        "王芳",
        woman=True,
        department_key=_at(_XIHU, "civil_affairs"),
        office="社会救助科",
        post="科员",
        position=COUNTER,
        rank="一级科员",
        description="西湖区民政局窗口受理员：办理救助案件，可进住房保障系统但不能查登记信息；安全标记 1，查不了救助资金发放",
    ),
    CastMember(
        "LIQIANG",
        "李强",
        woman=False,
        department_key=_at(PROVINCE, "housing"),
        office="住房保障处",
        post="处长",
        position="内设机构负责人",
        rank="县处级正职",
        description="省住房和城乡建设厅高级管理员：审批、撤销住房保障系统的权限",
        roles=("senior_admin",),
        security_label=2,
    ),
    CastMember(
        "ZHAOMIN",
        "赵敏",
        woman=True,
        department_key=_at(PROVINCE, "civil_affairs"),
        office="社会救助处",
        post="处长",
        position="内设机构负责人",
        rank="县处级正职",
        description="省民政厅高级管理员：审批、撤销民政救助系统的权限；看案件时姓名遮盖、证件号码隐藏，安全标记 2，可查救助资金发放",
        roles=("senior_admin",),
        security_label=2,
    ),
    CastMember(
        "SUNLI",
        "孙丽",
        woman=True,
        department_key=_at(_XIHU, "civil_affairs"),
        office="办公室",
        post="主任",
        position="内设机构负责人",
        rank="一级主任科员",
        description="西湖区民政局部门管理员：管理本部门人员和任职",
        roles=("department_admin",),
        security_label=2,
    ),
    CastMember(
        "HEWEI",
        "何伟",
        woman=False,
        department_key=_at(PROVINCE, "housing"),
        office="住房保障处",
        post="四级调研员",
        position="数据管理员",
        rank="四级调研员",
        description="省住房和城乡建设厅应用管理员：维护住房保障系统的功能和接入",
        roles=("subsystem_admin",),
        security_label=2,
    ),
    CastMember(
        "SHANXUEMEI",
        "单雪梅",
        woman=True,
        department_key=_at(_YUHANG, "civil_affairs"),
        office="社会救助科",
        post="科员",
        position=COUNTER,
        rank="二级主任科员",
        description="余杭区民政局窗口受理员，兼西湖区民政局业务审核员：登录时选择任职",
        also=((_at(_XIHU, "civil_affairs"), "业务审核员"),),
    ),
    CastMember(
        "ZHOUJIANJUN",
        "周建军",
        woman=False,
        department_key=_at(PROVINCE, "data"),
        office="平台运行处",
        post="副处长",
        position="平台运维员",
        rank="县处级副职",
        description="系统管理员：账号与资源，不授权、不审计",
        roles=("system_admin",),
        security_label=3,
    ),
    CastMember(
        "WUXIAOYAN",
        "吴晓燕",
        woman=True,
        department_key=_at(PROVINCE, "data"),
        office="网络与数据安全处",
        post="副处长",
        position="安全管理员",
        rank="县处级副职",
        description="安全管理员：策略、标记与上限，可撤销、不审批；起草策略",
        roles=("security_admin",),
        security_label=3,
    ),
    CastMember(
        "FANGLEI",
        "方磊",
        woman=False,
        department_key=_at(PROVINCE, "data"),
        office="网络与数据安全处",
        post="四级调研员",
        position="安全管理员",
        rank="四级调研员",
        description="另一位安全管理员：批准他人起草的策略",
        roles=("security_admin",),
        security_label=3,
    ),
    CastMember(
        "ZHENGGUOHUA",
        "郑国华",
        woman=False,
        department_key=_at(PROVINCE, "audit"),
        office="电子数据审计处",
        post="副处长",
        position="审计管理员",
        rank="县处级副职",
        description="审计管理员：只查审计记录",
        roles=("audit_admin",),
        security_label=3,
    ),
    CastMember(
        "MAOHUI",
        "毛辉",
        woman=False,
        department_key=_at(PROVINCE, "housing"),
        office="住房保障处",
        post="副处长",
        position="内设机构负责人",
        rank="县处级副职",
        description="省住房和城乡建设厅另一位高级管理员：须两人同意的申请，由其与李强各同意一次",
        roles=("senior_admin",),
        security_label=2,
    ),
    CastMember(
        "DENGHONG",
        "邓红",
        woman=True,
        department_key=_at(PROVINCE, "civil_affairs"),
        office="社会救助处",
        post="副处长",
        position="内设机构负责人",
        rank="县处级副职",
        description="省民政厅副职高级管理员：只见逾时未答复的申请，可代为审批",
        roles=("deputy_senior_admin",),
        security_label=2,
    ),
    CastMember(
        "GUJIANHUA",
        "顾建华",
        woman=True,
        department_key=_at(PROVINCE, "government"),
        office="督查处",
        post="处长",
        position="内设机构负责人",
        rank="县处级正职",
        description="省人民政府高级管理员：两个部门会签、依次审批的第二步，以及逾时升级到上级部门的申请",
        roles=("senior_admin",),
        security_label=2,
    ),
)
