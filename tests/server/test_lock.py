import asyncio
import errno
import fcntl
import os
import signal
import sys
from pathlib import Path

import pytest

from vitrine.media.errors import ConfigError
from vitrine.server.lock import locked

HOLDER = """
import sys
from pathlib import Path
from vitrine.server.lock import locked

with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_server_is_told_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    with locked(data):
        for _ in range(2):
            with pytest.raises(ConfigError, match=r"Another server works .*data\. Stop it, or .* --data"), locked(data):
                pass
        with locked(tmp_path / "other"):
            pass
    with locked(data):
        pass


async def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, tmp_path, stdin=pipe, stdout=pipe)
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"locked\n"
    with pytest.raises(ConfigError), locked(tmp_path):
        pass
    holder.send_signal(signal.SIGKILL)
    await holder.communicate()
    with locked(tmp_path):
        pass


async def test_what_a_server_starts_does_not_hold_it(tmp_path: Path) -> None:
    """A worker or media process may outlive a killed server by a moment."""
    with locked(tmp_path):
        child = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    with locked(tmp_path):
        pass
    await child.communicate(b"")


def test_where_there_are_no_locks_the_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with locked(tmp_path / "file"):
        pass

    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path):
        pass
    assert [each.getMessage().count("cannot be locked") for each in caplog.records] == [1, 1]
