"""What a confined process can still do, tried by one.

Where the machine of the tests lacks something, the process must say so, and only then may it do what it should not.
"""

import asyncio
import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from vitrine.confinement.confine import MEMORY, MOST_FILES

FILES, NETWORK = "it can read files", "it reaches the network"
START = "from vitrine.confinement.confine import *; import os, socket; print(confine_{}(), flush=True); "


def tried(kind: str, code: str) -> list[str]:
    """The lines that a confined process prints."""
    command = [sys.executable, "-c", START.format(kind) + "\n" + code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return (ended.stdout + ended.stderr.strip().rpartition("\n")[2]).splitlines()


def machine_lacks() -> set[str]:
    """Asked of the machine without our code: Landlock of the version that knows signals, and network namespaces."""
    lacks = set()
    if ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint(1)) < 6:
        lacks.add(FILES)
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        lacks.add(NETWORK)
    return lacks


@pytest.fixture(scope="module", autouse=True)
def lacks() -> set[str]:
    return machine_lacks()


def refuses(kind: str, lack: str, lacks: set[str], error: str, code: str) -> None:
    """What the code tries is refused, unless the machine cannot and the process has said so."""
    first, *_, last = tried(kind, code)
    assert error in last or (lack in lacks and lack in first)


@pytest.mark.parametrize("kind", ["transcoder", "receiver"])
def test_all_that_the_machine_can_refuse_is_refused(kind: str, lacks: set[str]) -> None:
    told = tried(kind, "")[0]
    expected = lacks if kind == "transcoder" else lacks - {NETWORK}
    assert {each for each in (FILES, NETWORK) if each in told} == expected
    assert expected or told == "[]"


@pytest.mark.parametrize("kind", ["transcoder", "receiver"])
def test_no_file_of_the_server_can_be_read_or_written(kind: str, tmp_path: Path, lacks: set[str]) -> None:
    secret = tmp_path / "api-token"
    secret.write_text("secret")
    refuses(kind, FILES, lacks, "PermissionError", f"open({str(secret)!r})")
    beside_the_packages = Path(sys.prefix) / "pyvenv.cfg"
    assert beside_the_packages.exists()
    refuses(kind, FILES, lacks, "PermissionError", f"open({str(beside_the_packages)!r})")
    refuses(kind, FILES, lacks, "PermissionError", f"open({str(tmp_path / 'new')!r}, 'w')")
    refuses(kind, FILES, lacks, "PermissionError", f"os.remove({str(secret)!r})")
    refuses(kind, FILES, lacks, "PermissionError", "open('/etc/passwd')")
    refuses(kind, FILES, lacks, "PermissionError", "os.execv('/bin/sh', ['sh', '-c', 'echo out'])")
    assert FILES in lacks or secret.exists()


@pytest.mark.parametrize("kind", ["transcoder", "receiver"])
def test_its_own_modules_can_be_read(kind: str) -> None:
    assert tried(kind, "import wave, numpy, av.video; print(wave.__name__)")[-1] == "wave"


async def test_a_transcoder_reaches_no_network_and_a_receiver_does(lacks: set[str]) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        address = server.sockets[0].getsockname()
        code = f"socket.create_connection({address!r}, 5); print('through')"
        await asyncio.to_thread(refuses, "transcoder", NETWORK, lacks, "Error", code)
        assert (await asyncio.to_thread(tried, "receiver", code))[-1] == "through"


def test_memory_and_open_files_end() -> None:
    assert tried("transcoder", f"bytearray({MEMORY})")[-1] == "MemoryError"
    assert "Too many open files" in tried("transcoder", f"[os.pipe() for _ in range({MOST_FILES})]")[-1]


def test_others_are_not_signalled(lacks: set[str]) -> None:
    refuses("transcoder", FILES, lacks, "PermissionError", "os.kill(os.getppid(), 0)")


def test_what_a_machine_lacks_is_told_and_the_rest_is_done() -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE))"
    before = "from vitrine.confinement import kernel\ndef refuse(*_, **__): raise OSError(1, 'not here')\n"
    start = before + "kernel.leave_network = kernel.forbid_files = refuse\n" + START.format("transcoder") + "\n" + code
    ended = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, timeout=60, check=True)
    missing, limit = ended.stdout.splitlines()
    assert "it reaches the network ([Errno 1] not here)" in missing
    assert "it can read files" in missing
    assert limit == "(0, 0)"
