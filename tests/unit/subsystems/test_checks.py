"""The checks as a table: one subsystem that is in order, and what each change of it brings up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from govcloud.kernel.moves import moves
from govcloud.subsystems.checks import CHECKS, Checks, SubsystemFacts
from govcloud.subsystems.checks.functions import HasDoor
from govcloud.subsystems.findings import from_json, to_json
from govcloud.subsystems.lifecycle import ONBOARDING, Status, allowed_moves
from govcloud.subsystems.protocols import CLIENT_CREDENTIALS, DEVICE_CODE, PUBLIC, SECRET, CasSettings, ForwardAuthSettings, OidcSettings
from govcloud.subsystems.usage import Promised
from govcloud.subsystems.views import ClientView, FunctionView, ItemView, SubsystemView

SYSTEM, DEPARTMENT, DOOR, READ = uuid4(), uuid4(), uuid4(), uuid4()


def function(key: UUID, code: str, **changes: object) -> FunctionView:
    made = FunctionView(key, SYSTEM, "archive", code, "名称", "说明", sensitive=False, integration_level=2)
    return replace(made, **changes)  # type: ignore[arg-type]


def item(**changes: object) -> ItemView:
    made = ItemView(
        id=uuid4(),
        name="查看档案",
        function_id=READ,
        function="archive:record:read",
        function_name="查看档案",
        sensitive=True,
        integration_level=2,
        subsystem_id=SYSTEM,
        subsystem_code="archive",
        subsystem_name="档案",
        exposes="题名",
        tier="one",
        max_days=180,
        requires_case_number=False,
        scope_kind="division",
        version=1,
        owner_department_id=DEPARTMENT,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def client(**changes: object) -> ClientView:
    made = ClientView(
        uuid4(),
        "archive",
        "档案",
        SYSTEM,
        "archive",
        "档案",
        auth_method=SECRET,
        settings=OidcSettings(),
        redirect_uris=("https://a.example/cb",),
        post_logout_uris=(),
        services=(),
        origins=(),
        disabled=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


SOUND = SubsystemFacts(
    subsystem=SubsystemView(
        SYSTEM, "archive", "档案", DEPARTMENT, 2, "registered", "https://a.example/", None, "", datetime(2026, 1, 1, tzinfo=UTC)
    ),
    functions=(function(DOOR, "archive:door:enter", description=""), function(READ, "archive:record:read", sensitive=True)),
    items=(item(),),
    clients=(client(),),
    bound=frozenset({READ}),
    owner_live=True,
    loopback_allowed=False,
)


def with_system(**changes: object) -> SubsystemFacts:
    return replace(SOUND, subsystem=replace(SOUND.subsystem, **changes))  # type: ignore[arg-type]


def with_read(**changes: object) -> SubsystemFacts:
    return replace(SOUND, functions=(SOUND.functions[0], replace(SOUND.functions[1], **changes)))  # type: ignore[arg-type]


def shallow(*clients: ClientView) -> SubsystemFacts:
    """Return the subsystem at L0, with these clients."""
    facts = with_system(integration_level=0)
    functions = tuple(replace(row, integration_level=0) for row in facts.functions)
    return replace(facts, functions=functions, items=(item(integration_level=0, scope_kind="none"),), clients=clients)


HEARS = client(settings=OidcSettings(backchannel_logout_uri="https://a.example/out"))
CAS = client(auth_method=PUBLIC, settings=CasSettings(), redirect_uris=(), services=("https://a.example/app/",))
PROXIED = client(auth_method=PUBLIC, settings=ForwardAuthSettings(), redirect_uris=(), origins=("https://a.example",))
LOCAL = with_system(launch_url="http://127.0.0.1:8001/")
CASES: list[tuple[str, Callable[[], SubsystemFacts], list[str]]] = [
    ("in order", lambda: SOUND, []),
    ("no owner", lambda: replace(SOUND, owner_live=False), ["owner"]),
    ("no door", lambda: replace(SOUND, functions=SOUND.functions[1:]), ["door"]),
    (
        "a door of another name",
        lambda: replace(SOUND, functions=(function(DOOR, "archive:door:open"), SOUND.functions[1])),
        ["door", "basis"],
    ),
    ("local in production", lambda: replace(LOCAL, clients=(client(redirect_uris=("http://127.0.0.1:8001/cb",)),)), ["addresses"] * 2),
    (
        "local where one develops",
        lambda: replace(LOCAL, clients=(client(redirect_uris=("http://127.0.0.1:8001/cb",)),), loopback_allowed=True),
        [],
    ),
    ("another port", lambda: with_system(launch_url="https://a.example:8443/"), ["launch_client"]),
    ("the usual port, said", lambda: with_system(launch_url="https://a.example:443/"), []),
    ("another scheme", lambda: replace(LOCAL, loopback_allowed=True), ["launch_client"]),
    ("no launch address", lambda: with_system(launch_url=None), []),
    ("no client", lambda: replace(SOUND, clients=()), ["launch_client", "confidential_client"]),
    ("a public client only", lambda: replace(SOUND, clients=(client(auth_method=PUBLIC),)), ["confidential_client"]),
    (
        "keys on plain http",
        lambda: replace(SOUND, clients=(client(settings=OidcSettings(jwks_uri="http://a.example/jwks")),)),
        ["addresses"],
    ),
    ("a CAS client", lambda: replace(shallow(CAS), items=()), ["sensitive_item"]),
    ("a CAS client at L2 proves nothing", lambda: replace(SOUND, clients=(CAS,)), ["confidential_client"]),
    (
        "a CAS client that nobody signs out",
        lambda: shallow(replace(CAS, settings=CasSettings(single_logout=False))),
        ["logout", "grants_end"],
    ),
    ("an application behind a proxy", lambda: shallow(PROXIED), []),
    ("a client that nobody signs out", lambda: shallow(client()), ["logout", "grants_end"]),
    (
        "one that hears of it",
        lambda: shallow(client(settings=OidcSettings(backchannel_logout_uri="https://a.example/out"))),
        [],
    ),
    ("a machine's client", lambda: shallow(CAS, client(settings=OidcSettings(grant_types=(CLIENT_CREDENTIALS,)), redirect_uris=())), []),
    (
        "a device's client that nobody signs out",
        lambda: shallow(CAS, client(settings=OidcSettings(grant_types=(DEVICE_CODE,)), redirect_uris=())),
        ["logout", "grants_end"],
    ),
    ("a higher function", lambda: with_read(integration_level=3), ["level"]),
    ("a client that nobody signs out, nothing lent", lambda: replace(shallow(client()), items=()), ["logout", "sensitive_item"]),
    ("a division at L1", lambda: replace(SOUND, items=(item(integration_level=1),), clients=(HEARS,)), ["scope"]),
    ("no division at L1", lambda: replace(SOUND, items=(item(integration_level=1, scope_kind="none"),), clients=(HEARS,)), []),
    ("lent at L1, and nobody can be told", lambda: replace(SOUND, items=(item(integration_level=1, scope_kind="none"),)), ["grants_end"]),
    ("rows at L2", lambda: replace(SOUND, promised={"archive:record:read": Promised(rows=("查档",), grants=1)}), []),
    ("fields at L2", lambda: replace(SOUND, promised={"archive:record:read": Promised(fields=("查档",))}), ["promises"]),
    (
        "rows at L1",
        lambda: replace(with_read(integration_level=1), promised={"archive:record:read": Promised(rows=("查档",))}),
        ["promises"],
    ),
    (
        "a grant of rows at L1",
        lambda: replace(with_read(integration_level=1), promised={"archive:record:read": Promised(grants=2)}),
        ["promises"],
    ),
    ("rows of the door", lambda: replace(SOUND, promised={"archive:door:enter": Promised(rows=("查档",), fields=("查档",))}), []),
    ("sensitive by itself", lambda: replace(SOUND, items=(item(tier="auto"),)), ["sensitive"]),
    ("sensitive for long", lambda: replace(SOUND, items=(item(max_days=181),)), ["sensitive"]),
    ("plain by itself, for long", lambda: replace(SOUND, items=(item(sensitive=False, tier="auto", max_days=366),)), []),
    ("sensitive, by duty alone", lambda: replace(SOUND, items=()), ["sensitive_item"]),
    ("bound to nothing", lambda: replace(SOUND, bound=frozenset()), ["basis"]),
    ("bound to nothing, with a reason", lambda: replace(with_read(basis_note="内部统计"), bound=frozenset()), []),
    ("not described", lambda: with_read(description=""), ["description"]),
]
ADVICE = {"sensitive_item", "basis", "description", "logout"}


@pytest.mark.parametrize(("facts", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_found(facts: Callable[[], SubsystemFacts], found: list[str]) -> None:
    checklist = CHECKS.run(facts())
    assert [finding.key for finding in checklist.findings] == found
    assert [finding.key for finding in checklist.blocking] == [key for key in found if key not in ADVICE]
    for finding in checklist.findings:
        assert str(finding.message)
        assert str(finding.remedy)


def test_findings_survive_a_round_through_the_database() -> None:
    found = CHECKS.run(replace(SOUND, clients=(), items=(item(tier="auto"),))).findings
    assert from_json(json.loads(json.dumps(to_json(found)))) == found


def test_keys_are_taken_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Checks(HasDoor(), HasDoor())
    with pytest.raises(ValueError, match="twice"):
        moves(ONBOARDING["submit"], ONBOARDING["submit"])


def test_every_state_but_the_last_leads_on() -> None:
    for status in Status:
        assert bool(allowed_moves(status)) == (status is not Status.RETIRED)
    assert [move.name for move in allowed_moves(Status.CHECKED)] == ["return", "publish"]
