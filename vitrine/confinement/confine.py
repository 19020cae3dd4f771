"""What a process gives up, as far as the machine lets it, and what it could not."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import vitrine
from vitrine.confinement import kernel

MEMORY = 3 << 30
"""Bytes of data. A 1080p ladder of four rungs takes 0.4 GB; damaged input that wants more than this is not transcoded,
and the machine stays usable for the other broadcasts."""

MOST_FILES = 64
"""Open at once. A transcoder has its pipes, and opens nothing."""

SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/urandom",
    "/proc/self",
    "/sys/devices/system/cpu",
)
"""What libraries may read. Nothing of /etc, of anybody's home, or of the server's data."""

NAMES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/gai.conf", "/etc/host.conf")
"""Besides, what finding other machines by name needs."""


INTERPRETER = ("lib", "lib64", "bin")
"""Of the folder that Python's packages are in: a server's data may lie beside them."""


def confine_transcoder() -> list[str]:
    """Without network, files, more than MEMORY. Gives what could not be had, in words. Call it before any thread."""
    return _confine(network=False)


def confine_receiver() -> list[str]:
    """For a process that must have the network: the same without that."""
    return _confine(network=True)


def _confine(*, network: bool) -> list[str]:
    own = [str(Path(sys.prefix) / name) for name in INTERPRETER]
    readable = [*SYSTEM, *own, sys.base_prefix, str(Path(vitrine.__file__).parent), *(NAMES if network else ())]
    steps: list[tuple[str, Callable[[], None]]] = [
        ("memory is not limited", lambda: _limit(resource.RLIMIT_DATA, MEMORY)),
        ("files can grow", lambda: _limit(resource.RLIMIT_FSIZE, 0)),
        ("its memory can be written to disk", lambda: _limit(resource.RLIMIT_CORE, 0)),
        ("it can gain privileges", kernel.take_no_new_privileges),
    ]
    if not network:
        steps += [
            ("it can open many files", lambda: _limit(resource.RLIMIT_NOFILE, MOST_FILES)),
            ("it reaches the network", kernel.leave_network),
        ]
    steps.append(("it can read files", lambda: kernel.forbid_files(readable, tcp=network, scopes=network)))
    missing = []
    for lack, step in steps:
        try:
            step()
        except (OSError, ValueError, AttributeError) as error:
            missing.append(f"{lack} ({error})")
    return missing


def _limit(kind: int, most: int) -> None:
    """Never above what the process has been given already."""
    _, hard = resource.getrlimit(kind)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (value, value))
