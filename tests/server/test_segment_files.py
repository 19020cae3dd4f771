import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.kept import new_index
from vitrine.media.cue import Cue
from vitrine.packager.part import Part, part_name, segment_name
from vitrine.packager.published import Published, read_published
from vitrine.packager.segment import Segment, close_segment
from vitrine.packager.store import Stored
from vitrine.server import segment_files
from vitrine.server.index import FILE_NAME
from vitrine.server.segment_files import RANGES_NAME, UNFINISHED, SegmentFiles, remove_left

RANGES = tuple(Published(f"b1-c{n}", Cue(f"c{n}", "A-1", 1, n), None, False, n) for n in range(3))


def segment(msn: int) -> Segment:
    parts = tuple(
        Part(part_name("b1", msn, index), msn, index, 0, 1, 3, 0, True, b"%d.%d " % (msn, index)) for index in range(3)
    )
    return close_segment(segment_name("b1", msn), parts)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[SegmentFiles]:
    files = SegmentFiles(tmp_path / "show" / "b1", "show")
    yield files
    files.close()
    files._thread.shutdown(wait=True)


def test_a_segment_is_found_once_it_is_whole_and_until_it_is_dropped(files: SegmentFiles, tmp_path: Path) -> None:
    files.keep("720p", segment(0))
    files.wait()
    path = tmp_path / "show/b1/segments/720p/b1.0.m4s"
    assert files.find("720p", "b1.0.m4s") == Stored(str(path), 12)
    assert path.read_bytes() == b"0.0 0.1 0.2 "
    assert files.find("360p", "b1.0.m4s") is None
    assert files.find("720p", "../720p/b1.0.m4s") is None
    assert files.trouble is None
    files.drop("720p", "b1.0.m4s")
    assert files.find("720p", "b1.0.m4s") is None
    files.wait()
    assert list((tmp_path / "show/b1/segments/720p").iterdir()) == []


def test_what_is_over_leaves_nothing(files: SegmentFiles, tmp_path: Path) -> None:
    for msn in range(3):
        files.keep("720p", segment(msn))
    files.close()
    files._thread.shutdown(wait=True)
    assert not (tmp_path / "show/b1/segments").exists()


def test_a_full_disk_is_said_in_words_once_and_when_it_is_over(
    files: SegmentFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a folder should be lies a file: the disk takes nothing."""
    (tmp_path / "show/b1").mkdir(parents=True)
    blocker = tmp_path / "show/b1/segments"
    blocker.write_bytes(b"")
    for msn in range(3):
        files.keep("720p", segment(msn))
    files.wait()
    assert files.find("720p", "b1.2.m4s") is None
    assert files.trouble is not None
    assert "one minute only" in files.trouble
    assert len(caplog.records) == 1
    blocker.unlink()
    files.keep("720p", segment(3))
    files.wait()
    assert files.find("720p", "b1.3.m4s") is not None
    assert files.trouble is None


def test_a_slow_disk_loses_segments_and_says_so(files: SegmentFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_files, "MOST_WAITING", 2 * segment(0).entry.size)
    disk = threading.Event()
    files._thread.submit(disk.wait)
    for msn in range(3):
        files.keep("720p", segment(msn))
    assert files.trouble is not None
    assert segment_files.TOO_SLOW in files.trouble
    disk.set()
    files.wait()
    assert [files.find("720p", f"b1.{msn}.m4s") is not None for msn in range(3)] == [True, True, False]


def test_ranges_that_could_not_be_written_are_before_the_show_can_be_gone_on_with(
    files: SegmentFiles, tmp_path: Path
) -> None:
    """And nobody has to wait for the next cue."""
    folder = tmp_path / "show/b1/segments"
    ranges, index = folder / RANGES_NAME, folder / FILE_NAME
    files.describe(new_index("b1", 60))
    ranges.mkdir(parents=True)
    for each in RANGES[:2]:
        files.note(each)
    files.keep("720p", segment(1))
    files.wait()
    files.wait()  # what came of it, too
    assert files.trouble is not None
    assert not index.exists()
    ranges.rmdir()
    files.keep("720p", segment(2))
    files.wait()
    assert files.trouble is None
    assert index.exists()
    files.note(RANGES[2])
    files.wait()
    assert read_published(ranges.read_bytes())[0] == list(RANGES)


def test_an_initialisation_section_that_could_not_be_written_is_before_the_show_can_be_gone_on_with(
    files: SegmentFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "show/b1/segments"
    files.describe(new_index("b1", 60))
    blocker = folder / "720p" / ("b1.init.mp4" + UNFINISHED)
    blocker.mkdir(parents=True)
    files.begin("720p", "b1.init.mp4", b"init")
    files.keep("720p", segment(1))
    files.wait()
    files.wait()  # what came of it, too
    assert files.find("720p", "b1.1.m4s") is not None
    assert files.trouble is not None
    assert not (folder / FILE_NAME).exists()
    blocker.rmdir()
    files.keep("audio", segment(1))
    files.wait()
    assert files.trouble is None
    assert (folder / FILE_NAME).exists()
    assert (folder / "720p/b1.init.mp4").read_bytes() == b"init"


def test_a_piece_of_a_range_that_a_full_disk_took_is_cut_off(files: SegmentFiles, tmp_path: Path) -> None:
    ranges = tmp_path / "show/b1/segments" / RANGES_NAME
    for each in RANGES:
        files.note(each)
        files.wait()
        with ranges.open("ab") as file:
            file.write(b'["b1-c')
    files.note(RANGES[0])
    files.wait()
    data = ranges.read_bytes()
    assert read_published(data) == (list(RANGES), len(data))


def test_what_a_crash_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / "show/b1/segments/720p/b1.0.m4s"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"old")
    ledger = tmp_path / "show/b1/ledger.jsonl"
    ledger.write_bytes(b"kept")
    remove_left(tmp_path)
    assert not left.exists()
    assert ledger.read_bytes() == b"kept"
    remove_left(tmp_path / "not there")
