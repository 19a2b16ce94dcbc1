"""Decision receipts: made with each decision, verified without the platform, and what an attacker may try with them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from govcloud.access.evidence.receipt_checks import TYPE, BadReceipt, check_receipt
from govcloud.access.evidence.receipts import OwnSignature, ReceiptView
from govcloud.cli.receipt import receipt as receipt_command
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, Invalid
from govcloud.kernel.jws import encoded, json_object, sign
from govcloud.kernel.keys import SIGNS_AFTER
from govcloud.kernel.signing import ES256, base64url, public_jwk
from govcloud.services import Services
from tests.factories.apart import ACCEPT, REGISTER, in_force
from tests.factories.requests import ask
from tests.factories.world import World

JOBS, OPERATOR = Actor.system("jobs"), Actor.system("operator")


def approved(services: Services, world: World, duty: str | None = None, **given: Any) -> ReceiptView:  # noqa: ANN401 - of the approval
    """Let 李强 approve a request of 王芳's and return the receipt."""
    line_id = ask(services, world, duty=duty).line_id
    services.access.approve(world.li.actor(), line_id, 1, **given)
    [found] = services.receipts.of_line(line_id)
    return found


def said(document: dict[str, Any]) -> dict[str, Any]:
    return json_object(document["payload"])


def evidence_of(services: Services, decision_id: UUID) -> dict[str, Any]:
    stored: dict[str, Any] = (
        services.uow.read().execute(text("SELECT evidence FROM decision WHERE id = :id"), {"id": decision_id}).scalar_one()
    )
    return stored


def test_a_receipt_says_who_decided_what_on_which_evidence(services: Services, world: World) -> None:
    in_force(services, world, "apart", "housing:register:export", ACCEPT)
    in_force(services, world, "register", REGISTER, "assistance:case:read", most=1, kind="per_case")
    made = approved(services, world, days=3, duty="handle")
    found = check_receipt(made.document, services.receipts.archive(), evidence_of(services, made.decision_id))
    payload = found.payload
    assert payload["decided_by"]["name"] == "李强"
    assert payload["decided_by"]["department"] == "浙江省住房和城乡建设厅"
    assert payload["beneficiary"]["name"] == "王芳"
    assert payload["what"]["function"] == REGISTER
    assert payload["decision"]["outcome"] == "approved"
    assert payload["decision"]["extent"] == {"scope": {"divisions": ["330106000000"]}, "days": 3}
    assert payload["at"] == "2026-11-24T01:30:00+00:00"
    assert payload["rules"] == {"policy": 1, "separation": {"register": 1}}, "the rules about the function, by version"
    assert payload["grant"]["ends_at"] == "2026-11-27T01:30:00+00:00"
    assert payload["issuer"] == "http://localhost"
    leaf = services.uow.read().execute(
        text("SELECT encode(leaf_hash, 'hex') FROM audit_event WHERE chain = :chain ORDER BY chain_position DESC LIMIT 1"),
        {"chain": payload["audit"]["chain"]},
    )
    assert payload["audit"]["leaf"] == leaf.scalar_one(), "it ties the receipt to the record"
    assert found.others == ()


def test_a_refusal_has_a_receipt_too(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    services.access.reject(world.li.actor(), line_id, 1, "too_broad", "请缩小")
    [made] = services.receipts.of_line(line_id)
    payload = check_receipt(made.document, services.receipts.archive()).payload
    assert payload["decision"]["outcome"] == "rejected"
    assert payload["decision"]["reason_code"] == "too_broad"
    assert payload["grant"] is None
    assert "请缩小" not in json.dumps(payload, ensure_ascii=False), "what is said in confidence stays out of it"


def test_a_decision_repeated_has_one_receipt(services: Services, world: World) -> None:
    made = approved(services, world)
    services.access.approve(world.li.actor(), made.line_id, 1)
    assert len(services.receipts.of_line(made.line_id)) == 1


def test_receipts_outlive_their_key(services: Services, world: World, clock: ManualClock) -> None:
    """The published keys of tokens lose a retired key after ten minutes; a receipt is read for years."""
    old = approved(services, world)
    clock.advance(timedelta(days=400))
    services.receipt_key_rotation.tend(JOBS)
    clock.advance(SIGNS_AFTER + timedelta(minutes=2))
    services.receipt_key_rotation.tend(JOBS)
    clock.advance(timedelta(days=1))
    line_id = ask(services, world, case_number="XH-2028-0001").line_id
    services.access.approve(world.li.actor(), line_id, 1)
    [new] = services.receipts.of_line(line_id)
    assert new.kid != old.kid
    archive = services.receipts.archive()
    assert "retired_at" in next(jwk for jwk in archive["keys"] if jwk["kid"] == old.kid)
    for made in (old, new):
        assert check_receipt(made.document, archive).kid == made.kid
    assert services.keys.jwks()["keys"], "the keys of tokens are others"
    assert not {key["kid"] for key in services.keys.jwks()["keys"]} & {old.kid, new.kid}


def test_a_key_that_leaked_takes_its_receipts_along(services: Services, world: World) -> None:
    made = approved(services, world)
    services.receipt_key_rotation.replace(OPERATOR)
    with pytest.raises(BadReceipt, match="withdrawn"):
        check_receipt(made.document, services.receipts.archive())


# What an attacker may try


def altered(document: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of the payload
    found = deepcopy(document)
    found["payload"] = encoded({**said(document), **changes})
    return found


def signed_by_another(payload: str, kid: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return a signature over ``payload`` by a key of the attacker's, under the platform's ``kid``, and that key."""
    key = ec.generate_private_key(ec.SECP256R1())
    protected = encoded({"alg": ES256, "kid": kid, "typ": TYPE})
    return {"protected": protected, "signature": sign(key, protected, payload)}, public_jwk(ES256, key)


def test_an_edited_receipt_does_not_hold(services: Services, world: World) -> None:
    made = approved(services, world)
    archive = services.receipts.archive()
    for change in (
        {"at": "2026-11-25T01:30:00+00:00"},
        {"decided_by": {**said(made.document)["decided_by"], "name": "钱伟"}},
        {"evidence": {"sha256": "0" * 64}},
        {"more": 1},
    ):
        with pytest.raises(BadReceipt):
            check_receipt(altered(made.document, **change), archive)


def test_the_same_payload_written_otherwise_does_not_hold(services: Services, world: World) -> None:
    made = approved(services, world)
    pretty = base64url(json.dumps(said(made.document), indent=1, ensure_ascii=False).encode())
    with pytest.raises(BadReceipt, match="canonical"):
        check_receipt({**made.document, "payload": pretty}, services.receipts.archive())
    with pytest.raises(BadReceipt):
        check_receipt({**made.document, "payload": made.document["payload"] + "="}, services.receipts.archive())


def test_a_receipt_signed_anew_by_another_key_does_not_hold(services: Services, world: World) -> None:
    made = approved(services, world)
    archive = services.receipts.archive()
    forged = altered(made.document, at="2026-11-23T01:30:00+00:00")
    signature, jwk = signed_by_another(forged["payload"], made.kid)
    with pytest.raises(BadReceipt):
        check_receipt({"payload": forged["payload"], "signatures": [signature]}, archive)
    # A key that the document brings itself is nobody's: alone it does not make a receipt.
    signature, jwk = signed_by_another(forged["payload"], "mine")
    with pytest.raises(BadReceipt, match="not signed by exactly one"):
        check_receipt({"payload": forged["payload"], "signatures": [{**signature, "header": {"jwk": jwk}}]}, archive)
    # Nor does it turn a receipt into one that does not hold, but it is never taken for the platform's.
    signature, jwk = signed_by_another(made.document["payload"], "mine")
    both = {"payload": made.document["payload"], "signatures": [*made.document["signatures"], {**signature, "header": {"jwk": jwk}}]}
    assert [dict(other.key) for other in check_receipt(both, archive).others] == [jwk]
    assert check_receipt(both, archive).kid == made.kid


def test_other_keys_do_not_verify_it(services: Services, world: World) -> None:
    made = approved(services, world)
    _signature, jwk = signed_by_another("e30", "x")
    with pytest.raises(BadReceipt):
        check_receipt(made.document, {"keys": [jwk]})
    with pytest.raises(BadReceipt):
        check_receipt(made.document, {"keys": [{**jwk, "kid": made.kid}]})
    with pytest.raises(BadReceipt):
        check_receipt(made.document, services.keys.jwks())
    with pytest.raises(BadReceipt):
        check_receipt(made.document, {"keys": []})


def test_a_truncated_receipt_does_not_hold(services: Services, world: World) -> None:
    made = approved(services, world)
    archive, [signature] = services.receipts.archive(), made.document["signatures"]
    cases: tuple[object, ...] = (
        {**made.document, "signatures": []},
        {**made.document, "signatures": [{**signature, "signature": signature["signature"][:-4]}]},
        {**made.document, "signatures": [{**signature, "signature": ""}]},
        {**made.document, "signatures": [{"signature": signature["signature"]}]},
        {**made.document, "payload": made.document["payload"][:-8]},
        {"payload": made.document["payload"]},
        {**made.document, "extra": 1},
        [],
        None,
    )
    for broken in cases:
        with pytest.raises(BadReceipt):
            check_receipt(broken, archive)


def test_algorithms_are_the_keys_and_headers_change_nothing(services: Services, world: World) -> None:
    made = approved(services, world)
    [signature] = made.document["signatures"]
    for header in (
        {"alg": "none", "kid": made.kid},
        {"alg": "HS256", "kid": made.kid},
        {"alg": ES256, "kid": made.kid, "crit": ["x"], "x": 1},
    ):
        forged = {**made.document, "signatures": [{**signature, "protected": encoded(header)}]}
        with pytest.raises(BadReceipt):
            check_receipt(forged, services.receipts.archive())


def test_a_token_is_no_receipt(services: Services, world: World) -> None:
    """The ring keeps its purposes apart; and what a receipt key signed for something else is not taken for a receipt."""
    made = approved(services, world)
    key = services.keys.signing_key("receipts")
    protected = encoded({"alg": ES256, "kid": key.kid, "typ": "at+jwt"})
    signature = sign(key.private_key, protected, made.document["payload"])
    with pytest.raises(BadReceipt, match="not for a receipt"):
        check_receipt(
            {"payload": made.document["payload"], "signatures": [{"protected": protected, "signature": signature}]},
            services.receipts.archive(),
        )


def test_swapped_evidence_is_seen(services: Services, world: World) -> None:
    made = approved(services, world)
    card = evidence_of(services, made.decision_id)
    assert check_receipt(made.document, services.receipts.archive(), card)
    with pytest.raises(BadReceipt, match="evidence"):
        check_receipt(made.document, services.receipts.archive(), {**card, "peers_holding": card["peers_holding"] + 1})


def test_a_key_counts_for_its_own_time_alone(services: Services, world: World) -> None:
    made = approved(services, world)
    archive = services.receipts.archive()
    for life in ({"signs_from": "2026-12-01T00:00:00+00:00"}, {"retired_at": "2026-11-01T00:00:00+00:00"}):
        keys = {"keys": [{**jwk, **life} for jwk in archive["keys"]]}
        with pytest.raises(BadReceipt, match="did not sign on"):
            check_receipt(made.document, keys)


def test_the_platform_cannot_rewrite_a_receipt(services: Services, world: World) -> None:
    approved(services, world)
    for statement in (
        "UPDATE decision_receipt SET payload = 'e30'",
        "DELETE FROM decision_receipt",
        "UPDATE receipt_signature SET header = '{}'",
    ):
        with services.uow._sessions() as session, pytest.raises(Exception, match="permission denied"):
            session.execute(text(statement))


# The decider's own signature


def own_signature(payload: str) -> tuple[OwnSignature, dict[str, Any]]:
    key = ed25519.Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}
    protected = encoded({"alg": "EdDSA", "kid": "usbkey-li"})
    return OwnSignature(protected, base64url(key.sign(f"{protected}.{payload}".encode())), jwk), jwk


def test_the_decider_adds_a_signature_and_the_first_one_still_holds(services: Services, world: World) -> None:
    made = approved(services, world)
    own, jwk = own_signature(made.document["payload"])
    services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, own)
    services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, own)
    now = services.receipts.of_decision(made.line_id, made.decision_id).document
    assert now["payload"] == made.document["payload"]
    assert now["signatures"][0] == made.document["signatures"][0]
    assert len(now["signatures"]) == 2
    found = check_receipt(now, services.receipts.archive())
    assert [dict(other.key) for other in found.others] == [jwk]


def test_nobody_else_signs_it_and_nothing_false_is_attached(services: Services, world: World) -> None:
    made = approved(services, world)
    own, _jwk = own_signature(made.document["payload"])
    with pytest.raises(Denied):
        services.receipts.attach(world.wang.actor(), made.line_id, made.decision_id, own)
    for_another, _jwk = own_signature("e30")
    with pytest.raises(Invalid):
        services.receipts.attach(world.li.actor(), made.line_id, made.decision_id, for_another)
    with pytest.raises(Invalid):
        services.receipts.attach(
            world.li.actor(), made.line_id, made.decision_id, OwnSignature(own.protected, own.signature, {"kty": "oct"})
        )


# From the command line, and without any of our code


def files(tmp_path: Path, services: Services, made: ReceiptView) -> tuple[str, str, str]:
    found = []
    for name, value in (
        ("receipt", made.document),
        ("keys", services.receipts.archive()),
        ("evidence", evidence_of(services, made.decision_id)),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        found.append(str(path))
    return found[0], found[1], found[2]


def test_the_command_line_verifies_offline(services: Services, world: World, tmp_path: Path) -> None:
    receipt, keys, evidence = files(tmp_path, services, approved(services, world))
    done = CliRunner().invoke(receipt_command, ["verify", receipt, "--keys", keys, "--evidence", evidence])
    assert done.exit_code == 0, done.output
    assert "holds: signed by the platform's key" in done.output
    assert "the platform said this" in done.output, "what that proves is said beside it"
    Path(evidence).write_text("{}", encoding="utf-8")
    done = CliRunner().invoke(receipt_command, ["verify", receipt, "--keys", keys, "--evidence", evidence])
    assert done.exit_code == 1
    assert "evidence card" in done.output


GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "receipts.md"


def test_the_guides_own_program_verifies_it(services: Services, world: World, tmp_path: Path) -> None:
    """The twenty lines that the guide prints, run as they stand there: nothing of the platform is in them."""
    program = GUIDE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    assert 0 < len(program.splitlines()) <= 25
    assert "govcloud" not in program.replace("govcloud-receipt", "")
    receipt, keys, evidence = files(tmp_path, services, approved(services, world))
    run = [sys.executable, "-c", program, receipt, keys, evidence]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "李强" in done.stdout
    document = json.loads(Path(receipt).read_text(encoding="utf-8"))
    document["payload"] = base64.urlsafe_b64encode(b'{"at":"2026-11-24T01:30:00+00:00"}').decode().rstrip("=")
    Path(receipt).write_text(json.dumps(document), encoding="utf-8")
    assert subprocess.run(run, capture_output=True, text=True, check=False, timeout=60).returncode != 0
