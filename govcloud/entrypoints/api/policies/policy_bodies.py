"""What the API takes in about policy drafts."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictInt, StrictStr

from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect
from govcloud.authorization.drafting.service import NewDraft, Shown
from govcloud.authorization.policies.document import MAX_BYTES
from govcloud.entrypoints.api.wire.bodies import Input, Text

PolicyText = Annotated[StrictStr, Field(max_length=MAX_BYTES)]
KINDS: dict[str, tuple[Effect, ...]] = {"gains": GAINS, "losses": LOSSES, "altered": (Effect.ALTERED,)}


class DraftsQuery(Input):
    """A page of drafts."""

    over: bool = Field(default=False, description="those applied or thrown away instead of those in somebody's hands")
    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class VersionsQuery(Input):
    """A page of versions."""

    cursor: int | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class VersionTextQuery(Input):
    """One version."""

    number: int | None = Field(default=None, ge=0, description="0: the shipped policy; left out: the one in force")


class DraftBody(Input):
    """A text to keep as one's own draft."""

    title: Text = Field(description="at most 100 characters")
    reason: Text = Field(description="at most 500 characters; the approver and the audit record see it")
    text: PolicyText = Field(description="the whole policy, YAML; longer ones than a request may be come by the page or the command line")
    base_number: StrictInt | None = Field(default=None, description="the version it was written on; null: the one in force")

    def draft(self) -> NewDraft:
        """Return the command's input."""
        return NewDraft(self.title, self.reason, self.text, "api", self.base_number)


class ChangeDraftBody(Input):
    """Another text, title or reason for a draft."""

    revision: StrictInt = Field(description="the revision that was shown")
    title: Text
    reason: Text
    text: PolicyText

    def draft(self) -> NewDraft:
        """Return the command's input."""
        return NewDraft(self.title, self.reason, self.text, "api")


class RevisionBody(Input):
    """The revision that a step is meant for."""

    revision: StrictInt = Field(description="the revision that was shown")


class ReasonBody(Input):
    """Why."""

    reason: Text = Field(description="at most 500 characters")


class RollbackBody(Input):
    """An earlier version to draft anew."""

    number: StrictInt
    reason: Text = Field(description="at most 500 characters")


class ReviewBody(Input):
    """What the reviewer was shown, and what they say."""

    revision: StrictInt
    checksum: Text
    impact_id: UUID | None = Field(default=None, description="for an approval: the impact that was shown")
    digest: Text | None = Field(default=None, description="for an approval: its digest")
    comment: Text = Field(default="", description="at most 500 characters; a rejection needs one")

    def shown(self) -> Shown:
        """Return what was shown."""
        return Shown(self.revision, self.checksum, self.impact_id, self.digest)


class ShadowBody(Input):
    """For how long a draft decides beside the live policy."""

    hours: StrictInt = Field(description="1 to 336")


class PeopleQuery(Input):
    """A page of the people whom a draft touches."""

    function: str | None = Field(default=None, max_length=200)
    kind: Literal["gains", "losses", "altered"] | None = None
    cursor: str | None = Field(default=None, max_length=64, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)
