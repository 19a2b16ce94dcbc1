"""Input of the catalogue: the grammar of functions, safe addresses, codes of service items."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.errors import Invalid
from govcloud.kernel.validation import Fields
from govcloud.subsystems import inputs
from govcloud.subsystems.addresses import address_fault
from govcloud.subsystems.changes import MatterEntry
from govcloud.subsystems.clients import client_inputs
from govcloud.subsystems.inputs import NewClient, NewFunction, NewItem, NewMatter, NewSubsystem
from govcloud.subsystems.listing import inputs as lists
from govcloud.subsystems.listing.inputs import NewPowerItem, NewServiceItem
from tests.factories.people import credit_code


def wrong(fields: Fields) -> set[str]:
    try:
        fields.done()
    except Invalid as error:
        return {item.field for item in error.fields}
    return set()


@pytest.mark.parametrize("code", ["housing:register:read", "a:b:c", "housing_330106:door:enter", "x1:y_2:z_3"])
def test_functions_in_the_grammar(code: str) -> None:
    fields = Fields()
    inputs.checked_function(NewFunction(code, "功能"), fields)
    assert wrong(fields) == set()


@pytest.mark.parametrize(
    "code",
    [
        "housing:register",
        "housing:register:read:x",
        "Housing:register:read",
        "housing::read",
        "housing:*:read",
        "1a:b:c",
        "a:b:c\n,d",
        "ａ:b:c",
        "a" * 200 + ":b:c",
        "",
    ],
)
def test_functions_against_the_grammar(code: str) -> None:
    fields = Fields()
    inputs.checked_function(NewFunction(code, "功能"), fields)
    assert wrong(fields) == {"code"}


@pytest.mark.parametrize(
    "address",
    [
        "https://housing.zj.example/oidc/callback",
        "https://housing.zj.example:8443/cb?tenant=1",
        "http://127.0.0.1:8001/oidc/callback",
        "http://localhost:8001/cb",
        "http://[::1]:8001/cb",
    ],
)
def test_addresses_that_may_be_registered(address: str) -> None:
    assert address_fault(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://housing.zj.example/cb",
        "https://housing.zj.example/cb#fragment",
        "https://housing.zj.example/cb#",
        "https://*.zj.example/cb",
        "https://user:word@housing.zj.example/cb",
        "https://user@housing.zj.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "//housing.zj.example/cb",
        "/cb",
        "https://",
        "https:///cb",
        "https://housing.zj.example:port/cb",
        "https://housing.zj.example\\@evil.example/cb",
        "https://housing.zj.example/\tcb",
        "https://住房.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "https://[::1/cb",
        "https://housing.zj.example/" + "a" * 2000,
        "",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    assert address_fault(address) is not None


@given(st.text(max_size=60))
def test_any_text_is_judged_and_never_fails(text: str) -> None:
    address_fault(text)
    address_fault("https://" + text)


def test_a_client_needs_an_address_to_come_back_to() -> None:
    fields = Fields()
    client_inputs.checked_client(NewClient("housing", "housing-web", "住房", ()), fields)
    assert wrong(fields) == {"redirect_uris"}


def test_the_platform_keeps_its_code() -> None:
    fields = Fields()
    inputs.checked_subsystem(NewSubsystem("govcloud", "冒名", uuid4()), fields)
    assert wrong(fields) == {"code"}


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (NewItem("housing:register:read", "查询", "", max_days=30), "exposes"),
        (NewItem("housing:register:read", "查询", "姓名", max_days=0), "max_days"),
        (NewItem("housing:register:read", "查询", "姓名", max_days=367), "max_days"),
        (NewItem("housing:register:read", "查询", "姓名", tier="none"), "tier"),
        (NewItem("housing:register:read", "查询", "姓名", scope_kind="planet"), "scope_kind"),
    ],
)
def test_wrong_items(item: NewItem, field: str) -> None:
    fields = Fields()
    inputs.checked_item(item, fields)
    assert wrong(fields) == {field}


def test_a_matter_lists_an_item_once_and_counts_stages_from_one() -> None:
    item = uuid4()
    for items in ((), (MatterEntry(item, 1), MatterEntry(item, 2)), (MatterEntry(item, 0),)):
        fields = Fields()
        inputs.checked_matter(NewMatter("M-01", "一件事", uuid4(), items), fields)
        assert wrong(fields) == {"items"}


@pytest.mark.parametrize(
    ("code", "kind", "field"),
    [
        ("33013000100", "01", "code"),
        ("330130001000", "1", "kind"),
        ("330130001000", "许可", "kind"),
        ("330130001000", "05", "kind"),
    ],
)
def test_wrong_power_items(code: str, kind: str, field: str) -> None:
    fields = Fields()
    lists.checked_power_item(NewPowerItem(code, "许可", kind, uuid4()), fields)
    assert wrong(fields) == {field}


def test_an_implementation_code_has_31_characters_and_a_right_credit_code() -> None:
    right = credit_code(1) + "2" + "330130001000"
    for code, expected in (
        (right, set()),
        (right[:-1], {"code"}),
        ("0" + right[1:], {"code"}),
        (right.replace("2330130", "A330130"), {"code"}),
        (right.replace("2330130", "7330130"), {"code"}),
    ):
        fields = Fields()
        lists.checked_service_item(NewServiceItem(code, "许可", uuid4()), fields)
        assert wrong(fields) == expected, code
    assert lists.service_code_parts(right) == (credit_code(1), "330130001000")
