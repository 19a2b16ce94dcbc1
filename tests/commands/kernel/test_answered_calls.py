"""A call with a key: done once, answered again, refused for anything else, forgotten after a day; and two at once are one."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from govcloud.access.commands import NewRequest
from govcloud.kernel.actor import Actor
from govcloud.kernel.answered_calls import KEPT_FOR, CallAnswer
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied, GovcloudError, Invalid
from govcloud.services import Services
from tests.factories.requests import new_request
from tests.factories.world import World

ONE, OTHER = (hashlib.sha256(text).digest() for text in (b"one", b"other"))


def submitting(services: Services, world: World, new: NewRequest | None = None) -> CallAnswer:
    """Submit a request and answer with its number."""
    done = services.access.submit(world.wang.actor(), new or new_request(world))
    return CallAnswer(201, done.number.encode(), "/somewhere")


def test_the_same_call_is_answered_again_and_not_done_again(services: Services, world: World) -> None:
    wang, calls = world.wang.actor(), services.answered_calls
    first = calls.once(wang, "k-1", ONE, lambda: submitting(services, world))
    again = calls.once(wang, "k-1", ONE, lambda: submitting(services, world))
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.status, again.body, again.location) == (first.status, first.body, first.location)
    assert len(services.access_queries.my_requests(world.wang.official_id).entries) == 1


def test_another_body_is_refused_and_another_person_has_keys_of_their_own(services: Services, world: World) -> None:
    calls, sun = services.answered_calls, world.people["SUNLI"].actor()
    calls.once(world.wang.actor(), "k-1", ONE, lambda: CallAnswer(200, b"wang"))
    with pytest.raises(Invalid) as caught:
        calls.once(world.wang.actor(), "k-1", OTHER, lambda: CallAnswer(200, b"other"))
    assert caught.value.code == "idempotency_key_reused"
    assert calls.once(sun, "k-1", OTHER, lambda: CallAnswer(200, b"sun")).body == b"sun"


def test_what_was_refused_is_not_kept(services: Services, world: World) -> None:
    wang, calls = world.wang.actor(), services.answered_calls
    with pytest.raises(Invalid):
        calls.once(wang, "k-1", ONE, lambda: submitting(services, world, new_request(world, days=99)))
    assert not calls.once(wang, "k-1", OTHER, lambda: submitting(services, world)).replayed


def test_keys_are_forgotten_after_a_day_by_the_jobs_alone(services: Services, world: World, clock: ManualClock) -> None:
    wang, calls, jobs = world.wang.actor(), services.answered_calls, Actor.system("jobs")
    calls.once(wang, "k-1", ONE, lambda: CallAnswer(200, b"first"))
    clock.advance(KEPT_FOR - timedelta(seconds=1))
    assert calls.purge(jobs) == 0
    assert calls.once(wang, "k-1", ONE, lambda: CallAnswer(200, b"second")).body == b"first"
    clock.advance(timedelta(seconds=1))
    assert calls.once(wang, "k-1", OTHER, lambda: CallAnswer(200, b"second")).body == b"second"
    clock.advance(KEPT_FOR)
    assert (calls.purge(jobs), calls.purge(jobs)) == (1, 0)
    with pytest.raises(Denied):
        calls.purge(wang)


@pytest.mark.parametrize("key", ["", "k" * 256, "键", "a\nb", "a\x00b"])
def test_a_key_is_visible_ascii_of_bounded_length(services: Services, world: World, key: str) -> None:
    with pytest.raises(Invalid):
        services.answered_calls.once(world.wang.actor(), key, ONE, lambda: CallAnswer(200, b""))


def test_two_at_once_are_one(app: Flask, services: Services, world: World) -> None:
    """The second waits for the first at the key's row, and is answered with what that led to."""
    inside, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> CallAnswer:
        inside.set()
        go_on.wait(30)
        done.append("slow")
        return submitting(services, world)

    def quick() -> CallAnswer:
        done.append("quick")
        return submitting(services, world)

    def run(work: object) -> CallAnswer | GovcloudError:
        with app.app_context():
            try:
                return services.answered_calls.once(world.wang.actor(), "k-1", ONE, slow if work == "slow" else quick)
            finally:
                db.session.remove()

    db.session.remove()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(run, "slow")
        assert inside.wait(30)
        second = pool.submit(run, "quick")
        go_on.set()
        answers = first.result(60), second.result(60)
    assert done == ["slow"]
    assert [answer.replayed for answer in answers if isinstance(answer, CallAnswer)] == [False, True]
