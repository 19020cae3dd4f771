"""Media playlists: the Low-Latency live form, whole or as a delta update, and the VOD form (draft-22 section 4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from vitrine.media.grid import SEGMENT_SECONDS
from vitrine.packager.part import Part
from vitrine.packager.playlist import tags
from vitrine.packager.segment import Segment, SegmentEntry

TARGET_DURATION = SEGMENT_SECONDS
"""Seconds. It must never change (section 6.2.1), so it is not computed from what was cut."""

CAN_SKIP_UNTIL = 6 * TARGET_DURATION
"""Seconds; the least that section 4.4.3.8 allows."""

HOLD_BACK = 3 * TARGET_DURATION
"""Seconds; the least that section 4.4.3.8 allows."""

PARTS_LISTED = 3 * TARGET_DURATION
"""Seconds from the end beyond which parts leave the playlist (section 6.2.2)."""

PART_HOLD_BACK_PARTS = 3
"""The draft wants two and better three; Apple's players refuse fewer than three (Authoring Specification 14.3)."""

LIVE_VERSION = 10
"""EXT-X-SKIP asks for 9, skipped date ranges for 10 (section 8)."""

REPEATED = 150
"""Segments after a discontinuity, five minutes, for which delta updates go back to it. With a window of hours they
would be nearly the whole playlist otherwise, for hours after a restart."""

VOD_VERSION = 6
"""EXT-X-MAP without EXT-X-I-FRAMES-ONLY asks for 6 (section 8)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A closed segment in a playlist, with its lines where its parts are not listed: they are written once.

    `parts` are kept while they may be listed, no longer than their bytes. `opening` are the lines of a discontinuity
    before it.
    """

    entry: SegmentEntry
    parts: Sequence[Part]
    lines: str
    opening: str = ""


@dataclass(frozen=True, slots=True)
class LiveState:
    """All that a live media playlist says, except for its reports of the other renditions.

    `date_ranges` are whole lines; `news` are those that a delta update may not leave out, and the ids of the ranges
    that have left, None where it has to hold them all. `init_name` is None for a rendition of text, which has no
    initialisation section and no parts. `hint` is the name of the next part, None where there will be none.
    `discontinuities` have left the playlist; `opening` are the lines of one before the open segment.
    """

    part_target: Fraction
    segments: Sequence[Listed]
    first_msn: int
    ended: bool
    date_ranges: str = ""
    news: tuple[str, str] | None = None
    init_name: str | None = None
    open_parts: Sequence[Part] = ()
    hint: str | None = None
    discontinuities: int = 0
    opening: str = ""


def listed(segment: Segment | SegmentEntry, opening: str = "") -> Listed:
    """`opening` are the lines that `discontinuity` gives."""
    entry, parts = (segment.entry, segment.parts) if isinstance(segment, Segment) else (segment, ())
    return Listed(entry, parts, _segment_lines(entry, (), opening), opening)


def discontinuity(init_name: str | None) -> str:
    """The lines before a segment that does not go on from the one before it."""
    return tags.DISCONTINUITY + "\n" + ("" if init_name is None else tags.map_uri(init_name) + "\n")


def render_live(state: LiveState, *, delta: bool) -> str:
    """The playlist's text. With `delta` what lies before the skip boundary is left out, if anything does.

    At the end no parts are left, as there is no live edge any more (section 6.2.1). hls.js (1.7) would compare the last
    one's middle with what it has of pictures and sound together, and wait for ever where one ends a frame earlier.

    A discontinuity is not left out, nor what follows it, before it is REPEATED segments back: hls.js to 1.5.18, and
    from 1.6.2 to 1.6.4, loses count then (#6949, #7282).
    """
    skipped = _before(state.segments, 0, CAN_SKIP_UNTIL) if delta else 0
    recent = range(max(0, len(state.segments) - REPEATED), skipped)
    skipped = next((index for index in recent if state.segments[index].opening), skipped)
    open_ticks = sum(part.ticks for part in state.open_parts)
    bare = _before(state.segments, open_ticks, PARTS_LISTED, whole=False)
    if state.init_name is None or state.ended:
        bare = len(state.segments)
    ranges, removed = state.news if skipped and state.news else (state.date_ranges, None)
    blocks = [_live_header(state), ranges]
    if skipped:
        blocks.append(tags.skip(skipped, removed) + "\n")
    elif state.init_name is not None:
        blocks.append(tags.map_uri(state.init_name) + "\n")
    blocks += [listed.lines for listed in state.segments[skipped:bare]]
    newest = state.segments[max(skipped, bare) :]
    blocks += [_segment_lines(listed.entry, listed.parts, listed.opening) for listed in newest]
    if state.open_parts:
        blocks.append(
            state.opening + tags.program_date_time(state.open_parts[0].utc_ns) + "\n" + _part_lines(state.open_parts)
        )
    if state.ended:
        blocks.append(tags.ENDLIST + "\n")
    elif state.hint is not None:
        blocks.append(tags.preload_hint(state.hint) + "\n")
    return "".join(blocks)


def _before(segments: Sequence[Listed], end_ticks: int, limit: int, *, whole: bool = True) -> int:
    """How many segments lie further than `limit` seconds from the end: with `whole` the whole of each, else its start.

    `end_ticks` is what follows the last of them.
    """
    index, distance = len(segments), end_ticks
    while index:
        entry = segments[index - 1].entry
        reached = distance if whole else distance + entry.ticks
        beyond = reached >= limit * entry.timescale if whole else reached > limit * entry.timescale
        if beyond:
            break
        distance += entry.ticks
        index -= 1
    return index


def _live_header(state: LiveState) -> str:
    """SERVER-CONTROL speaks of parts also where there are none: all playlists must have the same (section 6.2.4).

    DISCONTINUITY-SEQUENCE stands there also while it is 0 (HLS Authoring Specification 8.17).
    """
    lines = (
        tags.EXTM3U,
        tags.version(LIVE_VERSION),
        tags.target_duration(TARGET_DURATION),
        tags.server_control(
            can_skip_until=CAN_SKIP_UNTIL,
            hold_back=HOLD_BACK,
            part_hold_back=PART_HOLD_BACK_PARTS * state.part_target,
        ),
        *([] if state.init_name is None else [tags.part_inf(state.part_target)]),
        tags.media_sequence(state.first_msn),
        tags.discontinuity_sequence(state.discontinuities),
        tags.INDEPENDENT_SEGMENTS,
    )
    return "\n".join(lines) + "\n"


def _segment_lines(entry: SegmentEntry, parts: Sequence[Part], opening: str = "") -> str:
    """The date stands before the segment's first part, where it has to (section 4.4.4.9)."""
    date = tags.program_date_time(entry.utc_ns)
    gap = f"{tags.GAP}\n" if entry.gap else ""
    return f"{opening}{date}\n{_part_lines(parts)}{gap}{tags.extinf(entry.ticks, entry.timescale)}\n{entry.name}\n"


def _part_lines(parts: Sequence[Part]) -> str:
    return "".join(
        tags.part(part.name, part.ticks, part.timescale, independent=part.independent, gap=part.gap) + "\n"
        for part in parts
    )


def render_reports(reports: Sequence[tuple[str, int, int | None]]) -> str:
    """The lines that tell where other renditions are: their name, last media sequence number and last part, if any."""
    return "".join(
        tags.rendition_report(f"../{name}/index.m3u8", last_msn, last_part) + "\n"
        for name, last_msn, last_part in reports
    )


def render_vod(init_name: str | None, entries: Sequence[SegmentEntry], date_ranges: str = "") -> str:
    """A finished rendition, whole, without parts. `init_name` is None for one of text, `date_ranges` whole lines."""
    longest = max((round(entry.duration) for entry in entries), default=TARGET_DURATION)
    lines = (
        tags.EXTM3U,
        tags.version(VOD_VERSION),
        tags.target_duration(max(TARGET_DURATION, longest)),
        tags.PLAYLIST_TYPE_VOD,
        tags.media_sequence(entries[0].msn if entries else 0),
        tags.INDEPENDENT_SEGMENTS,
        *([] if init_name is None else [tags.map_uri(init_name)]),
    )
    body = "".join(_segment_lines(entry, ()) for entry in entries)
    return "\n".join(lines) + "\n" + date_ranges + body + tags.ENDLIST + "\n"
