"""What a check finds: what is wrong, what to do about it, whether it stands in the way; and how it is kept with a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class Finding:
    """One thing that a check found. ``subject`` names the function, item or address that it is about, if there is one."""

    key: str
    blocking: bool
    message: Message
    remedy: Message
    subject: str = ""

    @property
    def refusal(self) -> Refusal:
        """Return it as a reason not to go on."""
        return Refusal(self.key, Message("%(message)s%(remedy)s", message=self.message, remedy=self.remedy))


def to_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return findings as they are stored; sentences keep their values apart and stay translatable."""
    return {
        "findings": [
            {
                "key": item.key,
                "blocking": item.blocking,
                "subject": item.subject,
                "message": [item.message.template, dict(item.message.values)],
                "remedy": [item.remedy.template, dict(item.remedy.values)],
            }
            for item in findings
        ]
    }


def from_json(stored: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return findings that were stored."""
    return tuple(
        Finding(item["key"], item["blocking"], _message(item["message"]), _message(item["remedy"]), item["subject"])
        for item in stored.get("findings", ())
    )


def _message(stored: tuple[str, Mapping[str, object]]) -> Message:
    template, values = stored
    return Message(template, **values)
