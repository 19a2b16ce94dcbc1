"""Every job of the platform; a new one is one file and one line here."""

from __future__ import annotations

from govcloud.jobs.announce_ends import ANNOUNCE_ENDS
from govcloud.jobs.close_stays import CLOSE_STAYS
from govcloud.jobs.deliver_outbox import DELIVER_OUTBOX
from govcloud.jobs.end_grants import END_GRANTS
from govcloud.jobs.end_sessions import END_SESSIONS
from govcloud.jobs.end_stays import END_STAYS
from govcloud.jobs.escalate import ESCALATE
from govcloud.jobs.job import Job
from govcloud.jobs.look_apart import LOOK_APART, UNBLOCK_LINES
from govcloud.jobs.measure_policies import MEASURE_POLICIES
from govcloud.jobs.purge import PURGE
from govcloud.jobs.rotate_keys import ROTATE_KEYS
from govcloud.jobs.run_imports import RUN_IMPORTS
from govcloud.jobs.seal_audit import SEAL_AUDIT
from govcloud.jobs.settle_personnel import SETTLE_PERSONNEL

#: Sealing stands last, so that ``--once`` also seals what the others recorded.
JOBS: tuple[Job, ...] = (
    SETTLE_PERSONNEL,
    UNBLOCK_LINES,
    LOOK_APART,
    ESCALATE,
    ANNOUNCE_ENDS,
    END_GRANTS,
    END_SESSIONS,
    END_STAYS,
    CLOSE_STAYS,
    PURGE,
    ROTATE_KEYS,
    RUN_IMPORTS,
    MEASURE_POLICIES,
    DELIVER_OUTBOX,
    SEAL_AUDIT,
)
