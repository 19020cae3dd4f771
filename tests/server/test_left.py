"""A broadcast on disk that its server left at any moment, and the one that finds it."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from tests.packager.table import Row
from tests.server.kept import BROADCAST, CUES, Show
from vitrine.origin.hls import Hls
from vitrine.origin.reply import Reply
from vitrine.origin.request import Request
from vitrine.origin.stream import LiveStream
from vitrine.packager import past
from vitrine.packager.part import PRODUCTS
from vitrine.packager.past import Shelf, entry_of
from vitrine.packager.published import read_published
from vitrine.packager.store import Stored
from vitrine.server import left
from vitrine.server.index import FILE_NAME
from vitrine.server.left import Left, find_left
from vitrine.server.segment_files import FOLDER, RANGES_NAME, UNFINISHED


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    return tmp_path / "show"


@pytest.fixture
def start(channel: Path) -> Iterator[Callable[..., Show]]:
    made: list[Show] = []

    def make(left: Left | None = None, name: str = BROADCAST, window: int = 60, rows: Sequence[Row] = CUES) -> Show:
        made.append(Show(channel / name, left, window, rows))
        return made[-1]

    yield make
    for each in made:
        each.files.leave()


def found(channel: Path) -> Left:
    left = find_left(channel, rehearsal=False)
    assert left is not None
    return left


def without_parts(playlist: str) -> list[str]:
    """What is listed of segments, and of date ranges."""
    lines = playlist.splitlines()
    wanted = ("#EXTINF", BROADCAST, "#EXT-X-PROGRAM", "#EXT-X-DISC", "#EXT-X-DATE", "#EXT-X-MEDIA-SEQ", "#EXT-X-MAP")
    return [line for line in lines if line.startswith(wanted)]


def test_a_show_goes_on_from_its_files_alone(start: Callable[..., Show], channel: Path) -> None:
    first = start()
    first.play(9)
    before = first.playlists()
    first.killed()
    left = found(channel)
    second = start(left)
    after = second.playlists()
    for name, former in before.items():
        # the open segment had no EXTINF; it is the last that is listed now
        whole = [line for line in without_parts(former) if not line.startswith("#EXT-X-PROGRAM")]
        now = [line for line in without_parts(after[name]) if not line.startswith("#EXT-X-PROGRAM")]
        assert (now[: len(whole)], len(now)) == (whole, len(whole) + 2)
    second.play(5)
    text = second.playlists()["360p"]
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:0" in text


def test_and_again_and_again(start: Callable[..., Show], channel: Path) -> None:
    """Each kill costs one discontinuity, and no number."""
    show = start()
    for run in range(1, 5):
        show.play(Fraction(run * 7, 3))
        show.killed()
        show = start(found(channel))
    show.play(3)
    text = show.playlists()["audio"]
    assert text.count("#EXT-X-DISCONTINUITY\n") == 4
    numbers = [int(line.split(".")[-2]) for line in text.splitlines() if line.endswith(".m4s")]
    assert numbers == list(range(1, len(numbers) + 1))
    for name in [line for line in text.splitlines() if line.endswith(".m4s")]:
        assert isinstance(show.core.windows["audio"].media(name), tuple)
    show.play(90)
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:4" in show.playlists()["audio"]


def test_a_start_that_came_to_nothing_is_no_discontinuity(start: Callable[..., Show], channel: Path) -> None:
    """Killed again before the first part: no name of it is used again, and nothing else of it is left."""
    show = start()
    show.play(5)
    for _ in range(3):
        show.killed()
        show = start(found(channel))
    show.play(5)
    text = show.playlists()["360p"]
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert f"{BROADCAST}.r3.5.m4s" in text
    show.play(90)
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1\n" in show.playlists()["360p"]


def test_of_hours_the_last_minute_is_read_and_the_rest_is_known(start: Callable[..., Show], channel: Path) -> None:
    show = start(window=600)
    show.play(301)
    show.killed()
    show = start(found(channel), window=600)
    window = show.core.windows["360p"]
    assert "#EXT-X-MEDIA-SEQUENCE:1\n" in window.playlist()
    old, new = (window.media(f"20261129-170000-aaaaaa.{msn}.m4s") for msn in (3, 140))
    assert isinstance(old, Stored)
    assert Path(old.path).stat().st_size == old.size
    assert isinstance(new, tuple)
    show.play(3)
    show.killed()
    again = found(channel).past.segments["360p"]
    whole = [entry_of(each).duration == 2 for each in again[:-1]]
    assert whole.count(False) == 3, "the first two are halves, and one was cut short"


def test_cut_at_any_byte_there_is_something_to_go_on_from(
    start: Callable[..., Show], channel: Path, tmp_path: Path
) -> None:
    show = start()
    show.play(Fraction(53, 10))
    show.killed()
    folder = channel / BROADCAST / FOLDER
    text = folder / PRODUCTS / f"{BROADCAST}.3.vtt"
    text.rename(text.with_name(text.name + UNFINISHED))
    unfinished = next((folder / "360p").glob("*.part"))
    data = unfinished.read_bytes()
    ends, ranges = [], []
    for size in (*range(0, len(data), 7), len(data)):
        copy = tmp_path / "copies" / str(size)
        shutil.copytree(channel, copy)
        for path in (unfinished, folder / RANGES_NAME, folder / PRODUCTS / (text.name + UNFINISHED)):
            cut = copy / path.relative_to(channel)
            os.truncate(cut, cut.stat().st_size * size // len(data))
        cut = copy / unfinished.relative_to(channel)
        past = found(copy).past
        written = (copy / BROADCAST / FOLDER / RANGES_NAME).read_bytes()
        assert read_published(written) == (past.published, len(written))
        ranges.append(len(past.published))
        assert [entry_of(each).gap for each in past.segments[PRODUCTS]][2:] == [True] * (len(past.segments["360p"]) - 2)
        last = past.segments["360p"][-1]
        ends.append(past.next_msn * 2 - 6 + entry_of(last).duration)
        assert len({len(kept) for kept in past.segments.values()}) == 1
        listed = {entry_of(each).name for each in past.segments["360p"]}
        assert {each.name for each in cut.parent.iterdir() if each.suffix == ".m4s"} == listed
        assert not list(cut.parent.glob("*.part"))
        shutil.rmtree(copy)
    assert sorted(set(ranges)) == [0, 1, 2]
    assert ranges == sorted(ranges)
    assert ends == sorted(ends)
    assert (ends[0], ends[-1]) == (Fraction(4), Fraction(124, 25)), "three parts: a fourth has no sound"


def test_what_a_start_cuts_is_another_representation(start: Callable[..., Show], channel: Path) -> None:
    """Viewers may have a segment of pictures whole whose sound was not closed."""
    show = start()
    show.play(Fraction(61, 10))
    address = f"/hls/show/360p/{BROADCAST}.{{}}.m4s"
    before = {msn: answer(show, address.format(msn)) for msn in (3, 4)}
    show.killed()
    folder = channel / BROADCAST / FOLDER
    sound = folder / "audio" / f"{BROADCAST}.4.m4s"
    data = sound.read_bytes()
    sound.rename(sound.with_name(sound.name + UNFINISHED)).write_bytes(data[:-100])
    second = start(found(channel))
    for msn, changed in ((3, False), (4, True)):
        known, now = before[msn], answer(second, address.format(msn))
        assert (known.size > now.size, known.headers["ETag"] != now.headers["ETag"]) == (changed, changed)
        asked = answer(second, address.format(msn), **{"if-none-match": known.headers["ETag"]})
        assert asked.status == (200 if changed else 304)


def answer(show: Show, address: str, **headers: str) -> Reply:
    stream = LiveStream(show.core)
    reply = Hls(lambda _: [stream]).answer(Request("GET", address, headers))
    assert isinstance(reply, Reply)
    return reply


def test_a_text_that_is_not_whole_is_none(start: Callable[..., Show], channel: Path) -> None:
    show = start()
    show.play(9)
    show.killed()
    folder = channel / BROADCAST / FOLDER / PRODUCTS
    for msn in (2, 5):
        text = folder / f"{BROADCAST}.{msn}.vtt"
        text.rename(text.with_name(text.name + UNFINISHED)).write_bytes(b"WEBVTT\nX-TIMESTA")
    texts = found(channel).past.segments[PRODUCTS]
    gaps = [entry_of(each).gap for each in texts]
    assert gaps == [False, True, False, False, True, True], "the newest was never begun"
    assert {each.name for each in folder.iterdir()} == {entry_of(each).name for each in texts if not entry_of(each).gap}


def test_what_cannot_be_read_is_left_out_in_words(
    start: Callable[..., Show], channel: Path, caplog: pytest.LogCaptureFixture
) -> None:
    show = start()
    show.play(3)
    show.killed()
    path = channel / BROADCAST / FOLDER / FILE_NAME
    whole = path.read_bytes()
    for size in range(0, len(whole), 5):
        path.write_bytes(whole[:size])
        assert find_left(channel, rehearsal=False) is None
    assert "index cannot be read" in caplog.text
    path.write_bytes(whole)
    assert find_left(channel, rehearsal=True) is None
    assert find_left(channel / "not there", rehearsal=False) is None
    assert find_left(channel, rehearsal=False) is not None


def test_the_newest_show_is_the_one(start: Callable[..., Show], channel: Path) -> None:
    for name in ("20261129-170000-aaaaaa", "20261129-190000-aaaaaa", "20261129-180000-aaaaaa"):
        show = start(name=name)
        show.play(3)
        show.killed()
    assert found(channel).folder.name == "20261129-190000-aaaaaa"


def test_a_show_that_meets_a_bug_keeps_no_other_from_going_on(
    start: Callable[..., Show], channel: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Or the server would end at every start."""
    for name in ("20261129-170000-aaaaaa", "20261129-180000-aaaaaa"):
        show = start(name=name)
        show.play(3)
        show.killed()

    def settle(shelves: Sequence[Shelf]) -> tuple[int, int, Fraction] | None:
        assert "180000" not in shelves[0].broadcast, "a bug"
        return past.settle(shelves)

    monkeypatch.setattr(left, "settle", settle)
    assert found(channel).folder.name == "20261129-170000-aaaaaa"
    [record] = caplog.records
    assert record.getMessage() == "show: broadcast 20261129-180000-aaaaaa cannot be gone on with"
    assert record.exc_info is not None


def test_a_disk_that_loses_segments_leaves_nothing_to_go_on_from(
    start: Callable[..., Show], channel: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it has would be older than what viewers have seen."""
    show = start()
    show.play(3)
    show.files.wait()
    folder = channel / BROADCAST / FOLDER
    shutil.move(folder / "360p", folder / "elsewhere")
    (folder / "360p").write_bytes(b"")
    show.play(7)
    show.files.wait()
    assert find_left(channel, rehearsal=False) is None
    assert len([each for each in caplog.records if "not kept" in each.getMessage()]) == 1
    (folder / "360p").unlink()
    shutil.move(folder / "elsewhere", folder / "360p")
    show.play(12)
    show.killed()
    assert found(channel).past.next_msn == 8


@pytest.mark.parametrize("name", [RANGES_NAME, f"360p/{BROADCAST}.init.mp4{UNFINISHED}"])
def test_nor_does_one_that_loses_what_tells_of_them_until_it_has_that_too(
    start: Callable[..., Show], channel: Path, name: str
) -> None:
    blocked = channel / BROADCAST / FOLDER / name
    blocked.mkdir(parents=True)
    show = start()
    show.play(5)
    show.files.wait()
    show.files.wait()  # for the index to be removed, which the trouble asked for
    assert find_left(channel, rehearsal=False) is None
    blocked.rmdir()
    show.play(7)
    before = show.playlists()["360p"]
    show.killed()
    after = start(found(channel)).playlists()["360p"]
    for tag in ("#EXT-X-MAP", "#EXT-X-DATERANGE"):
        told = [line for line in before.splitlines() if line.startswith(tag)]
        assert told
        assert [line for line in after.splitlines() if line.startswith(tag)][: len(told)] == told


def test_ranges_are_told_as_they_were_published(start: Callable[..., Show], channel: Path) -> None:
    """A correction gave a cue a second range; the next server must not give the first one's name to anything else."""
    show = start()
    show.play(4)
    show.cues.say((60, 1, "C"))
    show.cues.rows[1] = (80, 2, "B")
    show.cues.say((400, 3, "D"))
    show.play(6)
    before = [line for line in show.playlists()["360p"].splitlines() if "DATERANGE" in line]
    assert any("-r2" in line for line in before)
    assert any("X-WITHDRAWN" in line for line in before)
    rows = show.cues.rows
    show.killed()
    assert (channel / BROADCAST / FOLDER / RANGES_NAME).exists()
    second = start(found(channel), rows=rows)
    after = [line for line in second.playlists()["360p"].splitlines() if "DATERANGE" in line]
    assert after == before


def test_a_torn_range_costs_no_other(start: Callable[..., Show], channel: Path) -> None:
    """What the next server writes can be read by the one after it."""
    show = start()
    show.play(4)
    show.killed()
    ranges = channel / BROADCAST / FOLDER / RANGES_NAME
    with ranges.open("ab") as file:
        file.write(b'["torn')
    second = start(found(channel), rows=(*CUES, (300, 3, "D")))
    second.play(4)
    second.killed()
    data = ranges.read_bytes()
    published, size = read_published(data)
    assert size == len(data)
    assert [each.cue.product for each in published] == ["A", "B", "D"]


@pytest.mark.parametrize("data", [None, b""], ids=["not there", "empty"])
def test_a_run_without_an_initialisation_section_is_nothing_to_go_on_from(
    start: Callable[..., Show], channel: Path, data: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes after it is."""
    show = start()
    for _ in range(2):
        show.play(5)
        show.killed()
        show = start(found(channel))
    show.play(5)
    show.killed()
    folder = channel / BROADCAST / FOLDER / "360p"
    for run, first in (("", 5), (".r1", 8), (".r2", None)):
        lost = folder / f"{BROADCAST}{run}.init.mp4"
        lost.unlink()
        if data is not None:
            lost.write_bytes(data)
        left = find_left(channel, rehearsal=False)
        assert (None if left is None else entry_of(left.past.segments["audio"][0]).msn) == first
    assert f"lost the initialisation section {BROADCAST}.r1.init.mp4" in caplog.text
