"""The checks of a client's settings as tables: what goes together, what does not, and what is never said again."""

from __future__ import annotations

import json
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.validation import Fields
from govcloud.signon.claims import OPENS, PROFILE
from govcloud.subsystems.addresses import address_fault, beginning_fault, origin_fault
from govcloud.subsystems.beginnings import origin_of
from govcloud.subsystems.clients.client_inputs import checked_client
from govcloud.subsystems.clients.client_keys import keys_fault
from govcloud.subsystems.clients.client_records import beyond_defaults, differences, fingerprint, read_settings
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import (
    AUTHORIZATION_CODE,
    CLAIMS,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    PRIVATE_KEY_JWT,
    PROTOCOLS,
    PUBLIC,
    RECORDS,
    REFRESH_TOKEN,
    SELF_SIGNED_TLS,
    TLS,
    TOKEN_EXCHANGE,
    CasSettings,
    ForwardAuthSettings,
    OidcSettings,
    settings_of,
)
from tests.factories.keys import elliptic_key, key_set, rsa_key

BACK = "https://housing.zj.example/cb"
KEYS = key_set(elliptic_key())
CERTIFICATES = key_set(elliptic_key(certificate=True))


def oidc(settings: OidcSettings | None = None, **changes: Any) -> NewClient:  # noqa: ANN401 - fields of a client
    made = NewClient("housing", "housing-web", "住房", (BACK,), settings=settings or OidcSettings())
    return replace(made, **changes)


def wrong(client: NewClient) -> set[str]:
    notes = Fields()
    checked_client(client, notes)
    return {finding.field for finding in notes.findings}


SOUND = [
    oidc(),
    oidc(auth_method=PUBLIC),
    oidc(OidcSettings(grant_types=(CLIENT_CREDENTIALS,)), redirect_uris=()),
    oidc(OidcSettings(grant_types=(DEVICE_CODE, REFRESH_TOKEN)), redirect_uris=(), auth_method=PUBLIC),
    oidc(OidcSettings(jwks=KEYS), auth_method=PRIVATE_KEY_JWT),
    oidc(OidcSettings(jwks_uri="https://housing.zj.example/jwks"), auth_method=SELF_SIGNED_TLS),
    oidc(OidcSettings(jwks=CERTIFICATES), auth_method=SELF_SIGNED_TLS),
    oidc(OidcSettings(tls_subject_dn="CN=housing,O=住房,C=CN"), auth_method=TLS),
    oidc(OidcSettings(require_pkce=False, rotate_refresh=False)),
    oidc(OidcSettings(backchannel_logout_uri="https://other.zj.example/out", frontchannel_logout_uri="https://HOUSING.zj.example:443/out")),
    oidc(OidcSettings(web_origins=("https://housing.zj.example", "http://127.0.0.1:8080"))),
    NewClient("housing", "housing-cas", "住房", services=("https://housing.zj.example/app/",), settings=CasSettings(attributes=("name",))),
    NewClient(
        "housing",
        "housing-old",
        "住房",
        origins=("https://old.zj.example",),
        settings=ForwardAuthSettings(rules=(("/", "housing:door:enter"), ("/admin/", "housing:register:read"))),
    ),
]


@pytest.mark.parametrize("client", SOUND)
def test_what_goes_together_passes(client: NewClient) -> None:
    assert wrong(client) == set()


UNSOUND = [
    (oidc(redirect_uris=()), {"redirect_uris"}),
    (oidc(OidcSettings(grant_types=())), {"grant_types"}),
    (oidc(OidcSettings(grant_types=("password",))), {"grant_types"}),
    (oidc(OidcSettings(grant_types=(REFRESH_TOKEN, CLIENT_CREDENTIALS))), {"grant_types"}),
    (oidc(OidcSettings(grant_types=(AUTHORIZATION_CODE, CLIENT_CREDENTIALS)), auth_method=PUBLIC), {"grant_types"}),
    (oidc(OidcSettings(grant_types=(AUTHORIZATION_CODE, TOKEN_EXCHANGE)), auth_method=PUBLIC), {"grant_types"}),
    (oidc(OidcSettings(require_pkce=False, rotate_refresh=False), auth_method=PUBLIC), {"require_pkce", "rotate_refresh"}),
    (oidc(auth_method="password"), {"auth_method"}),
    (oidc(auth_method=PRIVATE_KEY_JWT), {"jwks"}),
    (oidc(auth_method=SELF_SIGNED_TLS), {"jwks"}),
    (oidc(OidcSettings(jwks=KEYS), auth_method=SELF_SIGNED_TLS), {"jwks"}),
    (oidc(auth_method=TLS), {"tls_subject_dn"}),
    (oidc(OidcSettings(tls_subject_dn="housing"), auth_method=TLS), {"tls_subject_dn"}),
    (oidc(OidcSettings(tls_subject_dn="CN=" + "x" * 500), auth_method=TLS), {"tls_subject_dn"}),
    (oidc(OidcSettings(jwks=KEYS, jwks_uri="https://h.zj.example/jwks"), auth_method=PRIVATE_KEY_JWT), {"jwks_uri"}),
    (oidc(OidcSettings(jwks_uri="http://h.zj.example/jwks")), {"jwks_uri"}),
    (oidc(OidcSettings(id_token_alg="none")), {"id_token_alg"}),
    (oidc(OidcSettings(backchannel_logout_uri="https://h.zj.example/#x")), {"backchannel_logout_uri"}),
    (oidc(OidcSettings(frontchannel_logout_uri="https://elsewhere.zj.example/out")), {"frontchannel_logout_uri"}),
    (oidc(OidcSettings(web_origins=("https://h.zj.example/path",))), {"web_origins"}),
    (oidc(OidcSettings(web_origins=("https://h.zj.example/?a",))), {"web_origins"}),
    (oidc(OidcSettings(may_call=("assistance",))), {"may_call"}),
    (oidc(services=("https://h.zj.example/",)), {"services"}),
    (oidc(name="", redirect_uris=("http://h.zj.example/cb", "x")), {"name", "redirect_uris"}),
    (oidc(OidcSettings(claims=("name", "id_number"))), {"claims"}),
    (NewClient("housing", "X", "住房", settings=CasSettings(attributes=("id_number",))), {"client_id", "services", "attributes"}),
    (NewClient("housing", "hc1", "住房", services=("https://h.zj.example/?a=1",), settings=CasSettings()), {"services"}),
    (NewClient("housing", "hc1", "住房", (BACK,), services=("https://h.zj.example/",), settings=CasSettings()), {"redirect_uris"}),
    (NewClient("housing", "hf1", "住房", settings=ForwardAuthSettings(headers=("phone",))), {"origins", "headers"}),
    *(
        (NewClient("housing", "hf1", "住房", origins=("https://h.zj.example",), settings=ForwardAuthSettings(rules=rules)), {"rules"})
        for rules in (
            (("admin", "housing:door:enter"),),
            (("/a/../b", "housing:door:enter"),),
            (("/a?x", "housing:door:enter"),),
            (("/a//b", "housing:door:enter"),),
            (("/a", "housing:door:enter"), ("/a", "housing:register:read")),
            (("/a", "housing:door:enter"), ("/A/", "housing:register:read")),
            tuple((f"/{n}", "housing:door:enter") for n in range(51)),
        )
    ),
]


@pytest.mark.parametrize(("client", "named"), UNSOUND)
def test_every_wrong_field_is_named_at_once(client: NewClient, named: set[str]) -> None:
    assert wrong(client) == named


@pytest.mark.parametrize(
    "jwks",
    [
        key_set(elliptic_key(private=True)),
        {"keys": [elliptic_key()], "extra": [{"d": "c2VjcmV0"}]},
        elliptic_key(private=True),
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
    ],
)
def test_a_private_key_is_refused_and_never_said_again(jwks: dict[str, Any]) -> None:
    notes = Fields()
    checked_client(oidc(OidcSettings(jwks=jwks), auth_method=PRIVATE_KEY_JWT), notes)
    [finding] = notes.findings
    assert finding.field == "jwks"
    assert finding.value == ""
    for member in ("d", "k"):
        assert not any(value in str(finding.message) for value in [str(jwks.get(member, "")) or "c2VjcmV0"])


def _broken(**changes: object) -> dict[str, Any]:
    return key_set({**elliptic_key(), **changes})


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": []},
        {"keys": "x"},
        {"keys": [1]},
        key_set(*(elliptic_key(str(n)) for n in range(11))),
        key_set(elliptic_key(), elliptic_key()),
        key_set(rsa_key(1024)),
        _broken(x="AAAA"),
        _broken(crv="secp256k1"),
        _broken(crv=["P-256"]),
        _broken(kid=1),
        _broken(x="x" * 5000),
        _broken(y="中"),
        key_set({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        key_set({"kty": "EC"}),
    ],
)
def test_keys_that_nothing_can_be_checked_with(jwks: dict[str, Any]) -> None:
    assert keys_fault(jwks) is not None


def test_usual_keys_are_taken() -> None:
    assert keys_fault(key_set(elliptic_key(), rsa_key())) is None


_MEMBERS = st.sampled_from(["keys", "kty", "crv", "x", "n", "e", "k", "d", "a"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_MEMBERS, inner),
    max_leaves=8,
)


@given(json_values)
def test_whatever_is_pasted_as_keys_is_judged_and_never_fails(value: Any) -> None:  # noqa: ANN401 - any JSON
    keys_fault(value)
    keys_fault({"keys": [value]})


@given(st.sampled_from(PROTOCOLS), st.data())
def test_settings_of_any_type_are_read_or_named(protocol: str, data: st.DataObject) -> None:
    names = [item.name for item in fields_of(RECORDS[protocol])]
    raw = data.draw(st.dictionaries(st.sampled_from([*names, "unknown"]), json_values, max_size=6))
    notes = Fields()
    settings = read_settings(protocol, raw, notes)
    assert ("unknown" in raw) == any(finding.field == "unknown" for finding in notes.findings)
    checked_client(NewClient("housing", "housing-web", "住房", settings=settings), Fields())


@pytest.mark.parametrize("client", SOUND)
def test_what_is_written_out_is_read_back_the_same(client: NewClient) -> None:
    notes = Fields()
    clean = checked_client(client, notes)
    protocol = next(name for name, record in RECORDS.items() if isinstance(clean.settings, record))
    read = read_settings(protocol, json.loads(json.dumps(beyond_defaults(clean.settings))), notes)
    again = checked_client(replace(clean, settings=read), notes)
    assert not notes.findings
    assert differences(clean, again) == {}
    assert fingerprint(clean) == fingerprint(again)


def test_a_cas_beginning_never_reaches_another_host() -> None:
    clean = checked_client(NewClient("housing", "hc1", "住房", services=("https://h.zj.example",), settings=CasSettings()), Fields())
    assert clean.services == ("https://h.zj.example/",)
    assert beginning_fault("https://h.zj.example/?x") is not None
    assert origin_fault("https://h.zj.example:8443") is None


@given(st.text(max_size=60))
def test_any_address_has_an_origin_or_a_fault(text: str) -> None:
    for address in (text, f"https://{text}"):
        origin = origin_of(address)
        if address_fault(address) is None and origin is not None:
            assert origin_fault(origin) is None


def test_what_subsystems_can_be_told_is_one_list() -> None:
    assert OPENS[PROFILE] == CLAIMS


@pytest.mark.parametrize("given", ["name", {"name": True}, [1], None])
def test_a_list_of_claims_that_is_none_is_said(given: object) -> None:
    notes = Fields()
    read_settings("oidc", {"claims": given}, notes)
    assert {finding.field for finding in notes.findings} == {"claims"}


def test_what_was_stored_before_there_was_a_list_keeps_every_claim() -> None:
    for protocol, record in RECORDS.items():
        assert settings_of(protocol, {}).claims == record().claims == CLAIMS
    assert settings_of("oidc", {"claims": []}).claims == ()
