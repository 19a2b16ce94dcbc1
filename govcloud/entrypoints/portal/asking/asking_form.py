"""The form that asks for several items: its lines, for whom, why and from when; read from what was typed, kept while it is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from werkzeug.datastructures import MultiDict

from govcloud.access.asking.queries import Chosen
from govcloud.access.asking.views import AskedItem, AskedMatter
from govcloud.access.commands import MOST_ITEMS, MOST_PEOPLE, NewSubmission, WantedItem
from govcloud.access.lifecycle import Mode
from govcloud.access.views import PersonView, RequestView
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.entrypoints.portal.choices import DivisionChoices, division_choices, durations, usual_duration
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.identity.queries import Subject
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services
from govcloud.web.moments import at_of

BASKET, MATTER, AGAIN = "basket", "matter", "again"
"""Where the lines of a form come from: the basket, a matter, or a request that is asked for anew."""
_TEXTS = ("reason", "case_number", "mode", "starts_at", "find", "matter_id", "source", "again", "once")
_LONGEST_SEARCH = 60
_FOUND = 8


@dataclass(frozen=True)
class Line:
    """One line of the form: the item, whether it is asked for, and what is picked."""

    asked: AskedItem
    wanted: bool
    days: str
    scope: str
    duty: str = ""

    @property
    def id(self) -> UUID:
        """The item's id."""
        return self.asked.entry.id

    @property
    def durations(self) -> tuple[int, ...]:
        """The days to offer, within the item's cap."""
        return durations(self.asked.entry.max_days)

    @property
    def states_duty(self) -> bool:
        """Whether the part in the case has to be picked: a rule asks for it, and no matter says it."""
        return self.asked.by_case and self.asked.duty is None

    @property
    def by_division(self) -> bool:
        """Whether rows are picked."""
        return self.asked.entry.scope_kind == "division"


@dataclass
class AskForm:
    """The form while it is filled in."""

    lines: tuple[Line, ...]
    values: Mapping[str, str]
    for_self: bool = True
    people: tuple[PersonView, ...] = ()
    matter: AskedMatter | None = None
    divisions: DivisionChoices = field(default_factory=lambda: DivisionChoices((), ()))

    @property
    def source(self) -> str:
        """Where the lines come from."""
        return self.values.get("source") or BASKET

    @property
    def wanted(self) -> tuple[Line, ...]:
        """The lines that are asked for."""
        return tuple(line for line in self.lines if line.wanted)

    @property
    def mode(self) -> str:
        """When what is approved opens."""
        return self.values.get("mode") or Mode.PROGRESSIVE

    @property
    def asks_case_number(self) -> bool:
        """Whether an item that is asked for wants the number of a case."""
        return any(line.asked.entry.requires_case_number for line in self.wanted)

    def found(self) -> tuple[PersonView, ...] | None:
        """Return the colleagues that match what is searched for and are not chosen yet; ``None`` when nobody is searched for."""
        text = self.values.get("find", "")
        if not text:
            return None
        chosen = {person.appointment_id for person in self.people}
        rows = services().asking_queries.colleagues(current_actor(), text, _FOUND + len(chosen))
        return tuple(row for row in rows if row.appointment_id not in chosen)[:_FOUND]

    def hidden(self) -> list[tuple[str, str]]:
        """Return every field as hidden ones, for the page that asks to confirm."""
        rows = [(name, value) for name, value in self.values.items() if value and name not in {"find", "once"}]
        rows += [("self", "1")] if self.for_self else []
        rows += [("person", str(person.appointment_id)) for person in self.people]
        for line in self.lines:
            rows += [("listed", str(line.id)), (f"days-{line.id}", line.days), (f"scope-{line.id}", line.scope)]
            rows += [(f"duty-{line.id}", line.duty)] if line.duty else []
            rows += [("item", str(line.id))] if line.wanted else []
        return rows

    def new(self, findings: Findings) -> NewSubmission | None:
        """Return the input of the command; what cannot be read is noted, and then there is none."""
        items = [self._item(line, findings) for line in self.wanted]
        if not items:
            findings.add("items", Message("请至少勾选一项权限。"))
        if not (self.for_self or self.people):
            findings.add("people", Message("请选择为谁申请。"))
        starts_at = self._start(findings)
        if findings:
            return None
        own = [acting_appointment()] if self.for_self and self.people else []
        return NewSubmission(
            items=tuple(item for item in items if item is not None),
            reason=self.values.get("reason", ""),
            beneficiaries=(*own, *(person.appointment_id for person in self.people if person.appointment_id is not None)),
            mode=self.mode,
            starts_at=starts_at,
            case_number=self.values.get("case_number") or None,
            matter_id=identifier(self.values.get("matter_id")),
        )

    def chosen(self) -> tuple[Chosen, ...]:
        """Return what is picked for each line, for the basket to keep."""
        return tuple(Chosen(line.id, _scope(line.scope) if line.by_division else None, whole_number(line.days)) for line in self.lines)

    def field_of(self, name: str) -> str:
        """Return the field of this page that a command names: ``items.0.days`` is the field for the days of the first line."""
        first, _, rest = name.partition(".")
        place, _, part = rest.partition(".")
        if first != "items" or not place.isdigit() or int(place) >= len(self.wanted):
            return {"beneficiaries": "people", "beneficiary_appointment_id": "people", "files": "files"}.get(first, name)
        line = self.wanted[int(place)]
        kind = {"days": "days", "divisions": "scope", "duty": "duty"}.get(part, "item")
        return "case_number" if part == "case_number" else f"{kind}-{line.id}"

    def _item(self, line: Line, findings: Findings) -> WantedItem | None:
        days = whole_number(line.days)
        if days is None:
            findings.add(f"days-{line.id}", Message("“%(item)s”：请选择天数。", item=line.asked.entry.name))
        scope = _scope(line.scope) if line.by_division else PROVINCE
        if scope is None:
            findings.add(f"scope-{line.id}", Message("“%(item)s”：请选择一个地区。", item=line.asked.entry.name))
        duty = line.duty or None if line.states_duty else None
        return WantedItem(line.id, days, scope, duty) if days is not None and scope is not None else None

    def _start(self, findings: Findings) -> datetime | None:
        text = self.values.get("starts_at", "")
        at = at_of(text) if text else None
        if text and at is None:
            findings.add("starts_at", Message("请填写日期和时间，或留空。"))
        return at


def empty_form(
    source: str, asked: Sequence[AskedItem], subject: Subject | None, *, matter: AskedMatter | None = None, duty: str = ""
) -> AskForm:
    """Return the form as it first appears: of each item the least, and of a matter what the duty takes and one has not."""
    divisions = _divisions(subject)
    values = {"source": source, "matter_id": str(matter.id) if matter else ""}
    lines = tuple(
        Line(item, _preselected(item, matter, duty), str(item.days or usual_duration(item.entry.max_days)), _least(item.scope, divisions))
        for item in asked
    )
    return AskForm(lines, values, matter=matter, divisions=divisions)


def form_again(request: RequestView, asked: Sequence[AskedItem], subject: Subject | None) -> AskForm:
    """Return the form filled in with a request that is asked for anew."""
    form = empty_form(AGAIN, asked, subject)
    values = {
        **form.values,
        "again": str(request.id),
        "reason": request.reason,
        "case_number": request.case_number or "",
        "mode": request.mode,
        "matter_id": str(request.matter_id or ""),
    }
    own = request.beneficiary.official_id == request.requester.official_id
    people = () if own or request.beneficiary.appointment_id is None else (request.beneficiary.appointment_id,)
    mine = request.beneficiary.official_id == current_actor().official_id
    shown = () if mine else services().asking_queries.people(current_actor(), people)
    return replace(form, values=values, for_self=own or mine, people=shown)


def typed_form(form: MultiDict[str, str], subject: Subject | None) -> AskForm:
    """Take over what came from the browser, with whom it just added or dropped, and without the line it just took out."""
    values = {name: text_of(form, name).strip() for name in _TEXTS}
    values["find"] = values["find"][:_LONGEST_SEARCH]
    listed = [key for text in form.getlist("listed")[:MOST_ITEMS] if (key := identifier(text)) is not None and text != form.get("remove")]
    wanted = set(form.getlist("item"))
    matter_id = identifier(values["matter_id"]) if values["source"] == MATTER else None
    matter = services().asking_queries.matter(current_actor(), matter_id) if matter_id else None
    asked = matter.items if matter else services().asking_queries.asked(current_actor(), [Chosen(key) for key in dict.fromkeys(listed)])
    lines = tuple(
        Line(
            item,
            str(item.entry.id) in wanted and str(item.entry.id) != form.get("remove"),
            form.get(f"days-{item.entry.id}", ""),
            form.get(f"scope-{item.entry.id}", ""),
            form.get(f"duty-{item.entry.id}", ""),
        )
        for item in asked
    )
    chosen = [*form.getlist("person")[:MOST_PEOPLE], form.get("add", "")]
    keys = [key for text in dict.fromkeys(chosen) if (key := identifier(text)) is not None and text != form.get("drop")]
    people = services().asking_queries.people(current_actor(), keys)
    return AskForm(lines, values, "self" in form, people, matter, _divisions(subject))


def _divisions(subject: Subject | None) -> DivisionChoices:
    return division_choices(services().access_queries.scope_choices(PROVINCE, subject.division if subject else None))


def _preselected(item: AskedItem, matter: AskedMatter | None, duty: str) -> bool:
    if not item.standing.may_ask:
        return False
    return matter is None or (not item.standing.held and item.duty in {None, duty})


def _least(chosen: Scope | None, divisions: DivisionChoices) -> str:
    """Return the division that is picked beforehand: the one chosen last, else the least that serves one's duty."""
    if chosen is not None and chosen.divisions is not None and len(chosen.divisions) == 1:
        return chosen.divisions[0]
    return next((choice.code for choice in divisions.near if choice.suggested), "")


def _scope(code: str) -> Scope | None:
    try:
        return Scope((code,))
    except ValueError:
        return None
