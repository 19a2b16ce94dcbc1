"""Text for people: a Chinese template with named values, translated only where it leaves the platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Message:
    """One sentence for people; ``template`` is the Chinese source text and the key of its translation.

    Values stand as ``%(name)s`` in the template and are never part of the key, so a message stays translatable.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __init__(self, template: str, **values: object) -> None:
        """Keep the template and the values apart until the message is shown."""
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "values", values)

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Message:
        """Return the sentence that ``stored`` keeps."""
        template, values = stored["template"], stored["values"]
        return cls(template, **values)

    def stored(self) -> dict[str, Any]:
        """Return the sentence so that it can be kept as JSON and said in another language later; numbers stay numbers."""
        values = {key: value if isinstance(value, int) else str(value) for key, value in self.values.items()}
        return {"template": self.template, "values": values}

    def render(self, translate: Callable[[str], str]) -> str:
        """Return the sentence in the language of ``translate`` (template in, translated template out)."""
        translated = {key: value.render(translate) if isinstance(value, Message) else value for key, value in self.values.items()}
        text = translate(self.template)
        return text % translated if translated else text

    def __str__(self) -> str:
        """Return the sentence in Chinese."""
        return self.render(lambda template: template)
