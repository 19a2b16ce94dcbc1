"""The quick way to canonical bytes writes the same bytes as RFC 8785's own, whatever is in an event."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from govcloud.audit.canonical import _dumps

_text = st.text(st.characters(exclude_categories=["Cs"]))
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_the_bytes_are_the_same(value: Any) -> None:  # noqa: ANN401 - any JSON
    assert _dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [{"\ue000": 1, "𠮷": 2}, {"a": 1.5}, '\u2028\u007f\x00"\\/', [1, [2, {"b": None}]]])
def test_what_the_two_order_or_write_differently_goes_the_slow_way(value: Any) -> None:  # noqa: ANN401 - any JSON
    assert _dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, {"a": "\ud800"}, ["\udfff"], {"n": -(2**60)}])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(rfc8785.CanonicalizationError):
        _dumps(value)
