"""The resources as this server has them: only attributes that stand for something here, with what may really be done to each.

``/Schemas`` publishes these classes, so a docstring below is what a client's developer reads (English: SCIM is read by programs).
RFC 7643 section 2.2 defines the annotations. A default makes an attribute that must have a value one that may be left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Context,
    Extension,
    Mutability,
    Reference,
    Required,
    Resource,
    Returned,
    Schema,
    Uniqueness,
)
from scim2_models.resources.resource import AnyExtension

OFFICIAL = "urn:govcloud:params:scim:schemas:1.0:Official"
DEPARTMENT = "urn:govcloud:params:scim:schemas:1.0:Department"


class Name(ComplexAttribute):
    """A person's name: ``formatted`` is the whole of it."""

    formatted: str | None = None
    """The whole name; it wins over the parts."""

    family_name: str | None = None
    """The surname (compound ones are known); absent for names that are not made of surname and given name."""

    given_name: str | None = None
    """The given name. Written without `formatted`, both parts are joined without a space."""


class PhoneNumber(ComplexAttribute):
    """A phone number, of which only a mask is shown."""

    value: Annotated[str | None, CaseExact.true] = None
    """Eleven digits; returned as 138****8000. The mask sent back leaves the number as it is."""

    type: str | None = Field(None, examples=["mobile"])
    """Always mobile."""


class GroupMembership(ComplexAttribute):
    """A department in which the person serves now."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The id of the group."""

    ref: Annotated[Reference[Group[Any]] | None, Mutability.read_only] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    """The address of the group."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The name of the department."""

    type: Annotated[str | None, Mutability.read_only] = Field(None, examples=["direct"])
    """Always direct."""


class User(Resource[AnyExtension]):
    """An official (公职人员) with the one account."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Mutability.immutable, Uniqueness.server, Required.true] = None
    """The employee code, which is also what one signs in with: 3 to 32 capital letters, digits, hyphens and underscores."""

    external_id: Annotated[str | None, Mutability.read_only] = None
    """The employee code again."""

    name: Annotated[Name | None, Required.true] = None
    """The name, as it stands on the identity card."""

    display_name: Annotated[str | None, Mutability.read_only] = None
    """The name again."""

    title: Annotated[str | None, Mutability.read_only] = None
    """The post (职务) of the foremost appointment."""

    active: Annotated[bool | None, Required.true] = True
    """Whether the person may act. False suspends (停用), true restores; sessions and temporary grants end with it."""

    phone_numbers: Annotated[list[PhoneNumber] | None, Mutability.write_only] = None
    """One mobile number at most. The number itself is never returned, only its mask; null or an empty list takes it away."""

    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    """The departments in which the person serves now."""


class EnterpriseUser(Extension):
    """What follows from the foremost appointment."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    employee_number: Annotated[str | None, Mutability.read_only] = None
    """The employee code."""

    organization: Annotated[str | None, Mutability.read_only] = None
    """The department at the root of the tree, above the person's own."""

    division: Annotated[str | None, Mutability.read_only] = None
    """The administrative division of the department: its code (GB/T 2260, twelve digits), a space, its name."""

    department: Annotated[str | None, Mutability.read_only] = None
    """The name of the department."""


class Appointment(ComplexAttribute):
    """A place in a department, in [startsAt, endsAt)."""

    id: Annotated[str | None, CaseExact.true] = None
    """A UUID; the server chooses one when it is left out. An entry whose facts change ends, and another begins under a new id."""

    department: Annotated[str | None, Required.true] = None
    """The unified social credit code of the department (GB 32100)."""

    position: Annotated[str | None, Required.true] = None
    """What the person does there (岗位)."""

    post: str | None = None
    """The post (职务)."""

    kind: str | None = Field(None, examples=["primary", "concurrent", "attachment", "secondment"])
    """主职、兼职、挂职、借调; primary when it is left out. One primary at a time."""

    starts_at: datetime | None = None
    """With its offset; at once when it is left out."""

    ends_at: datetime | None = None
    """With its offset; open when it is left out."""


class Official(Extension):
    """What the platform knows of an official beyond the core schema."""

    __schema__ = URN(OFFICIAL)

    id_number: Annotated[str | None, Mutability.write_only, Returned.never, CaseExact.true] = None
    """The ID number (GB 11643). Required when a person is entered; later it may be left out, and another one corrects it."""

    rank: str | None = None
    """The rank (职级)."""

    staffing_type: Annotated[str | None, Required.true] = "行政编制"
    """The kind of staffing (编制); 行政编制 when it is left out."""

    security_label: Annotated[int | None, Required.true] = 0
    """The security label, 0 to 4; 0 when it is left out."""

    appointments: list[Appointment] | None = None
    """Every appointment that is live or lies ahead. Left out of a PUT they stay; an empty list ends them all."""

    @classmethod
    def to_schema(cls) -> Schema:
        """Publish that the ID number is required, which only a creation insists on: nobody gets it back to send it with a PUT."""
        schema = super().to_schema()
        for attribute in schema.attributes or []:
            if attribute.name == "idNumber":
                attribute.required = Required.true
        return schema

    @model_validator(mode="after")
    def _id_number_on_creation(self, info: ValidationInfo) -> Self:
        """Insist on the ID number when a person is entered."""
        creating = (info.context or {}).get("scim") == Context.RESOURCE_CREATION_REQUEST
        if creating and not self.id_number:
            raise PydanticCustomError("required_error", "Field 'idNumber' is required but value is missing, null or empty")
        return self


class GroupMember(ComplexAttribute):
    """Somebody who serves in the department now."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of the user."""

    ref: Annotated[Reference[User[Any]] | None, Mutability.immutable] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    """The address of the user."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always User: departments below this one name it as their parent."""

    display: str | None = None
    """The user's name; ignored when written."""

    position: str | None = None
    """What the person does there (岗位). Whoever adds a member says it: the member gets a concurrent appointment."""


class Group(Resource[AnyExtension]):
    """A department (部门)."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    external_id: Annotated[str | None, Mutability.immutable, Uniqueness.server, Required.true] = None
    """The unified social credit code (GB 32100)."""

    display_name: Annotated[str | None, Required.true] = None
    """The name of the department."""

    members: list[GroupMember] | None = None
    """Who serves in the department now. Left out of a PUT they stay. Lists leave them out of departments with many."""


class Department(Extension):
    """What the platform knows of a department beyond the core schema."""

    __schema__ = URN(DEPARTMENT)

    short_name: str | None = None
    """The short name; absent when the name is used."""

    parent: Annotated[str | None, CaseExact.true] = None
    """The id of the group above; absent at the root of the tree."""

    division: Annotated[str | None, Mutability.immutable, Required.true] = None
    """The administrative division (GB/T 2260, twelve digits)."""

    level: Annotated[str | None, Mutability.immutable, Required.true] = Field(None, examples=["province", "city", "county", "township"])
    """The level of the department."""

    business_lines: Annotated[list[str] | None, Mutability.read_only] = None
    """The vertical systems (条线) that the department belongs to."""

    member_count: Annotated[int | None, Mutability.read_only] = None
    """How many people serve in the department now."""

    members_left_out: Annotated[bool | None, Mutability.read_only] = None
    """True in a list that leaves the members out because there are many: read the group itself, or ask for `attributes=members`."""


# A user names groups and a group users, so that one of them is read before the other is there; now both are.
GroupMembership.model_rebuild()
User.model_rebuild()
