"""The routes about the life of grants and the reports on access."""

from __future__ import annotations

from time import monotonic
from uuid import UUID

from govcloud.access.ending.targets import Kind
from govcloud.entrypoints.api.requests.life_answers import (
    ExpiringAnswer,
    ExtendBody,
    HeldSystemAnswer,
    HeldSystemsAnswer,
    OfferAnswer,
    PreviewAnswer,
    PreviewQuery,
    ReasonBody,
    ReportQuery,
    RestedAnswer,
    RevocationAnswer,
    RevokeManyBody,
    SoonQuery,
    TakenBackAnswer,
    TimeToAccessAnswer,
    ToldAnswer,
)
from govcloud.entrypoints.api.wire.results import SubmittedAnswer
from govcloud.entrypoints.api.wire.table import Once, Route
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.signon.logout.views import NoticeState, NoticeView
from govcloud.web.gate import current_actor, requires, services, signed_in

_AT_ONCE_SECONDS = 2.0
_REPORT = "govcloud:access_report:read"
_MANY = "govcloud:grant:revoke_many"


@signed_in
def extension_offer(grant_id: UUID) -> OfferAnswer:
    """For how long one's own grant can be extended."""
    _own(grant_id)
    found = services().grant_life.offer(grant_id)
    if found is None:
        raise NotFound("not_extendable", Message("这项临时权限不能续期，或已停止开放申请。"), remedy=Message("如仍有需要，请另行申请。"))
    return OfferAnswer.model_validate(found)


@signed_in
def extend(grant_id: UUID, body: ExtendBody) -> SubmittedAnswer:
    """Ask for more days of one's own grant, from its end on."""
    return SubmittedAnswer.of(services().grant_life.extend(current_actor(), grant_id, body.days, body.reason))


@signed_in
def suspend(grant_id: UUID, body: ReasonBody) -> RestedAnswer:
    """Let somebody's grant rest until it is resumed."""
    return RestedAnswer.of(services().grant_life.suspend(current_actor(), grant_id, body.reason))


@signed_in
def resume(grant_id: UUID, body: ReasonBody) -> RestedAnswer:
    """Let a grant that rests work again; its end stays where it was."""
    return RestedAnswer.of(services().grant_life.resume(current_actor(), grant_id, body.reason))


@signed_in
def taken_back(grant_id: UUID) -> TakenBackAnswer:
    """How the end of a grant reached its subsystem; for its holder, and for those who answer for it."""
    grant = services().authorization_queries.grant(grant_id)
    seen = grant is not None and services().ending.may_see(current_actor(), grant)
    if grant is None or not seen or grant.closed_at is None:
        raise NotFound.of(Message("已终止的授权"), grant_id)
    found = services().acknowledgements.of([grant_id]).get(grant_id)
    notices = services().logout_queries.of_grants([grant_id]).get(grant_id, ())
    received, refused = (found.webhook_at, found.refused_at) if found else (None, None)
    told = tuple(ToldAnswer(subsystem_name=item.subsystem_name, state=item.state.value, at=item.acknowledged_at) for item in notices)
    if refused is not None:
        return TakenBackAnswer(grant_id=grant_id, state="refused", received_at=received, refused_at=refused, told=told)
    state = "told" if notices and all(map(_confirmed, notices)) else "received" if received is not None else "waiting"
    return TakenBackAnswer(grant_id=grant_id, state=state, received_at=received, refused_at=None, told=told)


def _confirmed(notice: NoticeView) -> bool:
    return notice.state is NoticeState.ACKNOWLEDGED


def _own(grant_id: UUID) -> None:
    """Go on with one's own grant.

    Raises:
        NotFound: it is somebody else's, or there is none.
    """
    grant = services().authorization_queries.grant(grant_id)
    if grant is None or grant.official_id != current_actor().official_id:
        raise NotFound.of(Message("授权"), grant_id)


@requires(_MANY)
def revocation_preview(query: PreviewQuery) -> PreviewAnswer:
    """What the end of many grants would take from whom; nothing ends."""
    return PreviewAnswer.of(services().ending.preview(current_actor(), Kind(query.kind), query.target))


@requires(_MANY)
def revoke_many(body: RevokeManyBody) -> RevocationAnswer:
    """End what a preview showed; what two seconds do not suffice for goes on by itself."""
    actor, ending = current_actor(), services().ending
    ordered = ending.order(actor, Kind(body.kind), body.target, body.reason, confirmed=body.confirmed, seen_at=body.seen_at)
    end = monotonic() + _AT_ONCE_SECONDS
    return RevocationAnswer.of(ordered if ordered.finished_at else ending.go_on(actor, ordered.id, lambda: monotonic() >= end))


@requires(_MANY)
def revocation(revocation_id: UUID) -> RevocationAnswer:
    """How far an order of one's own to end many grants is."""
    return RevocationAnswer.of(services().ending.one(current_actor(), revocation_id))


@requires(_REPORT)
def time_to_access(query: ReportQuery) -> TimeToAccessAnswer:
    """How long requests waited, in parallel and had departments been asked one after another."""
    return TimeToAccessAnswer.of(services().access_reports.time_to_access(current_actor(), query.days))


@requires(_REPORT)
def held_systems() -> HeldSystemsAnswer:
    """Temporary access beside standing, by subsystem."""
    return HeldSystemsAnswer(subsystems=tuple(HeldSystemAnswer.of(row) for row in services().access_reports.held(current_actor())))


@requires(_REPORT)
def expiring(query: SoonQuery) -> ExpiringAnswer:
    """The grants that end soon, by day, and the first of them."""
    return ExpiringAnswer.of(services().access_reports.expiring(current_actor(), query.days, query.limit))


def _request_address(answer: SubmittedAnswer) -> str:
    return f"/api/v1/requests/{answer.request_id}"


def _revocation_address(answer: RevocationAnswer) -> str:
    return f"/api/v1/revocations/{answer.id}"


TABLE = (
    Route("GET", "/access/<uuid:grant_id>/extension", extension_offer, OfferAnswer),
    Route("POST", "/access/<uuid:grant_id>/extension", extend, SubmittedAnswer, body=ExtendBody, location=_request_address),
    Route("POST", "/grants/<uuid:grant_id>/suspend", suspend, RestedAnswer, body=ReasonBody),
    Route("POST", "/grants/<uuid:grant_id>/resume", resume, RestedAnswer, body=ReasonBody),
    Route("GET", "/grants/<uuid:grant_id>/taken-back", taken_back, TakenBackAnswer),
    Route("GET", "/revocations/preview", revocation_preview, PreviewAnswer, query=PreviewQuery),
    Route("POST", "/revocations", revoke_many, RevocationAnswer, body=RevokeManyBody, location=_revocation_address, once=Once.APART),
    Route("GET", "/revocations/<uuid:revocation_id>", revocation, RevocationAnswer),
    Route("GET", "/reports/time-to-access", time_to_access, TimeToAccessAnswer, query=ReportQuery),
    Route("GET", "/reports/held", held_systems, HeldSystemsAnswer),
    Route("GET", "/reports/expiring", expiring, ExpiringAnswer, query=SoonQuery),
)
