"""The portal's blueprint, and the words that its templates use."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from govcloud.entrypoints.portal.words import HITS, close_words, outcome_words, reject_words
from govcloud.web.words import GRANT, LINE, OFFICIAL_STATUS, PROTOCOLS, request_word

portal = Blueprint("portal", __name__, template_folder="templates")


@portal.context_processor
def words() -> dict[str, Any]:
    """Give every template of the portal the tables of words for states and reasons."""
    return {
        "request_word": request_word,
        "line_words": LINE,
        "grant_words": GRANT,
        "official_words": OFFICIAL_STATUS,
        "outcome_words": outcome_words(),
        "reject_words": reject_words,
        "close_words": close_words,
        "protocol_words": PROTOCOLS,
        "hit_words": HITS,
    }
