"""SVT-AV1 makes the thread that opens it real-time where it may, as root may (its EbThreads.c). Every process that the
tests start afterwards would inherit that, and one that spins would hold a core against all others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_priority() -> Iterator[None]:
    """This thread's scheduling is the same after the block as before."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)
