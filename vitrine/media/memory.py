"""What the C library's allocator is told. Other libraries than glibc are left as they are."""

import ctypes
from collections.abc import Callable

M_ARENA_MAX = -8
"""Of mallopt(3)."""


def share_one_heap() -> None:
    """Have all threads take memory from one heap. A thread that reads a show from disk, at a start, has one of its own
    otherwise, whose 20 MB nobody else can have when they are free again.
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Give what is free to the system: what a show leaves is in too many small pieces for the next one. It takes some
    milliseconds.
    """
    malloc_trim = _function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _function(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None)
