"""The storage of scim2-server on the platform: reads come from the directory, writes become commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, cast
from uuid import UUID

from scim2_models import (
    NotImplementedException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    TooManyException,
)
from scim2_server.service import ScimService
from scim2_server.storage import ScimStorage, SearchPage

from govcloud.entrypoints.scim.filters import GROUPS, USERS
from govcloud.entrypoints.scim.groups import DepartmentWriter, group_of
from govcloud.entrypoints.scim.groups import wanted_of as wanted_department
from govcloud.entrypoints.scim.people import PeopleWriter
from govcloud.entrypoints.scim.schemas import Group, User
from govcloud.entrypoints.scim.searching import Search
from govcloud.entrypoints.scim.users import id_of, user_of
from govcloud.entrypoints.scim.users import wanted_of as wanted_person
from govcloud.identity import errors
from govcloud.identity.directory import DepartmentRecord, Directory, PersonRecord
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.services import Services
from govcloud.web.locale import say

READ = "govcloud:directory:read"
WRITE = "govcloud:directory:write"
#: A department with more members is listed without them; and a list never loads more members than that altogether.
MANY = 50
MOST_MEMBERS = 10_000

Parameters = ResponseParameters[Any]


class Store(Protocol):
    """One kind of resource."""

    def get(self, resource_id: str, parameters: Parameters | None) -> Resource[Any]:
        """Return a resource."""
        ...

    def search(self, request: SearchRequest[Any], position: object) -> SearchPage:
        """Return a page."""
        ...

    def create(self, resource: Resource[Any]) -> Resource[Any]:
        """Enter a resource and return it as it is then."""
        ...

    def update(self, resource: Resource[Any], expected: str | None) -> Resource[Any]:
        """Change a resource and return it as it is then."""
        ...

    def delete(self, resource_id: str, expected: str | None) -> None:
        """End a resource."""
        ...


class Users:
    """Officials as users."""

    def __init__(self, services: Services, directory: Directory, actor: Actor, model: type[User[Any]]) -> None:
        """Take the platform, the reads, who acts, and the user's class with its extensions."""
        self._directory = directory
        self._model = model
        self._writer = PeopleWriter(services.identity, directory, actor)
        self._search: Search[PersonRecord] = Search(directory, directory.people, USERS, "official")

    def get(self, resource_id: str, parameters: Parameters | None) -> Resource[Any]:
        """Return an official.

        Raises:
            NotFound: the directory has none.
        """
        del parameters
        official_id = id_of(resource_id)
        record = self._directory.people.one(official_id) if official_id else None
        if record is None:
            raise errors.official_missing(resource_id)
        return user_of(record, self._model)

    def search(self, request: SearchRequest[Any], position: object) -> SearchPage:
        """Return a page of officials."""
        found = self._search.run(request, position)
        return SearchPage(found.total, [user_of(record, self._model) for record in found.records], found.next)

    def create(self, resource: Resource[Any]) -> Resource[Any]:
        """Register an official."""
        return self._now(self._writer.register(wanted_person(cast("User[Any]", resource), None)))

    def update(self, resource: Resource[Any], expected: str | None) -> Resource[Any]:
        """Change an official."""
        record, current = self._held(resource.id or "", expected)
        self._writer.change(record, wanted_person(cast("User[Any]", resource), current))
        return self._now(record.id)

    def delete(self, resource_id: str, expected: str | None) -> None:
        """Suspend an official and end every appointment."""
        record, _ = self._held(resource_id, expected)
        self._writer.remove(record)

    def _held(self, resource_id: str, expected: str | None) -> tuple[PersonRecord, User[Any]]:
        """Return an official whom nobody else changes meanwhile."""
        record = self._directory.people.locked(UUID(resource_id))
        current = user_of(record, self._model)
        _check(current, expected)
        return record, current

    def _now(self, official_id: UUID) -> Resource[Any]:
        """Return an official as the commands left them, gone from the directory or not."""
        record = self._directory.people.one(official_id, left_too=True)
        if record is None:
            raise errors.official_missing(official_id)
        return user_of(record, self._model)


class Groups:
    """Departments as groups."""

    def __init__(self, services: Services, directory: Directory, actor: Actor, model: type[Group[Any]]) -> None:
        """Take the platform, the reads, who acts, and the group's class with its extension."""
        self._directory = directory
        self._model = model
        self._writer = DepartmentWriter(services.identity, directory, actor)
        self._search: Search[DepartmentRecord] = Search(directory, directory.departments, GROUPS, "department")

    def get(self, resource_id: str, parameters: Parameters | None) -> Resource[Any]:
        """Return a department; its members are read when the answer shows them.

        Raises:
            NotFound: there is no such live department.
        """
        department_id = id_of(resource_id)
        record = self._directory.departments.one(department_id) if department_id else None
        if record is None:
            raise errors.department_missing(resource_id)
        return self._whole(record) if _shows_members(parameters) else group_of(record, None, self._model)

    def search(self, request: SearchRequest[Any], position: object) -> SearchPage:
        """Return a page of departments, with the members of the small ones, of all that were asked for, or none.

        Raises:
            TooManyException: more members were asked for than one answer holds.
        """
        found = self._search.run(request, position)
        named, shown = _names_members(request), _shows_members(request)
        wanted = [record for record in found.records if shown and (named or record.member_count <= MANY)]
        if sum(record.member_count for record in wanted) > MOST_MEMBERS:
            raise TooManyException(detail=say(Message("这一页的成员超过 %(most)s 人，请减小 count。", most=MOST_MEMBERS)))
        members = self._directory.departments.members([record.id for record in wanted]) if wanted else {}
        ids = {record.id for record in wanted}
        groups: list[Resource[Any]] = [
            group_of(record, members.get(record.id), self._model, left_out=shown and record.id not in ids) for record in found.records
        ]
        return SearchPage(found.total, groups, found.next)

    def create(self, resource: Resource[Any]) -> Resource[Any]:
        """Register a department."""
        return self.get(str(self._writer.register(wanted_department(cast("Group[Any]", resource)))), None)

    def update(self, resource: Resource[Any], expected: str | None) -> Resource[Any]:
        """Change a department."""
        record = self._directory.departments.locked(UUID(resource.id))
        _check(group_of(record, None, self._model), expected)
        members = self._directory.departments.members([record.id]).get(record.id, ())
        self._writer.change(record, members, wanted_department(cast("Group[Any]", resource)))
        return self.get(str(record.id), None)

    def delete(self, resource_id: str, expected: str | None) -> None:
        """Abolish a department."""
        record = self._directory.departments.locked(UUID(resource_id))
        _check(group_of(record, None, self._model), expected)
        self._writer.remove(record)

    def _whole(self, record: DepartmentRecord) -> Resource[Any]:
        return group_of(record, self._directory.departments.members([record.id]).get(record.id), self._model)


class DirectoryStorage(ScimStorage):
    """Both kinds behind the port of scim2-server; made for each request, as it acts for whoever makes it."""

    supports_cursors = True

    def __init__(self, services: Services, service: ScimService, actor: Actor, *, one_by_one: bool) -> None:
        """Take the platform, the protocol and who acts.

        ``one_by_one``: every operation is a transaction of its own (bulk); else the whole request is one, which the caller opens.
        """
        directory = Directory(services.uow.read, services.keys, services.clock)
        users = cast("type[User[Any]]", service.get_model(service.get_resource_type("User")))
        groups = cast("type[Group[Any]]", service.get_model(service.get_resource_type("Group")))
        self._stores: dict[str, Store] = {
            "User": Users(services, directory, actor, users),
            "Group": Groups(services, directory, actor, groups),
        }
        self._uow = services.uow
        self._actor = actor
        self._one_by_one = one_by_one

    def operation(self) -> AbstractContextManager[None]:
        """Make one operation of a bulk request a transaction."""
        return _transaction(self._uow, self._actor) if self._one_by_one else nullcontext()

    def get(self, resource_type: ResourceType, resource_id: str, *, response_parameters: Parameters | None = None) -> Resource[Any]:
        """Return a resource."""
        return self._store(resource_type).get(resource_id, response_parameters)

    def search(self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None) -> SearchPage:  # noqa: ANN401 - as the port has it
        """Return a page of one kind of resource.

        Raises:
            NotImplementedException: several kinds were searched at once.
        """
        if len(resource_types) != 1:
            raise NotImplementedException(detail=say(Message("请分别查询 /Users 与 /Groups。")))
        return self._store(resource_types[0]).search(search_request, position)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Enter a resource."""
        return self._store(resource_type).create(resource)

    def update(self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None) -> Resource[Any]:
        """Change a resource."""
        return self._store(resource_type).update(resource, expected_version)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """End a resource."""
        self._store(resource_type).delete(resource_id, expected_version)

    def _store(self, resource_type: ResourceType) -> Store:
        return self._stores[str(resource_type.name)]


@contextmanager
def _transaction(uow: UnitOfWork, actor: Actor) -> Iterator[None]:
    with uow.begin(actor, WRITE):
        yield


def _check(current: Resource[Any], expected: str | None) -> None:
    """Go on if the resource still has the version that the caller saw.

    Raises:
        PreconditionFailedException: somebody changed it meanwhile.
    """
    if expected is not None and current.meta is not None and current.meta.version != expected:
        raise PreconditionFailedException(detail=say(Message("资源刚被他人修改，请重新读取后再提交。")))


def _shows_members(parameters: Parameters | None) -> bool:
    """Say whether an answer shows members: it does unless they are excluded, or others are asked for."""
    if parameters is None:
        return True
    if parameters.attributes:
        return _names_members(parameters)
    return "members" not in _names(parameters.excluded_attributes)


def _names_members(parameters: Parameters) -> bool:
    return "members" in _names(parameters.attributes)


def _names(paths: Sequence[Any] | None) -> set[str]:
    """Return the attributes that paths begin with."""
    return {str(path).rpartition(":")[2].partition(".")[0].casefold() for path in paths or ()}
