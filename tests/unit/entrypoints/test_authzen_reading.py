"""Bodies of AuthZEN as anybody may send them: read as one thing, or refused; never anything else."""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from govcloud.entrypoints.authzen.batches import Batch, read_evaluations
from govcloud.entrypoints.authzen.binding import digest_of
from govcloud.entrypoints.authzen.errors import MalformedError
from govcloud.entrypoints.authzen.wire import Evaluation, read_body, read_evaluation

_KEYS = st.sampled_from(["type", "id", "name", "properties", "sid", "min_epoch", "evaluations_semantic", "x"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12)
NAMES = st.sampled_from(["subject", "action", "resource", "context", "evaluations", "options", "page", "x"])
BODIES = st.dictionaries(NAMES, JSON, max_size=6)


def read(data: bytes) -> dict[str, Any]:
    """Return what a request with this body holds."""
    return read_body(Request(EnvironBuilder(method="POST", data=data, content_type="application/json").get_environ()))


@given(BODIES)
def test_a_body_is_read_as_it_is(body: dict[str, Any]) -> None:
    assert read(json.dumps(body).encode()) == body


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ud89\x00 1e', max_size=40).map(str.encode))
def test_bytes_are_an_object_or_refused(data: bytes) -> None:
    try:
        found = read(data)
    except MalformedError:
        return
    assert isinstance(found, dict)


@given(BODIES)
def test_questions_are_read_or_refused(body: dict[str, Any]) -> None:
    for reader in (read_evaluation, read_evaluations):
        try:
            found = reader(body)
        except MalformedError:
            continue
        assert isinstance(found, Evaluation | Batch)


@given(st.lists(BODIES | JSON, min_size=1, max_size=5), BODIES)
def test_every_item_is_read_or_refused_by_itself(items: list[Any], top: dict[str, Any]) -> None:
    try:
        found = read_evaluations({**top, "evaluations": items})
    except MalformedError:
        return
    assert isinstance(found, Batch)
    assert len(found.items) == len(items)


ENTITIES = st.dictionaries(st.text(max_size=6), JSON, max_size=4)


def turned(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the same value with its members in another order."""
    if isinstance(value, dict):
        return {name: turned(inner) for name, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


@given(ENTITIES, ENTITIES, ENTITIES)
def test_equal_entities_have_equal_digests(subject: dict[str, Any], action: dict[str, Any], resource: dict[str, Any]) -> None:
    whole = digest_of(subject, action, resource)
    assert digest_of(turned(subject), turned(action), turned(resource)) == whole
    assert digest_of(subject, action, {**resource, "one more": 1}) != whole
    assert digest_of(subject, {**action, "one more": None}, resource) != whole
