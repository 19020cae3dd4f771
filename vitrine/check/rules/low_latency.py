"""What one playlist says of its parts and of what its server can do."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from vitrine.check.finding import Severity, rule
from vitrine.check.playlist.model import MediaPlaylist, Part, Segment
from vitrine.check.seen import seconds_text

LEAST_SHARE = Fraction(85, 100)
"""Of PART-TARGET, below which a part may not be (section 4.4.4.9)."""

ROUNDING = Fraction(1, 1000)
"""Seconds by which a written duration may be off: many servers write milliseconds."""


def _parts(playlist: MediaPlaylist) -> Iterator[tuple[str, Part]]:
    for segment in playlist.segments:
        for index, part in enumerate(segment.parts):
            yield f"part {index} of segment {segment.msn}", part
    for index, part in enumerate(playlist.open.parts):
        yield f"part {index} of segment {playlist.next_msn}", part


@rule("draft 4.4.3.7")
def part_target_is_there(playlist: MediaPlaylist) -> Iterator[str]:
    """A playlist with parts has EXT-X-PART-INF."""
    if playlist.has_parts and playlist.part_target is None:
        yield "there are parts, but no PART-TARGET"


@rule("draft B.1")
def reloads_can_be_blocked(playlist: MediaPlaylist) -> Iterator[str]:
    """A live playlist with parts says CAN-BLOCK-RELOAD=YES: players would ask several times a second otherwise."""
    control = playlist.server_control
    if playlist.live and playlist.has_parts and not (control and control.can_block_reload):
        yield "there are parts, but no CAN-BLOCK-RELOAD=YES"


@rule("draft 4.4.3.8", Severity.WARNING)
def announced_parts_are_there(playlist: MediaPlaylist) -> Iterator[str]:
    """A live playlist with EXT-X-PART-INF has parts: players wait for them."""
    if playlist.live and playlist.part_target is not None and playlist.segments and not playlist.has_parts:
        yield "there is an EXT-X-PART-INF, but no part"


@rule("draft 4.4.4.9")
def parts_are_no_longer_than_their_target(playlist: MediaPlaylist) -> Iterator[str]:
    """A part's DURATION is at most PART-TARGET."""
    for name, part in _parts(playlist):
        if playlist.part_target is not None and part.duration > playlist.part_target:
            told = f"PART-TARGET is {seconds_text(playlist.part_target)}"
            yield f"{name} has DURATION {seconds_text(part.duration)}; {told}"


@rule("draft 4.4.4.9")
def parts_are_not_too_short(playlist: MediaPlaylist) -> Iterator[str]:
    """A part lasts 85 % of PART-TARGET, unless it is independent, a gap, before a gap, or the last of its segment."""
    target = playlist.part_target
    runs = [(segment.msn, segment.parts) for segment in playlist.segments]
    for msn, parts in (*runs, (playlist.next_msn, playlist.open.parts)):
        for index, (part, following) in enumerate(pairwise(parts)):
            free = part.independent or part.gap or following.gap
            if target is not None and not free and part.duration < LEAST_SHARE * target - ROUNDING:
                yield f"part {index} of segment {msn} has {seconds_text(part.duration)} of {seconds_text(target)}"


def _segments_with_all_parts(playlist: MediaPlaylist) -> Iterator[Segment]:
    """The oldest that has parts may have lost some."""
    with_parts = [segment for segment in playlist.segments if segment.parts]
    yield from with_parts[1:] if len(with_parts) < len(playlist.segments) else with_parts


@rule("draft 4.4.4.9")
def parts_add_up_to_their_segment(playlist: MediaPlaylist) -> Iterator[str]:
    """The DURATIONs of a segment's parts add up to its EXTINF."""
    for segment in _segments_with_all_parts(playlist):
        total = sum((part.duration for part in segment.parts), Fraction(0))
        if abs(total - segment.duration) > ROUNDING * (1 + len(segment.parts)):
            told = f"EXTINF is {seconds_text(segment.duration)}"
            yield f"the parts of segment {segment.msn} last {seconds_text(total)}; {told}"


@rule("draft 6.2.2", Severity.WARNING)
def old_parts_have_left(playlist: MediaPlaylist) -> Iterator[str]:
    """Parts are listed only in the last three target durations, give or take a segment."""
    distance = sum((part.duration for part in playlist.open.parts), Fraction(0))
    for segment in reversed(playlist.segments):
        if segment.parts and distance > 4 * playlist.target:
            yield f"the parts of segment {segment.msn} are listed {seconds_text(distance)} before the end"
            return
        distance += segment.duration


@rule("draft 4.4.3.8")
def hold_backs_are_far_enough(playlist: MediaPlaylist) -> Iterator[str]:
    """HOLD-BACK is at least 3 target durations, PART-HOLD-BACK at least 2 part targets and there where parts are."""
    control = playlist.server_control
    if control is None:
        if playlist.part_target is not None:
            yield "there is an EXT-X-PART-INF, but no PART-HOLD-BACK"
        return
    if control.hold_back is not None and control.hold_back < 3 * playlist.target:
        yield f"HOLD-BACK is {seconds_text(control.hold_back)}; three target durations are {3 * playlist.target} s"
    if playlist.part_target is None:
        return
    if control.part_hold_back is None:
        yield "there is an EXT-X-PART-INF, but no PART-HOLD-BACK"
    elif control.part_hold_back < 2 * playlist.part_target:
        yield f"PART-HOLD-BACK is {seconds_text(control.part_hold_back)}, less than two part targets"


@rule("draft 4.4.3.8; Apple 14.3", Severity.WARNING)
def part_hold_back_is_three_parts(playlist: MediaPlaylist) -> Iterator[str]:
    """PART-HOLD-BACK is at least three part targets: Apple's players want that."""
    control, target = playlist.server_control, playlist.part_target
    hold_back = control.part_hold_back if control else None
    if hold_back is not None and target is not None and 2 * target <= hold_back < 3 * target:
        yield f"PART-HOLD-BACK is {seconds_text(hold_back)}, PART-TARGET {seconds_text(target)}"


@rule("draft 4.4.3.8")
def skip_boundary_is_far_enough(playlist: MediaPlaylist) -> Iterator[str]:
    """CAN-SKIP-UNTIL is at least six target durations; CAN-SKIP-DATERANGES comes only with it."""
    control = playlist.server_control
    if control is None:
        return
    if control.can_skip_until is not None and control.can_skip_until < 6 * playlist.target:
        least = 6 * playlist.target
        yield f"CAN-SKIP-UNTIL is {seconds_text(control.can_skip_until)}; six target durations are {least} s"
    if control.can_skip_dateranges and control.can_skip_until is None:
        yield "there is CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL"


@rule("draft 6.2.6", Severity.WARNING)
def one_hint_of_a_type(playlist: MediaPlaylist) -> Iterator[str]:
    """At most one EXT-X-PRELOAD-HINT of each type."""
    kinds = [hint.kind for hint in playlist.hints]
    for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        yield f"{kinds.count(kind)} hints of type {kind}"


@rule("draft 4.4.5.3")
def ended_playlist_hints_at_nothing(playlist: MediaPlaylist) -> Iterator[str]:
    """A playlist with EXT-X-ENDLIST has no EXT-X-PRELOAD-HINT."""
    if playlist.ended and playlist.hints:
        yield f"a hint at {playlist.hints[0].resource.uri}"


@rule("draft 4.4.5.4")
def reports_are_whole(playlist: MediaPlaylist) -> Iterator[str]:
    """An EXT-X-RENDITION-REPORT has an address relative to its playlist, and a LAST-MSN."""
    for report in playlist.reports:
        if "://" in report.uri:
            yield f"{report.uri} is not relative"
        if report.last_msn is None:
            yield f"{report.uri} has no LAST-MSN"


@rule("draft 4.4.4.7; 4.4.4.9")
def gaps_in_parts_are_gaps_in_their_segment(playlist: MediaPlaylist) -> Iterator[str]:
    """A segment that lacks a part has an EXT-X-GAP: it cannot be whole."""
    for segment in playlist.segments:
        if not segment.gap and any(part.gap for part in segment.parts):
            yield f"segment {segment.msn} has a part with GAP=YES, and no EXT-X-GAP"


RULES = (
    reloads_can_be_blocked,
    gaps_in_parts_are_gaps_in_their_segment,
    part_target_is_there,
    announced_parts_are_there,
    parts_are_no_longer_than_their_target,
    parts_are_not_too_short,
    parts_add_up_to_their_segment,
    old_parts_have_left,
    hold_backs_are_far_enough,
    part_hold_back_is_three_parts,
    skip_boundary_is_far_enough,
    one_hint_of_a_type,
    ended_playlist_hints_at_nothing,
    reports_are_whole,
)
