"""``python -m bench._pinned CORE ARGUMENTS…``: the command line ``govcloud``, and all that it starts, on one core."""

from __future__ import annotations

import os
import sys

from govcloud.app import main

if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv.pop(1))})
    main()
