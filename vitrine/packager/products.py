"""The products on show as text, segment by segment: a subtitle rendition that any HLS player can switch on.

A segment is written once, when the first rendition closes the segment of that number, from what is decided by then.
"""

from vitrine.media.cue import Showing
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.packager.cues import Cues
from vitrine.packager.part import Part, text_name
from vitrine.packager.programme import Programme
from vitrine.packager.run import FIRST_RUN, Run
from vitrine.packager.segment import Segment, close_segment
from vitrine.packager.webvtt import TextCue, encode_segment, milliseconds_at


class ProductsSegmenter:
    """Cuts on the video's grid."""

    def __init__(self, broadcast: str, cues: Cues, programme: Programme, run: Run = FIRST_RUN) -> None:
        self._stem = run.stem(broadcast)
        self._run = run
        self._cues = cues
        self._programme = programme
        self._msn = run.first_msn

    @property
    def msn(self) -> int:
        """The segment that `close` makes next."""
        return self._msn

    def close(self, end_tick: int | None = None) -> Segment:
        """The next segment; it lasts as the grid says, or to a tick of the video's timescale at which all has ended."""
        grid = self._programme.grid
        segment = self._run.segment(self._msn)
        first_tick, grid_end = grid.segment_start(segment), grid.segment_start(segment + 1)
        end_tick = grid_end if end_tick is None else min(end_tick, grid_end)
        name = text_name(self._stem, self._msn)
        # A Segment has parts; this one's only part is never listed.
        part = Part(
            name=name,
            msn=self._msn,
            index=0,
            first_tick=first_tick,
            ticks=end_tick - first_tick,
            timescale=VIDEO_TIMESCALE,
            utc_ns=self._programme.utc_ns(first_tick, VIDEO_TIMESCALE),
            independent=True,
            data=encode_segment(first_tick, self._text_cues(end_tick)),
        )
        self._msn += 1
        return close_segment(name, (part,))

    def _text_cues(self, end_tick: int) -> list[TextCue]:
        """What is on show in the open segment, by start, then slot, no piece longer than the segment.

        hls.js knows a cue by its id and takes each only once, so every piece of a cue needs an id of its own: the
        segment's number follows the cue's id.
        """
        grid = self._programme.grid
        times: dict[Showing, tuple[int, int]] = {}
        segment = self._run.segment(self._msn)
        first, end = grid.first_frame(segment), grid.first_frame(segment + 1)
        starts = list(dict.fromkeys((first, *self._cues.changes(first, end))))
        for frame, following in zip(starts, [*starts[1:], end], strict=True):
            start, stop = grid.tick(frame), min(grid.tick(following), end_tick)
            for showing in self._cues.snapshot(frame).on if start < stop else ():
                times[showing] = (times.get(showing, (start, stop))[0], stop)
        return [
            TextCue(
                f"{showing.cue}/{self._msn}",
                milliseconds_at(start),
                milliseconds_at(stop),
                self._cues.title(showing.product) or showing.product,
            )
            for showing, (start, stop) in sorted(times.items(), key=lambda item: (item[1][0], item[0].slot))
        ]
