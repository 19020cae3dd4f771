import errno
import os
import random
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.overlay.ids import SCRIPTS
from vitrine.media.errors import MalformedError
from vitrine.overlay.ledger import Entry
from vitrine.overlay.ledger_file import Header, LedgerFile, read_ledger

HEADER = Header("20261129-170000-abc123", "cyberdeals", Fraction(30000, 1001), 1_796_058_000_000_000_000)
HEADER_LINE = (
    '{"v":1,"broadcast":"20261129-170000-abc123","channel":"cyberdeals",'
    '"rate":"30000/1001","start":1796058000000000000}'
)
ENTRIES = [
    Entry(n, 30 * n, "show", (product,), 1, n, key=f"key {n}", item=n - 1) for n, product in enumerate(SCRIPTS, 1)
]


def written(path: Path, count: int = len(ENTRIES)) -> bytes:
    """A file with some entries; its bytes."""
    file = LedgerFile.create(path, HEADER)
    for entry in ENTRIES[:count]:
        file.append(entry)
    file.close()
    return path.read_bytes()


def reopened(path: Path) -> list[Entry]:
    file, header, entries = LedgerFile.open(path)
    file.close()
    assert header == HEADER
    return entries


def test_a_line_for_the_header_and_for_each_entry(tmp_path: Path) -> None:
    data = written(tmp_path / "ledger", 2)
    assert data.decode() == f"{HEADER_LINE}\n{ENTRIES[0].encode()}\n{ENTRIES[1].encode()}\n"
    assert Header.decode(HEADER_LINE) == HEADER


def test_what_was_written_is_read_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    written(path, 3)
    file, header, entries = LedgerFile.open(path)
    assert header == HEADER
    assert entries == ENTRIES[:3]
    for entry in ENTRIES[3:]:
        file.append(entry)
    file.close()
    file.close()
    assert reopened(path) == ENTRIES


def test_a_torn_last_line_is_dropped_wherever_it_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    data = written(path, 3)
    whole = len(written(tmp_path / "shorter", 2))
    for end in range(whole, len(data)):
        path.write_bytes(data[:end])
        file, _, entries = LedgerFile.open(path)
        assert entries == ENTRIES[:2]
        assert path.stat().st_size == whole
        file.append(ENTRIES[2])
        file.close()
        assert path.read_bytes() == data


@pytest.mark.parametrize("rest", [b"\x00" * 100, b"\x00" * 100 + b'"item":null}\n', b'{"n":3,\x00\x00\x00\n'])
def test_a_last_line_of_which_the_bytes_never_came_is_dropped(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "ledger"
    data = written(path, 2)
    path.write_bytes(data + rest)
    assert reopened(path) == ENTRIES[:2]
    assert path.read_bytes() == data


def test_damage_before_the_end_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    lines = written(path, 3).splitlines(keepends=True)
    for number, damaged in (
        (2, [lines[0], b"\x00\n", *lines[2:]]),
        (2, [lines[0], lines[1][:-5] + b"\n", *lines[2:]]),
        (2, [lines[0], *lines[2:]]),
        (3, [*lines[:2], lines[1], *lines[3:]]),
        (4, [*lines[:3], lines[3][:-5] + b"\n"]),
        (4, [*lines[:3], b"\n", lines[3]]),
        (1, lines[1:]),
        (1, [b'{"v":2}\n', *lines[1:]]),
    ):
        path.write_bytes(b"".join(damaged))
        with pytest.raises(MalformedError, match=rf"ledger, line {number}: .* The file is damaged"):
            LedgerFile.open(path)
        assert path.read_bytes() == b"".join(damaged)


@pytest.mark.parametrize("data", [b"", HEADER_LINE.encode(), b"\x00" * 50 + b"\n"])
def test_a_file_without_a_whole_header_recorded_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(data)
    with pytest.raises(MalformedError, match="no command was recorded in it; remove it"):
        LedgerFile.open(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"v":1', '"v":9'),
        ('"cyberdeals"', "7"),
        ('"cyberdeals"', '""'),
        (":1796058000000000000", ":1.5"),
        (":1796058000000000000", ":null"),
        ("30000/1001", "30"),
        ("30000/1001", "0/1"),
        ("30000/1001", "30/0"),
        ("30000/1001", "-30/1"),
        ("30000/1001", "3" * 40 + "/1"),
        ("}", ""),
    ],
)
def test_headers_that_are_none(old: str, new: str) -> None:
    assert old in HEADER_LINE
    with pytest.raises(MalformedError):
        Header.decode(HEADER_LINE.replace(old, new))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes(data: bytes, place: int) -> None:
    head = f"{HEADER_LINE}\n{ENTRIES[0].encode()}\n".encode()
    for text in (data, head[:place] + data, head + data):
        try:
            _, _, size = read_ledger(text, "ledger")
        except MalformedError:
            continue
        assert read_ledger(text[:size], "ledger")[2] == size


def test_an_existing_ledger_is_never_written_over(tmp_path: Path) -> None:
    data = written(tmp_path / "ledger", 1)
    with pytest.raises(FileExistsError):
        LedgerFile.create(tmp_path / "ledger", HEADER)
    assert (tmp_path / "ledger").read_bytes() == data
    with pytest.raises(FileNotFoundError):
        LedgerFile.create(tmp_path / "no folder" / "ledger", HEADER)
    with pytest.raises(FileNotFoundError):
        LedgerFile.open(tmp_path / "nothing")


class Disk:
    """Stands in for the system's calls: takes `room` bytes more, then says that it is full; `synced` notes what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: float = float("inf")
        self.fails_to_sync = self.fails_to_cut = False
        self.synced: list[str] = []
        self._pwrite, self._fsync, self._ftruncate = os.pwrite, os.fsync, os.ftruncate
        monkeypatch.setattr(os, "pwrite", self.pwrite)
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "ftruncate", self.ftruncate)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._pwrite(descriptor, data[: int(min(self.room, 7))], offset)  # a few at a time, as it may
        self.room -= written
        return written

    def fsync(self, descriptor: int) -> None:
        if self.fails_to_sync:
            raise OSError(errno.EIO, "Input/output error")
        self.synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        self._fsync(descriptor)

    def ftruncate(self, descriptor: int, size: int) -> None:
        if self.fails_to_cut:
            raise OSError(errno.EIO, "Input/output error")
        self._ftruncate(descriptor, size)


def test_every_line_and_the_new_name_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    written(tmp_path / "ledger", 2)
    assert disk.synced == ["ledger", tmp_path.name, "ledger", "ledger"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    path = tmp_path / "ledger"
    data = written(path, 1)
    file, _, _ = LedgerFile.open(path)
    line = ENTRIES[1].encode().encode() + b"\n"
    for room in range(len(line)):
        disk.room = room
        with pytest.raises(OSError, match="No space left"):
            file.append(ENTRIES[1])
        assert path.read_bytes() == data
    disk.room = len(line)
    file.append(ENTRIES[1])
    file.close()
    assert path.read_bytes() == data + line


def test_a_disk_that_cannot_even_cut_is_asked_again_before_the_next_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    path = tmp_path / "ledger"
    data = written(path, 1)
    file, _, _ = LedgerFile.open(path)
    disk.room, disk.fails_to_cut = 150, True
    with pytest.raises(OSError, match="No space left"):
        file.append(ENTRIES[-1])
    disk.room = float("inf")
    with pytest.raises(OSError, match="Input/output"):
        file.append(ENTRIES[1])
    assert read_ledger(path.read_bytes(), "ledger")[1] == ENTRIES[:1]
    disk.fails_to_cut = False
    file.append(ENTRIES[1])
    file.close()
    assert path.read_bytes() == data + ENTRIES[1].encode().encode() + b"\n"


def test_what_cannot_be_synced_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    path = tmp_path / "ledger"
    data = written(path, 1)
    file, _, _ = LedgerFile.open(path)
    disk.fails_to_sync = True
    with pytest.raises(OSError, match="Input/output"):
        file.append(ENTRIES[1])
    file.close()
    assert path.read_bytes() == data
    path.write_bytes(data + b"torn")
    with pytest.raises(OSError, match="Input/output"):
        LedgerFile.open(path)


def test_a_file_that_could_not_be_made_whole_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    for room in (0, 20):
        disk.room = room
        with pytest.raises(OSError, match="No space left"):
            LedgerFile.create(tmp_path / "ledger", HEADER)
    disk.room, disk.fails_to_sync = float("inf"), True
    with pytest.raises(OSError, match="Input/output"):
        LedgerFile.create(tmp_path / "ledger", HEADER)
    assert not list(tmp_path.iterdir())


ROOT = Path(__file__).resolve().parents[2]

FULL = """
import resource, sys
from pathlib import Path
from tests.overlay.test_ledger_file import ENTRIES
from vitrine.overlay.ledger_file import LedgerFile

path = Path(sys.argv[1])
file, _, _ = LedgerFile.open(path)
before = path.read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    file.append(ENTRIES[1])
except OSError as error:
    print(error.strerror, path.read_bytes() == before)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.append(ENTRIES[1])
file.close()
"""
"""The kernel itself stops the file at a size."""


@pytest.mark.parametrize("room", [0, 1, 60])
def test_a_limit_of_the_system_leaves_nothing_half_written(tmp_path: Path, room: int) -> None:
    path = tmp_path / "ledger"
    written(path, 1)
    command = [sys.executable, "-c", FULL, str(path), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("File too large True\n", "")
    assert reopened(path) == ENTRIES[:2]


KILLED = """
import itertools, sys
from pathlib import Path
from tests.overlay.test_ledger_file import HEADER
from vitrine.overlay.ledger import Entry
from vitrine.overlay.ledger_file import LedgerFile

file = LedgerFile.create(Path(sys.argv[1]), HEADER)
for n in itertools.count(1):
    file.append(Entry(n, n, "show", ("WM-4411", "👗" * 60), 1, n))
    print(n, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_what_was_answered_is_there_after_kill_9(tmp_path: Path, seed: int) -> None:
    """Killed at any instant: while it writes, syncs or answers."""
    path = tmp_path / "ledger"
    answers = random.Random(seed).randint(1, 150)
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(answers):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    answered = answers + sum(line.endswith(b"\n") for line in rest)
    entries = reopened(path)
    assert len(entries) in (answered, answered + 1)
    assert [entry.n for entry in entries] == list(range(1, len(entries) + 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=8), st.data())
def test_cut_anywhere_and_gone_on(tmp_path: Path, products: list[str], data: st.DataObject) -> None:
    path = tmp_path / "ledger"
    path.unlink(missing_ok=True)
    file = LedgerFile.create(path, HEADER)
    for n, product in enumerate(products, 1):
        file.append(Entry(n, n, "show", (product,), 1, n))
    file.close()
    whole = path.read_bytes()
    end = data.draw(st.integers(len(HEADER_LINE) + 1, len(whole)))
    path.write_bytes(whole[:end])
    kept = whole[:end].count(b"\n") - 1
    file, _, entries = LedgerFile.open(path)
    assert [entry.products for entry in entries] == [(product,) for product in products[:kept]]
    for n, product in enumerate(products[kept:], kept + 1):
        file.append(Entry(n, n, "show", (product,), 1, n))
    file.close()
    assert path.read_bytes() == whole
