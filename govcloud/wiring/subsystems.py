"""The services of the catalogue, and what it lets others count for its commands."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.access.queries import AccessQueries
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.services import AccessServices, AuthorizationServices, SubsystemServices
from govcloud.subsystems.probing.service import Probing
from govcloud.subsystems.service import Subsystems
from govcloud.subsystems.usage import CountUsage, Usage
from govcloud.wiring.ground import Ground, Reads


def wire_subsystems(ground: Ground, reads: Reads, authorization: AuthorizationServices, access: AccessServices) -> SubsystemServices:
    """Make the services of the catalogue."""
    rights = authorization.authorization_queries
    return SubsystemServices(
        subsystems=Subsystems(
            ground.uow,
            ground.keys,
            ground.clock,
            count_usage(rights, access.access_queries),
            rights.promised,
            loopback_allowed=ground.loopback_allowed,
        ),
        subsystem_queries=reads.subsystems,
        probing=Probing(
            ground.uow,
            reads.subsystems,
            reads.identity,
            ground.clock,
            public_url=ground.settings.public_url,
            loopback_allowed=ground.loopback_allowed,
        ),
    )


def count_usage(authorization: AuthorizationQueries, access: AccessQueries) -> CountUsage:
    """Return what counts the grants and waiting requests that hang on functions, for the catalogue's commands."""

    def count(functions: Sequence[str]) -> Usage:
        return Usage(authorization.live_grants_of(functions), access.open_lines_of(functions)) if functions else Usage(0, 0)

    return count
