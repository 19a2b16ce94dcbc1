"""What this service announces of itself: its resources, its limits, how one authenticates; only what there is."""

from __future__ import annotations

from typing import Annotated

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Pagination,
    Patch,
    Required,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)

from govcloud.entrypoints.scim.schemas import Department, EnterpriseUser, Group, Official, User

PREFIX = "/scim/v2"
MOST_RESULTS = 200
MOST_OPERATIONS = 200
_PAGE = 100
#: A cursor names a place that stays; it ends so that none lies about for ever.
_CURSOR_SECONDS = 3600

#: What common clients send although the RFC has no meaning for it: a value with a removal, a filter that has nothing to match yet.
POLICY = ScimPolicy(remove_value_as_filter=ScimPolicy.RemoveValue.apply, unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create)


def provider(most_bytes: int, documentation: str) -> ScimProvider:
    """Return the description of the service.

    Args:
        most_bytes: the largest body that the platform reads.
        documentation: the address of the guide.
    """
    users = ResourceType.from_resource(User[EnterpriseUser | Annotated[Official, Required.true]])
    users.description = "公职人员 / officials, each with one account"
    groups = ResourceType.from_resource(Group[Annotated[Department, Required.true]])
    groups.description = "部门 / departments; their members follow appointments"
    return ScimProvider(
        models=[User, EnterpriseUser, Official, Group, Department],
        resource_types=[users, groups],
        config=_config(most_bytes, documentation),
        policy=POLICY,
    )


def _config(most_bytes: int, documentation: str) -> ServiceProviderConfig:
    return ServiceProviderConfig(
        documentation_uri=documentation,
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MOST_OPERATIONS, max_payload_size=most_bytes),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.cursor,
            default_page_size=_PAGE,
            max_page_size=MOST_RESULTS,
            cursor_timeout=_CURSOR_SECONDS,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.httpbasic,
                name="HTTP Basic",
                description="client_id and secret of a client that was entrusted with the role provisioning",
                spec_uri="https://www.rfc-editor.org/rfc/rfc7617",
                primary=True,
            )
        ],
    )
