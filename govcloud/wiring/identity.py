"""The services of identity, and what it lets others count for its previews."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from govcloud.access.queries import AccessQueries
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.importing.runs import ImportQueries
from govcloud.identity.importing.service import Importing
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.reorganisation import MOST_NAMED, Affected, Elsewhere
from govcloud.identity.service import Identity
from govcloud.identity.tree import TreeQueries
from govcloud.identity.views import DepartmentView
from govcloud.services import AccessServices, AuthorizationServices, IdentityServices
from govcloud.signon.imported import accept_hashes
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.wiring.ground import Ground, Reads


def wire_identity(ground: Ground, reads: Reads, authorization: AuthorizationServices, access: AccessServices) -> IdentityServices:
    """Make the services of identity."""
    elsewhere = count_holdings(reads.identity, reads.subsystems, authorization.authorization_queries, access.access_queries)
    identity = Identity(ground.uow, ground.keys, ground.clock, elsewhere)
    accept = partial(accept_hashes, authorization.authorization)
    return IdentityServices(
        identity=identity,
        identity_queries=reads.identity,
        tree_queries=TreeQueries(ground.read, ground.clock),
        importing=Importing(ground.uow, ground.keys, ground.clock, identity, accept),
        import_queries=ImportQueries(ground.read),
    )


def count_holdings(
    identity: IdentityQueries, subsystems: SubsystemQueries, authorization: AuthorizationQueries, access: AccessQueries
) -> Elsewhere:
    """Return what counts the roles, catalogue entries and open lines that hang on departments, for previews of identity."""

    def count(departments: Sequence[DepartmentView], below: bool) -> Sequence[Affected]:  # noqa: FBT001 - the port's signature
        paths = [view.path for view in departments]
        roles, holders = authorization.delegated(paths, MOST_NAMED)
        names, known = identity.official_names({official for official, _ in holders}), authorization.policy().roles
        lines, numbers = access.open_lines_within(paths, MOST_NAMED)
        # What departments own stays theirs when they move with all below them.
        owned = {} if below else subsystems.owned(view.id for view in departments)
        found = [
            Affected("roles", roles, tuple(f"{names[who]}（{known[role].name if role in known else role}）" for who, role in holders)),
            *(Affected(kind, *counted) for kind, counted in owned.items()),
            Affected("lines", lines, numbers),
        ]
        return [item for item in found if item.count]

    return count
