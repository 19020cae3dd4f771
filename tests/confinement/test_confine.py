"""What a confined process can still do, tried by one. The kernel of these tests has all that is asked of it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from vitrine.confinement.confine import MEMORY, MOST_FILES

START = "from vitrine.confinement.confine import *; import os, socket; print(confine_{}(), flush=True); "


def tried(kind: str, code: str) -> list[str]:
    """The lines that a confined process prints."""
    command = [sys.executable, "-c", START.format(kind) + "\n" + code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return (ended.stdout + ended.stderr.strip().rpartition("\n")[2]).splitlines()


@pytest.mark.parametrize("kind", ["transcoder", "receiver"])
def test_nothing_is_missing_on_linux_of_today(kind: str) -> None:
    assert tried(kind, "") == ["[]"]


@pytest.mark.parametrize("kind", ["transcoder", "receiver"])
def test_no_file_of_the_server_can_be_read_or_written(kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "api-token"
    secret.write_text("secret")
    assert "PermissionError" in tried(kind, f"open({str(secret)!r})")[-1]
    assert "PermissionError" in tried(kind, f"open({str(tmp_path / 'new')!r}, 'w')")[-1]
    assert "PermissionError" in tried(kind, f"os.remove({str(secret)!r})")[-1]
    assert "PermissionError" in tried(kind, "open('/etc/passwd')")[-1]
    assert "PermissionError" in tried(kind, "os.execv('/bin/sh', ['sh', '-c', 'echo out'])")[-1]
    assert secret.exists()


@pytest.mark.parametrize("kind", ["transcoder", "receiver"])
def test_its_own_modules_can_be_read(kind: str) -> None:
    assert tried(kind, "import wave, numpy, av.video; print(wave.__name__)")[-1] == "wave"


async def test_a_transcoder_reaches_no_network_and_a_receiver_does() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        address = server.sockets[0].getsockname()
        code = f"socket.create_connection({address!r}, 5); print('through')"
        assert "Error" in (await asyncio.to_thread(tried, "transcoder", code))[-1]
        assert (await asyncio.to_thread(tried, "receiver", code))[-1] == "through"


def test_memory_and_open_files_end() -> None:
    assert tried("transcoder", f"bytearray({MEMORY})")[-1] == "MemoryError"
    assert "Too many open files" in tried("transcoder", f"[os.pipe() for _ in range({MOST_FILES})]")[-1]


def test_others_are_not_signalled() -> None:
    assert "PermissionError" in tried("transcoder", "os.kill(os.getppid(), 0)")[-1]


def test_what_a_machine_lacks_is_told_and_the_rest_is_done() -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE))"
    before = "from vitrine.confinement import kernel\ndef refuse(*_, **__): raise OSError(1, 'not here')\n"
    start = before + "kernel.leave_network = kernel.forbid_files = refuse\n" + START.format("transcoder") + "\n" + code
    ended = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, timeout=60, check=True)
    missing, limit = ended.stdout.splitlines()
    assert "it reaches the network ([Errno 1] not here)" in missing
    assert "it can read files" in missing
    assert limit == "(0, 0)"
