"""A small province that tests stand on: real divisions, a few departments, the people of the story, two subsystems.

It is built with the services' own commands, so it is as true as the platform itself. The catalogue and the policy are those of
the story: 王芳 may enter both subsystems, reads assistance cases of her division, and may not read the housing register.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from govcloud.authorization.commands import NewAssignment
from govcloud.authorization.shipped import baseline
from govcloud.identity.inputs import NewAppointment, NewDepartment, NewDivision, NewOfficial
from govcloud.identity.service import Identity
from govcloud.kernel.actor import Actor
from govcloud.subsystems.changes import MatterEntry
from govcloud.subsystems.inputs import ClientCredentials, NewClient, NewFunction, NewItem, NewMatter, NewSubsystem
from govcloud.subsystems.service import Subsystems
from tests.factories.people import credit_code, id_number, phone_number

if TYPE_CHECKING:
    from govcloud.authorization.policies.document import PolicyDocument
    from govcloud.services import Services

SEED = Actor.system("seed")
PROVINCE, HANGZHOU, XIHU, YUHANG = "330000000000", "330100000000", "330106000000", "330110000000"
#: Keeps the policy of passwords; whoever gets it in a test is the only one who knows it.
PASSWORD = "Xihu-2026-lake"

POLICY = """
roles:
  counter_clerk:
    name: 窗口受理
    description: 民政窗口岗位，限本行政区划的数据
    rules:
      - allow: [assistance:door:enter, assistance:case:read, assistance:case:accept, housing:door:enter]
        scope: own_division
        label: 民政窗口岗位职责
      - allow: housing:guide:read
        label: 民政窗口岗位职责
  housing_clerk:
    name: 住房保障经办
    description: 住房保障岗位，限本行政区划的数据
    rules:
      - allow: [housing:door:enter, housing:register:read]
        scope: own_division
        label: 住房保障岗位职责
      - allow: housing:guide:read
        label: 住房保障岗位职责
"""


@dataclass(frozen=True)
class Person:
    """Somebody in the small province, under the first appointment."""

    name: str
    login: str
    official_id: UUID
    appointment_id: UUID
    department_id: UUID

    def actor(self, *, session_id: UUID | None = None) -> Actor:
        """Return the person as an actor under the first appointment."""
        return Actor.official(
            self.official_id, self.name, appointment_id=self.appointment_id, session_id=session_id, source_address="192.0.2.7"
        )


@dataclass(frozen=True)
class Organisation:
    """The departments of the small province by short key, and the path of each."""

    ids: dict[str, UUID]
    paths: dict[str, str]


@dataclass
class World:
    """The small province: departments and paths, people, items and clients by name."""

    organisation: Organisation
    people: dict[str, Person]
    items: dict[str, UUID] = field(default_factory=dict)
    clients: dict[str, ClientCredentials] = field(default_factory=dict)
    matter_id: UUID | None = None

    @property
    def wang(self) -> Person:
        """Return 王芳, who works at the counter of 西湖区民政局."""
        return self.people["WANGFANG"]

    @property
    def li(self) -> Person:
        """Return 李强, senior administrator of the province's housing department."""
        return self.people["LIQIANG"]

    @property
    def zhao(self) -> Person:
        """Return 赵敏, senior administrator of the province's civil affairs department."""
        return self.people["ZHAOMIN"]

    @property
    def system_admin(self) -> Person:
        """Return 周建军."""
        return self.people["ZHOUJIANJUN"]

    @property
    def security_admin(self) -> Person:
        """Return 吴晓燕."""
        return self.people["WUXIAOYAN"]

    @property
    def audit_admin(self) -> Person:
        """Return 郑国华."""
        return self.people["ZHENGGUOHUA"]


# key, name, division, level, parent, business lines
_DEPARTMENTS = (
    ("government", "浙江省人民政府", PROVINCE, "province", None, ("综合政务",)),
    ("housing", "浙江省住房和城乡建设厅", PROVINCE, "province", "government", ("住房和城乡建设",)),
    ("civil_affairs", "浙江省民政厅", PROVINCE, "province", "government", ("民政",)),
    ("data", "浙江省数据局", PROVINCE, "province", "government", ("数据",)),
    ("audit", "浙江省审计厅", PROVINCE, "province", "government", ("审计",)),
    ("xihu", "杭州市西湖区人民政府", XIHU, "county", "government", ("综合政务",)),
    ("xihu_civil_affairs", "杭州市西湖区民政局", XIHU, "county", "xihu", ("民政",)),
    ("xihu_housing", "杭州市西湖区住房和城乡建设局", XIHU, "county", "xihu", ("住房和城乡建设",)),
    ("yuhang_civil_affairs", "杭州市余杭区民政局", YUHANG, "county", "government", ("民政",)),
)

# login, name, department, position, post, rank
_PEOPLE = (
    ("WANGFANG", "王芳", "xihu_civil_affairs", "窗口受理员", "科员", "一级科员"),
    ("LIQIANG", "李强", "housing", "内设机构负责人", "处长", "县处级正职"),
    ("QIANWEI", "钱伟", "housing", "内设机构负责人", "副处长", "县处级副职"),
    ("ZHAOMIN", "赵敏", "civil_affairs", "内设机构负责人", "处长", "县处级正职"),
    ("SUNLI", "孙丽", "xihu_civil_affairs", "内设机构负责人", "主任", "一级主任科员"),
    ("HEWEI", "何伟", "housing", "数据管理员", "四级调研员", "四级调研员"),
    ("SHANXUEMEI", "单雪梅", "yuhang_civil_affairs", "窗口受理员", "科员", "二级主任科员"),
    ("CHENJIE", "陈杰", "xihu_housing", "窗口受理员", "科员", "一级科员"),
    ("ZHOUJIANJUN", "周建军", "data", "平台运维员", "副处长", "县处级副职"),
    ("WUXIAOYAN", "吴晓燕", "data", "安全管理员", "副处长", "县处级副职"),
    ("ZHENGGUOHUA", "郑国华", "audit", "审计管理员", "副处长", "县处级副职"),
)

# login, role, department that it reaches over (None: the whole province)
_ROLES = (
    ("WANGFANG", "counter_clerk", None),
    ("SHANXUEMEI", "counter_clerk", None),
    ("CHENJIE", "housing_clerk", None),
    ("LIQIANG", "senior_admin", "housing"),
    ("QIANWEI", "senior_admin", "housing"),
    ("ZHAOMIN", "senior_admin", "civil_affairs"),
    ("SUNLI", "department_admin", "xihu_civil_affairs"),
    ("HEWEI", "subsystem_admin", "housing"),
    ("ZHOUJIANJUN", "system_admin", None),
    ("WUXIAOYAN", "security_admin", None),
    ("ZHENGGUOHUA", "audit_admin", None),
)

_FUNCTIONS = (
    NewFunction("housing:door:enter", "进入住房保障管理系统"),
    NewFunction("housing:guide:read", "查看公租房办事指南"),
    NewFunction("housing:register:read", "查询住房登记信息", sensitive=True, integration_level=3),
    NewFunction("housing:register:export", "导出住房登记信息", sensitive=True, integration_level=3),
    NewFunction("assistance:door:enter", "进入民政救助业务系统"),
    NewFunction("assistance:case:read", "查看救助案件", integration_level=3),
    NewFunction("assistance:case:accept", "受理救助案件", integration_level=3),
)


@cache
def small_policy() -> PolicyDocument:
    """Return the policy of the small province; nobody can change a document, and to read it takes a fifth of a second."""
    return baseline().extended_by(POLICY, "small province")


def small_province(services: Services, *, passwords: tuple[str, ...] | None = ()) -> World:
    """Build the small province; the people whose logins ``passwords`` names (``None``: all) can sign in with ``PASSWORD``.

    Tests take the fixture ``world``, which has it built already.
    """
    organisation = build_organisation(services.identity)
    services.authorization.install_policy(SEED, small_policy())
    services.subsystems.install_catalogue(SEED, baseline().functions)
    people = build_people(services.identity, organisation)
    world = World(organisation, people)
    build_catalogue(services.subsystems, world)
    services.authorization.assign_roles(SEED, [_assignment(world, login, role, place) for login, role, place in _ROLES])
    for login in people if passwords is None else passwords:
        give_password(services, people[login])
    return world


def build_organisation(identity: Identity) -> Organisation:
    """Register the divisions and departments."""
    identity.register_divisions(
        SEED,
        [
            NewDivision(PROVINCE, "浙江省"),
            NewDivision(HANGZHOU, "杭州市", PROVINCE),
            NewDivision(XIHU, "西湖区", HANGZHOU),
            NewDivision(YUHANG, "余杭区", HANGZHOU),
        ],
    )
    ids: dict[str, UUID] = {}
    paths: dict[str, str] = {}
    rows = []
    for number, (key, name, division, level, parent, lines) in enumerate(_DEPARTMENTS):
        parent_id = ids[parent] if parent else None
        row = NewDepartment(
            credit_code(number, division), name, division, level, parent_id=parent_id, business_lines=lines, position=number
        )
        ids[key] = row.id
        paths[key] = f"{paths[parent] if parent else '/'}{row.id.hex}/"
        rows.append(row)
    identity.register_departments(SEED, rows)
    return Organisation(ids, paths)


def build_people(identity: Identity, organisation: Organisation) -> dict[str, Person]:
    """Register the people of the story, each with a primary appointment; nobody has a password yet."""
    rows = [
        NewOfficial(
            login,
            name,
            id_number(5000 + number),
            phone_number(5000 + number),
            rank,
            appointments=(NewAppointment(organisation.ids[key], position, post),),
        )
        for number, (login, name, key, position, post, rank) in enumerate(_PEOPLE)
    ]
    identity.register_officials(SEED, rows)
    return {
        row.employee_code: Person(row.name, row.employee_code, row.id, row.appointments[0].id, row.appointments[0].department_id)
        for row in rows
    }


def build_catalogue(subsystems: Subsystems, world: World) -> None:
    """Register and publish both subsystems with functions, items, clients and one matter."""
    departments = world.organisation.ids
    rows = (
        ("housing", "住房保障管理系统", "housing", "http://127.0.0.1:8001/"),
        ("assistance", "民政救助业务系统", "civil_affairs", "http://127.0.0.1:8002/"),
    )
    for code, name, owner, address in rows:
        subsystems.register_subsystem(
            SEED, NewSubsystem(code, name, departments[owner], 3, launch_url=address, description=f"{name}，测试用")
        )
    # The rows above are shared by every test of a process: each province needs functions with ids of its own.
    subsystems.add_functions(
        SEED, [NewFunction(row.code, row.name, row.description, row.sensitive, row.integration_level) for row in _FUNCTIONS]
    )
    items = {
        "housing:register:read": NewItem(
            "housing:register:read",
            "查询住房登记信息",
            "姓名、证件号码（脱敏）、房屋坐落、建筑面积、权属状态",
            max_days=30,
            requires_case_number=True,
        ),
        "housing:register:export": NewItem(
            "housing:register:export", "导出住房登记信息", "批量导出住房登记信息", tier="two_units", max_days=7, requires_case_number=True
        ),
        "assistance:case:read": NewItem("assistance:case:read", "查看救助案件", "申请人姓名、家庭情况、救助类别和金额", tier="one"),
    }
    subsystems.offer_items(SEED, list(items.values()))
    world.items.update({function: item.id for function, item in items.items()})
    for code, name, _, address in rows:
        world.clients[code] = subsystems.register_client(
            SEED, NewClient(code, f"{code}-web", name, (f"{address}oidc/callback",), (f"{address}signed-out",))
        )
        bring_into_service(subsystems, code)
    matter = NewMatter(
        "RESCUE-01", "困难家庭救助一件事", departments["civil_affairs"], (MatterEntry(world.items["housing:register:read"], 1),)
    )
    world.matter_id = subsystems.register_matter(SEED, matter)


def bring_into_service(subsystems: Subsystems, code: str) -> None:
    """Take a registered subsystem through the whole flow."""
    subsystems.submit_subsystem(SEED, code)
    subsystems.check_subsystem(SEED, code)
    subsystems.publish_subsystem(SEED, code)


def give_password(services: Services, person: Person, password: str = PASSWORD) -> str:
    """Let a person sign in; return the password."""
    account = services.identity_queries.account_of(person.official_id)
    assert account is not None
    services.signon.set_password(SEED, account.id, password)
    return password


def _assignment(world: World, login: str, role: str, place: str | None) -> NewAssignment:
    person = world.people[login]
    scope = {"department_path": world.organisation.paths[place]} if place else None
    return NewAssignment(person.official_id, role, person.appointment_id, scope=scope, reason="岗位职责")
