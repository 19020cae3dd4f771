"""How long a datagram lay in the kernel before it was read.

Publishers estimate the network from when packets arrived. Where the time of reading stood for it, a machine that is
busy for 50 ms would look like a network that is full: Chromium then halves what it sends, and takes long to come back.
"""

import contextlib
import fcntl
import struct
import time

STAMP_OF_LAST = 0x8907
"""SIOCGSTAMPNS of Linux (socket(7)): when the kernel got the datagram that was read last from the socket."""

LONGEST = 1.0
"""Seconds. More than that is a step of the wall clock, by which the kernel stamps."""

_TIMESPEC = struct.Struct("@qq")


def waited(descriptor: int) -> float:
    """Seconds, for the datagram that was read last from a socket; 0 where that is not known."""
    with contextlib.suppress(OSError):  # another system, or the socket's first datagram
        seconds, nanoseconds = _TIMESPEC.unpack(fcntl.ioctl(descriptor, STAMP_OF_LAST, bytes(_TIMESPEC.size)))
        passed = time.time() - seconds - nanoseconds / 1e9
        return passed if 0 <= passed < LONGEST else 0.0
    return 0.0
