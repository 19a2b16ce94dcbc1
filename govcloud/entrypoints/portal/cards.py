"""The subsystems that one can open, as cards: grouped by owning department, found by name, pinyin and owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from govcloud.authorization.queries import GrantView
from govcloud.identity.names import search_keys
from govcloud.subsystems.queries import SubsystemView
from govcloud.web.attribute_words import attribute_words
from govcloud.web.gate import services, source_address

_PLATFORM = "govcloud"
#: So many cards stand in the first row: favourites, then what was used last.
_AT_HAND = 6
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Card:
    """One subsystem: where it opens, how closely it is connected, and until when, if only a temporary grant opens something.

    ``missing``: what it hangs on whether it opens, in words; empty: it does.
    ``kept``: it is a favourite; ``lately``: when it was entered last; ``signed_in``: since when this session takes part in it, by protocol.
    """

    subsystem_id: UUID
    code: str
    name: str
    description: str
    owner_id: UUID | None
    owner: str
    level: int
    href: str
    until: datetime | None
    words: str
    missing: str = ""
    kept: bool = False
    lately: datetime | None = None
    signed_in: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class CardGroup:
    """The cards of one owning department."""

    owner: str
    cards: tuple[Card, ...]


def live_grants(official_id: UUID, appointment_id: UUID) -> tuple[GrantView, ...]:
    """Return the temporary grants that the appointment can use now."""
    now = services().clock.now()
    held = services().authorization_queries.grants_of(official_id)
    return tuple(grant for grant in held if grant.state(now) == "active" and grant.appointment_id in {None, appointment_id})


def open_cards(appointment_id: UUID, grants: Sequence[GrantView]) -> tuple[Card, ...]:
    """Return a card for every subsystem that the engine opens to the appointment, or may under circumstances, by owner and name."""
    answers = services().authorization_queries.answers
    found = answers.list_subsystems(None, appointment_id, {}, {}, client_address=source_address()).rows
    lacking = {entry.subsystem.code: entry.missing for entry in found}
    opened = [entry.subsystem for entry in found if entry.subsystem.code != _PLATFORM]
    owners = services().identity_queries.departments({view.owner_department_id for view in opened if view.owner_department_id})
    names = {key: department.name for key, department in owners.items()}
    until: dict[str, datetime] = {}
    for grant in grants:
        until[grant.subsystem_code] = min(grant.ends_at, until.get(grant.subsystem_code, grant.ends_at))
    cards = [
        _card(
            view,
            names.get(view.owner_department_id, "") if view.owner_department_id else "",
            until.get(view.code),
            attribute_words(lacking[view.code]),
        )
        for view in opened
    ]
    order = {key: (department.position, department.path) for key, department in owners.items()}
    return tuple(sorted(cards, key=lambda card: (order.get(card.owner_id, (0, "")) if card.owner_id else (0, ""), card.name)))


def remembered(cards: Sequence[Card], official_id: UUID, session_id: UUID) -> tuple[Card, ...]:
    """Return the cards with what is known of the person's use of them."""
    known = services().launcher.remembered(official_id, session_id)
    return tuple(
        replace(
            card,
            kept=card.subsystem_id in known.favourites,
            lately=known.lately.get(card.subsystem_id),
            signed_in=known.signed_in.get(card.subsystem_id, {}),
        )
        for card in cards
    )


def at_hand(cards: Sequence[Card]) -> tuple[Card, ...]:
    """Return what is shown first: the favourites in their order, then the few that were used last."""
    kept = [card for card in cards if card.kept]
    used = [card for card in cards if card.lately is not None and not card.kept]
    latest = sorted(used, key=lambda card: card.lately or _NEVER, reverse=True)
    return (*kept, *latest[: max(0, _AT_HAND - len(kept))])


def matching(cards: Sequence[Card], text: str, owner_id: UUID | None = None) -> tuple[Card, ...]:
    """Return the cards that hold every word of ``text``, of the given owner if one is given."""
    words = text.lower().split()
    return tuple(card for card in cards if (owner_id is None or card.owner_id == owner_id) and all(word in card.words for word in words))


def grouped(cards: Sequence[Card]) -> tuple[CardGroup, ...]:
    """Return the cards by owner, in their order."""
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.owner, []).append(card)
    return tuple(CardGroup(owner, tuple(members)) for owner, members in groups.items())


def _card(view: SubsystemView, owner: str, until: datetime | None, missing: str) -> Card:
    return Card(
        subsystem_id=view.id,
        code=view.code,
        name=view.name,
        description=view.description,
        owner_id=view.owner_department_id,
        owner=owner,
        level=view.integration_level,
        href=view.launch_url or "",
        until=until,
        words=_words(view.name, owner),
        missing=missing,
    )


@lru_cache(maxsize=4096)
def _words(name: str, owner: str) -> str:
    """Return what a card is found by: name, owner, and the pinyin and initials of both."""
    return " ".join((name, owner, *search_keys(name), *search_keys(owner))).lower()
