"""People come first: where the jobs share a processor with the platform, they stand back.

With twenty thousand sign-outs to send, whoever signs in must not wait for them.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)
#: How far the jobs stand back (``nice``): beside a process that does not, they get a tenth of a processor.
NICENESS = 10
_AUTOGROUP = Path("/proc/self/autogroup")


def give_way() -> None:
    """Let this process stand back, unless whoever started it has seen to that (``Nice=`` of its unit).

    Niceness counts among the processes of one session alone where Linux groups them by session (sched(7), autogroup); so a process that
    leads a session lets that stand back, too. In services of systemd ``CPUWeight=`` does.
    """
    missing = NICENESS - os.getpriority(os.PRIO_PROCESS, 0)
    if missing <= 0:
        return
    os.nice(missing)
    if os.getsid(0) != os.getpid() or not _AUTOGROUP.exists():
        return
    try:
        _AUTOGROUP.write_text(f"{NICENESS}\n", encoding="ascii")
    except OSError as error:
        logger.warning("the jobs share the processor with the platform as equals: %s: %s", _AUTOGROUP, error.strerror)
