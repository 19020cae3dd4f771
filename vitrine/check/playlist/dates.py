"""The dates of segments: those that are written, and those that follow from them (draft-22 section 4.4.4.6)."""

from collections.abc import Sequence
from fractions import Fraction

from vitrine.check.playlist.model import MediaPlaylist, Segment

NANOSECONDS = 1_000_000_000


def dates_of(segments: Sequence[Segment]) -> list[Fraction | None]:
    """Nanoseconds at each segment's start; a segment without a date follows the one before it.

    Segments before the first date are counted back from it, as far as there is no discontinuity between.
    """
    dates: list[Fraction | None] = []
    running: Fraction | None = None
    for segment in segments:
        if segment.date is not None:
            running = Fraction(segment.date)
        elif segment.discontinuity:
            running = None
        dates.append(running)
        if running is not None:
            running += segment.duration * NANOSECONDS
    for index in range(len(segments) - 2, -1, -1):
        following = dates[index + 1]
        if dates[index] is None and following is not None and not segments[index + 1].discontinuity:
            dates[index] = following - segments[index].duration * NANOSECONDS
    return dates


def span_of(playlist: MediaPlaylist) -> tuple[Fraction, Fraction] | None:
    """The dates of the first frame listed and of the end of the last; None where nothing is dated."""
    dates = dates_of(playlist.segments)
    start = dates[0] if dates else None
    if start is None:
        return None
    return start, start + playlist.seconds * NANOSECONDS
