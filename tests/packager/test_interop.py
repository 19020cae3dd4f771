"""FFmpeg reads what the packager writes of real x264 and AAC."""

import json
import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.packager.table import TableCues
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, Grid
from vitrine.media.track import AudioTrack, Rendition, VideoTrack
from vitrine.packager.events import SegmentClosed
from vitrine.packager.packager import Packager
from vitrine.packager.playlist.media import render_vod

pytestmark = pytest.mark.interop

NTSC = Grid(Fraction(30000, 1001))
CUES = TableCues((5, 1, "WM-4411"), (20, 2, "شال 🧣"), (60, 1, None), (75, 1, "--> <b>"), (79, 1, None))
EncodeVideo = Callable[[Grid, int, int], tuple[VideoTrack, list[AccessUnit]]]
EncodeAudio = Callable[[int], tuple[AudioTrack, list[AccessUnit]]]


def package(core: Packager, units: list[AccessUnit], folder: Path, name: str) -> Path:
    """Everything of one rendition as a VOD folder; gives its playlist."""
    events = [event for unit in units for event in core.push(unit)] + core.flush()
    segments = [event.segment for event in events if isinstance(event, SegmentClosed) and event.rendition == name]
    window = core.windows[name]
    for file in ["b7.init.mp4", *(segment.entry.name for segment in segments)]:
        pieces = window.media(file)
        assert isinstance(pieces, tuple)
        (folder / file).write_bytes(b"".join(pieces))
    playlist = folder / "index.m3u8"
    playlist.write_text(render_vod("b7.init.mp4", [segment.entry for segment in segments], core.date_ranges()))
    return playlist


def probe(path: Path, *options: str) -> Any:
    command = ["ffprobe", "-v", "error", "-of", "json", *options, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stderr == ""
    return json.loads(result.stdout)


def joined(folder: Path) -> Path:
    """Init and segments as one file, as a player's buffer holds them."""
    segments = sorted(folder.glob("b7.*.m4s"))
    path = folder / "joined.mp4"
    path.write_bytes(b"".join(file.read_bytes() for file in [folder / "b7.init.mp4", *segments]))
    return path


def test_ffprobe_reads_video(encoded_video: EncodeVideo, tmp_path: Path) -> None:
    track, units = encoded_video(NTSC, 150, 0)
    core = Packager("b7", [Rendition("90p", track, 100_000, 110_000)], NTSC, 0, 60, cues=CUES)
    playlist = package(core, units, tmp_path, "90p")
    facts = probe(joined(tmp_path), "-show_streams", "-show_packets", "-count_frames")
    stream = facts["streams"][0]
    assert stream["codec_tag_string"] == "avc1"
    assert (stream["width"], stream["height"], stream["time_base"]) == (160, 90, "1/90000")
    assert (stream["color_primaries"], stream["color_transfer"], stream["color_space"]) == ("bt709",) * 3
    assert stream["sample_aspect_ratio"] == "1:1"
    assert int(stream["nb_read_frames"]) == 150
    assert [packet["pts"] for packet in facts["packets"]] == [NTSC.tick(frame) for frame in range(150)]
    assert [packet["dts"] for packet in facts["packets"]] == [packet["pts"] for packet in facts["packets"]]
    assert [index for index, packet in enumerate(facts["packets"]) if "K" in packet["flags"]] == [0, 60, 120]
    listed = probe(playlist, "-show_streams", "-count_packets")
    assert int(listed["streams"][0]["nb_read_packets"]) == 150


def test_ffprobe_reads_reordered_video(encoded_video: EncodeVideo, tmp_path: Path) -> None:
    """FFmpeg's mov demuxer moves a track with negative offsets by the largest of them; the distances must be right."""
    track, units = encoded_video(NTSC, 90, 2)
    core = Packager("b7", [Rendition("90p", track, 100_000, 110_000)], NTSC, 0, 60, cues=CUES)
    package(core, units, tmp_path, "90p")
    facts = probe(joined(tmp_path), "-show_packets", "-show_streams", "-count_frames")
    shown = sorted(packet["pts"] for packet in facts["packets"])
    assert [pts - shown[0] for pts in shown] == [NTSC.tick(frame) for frame in range(90)]
    assert any(packet["pts"] != packet["dts"] for packet in facts["packets"])
    assert int(facts["streams"][0]["nb_read_frames"]) == 90


def test_ffprobe_reads_audio(encoded_audio: EncodeAudio, tmp_path: Path) -> None:
    track, units = encoded_audio(200)
    core = Packager("b7", [Rendition("audio", track, 128_000, 140_000)], NTSC, 0, 60, cues=CUES)
    package(core, units, tmp_path, "audio")
    facts = probe(joined(tmp_path), "-show_streams", "-show_packets", "-count_frames")
    stream = facts["streams"][0]
    assert (stream["codec_name"], stream["profile"], stream["codec_tag_string"]) == ("aac", "LC", "mp4a")
    assert (stream["sample_rate"], stream["channels"]) == ("48000", 2)
    assert int(stream["nb_read_frames"]) == len(units) > 190
    assert [packet["pts"] for packet in facts["packets"]] == [index * AAC_FRAME for index in range(len(units))]


def test_ffprobe_reads_the_products(tmp_path: Path, encoded_video: EncodeVideo) -> None:
    track, units = encoded_video(NTSC, 90, 0)
    core = Packager("b7", [Rendition("90p", track, 100_000, 110_000)], NTSC, 0, 60, cues=CUES)
    events = [event for unit in units for event in core.push(unit)] + core.flush()
    found = []
    for event in events:
        if isinstance(event, SegmentClosed) and event.rendition == "products":
            path = tmp_path / event.segment.entry.name
            path.write_bytes(b"".join(event.segment.data))
            for packet in probe(path, "-show_packets", "-show_data")["packets"]:
                text = bytes.fromhex(
                    "".join(re.findall(r"^\w+: ((?:[0-9a-f]+ )+)", packet["data"], re.M)).replace(" ", "")
                )
                found.append((packet["pts"], packet["duration"], text.decode()))
    assert found == [
        (167, 1835, "WM-4411"),
        (667, 1335, "شال 🧣"),
        (2002, 1001, "شال 🧣"),
        (2503, 133, "--&gt; &lt;b&gt;"),
    ]


def test_ffprobe_plays_the_whole_folder(tmp_path: Path, encoded_video: EncodeVideo, encoded_audio: EncodeAudio) -> None:
    """A player that knows nothing of cues finds picture and sound as before."""
    (video, pictures), (audio, sound) = encoded_video(NTSC, 150, 0), encoded_audio(200)
    renditions = [Rendition("90p", video, 100_000, 110_000), Rendition("audio", audio, 128_000, 140_000)]
    core = Packager("b7", renditions, NTSC, 0, 60, cues=CUES)
    events = [event for unit in pictures + sound for event in core.push(unit)] + core.flush()
    for name, window in core.windows.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.m3u8").write_text(window.playlist())
        if isinstance(init := window.media("b7.init.mp4"), tuple):
            (tmp_path / name / "b7.init.mp4").write_bytes(init[0])
    for event in events:
        if isinstance(event, SegmentClosed):
            (tmp_path / event.rendition / event.segment.entry.name).write_bytes(b"".join(event.segment.data))
    (tmp_path / "index.m3u8").write_text(core.multivariant())
    facts = probe(tmp_path / "index.m3u8", "-show_streams", "-count_packets")
    counts = {stream["codec_type"]: int(stream["nb_read_packets"]) for stream in facts["streams"]}
    assert counts["video"] == 150
    assert counts["audio"] == len(sound)
