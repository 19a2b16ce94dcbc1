"""Reading forms: what was typed is kept for the page, and a service's refusal becomes one sentence per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from govcloud.entrypoints.portal.words import FIELDS
from govcloud.kernel import validation
from govcloud.kernel.errors import GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.locale import say


@dataclass
class Findings:
    """What is wrong with a form: sentences by field, and one about the whole; ``labels`` are what the fields are called."""

    errors: dict[str, str] = field(default_factory=dict)
    general: str = ""
    labels: Mapping[str, Message] = field(default_factory=lambda: FIELDS)

    def add(self, name: str, message: Message) -> None:
        """Note a sentence about the field ``name``; it starts with the field's label, the summary shows it alone."""
        label = self.labels.get(name)
        text = say(message)
        self.errors.setdefault(name, say(Message("%(label)s：%(text)s", label=label, text=text)) if label else text)

    def take(self, error: GovcloudError) -> None:
        """Note what a service said: its fields one by one, else its message with the reasons and the remedy."""
        for item in error.fields:
            self.add(item.field, item.message)
        if isinstance(error, Invalid) and self.errors:
            return
        parts = [say(error.message)]
        if len(error.refusals) > 1:
            parts += [say(item.message) for item in error.refusals]
        if error.remedy is not None:
            parts.append(say(error.remedy))
        self.general = " ".join(parts)

    def take_password(self, error: GovcloudError) -> None:
        """Note what a service said of a new password: every broken rule beside the field, all at once."""
        broken = [item.message for item in error.fields if item.field == "password"]
        if not broken:
            self.take(error)
            return
        text = " ".join(say(message) for message in broken)
        self.errors["new"] = say(Message("%(label)s：%(text)s", label=self.labels["new"], text=text)) if "new" in self.labels else text

    def __bool__(self) -> bool:
        return bool(self.errors or self.general)


def whole_number(text: str | None) -> int | None:
    """Return ``text`` as a whole number of at most nine digits, or ``None``."""
    return validation.whole_number((text or "").strip())


def text_of(form: Mapping[str, str], name: str) -> str:
    """Return what was typed into ``name``, with line ends as one character (browsers send two)."""
    return form.get(name, "").replace("\r\n", "\n")
