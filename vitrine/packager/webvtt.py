"""WebVTT segments (w3.org/TR/webvtt1; draft-22 section 3.1.4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.media.ticks import rescale

MPEG_WRAP = 1 << 33
"""Ticks of 90 kHz after which the time stamps of MPEG start again: 26.5 hours."""

UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
"""Line ends, of whichever kind, and control characters: a cue's text ends at an empty line."""


@dataclass(frozen=True, slots=True)
class TextCue:
    """`start` and `end` are milliseconds of programme time; `text` is plain."""

    id: str
    start: int
    end: int
    text: str

    def encode(self) -> str:
        return f"{self.id}\n{timestamp(self.start)} --> {timestamp(self.end)}\n{escaped(self.text)}\n"


def encode_segment(first_tick: int, cues: Sequence[TextCue]) -> bytes:
    """A segment that starts at a tick of 90 kHz."""
    header = f"WEBVTT\n{timestamp_map(first_tick)}\n"
    return "\n".join([header, *(cue.encode() for cue in cues)]).encode()


def timestamp_map(first_tick: int) -> str:
    """The header that ties programme time to media time: both start at 0.

    MPEG's 33 bits do not hold more than 26.5 hours. hls.js takes the nearest time that fits; Shaka counts how often
    they have wrapped before a segment's start, as we do here, and adds that. So a whole second after the last wrap is
    named in both times.
    """
    wraps = first_tick // MPEG_WRAP
    seconds = -(-wraps * MPEG_WRAP // VIDEO_TIMESCALE)
    return f"X-TIMESTAMP-MAP=LOCAL:{timestamp(seconds * 1000)},MPEGTS:{seconds * VIDEO_TIMESCALE - wraps * MPEG_WRAP}"


def milliseconds_at(tick: int) -> int:
    """The millisecond of programme time nearest to a tick of 90 kHz."""
    return rescale(tick, VIDEO_TIMESCALE, 1000)


def timestamp(milliseconds: int) -> str:
    """`00:00:03.120`; hours have more digits where they need them."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{rest:03d}"


def escaped(text: str) -> str:
    """Plain text as a cue's text: one line, without markup, and no arrow in it."""
    line = UNWRITABLE.sub(" ", text)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
