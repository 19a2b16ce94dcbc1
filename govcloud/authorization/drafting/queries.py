"""Reads of the life of a policy: drafts, versions, reviews, impacts with their people, shadows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.installing import live_number
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.drafting import checking, states
from govcloud.authorization.drafting.errors import no_such_draft
from govcloud.authorization.drafting.impact_reads import MOST_SHOWN, ImpactReads
from govcloud.authorization.drafting.models import (
    PolicyDraft,
    PolicyReview,
    PolicyShadow,
    PolicyShadowDifference,
    PolicyShadowSample,
)
from govcloud.authorization.drafting.versions import checksum_of, document_of
from govcloud.authorization.drafting.views import (
    DraftView,
    ReviewView,
    ShadowDifference,
    ShadowSample,
    ShadowView,
    VersionView,
)
from govcloud.authorization.models import PolicyVersion, RoleAssignment
from govcloud.authorization.policies.comparing import Difference, compare
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.kernel.database import live_at

_DRAFT = (
    PolicyDraft.id,
    PolicyDraft.title,
    PolicyDraft.reason,
    PolicyDraft.maker_id,
    PolicyDraft.created_by,
    PolicyDraft.base_number,
    PolicyDraft.rollback_of,
    PolicyDraft.source,
    PolicyDraft.checksum,
    PolicyDraft.revision,
    PolicyDraft.state,
    PolicyDraft.created_at,
    PolicyDraft.updated_at,
)


class DraftQueries(ImpactReads):
    """Answers questions about policies before and while they decide; it never writes. Impacts: ``impact_reads.py``."""

    # Drafts

    def drafts(self, *, over: bool = False, limit: int = 50, after: UUID | None = None) -> tuple[DraftView, ...]:
        """Return a page of drafts, the newest first: those in somebody's hands, or (``over``) those applied or thrown away."""
        live = live_number(self._read())
        among = PolicyDraft.state.in_(states.ALIVE)
        query = select(*_DRAFT).where(~among if over else among).order_by(PolicyDraft.id.desc()).limit(max(1, min(limit, MOST_SHOWN)))
        if after is not None:
            query = query.where(PolicyDraft.id < after)
        return tuple(_draft_view(row, live) for row in self._read().execute(query))

    def draft(self, draft_id: UUID) -> DraftView:
        """Return one draft without its text.

        Raises:
            NotFound: there is none.
        """
        row = self._read().execute(select(*_DRAFT).where(PolicyDraft.id == draft_id)).one_or_none()
        if row is None:
            raise no_such_draft(draft_id)
        return _draft_view(row, live_number(self._read()))

    def text(self, draft_id: UUID) -> str:
        """Return the text of a draft."""
        found = self._read().scalar(select(PolicyDraft.document).where(PolicyDraft.id == draft_id))
        if found is None:
            raise no_such_draft(draft_id)
        return found

    def document(self, draft_id: UUID) -> PolicyDocument:
        """Return the document of a draft; raises ``PolicyError`` when its text has errors."""
        return checking.checked(self.text(draft_id), self.draft(draft_id).source, self.zones)

    def findings(self, draft_id: UUID) -> tuple[checking.Finding, ...]:
        """Return everything that is wrong with the text of a draft, by line and column; nothing when it can be submitted."""
        functions = self._decider.subsystems.functions()
        return checking.findings(self.text(draft_id), self.draft(draft_id).source, self.zones, functions)

    def engine(self, draft_id: UUID) -> Engine:
        """Return an engine that decides by the text of a draft, for trials: nothing follows from what it says.

        Raises:
            NotFound: there is no such draft.
            PolicyError: its text has errors.
        """
        document = self.document(draft_id)
        return self._decider.live.engine_for(compile_policy(0, document.roles, document.rules))

    @property
    def zones(self) -> frozenset[str]:
        """Return the network zones that conditions may name here."""
        return self._decider.live.surroundings.zones.names

    def tests(self, draft_id: UUID) -> checking.CaseRun | None:
        """Return what the cases said when a draft was submitted; ``None`` for one that is not."""
        found = self._read().scalar(select(PolicyDraft.tests).where(PolicyDraft.id == draft_id))
        return None if found is None else checking.CaseRun(found["cases"], found["failed"], tuple((a, b) for a, b in found["shown"]))

    def difference(self, draft_id: UUID) -> Difference:
        """Return what separates a draft from the policy in force."""
        return compare(self.version_document(live_number(self._read())), self.document(draft_id))

    def reviews(self, draft_id: UUID) -> tuple[ReviewView, ...]:
        """Return what was said about a draft, the last word first."""
        query = select(PolicyReview).where(PolicyReview.draft_id == draft_id).order_by(PolicyReview.at.desc(), PolicyReview.id.desc())
        return tuple(_review_view(row) for row in self._read().scalars(query))

    # Versions

    def live_number(self) -> int:
        """Return the number of the version in force; 0 while none is installed and the shipped policy decides."""
        return live_number(self._read())

    def versions(self, limit: int = 50, before: int | None = None) -> tuple[VersionView, ...]:
        """Return a page of the versions that are or were in force, the newest first."""
        query = (
            select(PolicyVersion, PolicyReview.maker_id, PolicyReview.reviewer_id)
            .outerjoin(PolicyReview, PolicyReview.id == PolicyVersion.review_id)
            .order_by(PolicyVersion.number.desc())
            .limit(max(1, min(limit, MOST_SHOWN)))
        )
        if before is not None:
            query = query.where(PolicyVersion.number < before)
        return tuple(_version_view(row) for row in self._read().execute(query))

    def version_document(self, number: int) -> PolicyDocument:
        """Return the document of a version (0: the shipped one).

        Raises:
            NotFound: there is none.
            PolicyError: this program no longer reads its language.
        """
        return document_of(self._read(), number)

    def version_text(self, number: int) -> str:
        """Return the text of a version, whether or not this program still reads it."""
        found = self._read().scalar(select(PolicyVersion.document).where(PolicyVersion.number == number)) if number else None
        return found if found is not None else self.version_document(number).text

    def checksum(self, number: int) -> str:
        """Return the checksum of a version's text."""
        return checksum_of(self._read(), number)

    def officers(self) -> int:
        """Return how many people could draft and approve now: active holders of the security administrator's role.

        Below two no draft can be approved; the operator then appoints another (``govcloud roles give``).
        """
        now = self._clock.now()
        held = select(RoleAssignment.official_id).where(RoleAssignment.role_code == "security_admin", live_at(RoleAssignment, now))
        people = self._read().scalars(held.distinct()).all()
        return sum(1 for person in self._decider.identity.officials(people, now).values() if person.active)

    # Shadows

    def shadow_of(self, draft_id: UUID) -> ShadowView | None:
        """Return the newest shadow of a draft with its differences and samples; ``None``: it never ran."""
        query = select(PolicyShadow).where(PolicyShadow.draft_id == draft_id).order_by(PolicyShadow.id.desc()).limit(1)
        row = self._read().scalars(query.execution_options(populate_existing=True)).one_or_none()
        if row is None:
            return None
        differing = select(PolicyShadowDifference).where(PolicyShadowDifference.shadow_id == row.id)
        samples = select(PolicyShadowSample).where(PolicyShadowSample.shadow_id == row.id).order_by(PolicyShadowSample.at.desc())
        now = self._clock.now()
        return ShadowView(
            id=row.id,
            draft_id=row.draft_id,
            checksum=row.checksum,
            started_by=row.started_by,
            started_at=row.started_at,
            until=row.until,
            ended_at=row.ended_at or (row.until if row.until <= now else None),
            checked=row.checked,
            different=row.different,
            dropped=row.dropped,
            differences=tuple(
                ShadowDifference(item.function, item.live, item.shadow, item.times, item.last_at)
                for item in self._read().scalars(differing.order_by(PolicyShadowDifference.times.desc()).limit(MOST_SHOWN))
            ),
            samples=tuple(
                ShadowSample(item.at, item.official_id, item.appointment_id, item.function, item.division, item.live, item.shadow)
                for item in self._read().scalars(samples.limit(MOST_SHOWN))
            ),
        )


def _draft_view(row: Row[*tuple[Any, ...]], live: int) -> DraftView:
    return DraftView(**row._mapping, live_number=live)  # noqa: SLF001 - SQLAlchemy's own name


def _review_view(row: PolicyReview) -> ReviewView:
    return ReviewView(
        id=row.id,
        draft_id=row.draft_id,
        reviewer_id=row.reviewer_id,
        maker_id=row.maker_id,
        revision=row.revision,
        checksum=row.checksum,
        base_number=row.base_number,
        impact_id=row.impact_id,
        verdict=row.verdict,
        comment=row.comment,
        at=row.at,
    )


def _version_view(row: Row[*tuple[Any, ...]]) -> VersionView:
    version: PolicyVersion = row.PolicyVersion
    return VersionView(
        number=version.number,
        source=version.source,
        checksum=version.checksum,
        installed_at=version.installed_at,
        installed_by=version.installed_by,
        basis=version.basis,
        note=version.note,
        maker_id=row.maker_id,
        reviewer_id=row.reviewer_id,
    )
