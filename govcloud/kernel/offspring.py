"""Ties a child process to its parent: the kernel ends the child when the parent dies without a chance to."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent(how: signal.Signals) -> Callable[[], None]:
    """Return what a child runs between fork and exec (``preexec_fn``), so that it gets the signal ``how`` when we die.

    It must be set after a change of account, which clears it: ``subprocess`` runs ``preexec_fn`` after ``user`` and ``group``.
    The kernel looks at the thread that started the child, so start it from one that lives on.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(how))
        if os.getppid() != parent:  # we died before the arrangement stood
            os._exit(1)

    return arrange
