"""A department as a SCIM group, and back; and from the difference between both to commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from scim2_models import Meta

from govcloud.entrypoints.scim.schemas import Department, Group, GroupMember
from govcloud.entrypoints.scim.users import id_of
from govcloud.entrypoints.scim.versions import version_of
from govcloud.identity.directory import DepartmentRecord, Directory, Member
from govcloud.identity.inputs import NewAppointment, NewDepartment
from govcloud.identity.reorganisation import Abolish
from govcloud.identity.service import Identity
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields

_USER = "User"
_CONCURRENT = "concurrent"


@dataclass(frozen=True)
class WantedDepartment:
    """A department as a client wants it; ``members`` are the people with the position of those who are to come."""

    uscc: str
    name: str
    short_name: str
    parent_id: UUID | None
    division: str
    level: str
    members: dict[UUID, str]


def group_of(record: DepartmentRecord, members: Sequence[Member] | None, model: type[Group[Any]], *, left_out: bool = False) -> Group[Any]:
    """Return a department as the resource that clients see.

    Args:
        record: the department.
        members: who serves in it; ``None`` when they were not read.
        model: the group's class with its extension.
        left_out: whether to say that they were not read because there are many.
    """
    group = model(id=str(record.id), external_id=record.uscc, display_name=record.name)
    group[Department] = Department(
        short_name=record.short_name if record.short_name != record.name else None,
        parent=str(record.parent_id) if record.parent_id else None,
        division=record.division,
        level=record.level,
        business_lines=list(record.business_lines) or None,
        member_count=record.member_count,
    )
    group.meta = Meta(resource_type="Group", created=record.created_at, last_modified=record.changed_at)
    # The same with and without members: their mark stands for them.
    group.meta.version = version_of(group, record.mark)
    group.members = [_member(member) for member in members] if members else None
    if left_out:
        group[Department].members_left_out = True
    return group


def wanted_of(group: Group[Any]) -> WantedDepartment:
    """Return what a whole group wants of a department.

    Raises:
        Invalid: names every attribute that cannot be read.
    """
    department = group[Department] or Department()
    fields = Fields()
    wanted = WantedDepartment(
        uscc=(group.external_id or "").strip().upper(),
        name=group.display_name or "",
        short_name=department.short_name or "",
        parent_id=_parent(department.parent, fields),
        division=department.division or "",
        level=department.level or "",
        members=_wanted_members(group.members or [], fields),
    )
    fields.done()
    return wanted


class DepartmentWriter:
    """Runs the commands that make departments what a client wants them to be."""

    def __init__(self, identity: Identity, directory: Directory, actor: Actor) -> None:
        """Take the commands, the reads between them, and who runs them."""
        self._identity = identity
        self._directory = directory
        self._actor = actor
        self._reason = f"SCIM: {actor.name}"

    def register(self, wanted: WantedDepartment) -> UUID:
        """Enter a department with its members and return its id.

        Raises:
            Invalid: an attribute is wrong.
            Conflict: the unified social credit code is registered already.
        """
        row = NewDepartment(
            uscc=wanted.uscc,
            name=wanted.name,
            division_code=wanted.division,
            level=wanted.level,
            short_name=wanted.short_name,
            parent_id=wanted.parent_id,
        )
        department_id = self._identity.register_department(self._actor, row)
        self._change_members(department_id, (), wanted.members)
        return department_id

    def change(self, held: DepartmentRecord, members: Sequence[Member], wanted: WantedDepartment) -> None:
        """Rename and move a department, end the appointments of who is no longer a member, and appoint who is new.

        Raises:
            Invalid: an attribute is wrong, or a new member comes without a position.
            Conflict: the department would lie below itself.
        """
        if (wanted.name, wanted.short_name or wanted.name) != (held.name, held.short_name):
            self._identity.rename_department(self._actor, held.id, wanted.name, wanted.short_name)
        if wanted.parent_id != held.parent_id:
            self._refuse_unknown_parent(wanted.parent_id)
            self._identity.move_department(self._actor, held.id, wanted.parent_id)
        self._change_members(held.id, members, wanted.members)

    def remove(self, held: DepartmentRecord) -> None:
        """Abolish a department.

        Raises:
            Conflict: people, departments below it or things it owns hang on it; names them.
        """
        self._identity.reorganise(self._actor, Abolish(held.id, self._reason))

    def _change_members(self, department_id: UUID, held: Sequence[Member], wanted: dict[UUID, str]) -> None:
        standing = {member.official_id for member in held}
        new = [official_id for official_id in wanted if official_id not in standing]
        self._refuse_strangers(new, wanted)
        for place_id in self._directory.departments.places_in(department_id, standing - wanted.keys()):
            self._identity.end_appointment(self._actor, place_id, self._reason)
        for official_id in new:
            appointment = NewAppointment(department_id, wanted[official_id], kind=_CONCURRENT)
            self._identity.appoint(self._actor, official_id, appointment)

    def _refuse_strangers(self, new: Sequence[UUID], wanted: dict[UUID, str]) -> None:
        """Refuse new members who are not registered, or whose position nobody said.

        Raises:
            Invalid: names every one.
        """
        known = {record.id for record in self._directory.people.named(new)} if new else set()
        fields = Fields()
        for official_id in new:
            if official_id not in known:
                fields.fail("members.value", Message("没有这名公职人员，请核对。"), official_id)
            elif not wanted[official_id]:
                fields.fail("members.position", Message("加入成员即兼任该部门的岗位，请用 position 写明岗位。"), official_id)
        fields.done()

    def _refuse_unknown_parent(self, parent_id: UUID | None) -> None:
        if parent_id is not None and self._directory.departments.one(parent_id) is None:
            fields = Fields()
            fields.fail("parent", Message("没有这个上级部门，请先登记上级。"), parent_id)
            fields.done()


def _member(member: Member) -> GroupMember:
    return GroupMember(
        value=str(member.official_id), ref=f"Users/{member.official_id}", type=_USER, display=member.name, position=member.position
    )


def _parent(text: str | None, fields: Fields) -> UUID | None:
    parent_id = id_of(text) if text else None
    if text and parent_id is None:
        fields.fail("parent", Message("不是有效的编号（UUID）。"))
    return parent_id


def _wanted_members(entries: Sequence[GroupMember], fields: Fields) -> dict[UUID, str]:
    """Return members by id; one who is named twice, as stored and as added, is there once."""
    wanted: dict[UUID, str] = {}
    for index, entry in enumerate(entries):
        official_id = id_of(entry.value or "")
        if official_id is None:
            fields.fail(f"members[{index}].value", Message("不是有效的编号（UUID）。"))
        elif (entry.type or _USER) != _USER:
            fields.fail(f"members[{index}].type", Message("成员只能是用户；下级部门请用其 parent 属性表示。"))
        else:
            wanted[official_id] = wanted.get(official_id) or (entry.position or "")
    return wanted
