"""Brings the planned catalogue into the platform: subsystems, functions, items, clients, matters and the power list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from govcloud.cli.seed.batches import batches
from govcloud.cli.seed.catalogue import PlannedFunction, PlannedSubsystem
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.powers import PlannedPower
from govcloud.cli.seed.report import Progress
from govcloud.kernel.actor import Actor
from govcloud.subsystems.changes import Binding, MatterEntry
from govcloud.subsystems.inputs import ClientCredentials, NewClient, NewFunction, NewItem, NewMatter, NewSubsystem
from govcloud.subsystems.levels import asks_each_time
from govcloud.subsystems.listing.inputs import NewPowerItem, NewServiceItem
from govcloud.subsystems.protocols import OidcSettings
from govcloud.subsystems.service import Subsystems

#: One batch is one edition of the list.
_BATCH = 10_000
# Where the platform's Flask client takes the answer of the sign-in.
_CALLBACK = "govcloud/callback"
_SIGN_OUT = "govcloud/backchannel-logout"
_DOMAIN = "zj.example"
_ENOUGH = 2


class CatalogueLoader:
    """Registers one subsystem after another, then what links them."""

    def __init__(self, subsystems: Subsystems, actor: Actor, departments: Mapping[str, UUID], launch_urls: Mapping[str, str]) -> None:
        """Take the service, who acts, the departments' ids by key, and addresses of examples that run elsewhere than planned."""
        self._subsystems = subsystems
        self._actor = actor
        self._departments = departments
        self._launch_urls = launch_urls
        self._items: dict[str, UUID] = {}
        #: Secrets of the clients at which something answers, by client_id.
        self.client_secrets: dict[str, str] = {}

    def load(self, plan: Plan, progress: Progress) -> None:
        """Register everything of ``plan`` that departments own."""
        for done, system in enumerate(plan.subsystems, 1):
            self._load_subsystem(system)
            progress("subsystems", done, len(plan.subsystems))
        for done, matter in enumerate(plan.matters, 1):
            items = tuple(MatterEntry(self._items[code], stage, _duty(code)) for code, stage in matter.items)
            new = NewMatter(matter.code, matter.name, self._departments[matter.lead_key], items)
            self._subsystems.register_matter(self._actor, new)
            progress("matters", done, len(plan.matters))
        powers = list(plan.powers())
        self._load_powers(powers, progress)
        self._bind(plan.subsystems, powers)

    def _load_subsystem(self, system: PlannedSubsystem) -> None:
        launch_url = self._launch_urls.get(system.code, system.launch_url)
        self._subsystems.register_subsystem(
            self._actor,
            NewSubsystem(
                code=system.code,
                name=system.name,
                owner_department_id=self._departments[system.owner_key],
                integration_level=system.integration_level,
                launch_url=launch_url,
                description=system.description,
            ),
        )
        self._subsystems.add_functions(self._actor, [_function(system, function) for function in system.functions])
        offered = [function for function in system.functions if function.item]
        ids = self._subsystems.offer_items(self._actor, [_item(function) for function in offered])
        self._items.update(zip((function.code for function in offered), ids, strict=True))
        # What answers nowhere in the sample still signs in somewhere: nothing goes into service without credentials of its own.
        credentials = self._load_client(system, launch_url or f"https://{system.code.replace('_', '-')}.{_DOMAIN}/")
        if launch_url and credentials.secret:
            self.client_secrets[credentials.client_id] = credentials.secret
        self._subsystems.submit_subsystem(self._actor, system.code)
        self._subsystems.check_subsystem(self._actor, system.code)
        self._subsystems.publish_subsystem(self._actor, system.code)

    def _load_client(self, system: PlannedSubsystem, launch_url: str) -> ClientCredentials:
        return self._subsystems.register_client(
            self._actor,
            NewClient(
                subsystem_code=system.code,
                client_id=system.code,
                name=system.name,
                redirect_uris=(launch_url + _CALLBACK,),
                post_logout_uris=(launch_url,),
                settings=client_settings(system, launch_url),
            ),
        )

    def _load_powers(self, powers: list[PlannedPower], progress: Progress) -> None:
        done = 0
        for batch in batches(powers, _BATCH):
            new = [NewPowerItem(power.code, power.name, power.kind, self._departments[power.department_key]) for power in batch]
            ids = self._subsystems.register_power_items(self._actor, new)
            services = [NewServiceItem(power.service_code, power.name, power_id) for power, power_id in zip(batch, ids, strict=True)]
            self._subsystems.register_service_items(self._actor, services)
            done += len(batch)
            progress("power list", done, len(powers))

    def _bind(self, systems: Sequence[PlannedSubsystem], powers: Sequence[PlannedPower]) -> None:
        """Say of each function which of the owner's service items it serves, as far as their names say so."""
        served: dict[str, list[PlannedPower]] = defaultdict(list)
        for power in powers:
            served[power.department_key].append(power)
        for system in systems:
            found = ((function.code, _nearest(function.name, served[system.owner_key])) for function in system.functions)
            bindings = [Binding(code, power.service_code) for code, power in found if power is not None]
            if bindings:
                self._subsystems.bind_functions(self._actor, bindings)


def _nearest(name: str, powers: Iterable[PlannedPower]) -> PlannedPower | None:
    """Return the item whose name shares most pairs of characters with a function's, and at least two."""
    shared = [(len(_pairs(name) & _pairs(power.name)), power) for power in powers]
    most, nearest = max(shared, key=lambda entry: entry[0], default=(0, None))
    return nearest if most >= _ENOUGH else None


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _function(system: PlannedSubsystem, function: PlannedFunction) -> NewFunction:
    return NewFunction(
        function.code, function.name, function.description, function.sensitive, system.integration_level, label=function.label
    )


def client_settings(system: PlannedSubsystem, launch_url: str) -> OidcSettings:
    """Return how the client signs people in; what does not ask at each operation has to hear when a stay ends."""
    return OidcSettings() if asks_each_time(system.integration_level) else OidcSettings(backchannel_logout_uri=launch_url + _SIGN_OUT)


def _item(function: PlannedFunction) -> NewItem:
    item = function.item
    if item is None:
        raise ValueError(f"{function.code} is not offered")
    return NewItem(
        function.code,
        item.name,
        item.exposes,
        item.tier,
        item.max_days,
        item.requires_case_number,
        item.scope_kind,
        approval=dict(item.approval),
    )


def _duty(code: str) -> str | None:
    """Return the part of a matter that a function serves: who takes in or writes handles the case, and whoever has a part in it reads."""
    return "handle" if code.endswith((":accept", ":write")) else None
