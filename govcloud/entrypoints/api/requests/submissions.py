"""Asking over the API: many items at once, the basket, the search, matters as one would ask for them, and comparing with a colleague."""

from __future__ import annotations

from uuid import UUID

from govcloud.entrypoints.api.file_bodies import attachments_of
from govcloud.entrypoints.api.requests.submission_bodies import (
    AskedMatterAnswer,
    BasketAnswer,
    BasketBody,
    CompareBody,
    DifferenceAnswer,
    HitAnswer,
    HitsAnswer,
    NewSubmissionBody,
    SearchQuery,
    SubmissionAnswer,
    SubmissionRequestsAnswer,
    TakeOutBody,
)
from govcloud.entrypoints.api.wire.answers import RequestAnswer
from govcloud.entrypoints.api.wire.table import Route
from govcloud.web.gate import current_actor, services, signed_in


@signed_in
def search(query: SearchQuery) -> HitsAnswer:
    """What one may need, by parts of its name, pinyin or initials: had already, to be asked for, or neither and why."""
    hits = services().asking_queries.search(current_actor(), query.q, query.limit)
    return HitsAnswer(hits=tuple(HitAnswer.of(hit) for hit in hits))


@signed_in
def submit_all(body: NewSubmissionBody) -> SubmissionAnswer:
    """Ask for several items, for oneself or for several people; all of it is taken in, or nothing."""
    return SubmissionAnswer.of(services().asking.submit(current_actor(), body.to_input(), attachments_of(body.files)))


@signed_in
def submission(submission_id: UUID) -> SubmissionRequestsAnswer:
    """The requests of a submission that one made, or that were made for one."""
    views = services().asking_queries.submission(current_actor(), submission_id)
    return SubmissionRequestsAnswer(requests=tuple(RequestAnswer.of(view) for view in views))


@signed_in
def basket() -> BasketAnswer:
    """One's basket in the appointment in use."""
    return BasketAnswer.of(services().asking_queries.basket(current_actor()))


@signed_in
def put_in_basket(body: BasketBody) -> BasketAnswer:
    """Keep items to be asked for later."""
    services().asking.put_in_basket(current_actor(), body.to_input())
    return basket()


@signed_in
def take_out_of_basket(body: TakeOutBody) -> BasketAnswer:
    """Forget items that were to be asked for."""
    services().asking.take_out_of_basket(current_actor(), body.item_ids)
    return basket()


@signed_in
def compare(body: CompareBody) -> DifferenceAnswer:
    """What a colleague of the same department may use and oneself may not; looking is recorded."""
    return DifferenceAnswer.of(services().asking.compare(current_actor(), body.appointment_id))


@signed_in
def matter_to_ask(matter_id: UUID) -> AskedMatterAnswer:
    """A matter as one would ask for it: how one stands to each item, who decides, and by when."""
    return AskedMatterAnswer.of(services().asking_queries.matter(current_actor(), matter_id))


def _address(answer: SubmissionAnswer) -> str:
    return f"/api/v1/submissions/{answer.submission_id}"


TABLE = (
    Route("GET", "/search", search, HitsAnswer, query=SearchQuery),
    Route("POST", "/submissions", submit_all, SubmissionAnswer, body=NewSubmissionBody, location=_address, takes_files=True),
    Route("GET", "/submissions/<uuid:submission_id>", submission, SubmissionRequestsAnswer),
    Route("GET", "/basket", basket, BasketAnswer),
    Route("POST", "/basket", put_in_basket, BasketAnswer, body=BasketBody),
    Route("POST", "/basket/take-out", take_out_of_basket, BasketAnswer, body=TakeOutBody),
    Route("POST", "/basket/compare", compare, DifferenceAnswer, body=CompareBody, reads=True),
    Route("GET", "/basket/matters/<uuid:matter_id>", matter_to_ask, AskedMatterAnswer),
)
