"""What the API takes in and gives out about the department tree."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool, StrictInt

from govcloud.authorization.drafting.reorganising import Regranted
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.identity.inputs import NewDepartment
from govcloud.identity.reorganisation import Preview
from govcloud.identity.tree import History, Node, SuccessionStep, Version
from govcloud.identity.views import DepartmentView

_MOST_NAMED = 1000
Ids = Annotated[list[UUID], Field(max_length=_MOST_NAMED)]
Lines = Annotated[list[Text], Field(max_length=200)]
At = Annotated[AwareDatetime | None, Field(description="as of this moment, with its zone; null is now")]
Reason = Annotated[Text, Field(description="the decision behind it, at most 500 characters; stands in the audit record")]


class AtQuery(Input):
    """As of when."""

    at: At = None


class TreeQuery(AtQuery):
    """One level of the tree."""

    parent: UUID | None = Field(default=None, description="the department whose children are meant; null is the roots")
    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=100, ge=1, le=200)


class DepartmentSearchQuery(AtQuery):
    """A search of departments."""

    q: str = Field(max_length=100, description="part of a name, short name, pinyin or initials, or a whole credit code")
    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class NewDepartmentBody(Input):
    """A department to register."""

    uscc: Text = Field(description="unified social credit code (GB 32100)")
    name: Text
    division_code: Text = Field(description="12 digits (GB/T 2260)")
    level: Text = Field(description="`province`, `city`, `county` or `township`")
    short_name: Text = ""
    parent_id: UUID | None = None
    business_lines: Lines = Field(default_factory=list)
    position: StrictInt = 0
    lead_department_id: UUID | None = None

    def to_input(self) -> NewDepartment:
        """Return it as the command takes it."""
        return NewDepartment(**{**self.model_dump(), "business_lines": tuple(self.business_lines)})


class ChangeBody(Input):
    """The parent of every change: a dry run says what it would do and does nothing."""

    dry_run: StrictBool = Field(default=False, description="run every check, tell whom and what it touches, write nothing")
    people_after: UUID | None = Field(default=None, description="of a dry run: `people_after` of the page before")


class RenameBody(ChangeBody):
    """Another name."""

    name: Text
    short_name: Text = ""


class MoveBody(ChangeBody):
    """Another parent."""

    parent_id: UUID | None = Field(description="null makes it a root")
    position: StrictInt | None = None


class ReorderBody(ChangeBody):
    """The order of all children."""

    parent_id: UUID | None = Field(description="null means the roots")
    order: Ids


class FactsBody(ChangeBody):
    """Other facts; what is null or left out stays."""

    division_code: Text | None = None
    level: Text | None = None
    business_lines: Lines | None = None
    lead_department_id: UUID | None = None
    unled: StrictBool = Field(default=False, description="take the lead department away")


class MergeBody(ChangeBody):
    """Departments that go into one: `into`, or the `new` one."""

    sources: Ids
    into: UUID | None = None
    new: NewDepartmentBody | None = None
    reason: Reason


class SplitBody(ChangeBody):
    """A new department out of one."""

    new: NewDepartmentBody
    offices: Ids = Field(default_factory=list)
    people: Ids = Field(default_factory=list)
    children: Ids = Field(default_factory=list)
    reason: Reason


class AbolishBody(ChangeBody):
    """The end of a department."""

    successor_id: UUID | None = Field(default=None, description="into which it goes, when something hangs on it still")
    reason: Reason


class OfficesBody(Input):
    """Offices to open."""

    names: Annotated[list[Text], Field(min_length=1, max_length=200)]


class OfficeNameBody(Input):
    """An office's other name."""

    name: Text


class NodeAnswer(Answer):
    """One line of the tree."""

    id: UUID
    name: str
    short_name: str
    level: str
    has_children: bool

    @classmethod
    def of(cls, node: Node) -> Self:
        """Take the line over."""
        return cls.model_validate(node)


class TreeAnswer(Answer):
    """A page of one level, in its set order."""

    departments: tuple[NodeAnswer, ...]
    cursor: UUID | None


class DepartmentAnswer(Answer):
    """A department as it was at the moment asked for."""

    id: UUID
    uscc: str
    name: str
    short_name: str
    parent_id: UUID | None
    division: str
    level: str
    business_lines: tuple[str, ...]
    lead_department_id: UUID | None
    position: int

    @classmethod
    def of(cls, view: DepartmentView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class DepartmentsAnswer(Answer):
    """A page of departments that were found, the topmost first."""

    departments: tuple[DepartmentAnswer, ...]
    cursor: UUID | None


class OfficeAnswer(Answer):
    """An internal office."""

    id: UUID
    name: str


class DepartmentPageAnswer(Answer):
    """A department with the way to it and its offices; `ended_at` is set when it is no more."""

    department: DepartmentAnswer
    ended_at: datetime | None
    ancestors: tuple[NodeAnswer, ...]
    offices: tuple[OfficeAnswer, ...]


class VersionAnswer(Answer):
    """What a department was over `[since, until)`."""

    department: DepartmentAnswer
    parent_name: str | None
    since: datetime
    until: datetime | None

    @classmethod
    def of(cls, version: Version) -> Self:
        """Take the version over."""
        return cls(
            department=DepartmentAnswer.of(version.department),
            parent_name=version.parent_name,
            since=version.since,
            until=version.until,
        )


class SuccessionAnswer(Answer):
    """A step between departments: `merge`, `split` or `abolish`."""

    kind: str
    predecessor_id: UUID
    predecessor_name: str
    successor_id: UUID | None
    successor_name: str | None
    reason: str
    at: datetime

    @classmethod
    def of(cls, step: SuccessionStep) -> Self:
        """Take the step over."""
        return cls.model_validate(step)


class HistoryAnswer(Answer):
    """How a department changed, newest first; what it came from and what became of it."""

    versions: tuple[VersionAnswer, ...]
    came_from: tuple[SuccessionAnswer, ...]
    became: tuple[SuccessionAnswer, ...]

    @classmethod
    def of(cls, history: History) -> Self:
        """Take the history over."""
        return cls(
            versions=tuple(VersionAnswer.of(version) for version in history.versions),
            came_from=tuple(SuccessionAnswer.of(step) for step in history.came_from),
            became=tuple(SuccessionAnswer.of(step) for step in history.became),
        )


class AffectedAnswer(Answer):
    """How many of a kind a change touches, and the names of the first."""

    kind: str
    count: int
    names: tuple[str, ...]


class FunctionEffectAnswer(Answer):
    """How many people gain a function, lose it, or keep it on other rows."""

    function: str
    gained: int
    lost: int
    altered: int

    @classmethod
    def of(cls, counted: tuple[str, int, int, int]) -> Self:
        """Take the count over."""
        function, gained, lost, altered = counted
        return cls(function=function, gained=gained, lost=lost, altered=altered)


class ReorganisedAnswer(Answer):
    """What a change did, or would do: `department_id` is what came out of it, null after a dry run or an end."""

    dry_run: bool
    department_id: UUID | None
    departments: tuple[DepartmentAnswer, ...]
    affected: tuple[AffectedAnswer, ...]
    effects: tuple[FunctionEffectAnswer, ...] = Field(description="of a dry run: what becomes of functions, for the people looked at")
    looked_at: int = Field(description="how many appointments were looked at for `effects`")
    people_after: UUID | None = Field(description="asks for the effects on the next people; null: these were the last")

    @classmethod
    def of(cls, preview: Preview, department_id: UUID | None, found: Regranted | None, *, dry_run: bool) -> Self:
        """Put the parts together."""
        return cls(
            dry_run=dry_run,
            department_id=department_id,
            departments=tuple(DepartmentAnswer.of(view) for view in preview.departments),
            affected=tuple(AffectedAnswer.model_validate(item) for item in preview.affected),
            effects=tuple(FunctionEffectAnswer.of(counted) for counted in found.counts()) if found else (),
            looked_at=found.looked_at if found else 0,
            people_after=found.after if found else None,
        )


class RegisteredAnswer(Answer):
    """What was made."""

    id: UUID


class OpenedAnswer(Answer):
    """The offices that were opened, in the order of their names in the call."""

    ids: tuple[UUID, ...]


class OfficeChangedAnswer(Answer):
    """The office that was changed."""

    id: UUID
