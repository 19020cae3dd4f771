"""What one media playlist says by itself."""

from collections.abc import Iterator
from fractions import Fraction

from vitrine.check.finding import Severity, rule
from vitrine.check.playlist.dates import NANOSECONDS, dates_of
from vitrine.check.playlist.model import MediaPlaylist
from vitrine.check.seen import seconds_text

DRIFT = Fraction(1, 10)
"""Seconds between a segment's date and where the one before it ends. Encoders date by a clock that jitters."""

LEAST_SEGMENTS = 6
"""Apple's HLS Authoring Specification 8.11."""


@rule("draft 4")
def playlist_is_well_formed(playlist: MediaPlaylist) -> Iterator[str]:
    """Every tag and attribute is written as the draft says."""
    for fault in playlist.faults:
        yield f"line {fault.line}: {fault.says}"


@rule("draft 4.4.3.1")
def target_duration_is_there(playlist: MediaPlaylist) -> Iterator[str]:
    """EXT-X-TARGETDURATION is required."""
    if not playlist.target_duration:
        yield "there is no EXT-X-TARGETDURATION above 0"


@rule("draft 4.4.3.1")
def segments_are_no_longer_than_the_target(playlist: MediaPlaylist) -> Iterator[str]:
    """An EXTINF, rounded to the nearest second, is at most EXT-X-TARGETDURATION."""
    for segment in playlist.segments:
        if playlist.target_duration and int(segment.duration + Fraction(1, 2)) > playlist.target_duration:
            told = f"TARGETDURATION is {playlist.target_duration}"
            yield f"segment {segment.msn} has EXTINF {seconds_text(segment.duration)}; {told}"


def _version_needed(playlist: MediaPlaylist) -> tuple[int, str]:
    """Section 8."""
    control, needs = playlist.server_control, [(1, "")]
    if any(segment.duration.denominator != 1 for segment in playlist.segments):
        needs.append((3, "an EXTINF with decimals"))
    if playlist.tags & {"EXT-X-BYTERANGE", "EXT-X-I-FRAMES-ONLY"}:
        needs.append((4, "EXT-X-BYTERANGE or EXT-X-I-FRAMES-ONLY"))
    if "EXT-X-MAP" in playlist.tags:
        needs.append((5, "EXT-X-MAP") if playlist.i_frames_only else (6, "EXT-X-MAP"))
    if "EXT-X-DEFINE" in playlist.tags:
        needs.append((8, "EXT-X-DEFINE"))
    if playlist.skip is not None:
        needs.append((9, "EXT-X-SKIP"))
    if playlist.skip is not None and control and control.can_skip_dateranges:
        needs.append((10, "EXT-X-SKIP of date ranges"))
    return max(needs)


@rule("draft 8")
def version_is_high_enough(playlist: MediaPlaylist) -> Iterator[str]:
    """EXT-X-VERSION is at least what the tags in use ask for."""
    needed, because = _version_needed(playlist)
    if (playlist.version or 1) < needed:
        yield f"EXT-X-VERSION is {playlist.version or 'absent'}; {because} needs {needed}"


@rule("draft 6.2.2")
def live_playlist_has_its_sequence(playlist: MediaPlaylist) -> Iterator[str]:
    """A playlist from which segments are removed has EXT-X-MEDIA-SEQUENCE."""
    if playlist.live and playlist.media_sequence is None and len(playlist.segments) >= LEAST_SEGMENTS:
        yield "a live playlist has no EXT-X-MEDIA-SEQUENCE"


@rule("Apple 8.17", Severity.WARNING)
def discontinuities_are_counted(playlist: MediaPlaylist) -> Iterator[str]:
    """A live playlist with EXT-X-DISCONTINUITY has EXT-X-DISCONTINUITY-SEQUENCE."""
    tagged = any(segment.discontinuity for segment in playlist.segments)
    if playlist.live and tagged and playlist.discontinuity_sequence is None:
        yield "there is an EXT-X-DISCONTINUITY, but no EXT-X-DISCONTINUITY-SEQUENCE"


@rule("draft 4.4.2.2", Severity.WARNING)
def start_is_not_at_the_live_edge(playlist: MediaPlaylist) -> Iterator[str]:
    """EXT-X-START is not within three target durations of a live playlist's end."""
    offset = playlist.start_offset
    if offset is None or playlist.ended:
        return
    from_end = -offset if offset < 0 else playlist.seconds - offset
    if from_end < 3 * playlist.target and not playlist.has_parts:
        yield f"TIME-OFFSET is {float(offset):g}, {seconds_text(from_end)} from the end"


@rule("Apple 8.4", Severity.WARNING)
def live_playlist_has_dates(playlist: MediaPlaylist) -> Iterator[str]:
    """A live playlist has EXT-X-PROGRAM-DATE-TIME."""
    if playlist.live and playlist.segments and all(segment.date is None for segment in playlist.segments):
        yield "no segment has an EXT-X-PROGRAM-DATE-TIME"


@rule("draft 6.2.1", Severity.WARNING)
def discontinuities_are_dated(playlist: MediaPlaylist) -> Iterator[str]:
    """Where there are dates, every segment after an EXT-X-DISCONTINUITY has one."""
    if any(segment.date is not None for segment in playlist.segments):
        for segment in playlist.segments:
            if segment.discontinuity and segment.date is None:
                yield f"segment {segment.msn} follows an EXT-X-DISCONTINUITY and has no date"


def _date_steps(playlist: MediaPlaylist) -> Iterator[tuple[int, Fraction]]:
    """For each segment with a date of its own: how many seconds after the one before it ends."""
    dates = dates_of(playlist.segments)
    for before, date, segment in zip(playlist.segments, dates, playlist.segments[1:], strict=False):
        if date is not None and segment.date is not None:
            yield segment.msn, segment.date / Fraction(NANOSECONDS) - date / NANOSECONDS - before.duration


@rule("draft 6.2.1")
def dates_are_unambiguous(playlist: MediaPlaylist) -> Iterator[str]:
    """Dates overlap by less than a second."""
    for msn, step in _date_steps(playlist):
        if step <= -1:
            yield f"segment {msn} is dated {seconds_text(-step)} before the end of the one before it"


@rule("draft 4.4.4.6", Severity.WARNING)
def dates_follow_durations(playlist: MediaPlaylist) -> Iterator[str]:
    """The dates of two neighbours are the EXTINF of the first apart, unless there is a discontinuity between."""
    tagged = {segment.msn for segment in playlist.segments if segment.discontinuity}
    for msn, step in _date_steps(playlist):
        if (step > DRIFT and msn not in tagged) or -1 < step < -DRIFT:
            yield f"segment {msn} is dated {seconds_text(step)} from where the one before it ends"


RULES = (
    playlist_is_well_formed,
    target_duration_is_there,
    segments_are_no_longer_than_the_target,
    version_is_high_enough,
    live_playlist_has_its_sequence,
    discontinuities_are_counted,
    start_is_not_at_the_live_edge,
    live_playlist_has_dates,
    discontinuities_are_dated,
    dates_are_unambiguous,
    dates_follow_durations,
)
