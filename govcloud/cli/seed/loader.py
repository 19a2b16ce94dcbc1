"""Brings a planned province into the platform through the services' own commands, in one transaction: all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from govcloud.authorization.commands import NewAssignment
from govcloud.authorization.shipped import baseline
from govcloud.cli.seed.batches import batches
from govcloud.cli.seed.cast import CAST, COUNTER, CastMember
from govcloud.cli.seed.catalogue_loader import CatalogueLoader
from govcloud.cli.seed.departments import GOVERNMENT, PlannedDepartment, department_key
from govcloud.cli.seed.officials import PlannedAppointment, PlannedOfficial
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import Progress, SampleAccount, SeedReport, Serving, Staff
from govcloud.cli.seed.sizes import SHAPES
from govcloud.identity.inputs import NewAppointment, NewDepartment, NewDivision, NewOffice, NewOfficial
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.services import Services

_ACTOR = Actor.system("seed")
_COMMAND = "govcloud:platform:seed"
_BATCH = 500
_SENIOR = "senior_admin"
_OFFICE_HEAD = "内设机构负责人"
_CLERKS = 30
"""So many clerks at counters are named in the report, one a department."""
_DELEGATED = frozenset({"senior_admin", "deputy_senior_admin", "department_admin", "subsystem_admin"})


def seed(
    services: Services,
    size: str = "dev",
    rng_seed: int = 1,
    progress: Progress = lambda _stage, _done, _total: None,
    launch_urls: Mapping[str, str] | None = None,
) -> SeedReport:
    """Fill an empty platform with a province; the people of the story get accounts that can sign in.

    Args:
        services: the platform.
        size: a name in ``SHAPES``.
        rng_seed: the same one gives the same province (ids, secrets and passwords are fresh).
        progress: told the stage, how much of it is done and how much there is.
        launch_urls: addresses (ending in ``/``) of example subsystems that run elsewhere than on their usual ports, by code.

    Raises:
        Conflict: there are officials already; nothing is written.
    """
    return load(services, Plan(SHAPES[size], rng_seed), progress, launch_urls or {})


def load(services: Services, plan: Plan, progress: Progress, launch_urls: Mapping[str, str]) -> SeedReport:
    """Fill an empty platform with what is planned; see ``seed``."""
    with services.uow.begin(_ACTOR, _COMMAND, Target("platform", plan.shape.name)):
        if services.identity_queries.search_officials("", limit=1).rows:
            raise _not_empty()
        return _Loader(services, plan, progress).load(launch_urls)


def _not_empty() -> Conflict:
    return Conflict(
        "not_empty",
        Message("平台中已有公职人员，示例数据只能写入空的平台。"),
        remedy=Message("如需重新生成，请换一个空的数据库。"),
    )


class _Loader:
    """Loads one plan; remembers the ids of departments and offices, and of the story's people."""

    def __init__(self, services: Services, plan: Plan, progress: Progress) -> None:
        self._services = services
        self._plan = plan
        self._progress = progress
        self._departments: dict[str, UUID] = {}
        self._offices: dict[tuple[str, str], UUID] = {}
        self._cast: list[tuple[CastMember, Serving]] = []
        self._approvers: dict[str, Serving] = {}
        self._clerks: dict[str, Serving] = {}
        owners = {system.owner_key for system in plan.subsystems}
        #: Departments that own a subsystem and for which nobody of the story decides: the head of an office of theirs does.
        self._undecided = owners - {member.department_key for member in CAST if _SENIOR in member.roles}
        self._counts: Counter[str] = Counter()

    def load(self, launch_urls: Mapping[str, str]) -> SeedReport:
        """Load all parts, those that others refer to first."""
        self._load_divisions()
        self._load_departments()
        self._install_policy()
        catalogue = CatalogueLoader(self._services.subsystems, _ACTOR, self._departments, launch_urls)
        catalogue.load(self._plan, self._progress)
        self._load_officials()
        self._give_roles()
        self._cast.sort(key=lambda entry: CAST.index(entry[0]))
        accounts = tuple(self._sample_account(member, serving.official_id) for member, serving in self._cast)
        self._counts.update(
            subsystems=len(self._plan.subsystems),
            functions=sum(len(system.functions) for system in self._plan.subsystems),
            matters=len(self._plan.matters),
            roles=len(self._plan.duties.role_names),
        )
        return SeedReport(accounts, catalogue.client_secrets, dict(self._counts), self._staff())

    def _staff(self) -> Staff:
        """Return who asks and who decides; of two in one department the story's first."""
        approvers = {member.department_key: serving for member, serving in reversed(self._cast) if _SENIOR in member.roles}
        return Staff(
            {member.login: serving for member, serving in self._cast}, {**self._approvers, **approvers}, tuple(self._clerks.values())
        )

    def _load_divisions(self) -> None:
        rows = [NewDivision(row.code, row.name, row.parent_code) for row in self._plan.divisions.by_code.values()]
        for batch in batches(rows, _BATCH):
            self._services.identity.register_divisions(_ACTOR, batch)
            self._note("divisions", len(batch), len(rows))

    def _load_departments(self) -> None:
        planned = self._plan.departments
        self._departments = {department.key: new_id() for department in planned}
        for batch in batches(planned, _BATCH):
            self._services.identity.register_departments(_ACTOR, [self._department(department) for department in batch])
            self._note("departments", len(batch), len(planned))
        offices = [NewOffice(self._departments[department.key], name) for department in planned for name in department.offices]
        keys = [(department.key, name) for department in planned for name in department.offices]
        self._offices = dict(zip(keys, (office.id for office in offices), strict=True))
        for some in batches(offices, _BATCH):
            self._services.identity.open_offices(_ACTOR, some)
            self._note("offices", len(some), len(offices))

    def _department(self, planned: PlannedDepartment) -> NewDepartment:
        return NewDepartment(
            id=self._departments[planned.key],
            uscc=planned.uscc,
            name=planned.name,
            short_name=planned.short_name,
            division_code=planned.division,
            level=planned.level,
            parent_id=self._departments[planned.parent_key] if planned.parent_key else None,
            business_lines=planned.business_lines,
            position=planned.position,
            lead_department_id=self._lead(planned),
        )

    def _lead(self, planned: PlannedDepartment) -> UUID | None:
        """Return the department of the same kind one level up, which leads the line; nobody leads a people's government."""
        above = self._plan.divisions.by_code[planned.division].parent_code
        return self._departments.get(department_key(above, planned.kind)) if above and planned.kind != GOVERNMENT else None

    def _install_policy(self) -> None:
        """Install the shipped policy with the roles of the positions added."""
        document = baseline().extended_by(self._plan.duties.policy_text(), f"baseline.yaml + seed {self._plan.shape.name}")
        self._progress("policy", 0, len(document.rules))
        self._services.authorization.install_policy(_ACTOR, document)
        self._progress("policy", len(document.rules), len(document.rules))
        self._services.subsystems.install_catalogue(_ACTOR, baseline().functions)
        rules = list(self._plan.duties.rules())
        self._services.authorization.add_duty_rules(_ACTOR, rules)
        self._note("duty rules", len(rules), len(rules))

    def _load_officials(self) -> None:
        for batch in batches(self._plan.officials(), _BATCH):
            rows = [self._official(planned) for planned in batch]
            self._services.identity.register_officials(_ACTOR, rows)
            for planned, row in zip(batch, rows, strict=True):
                self._notice(planned, row)
            self._note("officials", len(batch), self._plan.shape.officials)

    def _notice(self, planned: PlannedOfficial, row: NewOfficial) -> None:
        """Remember who belongs to the story, who is to decide for a department, and the first clerks at counters."""
        first = planned.appointments[0]
        division = first.department_key.partition("/")[0]
        serving = Serving(row.id, row.appointments[0].id, planned.name, first.department_key, division)
        if planned.cast:
            self._cast.append((planned.cast, serving))
        elif first.position == _OFFICE_HEAD and first.department_key in self._undecided:
            self._approvers.setdefault(first.department_key, serving)
        elif first.position == COUNTER and len(self._clerks) < _CLERKS:
            self._clerks.setdefault(first.department_key, serving)

    def _official(self, planned: PlannedOfficial) -> NewOfficial:
        return NewOfficial(
            employee_code=planned.employee_code,
            name=planned.name,
            id_number=planned.id_number,
            phone=planned.phone,
            rank=planned.rank,
            staffing_type=planned.staffing_type,
            security_label=planned.security_label,
            appointments=tuple(self._appointment(appointment) for appointment in planned.appointments),
        )

    def _appointment(self, planned: PlannedAppointment) -> NewAppointment:
        return NewAppointment(
            department_id=self._departments[planned.department_key],
            position=planned.position,
            post=planned.post,
            kind=planned.kind,
            office_id=self._offices[planned.department_key, planned.office] if planned.office else None,
        )

    def _give_roles(self) -> None:
        """Give people what goes beyond their duty; delegated roles reach over their own department."""
        wanted = [(serving, role, member.description) for member, serving in self._cast for role in member.roles]
        wanted += [(serving, _SENIOR, "审批本部门子系统的权限申请") for serving in self._approvers.values()]
        assignments: Sequence[NewAssignment] = [
            NewAssignment(
                serving.official_id,
                role,
                serving.appointment_id,
                scope={"department_path": self._path(serving.department_key)} if role in _DELEGATED else None,
                reason=reason,
            )
            for serving, role, reason in wanted
        ]
        self._services.authorization.assign_roles(_ACTOR, assignments)
        self._counts["role assignments"] += len(assignments)

    def _path(self, key: str) -> str:
        department = self._services.identity_queries.department(self._departments[key])
        if department is None:
            raise LookupError(f"department {key} was not registered")
        return department.path

    def _sample_account(self, member: CastMember, official_id: UUID) -> SampleAccount:
        account = self._services.identity_queries.account_of(official_id)
        if account is None:
            raise LookupError(f"{member.login} has no account")
        password = self._services.signon.issue_password(_ACTOR, account.id)
        return SampleAccount(account.login, member.name, member.description, official_id, password)

    def _note(self, stage: str, done: int, total: int) -> None:
        self._counts[stage] += done
        self._progress(stage, self._counts[stage], total)
