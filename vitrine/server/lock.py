"""One server works in a data folder: what it goes on from, it first cuts, renames and removes."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vitrine.media.errors import ConfigError

log = logging.getLogger("vitrine.server")

FILE_NAME = ".lock"


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep other servers out of a data folder while the block runs. Raises ConfigError where there is one.

    The kernel takes the lock back when the process is gone, however it went; programs that it started do not inherit
    it. The file stays: one that is removed could be locked twice. Where there can be none, nothing else can be written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        log.warning("the data folder %s cannot be locked: %s", data, error.strerror)
        yield
        return
    try:
        _lock(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"Another server works in the data folder {data}. Stop it, or give this one another folder: "
            "data under [server] in its configuration, --data for the demo."
        ) from error
    except OSError as error:
        log.warning("the data folder %s cannot be locked: %s; see that no other server uses it", data, error.strerror)
