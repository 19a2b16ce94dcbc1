"""The parameters of an authorization request that are ours and not the client's: marks that the way back carries (``web/marks.py``)."""

from __future__ import annotations

DEMANDED, ARRIVED = "sign_in_demanded", "arrived"
OURS = frozenset({DEMANDED, ARRIVED})
