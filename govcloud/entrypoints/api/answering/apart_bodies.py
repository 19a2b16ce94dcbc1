"""What the API takes in and gives out about separation of duty: rules, drafts, exceptions, violations, receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool, StrictInt

from govcloud.access.evidence.receipts import OwnSignature, ReceiptView
from govcloud.authorization.apart.inputs import MOST_FUNCTIONS, NewException, NewRule
from govcloud.authorization.apart.queries import ViolationView
from govcloud.authorization.apart.views import DraftView, ExceptionView, RulePreview, RuleView
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text

_NAMED = 50
Functions = Annotated[tuple[Text, ...], Field(max_length=MOST_FUNCTIONS)]


class SodRuleBody(Input):
    """A rule as it is to be."""

    code: Text = Field(description="lower case, digits and hyphens; names the rule through all its versions")
    name: Text
    kind: Text = Field(description="`static` (held together), `dynamic` (used in one session) or `per_case` (for one case number)")
    functions: Functions = Field(description="the set; empty only for `per_case`: every function")
    reason: Text
    most: StrictInt = Field(default=1, description="how many of the set one person may have")
    liftable: StrictBool = Field(default=True, description="whether exceptions may be given at all")

    def rule(self) -> NewRule:
        """Return the input of the command."""
        return NewRule(self.code, self.name, self.kind, self.functions, self.reason, self.most, self.liftable)


class SodReasonBody(Input):
    """Why."""

    reason: Text


class SodExceptionBody(Input):
    """An exception to give."""

    official_id: UUID
    rule_code: Text
    ends_at: AwareDatetime
    reason: Text
    functions: Functions | None = Field(default=None, description="null: all that the rule names now")

    def exception(self) -> NewException:
        """Return the input of the command."""
        return NewException(self.official_id, self.rule_code, self.ends_at, self.reason, self.functions)


class SodListQuery(Input):
    """A page."""

    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class SodRuleAnswer(Answer):
    """One version of a rule."""

    code: str
    version: int
    name: str
    kind: str
    functions: tuple[str, ...]
    most: int
    liftable: bool
    reason: str
    proposed_by: str
    approved_by: str
    since: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, view: RuleView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class SodRulesAnswer(Answer):
    """Rules, or the versions of one, the newest first."""

    rules: tuple[SodRuleAnswer, ...]


class SodDraftAnswer(Answer):
    """A rule as it was proposed; `ends`: the rule is to be no more."""

    id: UUID
    code: str
    base_version: int
    ends: bool
    name: str
    kind: str
    functions: tuple[str, ...]
    most: int
    liftable: bool
    reason: str
    proposed_by: str
    proposed_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, view: DraftView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class SodDraftsAnswer(Answer):
    """The drafts that wait for a second person."""

    drafts: tuple[SodDraftAnswer, ...]


class SodDraftIdAnswer(Answer):
    """A draft that waits for a second person."""

    draft_id: UUID


class SodVersionAnswer(Answer):
    """The version of the rule that is in force now; of an end, the one that was."""

    version: int


class BreachAnswer(Answer):
    """Somebody who holds more of the set than the rule allows."""

    official_id: UUID
    name: str
    functions: tuple[str, ...]
    lifted: bool = Field(description="by an exception that holds now")


class SodPreviewAnswer(Answer):
    """Who breaks a rule as things stand; at most fifty are named."""

    looked_at: int
    broken: int
    lifted: int
    named: tuple[BreachAnswer, ...]

    @classmethod
    def of(cls, preview: RulePreview, names: dict[UUID, str]) -> Self:
        """Take the preview over."""
        first = preview.breaches[:_NAMED]
        named = (
            BreachAnswer(official_id=one.official_id, name=names.get(one.official_id, ""), functions=one.functions, lifted=one.lifted)
            for one in first
        )
        broken = len(preview.broken)
        return cls(looked_at=preview.looked_at, broken=broken, lifted=len(preview.breaches) - broken, named=tuple(named))


class SodExceptionAnswer(Answer):
    """An exception that holds."""

    id: UUID
    official_id: UUID
    rule_code: str
    functions: tuple[str, ...]
    reason: str
    given_by_official_id: UUID
    given_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, view: ExceptionView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class SodExceptionsAnswer(Answer):
    """A page of the exceptions that hold, the oldest first."""

    exceptions: tuple[SodExceptionAnswer, ...]
    cursor: UUID | None


class SodExceptionIdAnswer(Answer):
    """An exception that was given."""

    exception_id: UUID


class SodViolationAnswer(Answer):
    """Who breaks which rule, as the nightly look found it."""

    id: UUID
    official_id: UUID
    rule_code: str
    rule_version: int
    functions: tuple[str, ...]
    found_at: datetime

    @classmethod
    def of(cls, view: ViolationView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class SodViolationsAnswer(Answer):
    """A page of the violations that stand, the oldest first."""

    violations: tuple[SodViolationAnswer, ...]
    cursor: UUID | None


class ReceiptAnswer(Answer):
    """The receipt of one decision."""

    decision_id: UUID
    at: datetime
    kid: str = Field(description="the key of `/.well-known/govcloud-receipt-keys.json` that signed it")
    document: dict[str, Any] = Field(description="JWS in General JSON Serialization (RFC 7515, 7.2.1); keep it as it is")

    @classmethod
    def of(cls, view: ReceiptView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class ReceiptsAnswer(Answer):
    """The receipts of the decisions on a line, the oldest first."""

    receipts: tuple[ReceiptAnswer, ...]


class AssertionBody(Input):
    """What a passkey signed, beside the signature (W3C Web Authentication), base64url."""

    authenticatorData: str = Field(max_length=4000)  # noqa: N815 - as the standard calls it
    clientDataJSON: str = Field(  # noqa: N815 - likewise
        max_length=4000, description="its `challenge` is the SHA-256 of the receipt's `payload`"
    )


class ReceiptSignatureBody(Input):
    """The decider's own signature over the receipt's payload (RFC 7515), and the public key that it holds for."""

    protected: str = Field(
        max_length=4000, description="base64url: a header whose `alg` is `ES256` or `EdDSA`, and for a passkey nothing else"
    )
    signature: str = Field(max_length=4000, description="base64url; of a passkey as it gave it out (ECDSA in DER)")
    jwk: dict[str, str] = Field(description="the public key (RFC 7517)", max_length=12)
    webauthn: AssertionBody | None = Field(default=None, description="for a passkey: its assertion over the receipt's hash")

    def own(self) -> OwnSignature:
        """Return the input of the command."""
        return OwnSignature(self.protected, self.signature, self.jwk, self.webauthn.model_dump() if self.webauthn else None)
