"""What receipts say of the right by which it was decided, older receipts, and the decider's own signature by passkey."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from govcloud.access.evidence.passkeys import challenge_of
from govcloud.access.evidence.receipt_checks import BadReceipt, check_receipt
from govcloud.access.evidence.receipt_words import sentences
from govcloud.access.evidence.receipts import OwnSignature, ReceiptView
from govcloud.authorization.scopes.scope import Scope
from govcloud.cli.receipt import receipt as receipt_command
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Invalid
from govcloud.kernel.jws import encoded, json_object
from govcloud.kernel.signing import ES256, base64url, public_jwk
from govcloud.services import Services
from tests.commands.access.test_delegating import lend
from tests.factories.deciders import escalate, give_office, make_routine, new_rule, set_tier
from tests.factories.requests import ask
from tests.factories.world import YUHANG, World

OLD = json.loads((Path(__file__).parent / "data" / "receipt_v1.json").read_text(encoding="utf-8"))
SITE = "http://localhost"


def said(services: Services, line_id: UUID) -> list[dict[str, Any]]:
    """Return what the receipts of a line say, each checked."""
    archive = services.receipts.archive()
    return [dict(check_receipt(view.document, archive).payload) for view in services.receipts.of_line(line_id)]


def test_an_own_right_is_named_with_the_department_over_which_it_reaches(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    [payload] = said(services, line_id)
    assert payload["version"] == 2
    assert payload["right"]["capacity"] == "own"
    assert payload["right"]["over"]["department"] == "浙江省住房和城乡建设厅"
    assert payload["right"]["principal"] == payload["decided_by"]
    assert (payload["rule"], payload["right"]["delegation_id"]) == (None, None)
    assert payload["step"] == {"number": 1, "of": 1, "kind": "owner", "round": 1}
    assert payload["quorum"] == {"needed": 1, "given": 1, "distinct_units": False, "counted": []}


@pytest.mark.parametrize("capacity", ["delegate", "stand_in"])
def test_a_lent_right_is_named_with_whose_it_is(services: Services, world: World, clock: ManualClock, capacity: str) -> None:
    away = capacity == "stand_in"
    chen, line_id = world.people["CHENJIE"], ask(services, world).line_id
    delegation_id = lend(services, clock, world.li, chen, out_of_office=away)
    services.access.reject(chen.actor(), line_id, 1, "other", "x")
    [payload] = said(services, line_id)
    right = payload["right"]
    assert (payload["decided_by"]["name"], right["principal"]["name"], right["capacity"]) == ("陈杰", "李强", capacity)
    assert right["principal"]["department"] == "浙江省住房和城乡建设厅"
    assert right["delegation_id"] == str(delegation_id)
    assert payload["quorum"]["given"] == 0, "a refusal counts for nothing"
    words = " ".join(sentences(payload))
    assert "in the right of 李强" in words
    assert ("out of office" in words) is away


def test_deputies_and_superiors_are_named_as_such(services: Services, world: World) -> None:
    deputy = give_office(services, world, "CHENJIE", "housing", "deputy_senior_admin")
    line_id = ask(services, world).line_id
    escalate(services, line_id, 2)
    services.access.approve(deputy.actor(), line_id, 1)
    [payload] = said(services, line_id)
    assert payload["right"]["capacity"] == "deputy"
    superior = give_office(services, world, "SHANXUEMEI", "government")
    other = ask(services, world, case_number="XH-2026-0118", days=5, scope=Scope((YUHANG,))).line_id
    services.access.approve(superior.actor(), other, 1)
    [payload] = said(services, other)
    assert payload["right"]["capacity"] == "superior"
    assert payload["right"]["over"]["department"] == "浙江省人民政府"


def test_a_quorum_says_who_counted_before(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    first = services.access.approve(world.li.actor(), line_id, 1)
    services.access.approve(world.people["QIANWEI"].actor(), line_id, 1)
    one, two = said(services, line_id)
    assert (one["quorum"]["given"], one["quorum"]["counted"], one["quorum"]["needed"]) == (1, [], 2)
    assert two["quorum"]["given"] == 2
    [before] = two["quorum"]["counted"]
    assert (before["decision_id"], before["name"]) == (str(first.decision_id), "李强")
    assert "approvals at this step: 2 of 2 needed" in sentences(two)
    assert any(sentence.startswith("counted before: 李强") for sentence in sentences(two))


def test_steps_are_counted(services: Services, world: World) -> None:
    superior = give_office(services, world, "SHANXUEMEI", "government")
    set_tier(services, world, "serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]})
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    services.access.approve(superior.actor(), line_id, 1)
    one, two = said(services, line_id)
    assert (one["step"]["number"], one["step"]["of"], one["step"]["kind"]) == (1, 2, "owner")
    assert (two["step"]["number"], two["step"]["of"], two["step"]["kind"]) == (2, 2, "superior")
    assert two["quorum"]["counted"] == [], "those of this step"


def test_a_rule_is_named_with_the_version_of_the_item(services: Services, world: World, clock: ManualClock) -> None:
    item_id = make_routine(services, world, "auto")
    rule_id = services.approving.presigning.sign(world.li.actor(), new_rule(world, clock))
    clock.advance(timedelta(hours=1))
    line_id = ask(services, world).line_id
    [payload] = said(services, line_id)
    item = services.subsystem_queries.items([item_id])[item_id]
    assert payload["right"]["capacity"] == "rule"
    assert payload["right"]["principal"]["name"] == "李强"
    assert payload["rule"]["id"] == str(rule_id)
    assert payload["rule"]["item_version"] == item.version
    assert payload["rule"]["signed_at"] < payload["at"]
    assert f"rule: {rule_id}, for version {item.version} of the item" in " ".join(sentences(payload))


# Older receipts


def test_an_older_receipt_still_holds(tmp_path: Path) -> None:
    found = check_receipt(OLD["receipt"], OLD["keys"], OLD["evidence"])
    assert found.payload["version"] == 1
    assert sentences(found.payload)[0].startswith("decided by 李强")
    assert "do not say" in sentences(found.payload)[1]
    for name in ("receipt", "keys", "evidence"):
        (tmp_path / name).write_text(json.dumps(OLD[name]), encoding="utf-8")
    paths = {name: str(tmp_path / name) for name in OLD}
    done = CliRunner().invoke(receipt_command, ["verify", paths["receipt"], "--keys", paths["keys"], "--evidence", paths["evidence"]])
    assert done.exit_code == 0, done.output
    assert "receipts of version 1 do not say" in done.output


@pytest.mark.parametrize("version", [0, 3, True, 1.5, "1", None])
def test_a_version_that_is_not_known_does_not_hold(version: object) -> None:
    forged = {**OLD["receipt"], "payload": encoded({**json_object(OLD["receipt"]["payload"]), "version": version})}
    with pytest.raises(BadReceipt):
        check_receipt(forged, OLD["keys"])


# The decider's own passkey


def assertion(payload: str, **given: Any) -> OwnSignature:  # noqa: ANN401 - parts of what a browser and its authenticator say
    """Return a signature as a browser hands it out for a passkey that it keeps for the platform's pages."""
    key = ec.generate_private_key(ec.SECP256R1())
    client = {"type": "webauthn.get", "challenge": challenge_of(payload), "origin": SITE, "crossOrigin": False, **given.get("client", {})}
    raw = json.dumps(client).encode()
    authenticator = hashlib.sha256(given.get("rp", "localhost").encode()).digest() + bytes([given.get("flags", 0x05)]) + bytes(4)
    signature = key.sign(authenticator + hashlib.sha256(raw).digest(), ECDSA(SHA256()))
    webauthn = {"authenticatorData": base64url(authenticator), "clientDataJSON": base64url(raw)}
    return OwnSignature(encoded(given.get("protected", {"alg": ES256})), base64url(signature), public_jwk(ES256, key), webauthn)


def decided(services: Services, world: World) -> ReceiptView:
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    [found] = services.receipts.of_line(line_id)
    return found


def test_a_passkey_signs_a_receipt_and_it_verifies_offline(services: Services, world: World) -> None:
    made = decided(services, world)
    own = assertion(made.document["payload"])
    services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, own)
    services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, own)
    document = services.receipts.of_decision(made.line_id, made.decision_id).document
    assert document["signatures"][0] == made.document["signatures"][0]
    [other] = check_receipt(document, services.receipts.archive()).others
    assert (other.passkey, dict(other.key)["crv"]) == (True, "P-256")
    # Taken over to another receipt it is worth nothing.
    entry = document["signatures"][1]
    second = {**OLD["receipt"], "signatures": [*OLD["receipt"]["signatures"], entry]}
    with pytest.raises(BadReceipt, match="challenge"):
        check_receipt(second, OLD["keys"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"client": {"type": "webauthn.create"}},
        {"client": {"challenge": challenge_of("e30")}},
        {"client": {"origin": "https://evil.example"}},
        {"client": {"crossOrigin": True}},
        {"rp": "evil.example"},
        {"flags": 0x01},
        {"flags": 0x04},
        {"protected": {"alg": ES256, "kid": "mine"}},
        {"protected": {"alg": "EdDSA"}},
    ],
)
def test_an_assertion_for_something_else_is_not_taken(services: Services, world: World, wrong: dict[str, Any]) -> None:
    made = decided(services, world)
    with pytest.raises(Invalid):
        services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, assertion(made.document["payload"], **wrong))
    assert len(services.receipts.of_decision(made.line_id, made.decision_id).document["signatures"]) == 1


def test_an_assertion_with_other_members_is_not_taken(services: Services, world: World) -> None:
    made = decided(services, world)
    own = assertion(made.document["payload"])
    for webauthn in ({}, {"authenticatorData": "AA"}, {"authenticatorData": "x" * 5000, "clientDataJSON": "e30"}):
        broken = OwnSignature(own.protected, own.signature, own.jwk, webauthn)
        with pytest.raises(Invalid):
            services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, broken)
