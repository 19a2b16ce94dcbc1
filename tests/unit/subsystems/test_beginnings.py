"""An address belongs to a registered beginning by origin and whole segments, and never because of how it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.errors import Invalid
from govcloud.kernel.validation import Fields
from govcloud.subsystems.beginnings import canonical, origin_of, place_of
from govcloud.subsystems.clients.client_inputs import checked_client
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings, ForwardAuthSettings

APP = "https://app.example/portal"


def fits(beginning: str, address: str) -> bool:
    place = place_of(address)
    return place is not None and canonical(beginning) in place.beginnings()


@pytest.mark.parametrize(
    "address",
    [
        APP,
        f"{APP}/",
        f"{APP}/a/b",
        f"{APP}?ticketless=1",
        f"{APP}/index.jsp?a=/../b",
        f"{APP}#/home",
        f"{APP}/index.html#/home?x=1",
        "HTTPS://APP.example/portal",
        "https://app.example:443/portal/x",
        f"{APP};jsessionid=0A1B",
        f"{APP}/x;JSESSIONID=0A1B.node1?y=1",
        f"{APP}/%E6%B0%91%E6%94%BF?name=民政",
        "https://app.example/%70ort%61l/x",
    ],
)
def test_what_lies_below_a_beginning(address: str) -> None:
    assert fits(APP, address)


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.evil/portal",
        "https://app.example@evil.example/portal",
        "https://app.example:x@evil.example/portal",
        "https://evil.example/https://app.example/portal",
        "https://evil.example#@app.example/portal",
        "https://evil.example\\@app.example/portal",
        "https://app.example:8443/portal",
        "http://app.example/portal",
        "https://app.example./portal",
        "https://app.example/portalx",
        "https://app.example/Portal",
        "https://app.example/",
        f"{APP}/../admin",
        f"{APP}/..;/admin",
        f"{APP}/.;x/admin",
        f"{APP}/%2e%2e/admin",
        f"{APP}/%252e%252e/admin",
        f"{APP}/..%2fadmin",
        f"{APP}%2fx",
        f"{APP}%5cx",
        f"{APP}//x",
        f"{APP}/%zz",
        f"{APP}/100%",
        "https://app.example//portal",
        f"{APP}/;x/y",
        f"{APP}/\t",
        f"{APP}/a b",
        f"{APP}\n",
        f"{APP}\r\nSet-Cookie: a=b",
        f"{APP}\u202e",
        f"{APP}\ud800",
        f"{APP}/{'a/' * 60}",
        f"{APP}/{'a' * 2100}",
        "//app.example/portal",
        "/portal",
        "https:app.example/portal",
        "https:///app.example/portal",
        "https://[::1/portal",
        "https://app.example:99999/portal",
        "https://аpp.example/portal",
        "javascript:alert(1)//app.example/portal",
        "data:text/html,app.example/portal",
        "ftp://app.example/portal",
        "",
    ],
)
def test_what_only_looks_as_if(address: str) -> None:
    assert not fits(APP, address)


def test_a_beginning_that_ends_with_a_slash_is_a_folder() -> None:
    assert fits("https://app.example/a/", "https://app.example/a/b")
    assert not fits("https://app.example/a/", "https://app.example/a")
    assert fits("https://app.example", "https://app.example/anything")
    assert fits("https://app.example/i.php?r=site", "https://app.example/i.php?r=site")
    assert not fits("https://app.example/i.php?r=site", "https://app.example/i.php?r=other")


def test_what_is_compared_leaves_the_servlet_session_out_and_nothing_else() -> None:
    assert canonical(f"{APP}/x;jsessionid=1?a=1#f") == canonical("HTTPS://app.example:443/portal/x?a=1#f") == f"{APP}/x?a=1#f"
    assert canonical(f"{APP}/x?a=1") != canonical(f"{APP}/x?a=2")
    assert canonical("https://app.example") == "https://app.example/"
    assert origin_of("http://[::1]:8080/x") == "http://[::1]:8080"


@given(st.text(alphabet=st.sampled_from("aZ7~%2573eE/"), max_size=24))
def test_there_is_one_way_to_write_an_address(tail: str) -> None:
    """What was compared once is compared the same when it is read from the table."""
    written = canonical(f"https://app.example/{tail}")
    assert written is None or canonical(written) == written


@given(st.text(max_size=60))
def test_no_text_after_the_host_leaves_the_origin(tail: str) -> None:
    place = place_of(f"https://app.example{tail}")
    if place is not None and canonical(APP) in place.beginnings():
        assert place.origin == "https://app.example"
        assert place.path == "/portal" or place.path.startswith("/portal/")
        assert ".." not in place.path.split("/")


@given(st.text(alphabet=st.sampled_from("ab/.;%2fFeE?#@:\\"), max_size=24))
def test_what_fits_has_the_registered_segments_first(tail: str) -> None:
    place = place_of(f"https://app.example/{tail}")
    if place is not None:
        assert canonical(place.address) == place.address
        assert not {".", ".."} & {segment.partition(";")[0] for segment in place.path.split("/")}


def checked(client: NewClient) -> NewClient:
    fields = Fields()
    row = checked_client(client, fields)
    fields.done()
    return row


def test_beginnings_and_origins_are_stored_as_they_are_compared() -> None:
    cas = NewClient("housing", "housing-cas", "住房", services=("https://App.example:443/portal", APP), settings=CasSettings())
    assert checked(cas).services == (APP,)
    assert checked(cas).auth_method == "none"
    legacy = NewClient("housing", "housing-old", "住房", origins=("https://Old.example/",), settings=ForwardAuthSettings())
    assert checked(legacy).origins == ("https://old.example",)
    assert checked(legacy).auth_method == "client_secret"


@pytest.mark.parametrize(("field", "address"), [("services", f"{APP}/../x"), ("services", f"{APP}//x"), ("origins", APP)])
def test_what_cannot_be_compared_is_not_registered(field: str, address: str) -> None:
    settings = CasSettings() if field == "services" else ForwardAuthSettings()
    with pytest.raises(Invalid) as refused:
        checked(NewClient("housing", "housing-x", "住房", **{field: (address,)}, settings=settings))  # type: ignore[arg-type]
    assert [item.field for item in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://APP.example/portal", "https://app.EXAMPLE/portal", True),
        ("HTTPS://app.example/", "https://app.example/", True),
        ("https://app.example/Portal", "https://app.example/portal", False),
        ("https://app.example/portal?A=1", "https://app.example/portal?a=1", False),
        ("https://app.example/%C3%A9", "https://app.example/%c3%a9", True),
    ],
)
def test_hosts_are_one_in_any_case_and_paths_are_not(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a table
    """RFC 3986 section 6.2.2.1: the scheme and the host are case-insensitive, the rest is taken as written."""
    assert (canonical(one) == canonical(other)) is same
    assert origin_of(one) == origin_of(other)
