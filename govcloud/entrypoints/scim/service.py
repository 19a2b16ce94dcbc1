"""The protocol of scim2-server with what this platform asks for beyond it: bounded filters, safe replacements, its own errors."""

from __future__ import annotations

from typing import Any

from scim2_models import Error, InvalidFilterException, Resource, ResourceType, SearchRequest
from scim2_server.conditions import Conditions
from scim2_server.service import ScimService

from govcloud.entrypoints.scim.errors import error_of
from govcloud.entrypoints.scim.schemas import Department, Group, Official, User
from govcloud.kernel.messages import Message
from govcloud.web.locale import say

_MOST_FILTER = 1000
#: Attributes that a PUT may leave out without taking anything away, by class: what nobody means to lose by not knowing of it.
_KEPT: dict[type, tuple[str, ...]] = {
    User: ("active",),
    Official: ("staffing_type", "security_label", "appointments"),
    Group: ("members",),
    Department: (),
}


class DirectoryService(ScimService):
    """The protocol, without input and output."""

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:  # noqa: ANN401 - any JSON
        """Refuse a filter that is too long before it is parsed, which goes as deep as its parentheses.

        Raises:
            InvalidFilterException: it is.
        """
        given = payload if isinstance(payload, dict) else {}
        for name, value in given.items():
            if str(name).casefold() == "filter" and len(str(value)) > _MOST_FILTER:
                raise InvalidFilterException(detail=say(Message("filter 最多 %(most)s 个字符。", most=_MOST_FILTER)))
        return super().read_search(resource_types, payload)

    def apply_replacement(self, current: Resource[Any], replacement: Resource[Any], conditions: Conditions) -> Resource[Any] | None:
        """Fill in what a PUT may leave out, then replace (RFC 7644 section 3.5.1 lets a service assume a default)."""
        _keep(current, replacement)
        for model in type(replacement).get_extension_models().values():
            kept, given = current[model], replacement[model]
            if kept is not None and given is not None:
                _keep(kept, given)
        if isinstance(replacement, User) and replacement.user_name is not None:
            # Compared by the library as it stands; codes are not case-exact.
            replacement.user_name = replacement.user_name.strip().upper()
        return super().apply_replacement(current, replacement, conditions)

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """Return the error of an operation of a bulk request."""
        return error_of(exception)


def _keep(current: Any, replacement: Any) -> None:  # noqa: ANN401 - a resource or an extension
    names = next((names for model, names in _KEPT.items() if isinstance(replacement, model)), ())
    for name in names:
        if name not in replacement.model_fields_set:
            setattr(replacement, name, getattr(current, name))
