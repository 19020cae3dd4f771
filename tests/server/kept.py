"""A broadcast that is packaged and kept on disk, as its server does, and left there at any moment."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from tests.packager.table import Row, TableCues
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE, VIDEO_TIMESCALE, Grid
from vitrine.media.h264 import AvcConfig
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.packager.packager import Packager
from vitrine.packager.past import entry_of
from vitrine.packager.run import Run
from vitrine.server.index import Index, opened_text
from vitrine.server.left import Left
from vitrine.server.segment_files import SegmentFiles

START = 1_795_971_603_120_000_000
GRID = Grid(Fraction(25), live=True)
SPS = bytes.fromhex("6764001facb402802dd3501010140000030004000afc803c60ca80")
RENDITIONS = (
    Rendition(
        "360p", VideoTrack(1, Codec.H264, VIDEO_TIMESCALE, AvcConfig((SPS,), (b"h\xef",)).encode(), 640, 360), 1, 1
    ),
    Rendition("audio", AudioTrack(2, Codec.AAC, AUDIO_RATE, bytes.fromhex("1190"), AUDIO_RATE, 2), 1, 1),
)
BROADCAST = "20261129-170000-aaaaaa"
CUES: tuple[Row, ...] = ((30, 1, "A"), (90, 2, "B"))


class Show:
    """A broadcast that is packaged and kept."""

    def __init__(
        self,
        folder: Path,
        left: Left | None = None,
        window: int = 60,
        rows: Sequence[Row] = CUES,
        *,
        start: int = START,
    ) -> None:
        self.files = SegmentFiles(folder, "show")
        self.cues = TableCues(*rows)
        self.frame = {1: 0, 2: 0}
        if left is None:
            self.files.describe(new_index(folder.name, window, start))
        past = None if left is None else left.past
        self.core = Packager(folder.name, RENDITIONS, GRID, start, window, cues=self.cues, store=self.files, past=past)
        if left is not None and past is not None:
            for name, kept in past.segments.items():
                for entry in map(entry_of, kept):
                    self.files.adopt(name, entry.name, entry.size)
            index = left.index.restarted(past.runs)
            run = Run(index.starts, past.next_msn, past.next_segment + 3)
            self.files.describe(index.with_run(run))
            self.core.begin(run, RENDITIONS)
            self.frame = {1: self.core.taken["360p"], 2: self.core.taken["audio"]}
            self.begun = GRID.first_frame(run.first_segment) / GRID.rate
        else:
            self.begun = Fraction(0)

    def play(self, seconds: Fraction | int) -> None:
        """Until so many seconds after this run's beginning."""
        end = self.begun + Fraction(seconds)
        while Fraction(self.frame[2] * AAC_FRAME, AUDIO_RATE) < end:
            at = Fraction(self.frame[2] * AAC_FRAME, AUDIO_RATE)
            while self.frame[1] / GRID.rate <= at:
                self._push(1, GRID.tick(self.frame[1]), GRID.starts_segment(self.frame[1]))
            self._push(2, self.frame[2] * AAC_FRAME, True)

    def _push(self, track: int, tick: int, keyframe: bool) -> None:
        self.core.push(AccessUnit(track, tick, tick, keyframe, b"%d.%d" % (track, self.frame[track])))
        self.frame[track] += 1

    def killed(self) -> None:
        """What was asked to be written by now is; nothing else."""
        self.files.leave()

    def playlists(self) -> dict[str, str]:
        return {name: window.playlist() for name, window in self.core.windows.items()}


def new_index(broadcast: str, window: int, start: int = START) -> Index:
    return Index(
        broadcast=broadcast,
        channel="show",
        rehearsal=False,
        rate="25",
        part="167/500",
        window=window,
        start=start,
        opened=opened_text(RENDITIONS),
    )
