"""What would mend a denial: ``context.access_request`` of the Access Request & Approval Profile, with the page for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.entrypoints.authzen.binding import LIFE, Denial, digest_of, seal
from govcloud.entrypoints.authzen.paths import REQUEST_SCHEMA, REQUESTS
from govcloud.entrypoints.authzen.wire import Evaluation
from govcloud.kernel.ids import new_id
from govcloud.subsystems.queries import ClientView, ItemView
from govcloud.web.gate import services


class Remedies:
    """The requestable items that stand behind the denials of one answer, with their owners; read in two statements, if there are any."""

    def __init__(self, client: ClientView, decisions: Sequence[Decision]) -> None:
        """Look the items up; they were requestable when it was decided."""
        self._client = client
        wanted = {decision.remedy_item_id for decision in decisions if decision.remedy_item_id is not None}
        self._items: Mapping[UUID, ItemView] = services().subsystem_queries.items(wanted) if wanted else {}
        owners = {item.owner_department_id for item in self._items.values()}
        self._owners = services().identity_queries.departments(owners) if owners else {}

    def of(self, asked: Evaluation, question: Question, decision: Decision) -> dict[str, Any]:
        """Return the members of a denial's context that say how it could be mended; none when no request would."""
        item = self._items.get(decision.remedy_item_id) if decision.remedy_item_id is not None else None
        if item is None or question.official_id is None:
            return {}
        now = services().clock.now().replace(microsecond=0)
        denial = Denial(
            id=new_id(),
            official_id=question.official_id,
            item_id=item.id,
            subsystem_code=self._client.subsystem_code,
            bound=digest_of(asked.subject.given, asked.action.given, asked.resource.given),
            at=now,
            expires_at=now + LIFE,
        )
        return {
            "evaluation_id": str(denial.id),
            "evaluated_at": _moment(denial.at),
            "access_request": self._access_request(denial, item),
        }

    def _access_request(self, denial: Denial, item: ItemView) -> dict[str, Any]:
        """Return the object of the profile; ``url``, ``function_name``, ``owner`` and ``max_days`` are ours."""
        base = services().settings.public_url
        form = form_url(item.id)
        owner = self._owners.get(item.owner_department_id)
        return {
            "endpoint": base + REQUESTS,
            "template": str(item.id),
            "expires_at": _moment(denial.expires_at),
            "binding_token": seal(denial, base, services().keys),
            "form_url": form,
            "request_schema_url": base + REQUEST_SCHEMA,
            "url": form,
            "function_name": item.function_name,
            "owner": owner.name if owner else "",
            "max_days": item.max_days,
        }


def form_url(item_id: UUID, **filled: str) -> str:
    """Return the page on which the official asks for the item, ``filled`` in as far as is known."""
    known = {name: value for name, value in filled.items() if value}
    return f"{services().settings.public_url}/requests/new?{urlencode({'item': item_id, **known})}"


def _moment(at: datetime) -> str:
    """Return a moment as RFC 3339 has it."""
    return at.isoformat()
