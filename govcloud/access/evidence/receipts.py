"""Decision receipts (审批回执): what the platform says of a decision, signed with its key ring, in the decision's own transaction.

A platform's signature proves what the platform said, and no more; so the format and the table have room for a further signature over
the same payload, of the person who decided, which is added later and leaves the first as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.commands import Decided
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.evidence.events import ReceiptSigned
from govcloud.access.evidence.grounds import Grounds, Place
from govcloud.access.evidence.passkeys import MEMBERS, WEBAUTHN, verify_assertion
from govcloud.access.evidence.receipt_checks import TYPE, Verified, check_receipt
from govcloud.access.evidence.receipt_payload import Payloads
from govcloud.access.lines import lock_line
from govcloud.access.models import Decision, DecisionReceipt, ReceiptSignature
from govcloud.access.tasks.rights import Case
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict, FieldError, Invalid, NotFound, Unavailable
from govcloud.kernel.ids import new_id
from govcloud.kernel.jws import BadSignature, encoded, sign, verify
from govcloud.kernel.key_rotation import KeyRotation
from govcloud.kernel.keys import RECEIPTS, KeyRing, SigningKey
from govcloud.kernel.messages import Message
from govcloud.kernel.signing import ES256
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

SIGN = "govcloud:receipt:sign"
MOST_SIGNATURES = 5
_MOST_TEXT = 4_000


@dataclass(frozen=True)
class ReceiptView:
    """A receipt as it is handed out: ``document`` is a JWS in General JSON Serialization (RFC 7515 section 7.2.1)."""

    decision_id: UUID
    line_id: UUID
    official_id: UUID
    at: datetime
    kid: str
    document: dict[str, Any]


@dataclass(frozen=True)
class OwnSignature:
    """A signature by the person who decided, over the receipt's payload: protected header and signature (base64url), and the public key.

    ``webauthn`` has what a passkey signed beside it (``passkeys.py``).
    """

    protected: str
    signature: str
    jwk: Mapping[str, Any]
    webauthn: Mapping[str, Any] | None = None


class Receipts:
    """Signs, keeps and hands out receipts."""

    def __init__(  # noqa: PLR0917 - the parts that a receipt is made of
        self,
        uow: UnitOfWork,
        read: Callable[[], Session],
        keys: KeyRing,
        rotation: KeyRotation,
        identity: IdentityQueries,
        authorization: AuthorizationQueries,
        issuer: str,
    ) -> None:
        """Take the unit of work, the reader, the ring with its rotation, the queries that name people and policy, and our address."""
        self._uow = uow
        self._read = read
        self._keys = keys
        self._rotation = rotation
        self._payloads = Payloads(read, identity, authorization, issuer)
        self._issuer = issuer

    def sign(  # noqa: PLR0917 - the parts of one decision
        self, tx: Transaction, case: Case, decision: Decision, card: EvidenceCard, decided: Decided, grounds: Grounds, place: Place | None
    ) -> None:
        """Sign and keep the receipt of a decision that was written down, with all that follows from it; ``place`` is none at no step."""
        payload = encoded(self._payloads.of(case, decision, card, decided, grounds, place))
        key = self._key()
        protected = encoded({"alg": key.algorithm, "kid": key.kid, "typ": TYPE})
        row = DecisionReceipt(
            decision_id=decision.id,
            line_id=case.line.id,
            payload=payload,
            protected=protected,
            signature=sign(key.private_key, protected, payload),
            kid=key.kid,
            at=tx.now,
        )
        tx.session.add(row)
        tx.session.flush()

    def of_line(self, line_id: UUID) -> tuple[ReceiptView, ...]:
        """Return the receipts of the decisions on a line, the oldest first; whoever asks has been let see the line."""
        query = (
            select(DecisionReceipt, Decision.official_id)
            .join(Decision, Decision.id == DecisionReceipt.decision_id)
            .where(DecisionReceipt.line_id == line_id)
            .order_by(DecisionReceipt.at, DecisionReceipt.decision_id)
        )
        rows = self._read().execute(query).all()
        ids = [row[0].decision_id for row in rows]
        signatures = self._read().scalars(
            select(ReceiptSignature).where(ReceiptSignature.decision_id.in_(ids)).order_by(ReceiptSignature.id)
        )
        further: dict[UUID, list[ReceiptSignature]] = {}
        for signature in signatures:
            further.setdefault(signature.decision_id, []).append(signature)
        return tuple(_view(row[0], row[1], further.get(row[0].decision_id, [])) for row in rows)

    def of_decision(self, line_id: UUID, decision_id: UUID) -> ReceiptView:
        """Return one receipt of a line.

        Raises:
            NotFound: there is no such receipt; decisions from before receipts have none.
        """
        found = next((view for view in self.of_line(line_id) if view.decision_id == decision_id), None)
        if found is None:
            raise NotFound.of(Message("审批回执"), decision_id)
        return found

    def evidence_of(self, line_id: UUID, decision_id: UUID) -> dict[str, Any]:
        """Return the evidence card of a decision as it was shown and hashed.

        Raises:
            NotFound: there is no such decision on the line.
        """
        decision = self._read().get(Decision, decision_id)
        if decision is None or decision.line_id != line_id:
            raise NotFound.of(Message("审批决定"), decision_id)
        return decision.evidence

    def checked(self, view: ReceiptView) -> Verified:
        """Return what a receipt says, checked as anybody checks it offline.

        Raises:
            BadReceipt: it does not hold, since its key leaked and was withdrawn.
        """
        return check_receipt(view.document, self.archive())

    def archive(self) -> dict[str, Any]:
        """Return every public key that receipts were ever signed with; retired ones stay, withdrawn ones say so."""
        return self._keys.archive(RECEIPTS)

    def attach(self, actor: Actor, line_id: UUID, decision_id: UUID, own: OwnSignature) -> None:
        """Add the decider's own signature to a receipt; the same one again changes nothing.

        The platform checks that the signature holds for the key that comes with it, and writes down who brought it. Whose key that
        is, a certificate or the organisation that gave out the key has to say.

        Raises:
            NotFound: there is no such receipt.
            Denied: somebody else decided.
            Invalid: the signature does not hold.
            Conflict: the receipt has as many signatures as it takes.
        """
        receipt = self.of_decision(line_id, decision_id)
        target = Target("decision", str(decision_id), attributes={"official_id": str(receipt.official_id)})
        with self._uow.begin(actor, SIGN, target) as tx:
            header = _checked(own, str(receipt.document["payload"]), self._issuer)
            line = lock_line(tx.session, line_id)
            known = tx.session.scalars(select(ReceiptSignature).where(ReceiptSignature.decision_id == decision_id)).all()
            if any((row.protected, row.signature) == (own.protected, own.signature) for row in known):
                return
            if len(known) >= MOST_SIGNATURES:
                raise Conflict("receipt_full", Message("一份回执最多附 %(most)s 个签名。", most=MOST_SIGNATURES))
            tx.session.add(
                ReceiptSignature(
                    id=new_id(),
                    decision_id=decision_id,
                    protected=own.protected,
                    header=header,
                    signature=own.signature,
                    official_id=receipt.official_id,
                    at=tx.now,
                )
            )
            tx.session.flush()
            tx.record(
                ReceiptSigned(subject=f"request_line:{line_id}", chain=str(line.request_id), decision_id=decision_id, key=header["jwk"])
            )

    def _key(self) -> SigningKey:
        """Return the key that signs receipts now; the very first decision makes the first key."""
        try:
            return self._keys.signing_key(RECEIPTS, ES256)
        except Unavailable:
            self._rotation.ensure(Actor.system("reaction"))
            try:
                return self._keys.signing_key(RECEIPTS, ES256)
            finally:
                # It stands in this transaction alone yet: if that fails, here or later, nobody may go on to sign with it.
                self._keys.forget(RECEIPTS)


def _view(row: DecisionReceipt, official_id: UUID, further: list[ReceiptSignature]) -> ReceiptView:
    first = {"protected": row.protected, "signature": row.signature}
    own = [{"protected": item.protected, "header": item.header or {}, "signature": item.signature} for item in further]
    return ReceiptView(
        decision_id=row.decision_id,
        line_id=row.line_id,
        official_id=official_id,
        at=row.at,
        kid=row.kid,
        document={"payload": row.payload, "signatures": [first, *own]},
    )


def _checked(own: OwnSignature, payload: str, issuer: str) -> dict[str, Any]:
    """Return the unprotected header to keep beside a signature, with the public key alone, if the signature holds for it.

    Raises:
        Invalid: it does not, or is too long to be one.
    """
    jwk = {name: str(own.jwk[name]) for name in ("kty", "crv", "x", "y", "alg") if name in own.jwk}
    beside = {name: str(own.webauthn.get(name, "")) for name in MEMBERS} if own.webauthn is not None else {}
    if max(map(len, (own.protected, own.signature, *jwk.values(), *beside.values()))) > _MOST_TEXT:
        raise Invalid.of(FieldError("signature", Message("签名过长。")))
    header: dict[str, Any] = {"jwk": jwk} | ({WEBAUTHN: beside} if beside else {})
    try:
        if beside:
            verify_assertion({"protected": own.protected, "signature": own.signature, "header": header}, payload, issuer, jwk)
        else:
            verify(own.protected, payload, own.signature, jwk)
    except BadSignature as error:
        raise Invalid.of(FieldError("signature", Message("签名与回执、公钥不符：%(reason)s。", reason=str(error)))) from error
    return header
