"""What one request may do: asked at once for a page, answered from that within the request, required anew when it matters."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest

from govcloud.client import (
    Access,
    AsyncAccess,
    AsyncChecks,
    Checks,
    CheckUnavailableError,
    ConfigurationError,
    DeniedError,
    Question,
    SignedInOfficial,
    SignInRequiredError,
)
from tests.client.conftest import READ, Hands
from tests.factories.deciding import MANY, ONE, Asked, Fault, Point, no, yes

XIHU, YUHANG = "330106000000", "330110000000"
EXPORT = "housing:register:export"
WANG = SignedInOfficial("s", "q", "王芳", "民政局", XIHU, "a")


@pytest.fixture
def checks(point: Point, hands: Hands) -> Iterator[Checks]:
    with Checks(point.origin, "housing-web", "secret", pace=hands.pace, sleep=hands.wait) as checks:
        yield checks


@pytest.fixture
def access(checks: Checks, point: Point) -> Access:
    """Return the access of one request; whoever asks may read, and export what lies in 西湖区."""
    point.decide = decide
    return Access(checks, WANG, trace_id="t-1")


def decide(asked: Asked) -> dict[str, object]:
    """Open the register, and its export for 西湖区."""
    inside = asked["resource"]["properties"].get("division") == XIHU
    return yes({"divisions": [XIHU]}) if asked["action"]["name"] == READ or inside else no("out_of_scope")


def rows() -> list[dict[str, str]]:
    return [{"division": code} for code in (XIHU, YUHANG, XIHU, YUHANG)]


def test_a_page_asks_once(access: Access, point: Point) -> None:
    access.prefetch([(EXPORT, row) for row in rows()])
    assert [access.can(EXPORT, row) for row in rows()] == [True, False, True, False]
    (heard,) = point.heard
    assert heard.path == MANY
    assert len(heard.body["evaluations"]) == 2, "equal questions are asked once"
    access.prefetch([READ, (EXPORT, {"division": XIHU}), Question(EXPORT, {"division": YUHANG})])
    assert [len(item.body["evaluations"]) for item in point.heard] == [2, 1], "and not again"
    access.prefetch([])
    access.prefetch([READ])
    assert len(point.heard) == 2


def test_what_was_not_asked_is_asked(access: Access, point: Point) -> None:
    assert access.can(READ)
    assert access.can(READ)
    assert not access.can(EXPORT, {"division": YUHANG}, resource_id="7")
    assert point.paths == [ONE, ONE]
    assert point.heard[1].body["resource"] == {"type": "register", "id": "7", "properties": {"division": YUHANG}}


def test_what_matters_is_asked_anew(access: Access, point: Point) -> None:
    access.prefetch([READ])
    assert access.require(READ).allowed
    assert access.check(READ).allowed
    assert point.paths == [MANY, ONE, ONE]


def test_another_request_knows_nothing_of_it(access: Access, checks: Checks, point: Point) -> None:
    access.prefetch([READ])
    point.decide = lambda _: no("grant_revoked")
    assert access.can(READ), "this page goes on with what it was answered"
    assert not Access(checks, WANG).can(READ), "the next one does not"


def test_a_request_that_goes_on_and_on_asks_anew(access: Access, point: Point, hands: Hands) -> None:
    access.prefetch([READ])
    point.decide = lambda _: no("grant_revoked")
    hands.seconds += 11
    assert not access.can(READ)


def test_a_no_takes_back_what_was_known(access: Access, point: Point) -> None:
    access.prefetch([READ])
    point.decide = lambda _: no("grant_revoked")
    with pytest.raises(DeniedError):
        access.require(READ)
    assert not access.can(READ)


def test_a_no_says_why_and_opens_nothing(access: Access) -> None:
    with pytest.raises(DeniedError) as raised:
        access.require(EXPORT)
    assert raised.value.decision.code == "out_of_scope"
    assert access.refusal is raised.value
    with pytest.raises(ConfigurationError):
        access.mask({"division": XIHU})


def test_what_was_opened_filters_and_masks(access: Access) -> None:
    access.require(READ)
    assert access.masked(rows()) == [{"division": XIHU}, {"division": XIHU}]
    assert access.mask({"division": YUHANG}) == {}
    assert access.decision.rows.covers(XIHU)


def test_a_no_after_a_yes_leaves_the_page_its_yes(access: Access) -> None:
    access.require(READ)
    assert not access.can(EXPORT)
    assert access.decision.rows.covers(XIHU)


def test_nobody_is_signed_in(checks: Checks, point: Point) -> None:
    nobody = Access(checks, None)
    assert not nobody.is_signed_in
    for ask in (lambda: nobody.can(READ), lambda: nobody.require(READ), lambda: nobody.prefetch([READ]), lambda: nobody.official):
        with pytest.raises(SignInRequiredError):
            ask()
    assert point.heard == []


def test_without_an_answer_nothing_is_known(access: Access, point: Point) -> None:
    for ask in (lambda: access.prefetch([READ]), lambda: access.can(READ), lambda: access.require(READ)):
        point.faults.append(Fault(500))
        with pytest.raises(CheckUnavailableError) as raised:
            ask()
        assert access.refusal is raised.value


def test_every_question_bears_the_number_of_the_request(access: Access, point: Point) -> None:
    access.prefetch([READ])
    access.check(READ)
    assert {heard.header("X-Request-ID") for heard in point.heard} == {"t-1"}


def test_the_surroundings_of_a_request_are_told_with_every_question(checks: Checks, point: Point) -> None:
    point.decide = lambda _: yes()
    access = Access(checks, WANG, context={"client_address": "10.0.0.7", "purpose": "a"})
    access.require(READ)
    access.prefetch([EXPORT, (EXPORT, {"division": XIHU}), Question(EXPORT, {}, "7", {"purpose": "b"})])
    assert access.can(EXPORT)
    told = [point.heard[0].body["context"], *(item["context"] for item in point.heard[1].body["evaluations"])]
    assert told == [{"client_address": "10.0.0.7", "purpose": purpose} for purpose in ("a", "a", "a", "b")]
    assert point.paths == [ONE, MANY]


def test_it_explains(access: Access) -> None:
    assert access.explain(READ).lines("en")[:2] == ["May be used: housing:register:read.", "Rows that are open: 330106000000 and below."]
    assert access.explain(Question(EXPORT)).lines("en")[:2] == ["May not be used: housing:register:export.", "Why: No."]


def test_the_twin_for_coroutines(point: Point, hands: Hands) -> None:
    point.decide = decide

    async def main() -> None:
        async with AsyncChecks(point.origin, "housing-web", "secret", pace=hands.pace, sleep=hands.wait_async) as checks:
            access = AsyncAccess(checks, WANG)
            await access.prefetch([(EXPORT, row) for row in rows()])
            assert [await access.can(EXPORT, row) for row in rows()] == [True, False, True, False]
            assert (await access.require(READ)).allowed
            assert access.masked(rows()) == [{"division": XIHU}, {"division": XIHU}]
            assert (await access.explain(READ)).decision.allowed
            with pytest.raises(DeniedError):
                await access.require(EXPORT)
            point.faults.append(Fault(500))
            with pytest.raises(CheckUnavailableError):
                await access.prefetch(["housing:door:enter"])
            with pytest.raises(SignInRequiredError):
                await AsyncAccess(checks, None).can(READ)

    anyio.run(main)
    assert point.paths == [MANY, ONE, ONE, ONE, MANY]
