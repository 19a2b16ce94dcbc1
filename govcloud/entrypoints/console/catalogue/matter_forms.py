"""The form of a matter (一件事): what was typed, the items that were chosen so far and those that were found, read into commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from werkzeug.datastructures import MultiDict

from govcloud.entrypoints.console.parts.subsystem_reach import owner_named
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier, whole_number
from govcloud.subsystems.changes import MatterChange, MatterEntry
from govcloud.subsystems.inputs import MOST_MATTER_ITEMS, MOST_STAGE, NewMatter
from govcloud.subsystems.matters.matters import CHANGE, REGISTER
from govcloud.subsystems.queries import ItemView, MatterView
from govcloud.web.gate import services
from govcloud.web.locale import say

LABELS: Mapping[str, Message] = {
    "code": Message("代码"),
    "name": Message("名称"),
    "lead": Message("牵头部门"),
    "items": Message("可申请项"),
    "reason": Message("原因"),
}
_TEXTS = ("code", "name", "lead", "reason", "version", "find")
_FOUND = 10
_FIELDS = {"lead_department_id": "lead"}


@dataclass
class MatterForm:
    """The form while it is filled in; ``stages`` are the chosen items with what stands in their field of the stage, ``duties`` likewise."""

    values: dict[str, str] = field(default_factory=dict)
    stages: dict[UUID, str] = field(default_factory=dict)
    duties: dict[UUID, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    general: str = ""

    @classmethod
    def typed(cls, form: MultiDict[str, str]) -> MatterForm:
        """Take over what came from the browser, with the item that was just put in or taken out."""
        values = {name: form.get(name, "").replace("\r\n", "\n").strip() for name in _TEXTS}
        chosen = [*form.getlist("item")[: MOST_MATTER_ITEMS + 1], form.get("add", "")]
        stages = {item: form.get(f"stage-{item}", "1").strip() for item in (identifier(text) for text in chosen) if item is not None}
        stages.pop(identifier(form.get("remove", "")) or UUID(int=0), None)
        return cls(values, stages, {item: form.get(f"duty-{item}", "") for item in stages})

    @classmethod
    def of(cls, view: MatterView) -> MatterForm:
        """Fill the form with a matter that stands, to be changed."""
        lead = services().identity_queries.department(view.lead_department_id)
        values = {"code": view.code, "name": view.name, "lead": lead.name if lead else "", "version": str(view.version)}
        stages = {entry.item.id: str(entry.stage) for entry in view.items}
        return cls(values, stages, {entry.item.id: entry.duty or "" for entry in view.items})

    def new(self) -> NewMatter:
        """Return the input of the command that registers.

        Raises:
            Invalid: the form itself cannot be read.
        """
        lead, items = self._read(REGISTER)
        return NewMatter(self.values["code"], self.values["name"], lead, items)

    def change(self) -> MatterChange:
        """Return the input of the command that changes.

        Raises:
            Invalid: the form itself cannot be read.
        """
        lead, items = self._read(CHANGE)
        return MatterChange(self.values["name"], lead, items)

    def version(self) -> int:
        """Return the version that was shown; none is zero, which no matter has."""
        return whole_number(self.values.get("version", "")) or 0

    def chosen(self) -> list[tuple[ItemView, str, str]]:
        """Return the chosen items that there are, in the order of their stages, with what stands in their fields."""
        known = services().subsystem_queries.items(self.stages)
        rows = [(known[item], stage, self.duties.get(item, "")) for item, stage in self.stages.items() if item in known]
        return sorted(rows, key=lambda row: (row[1].zfill(3), row[0].subsystem_name, row[0].name))

    def found(self) -> Sequence[ItemView] | None:
        """Return the items that match what is searched for and are not chosen yet; ``None`` when nothing is searched for."""
        text = self.values.get("find", "")
        if not text:
            return None
        rows = services().subsystem_queries.requestable_items(text, _FOUND + len(self.stages))
        return [row for row in rows if row.id not in self.stages][:_FOUND]

    def hidden(self) -> list[tuple[str, str]]:
        """Return every field as hidden ones, for the page that asks to confirm."""
        texts = [(name, value) for name, value in self.values.items() if value and name != "find"]
        items = [
            pair
            for item, stage in self.stages.items()
            for pair in (("item", str(item)), (f"stage-{item}", stage), (f"duty-{item}", self.duties.get(item, "")))
        ]
        return [*texts, *items]

    def take(self, error: GovcloudError) -> None:
        """Note what a command said, each sentence on its field."""
        for item in error.fields:
            self.errors.setdefault(_FIELDS.get(item.field, item.field), say(item.message))
        parts = [error.message, *(item.message for item in error.refusals), error.remedy]
        self.general = "" if self.errors else " ".join(dict.fromkeys(say(part) for part in parts if part is not None))

    def _read(self, function: str) -> tuple[UUID, tuple[MatterEntry, ...]]:
        wrong: list[FieldError] = []
        lead = UUID(int=0)
        try:
            lead = owner_named("lead", self.values["lead"], function).id
        except Invalid as error:
            wrong += error.fields
        items = tuple(
            MatterEntry(item, int(stage), self.duties.get(item) or None) for item, stage in self.stages.items() if _is_stage(stage)
        )
        if len(items) < len(self.stages):
            wrong.append(FieldError("items", Message("阶段应为 1 至 %(most)s 的整数。", most=MOST_STAGE)))
        if wrong:
            raise Invalid.of(*wrong)
        return lead, items


def _is_stage(text: str) -> bool:
    return whole_number(text, len(str(MOST_STAGE))) is not None
