"""What may change from one version of a playlist to the next (draft-22 sections 6.2.1 and 6.2.2)."""

from collections.abc import Iterator

from vitrine.check.finding import Severity, rule
from vitrine.check.playlist.model import MediaPlaylist, Part, Segment
from vitrine.check.rules.form import LEAST_SEGMENTS
from vitrine.check.seen import Reload, seconds_text


@rule("draft 6.2.1")
def target_duration_stays(reload: Reload) -> Iterator[str]:
    """EXT-X-TARGETDURATION never changes."""
    if reload.before.target_duration != reload.after.target_duration:
        yield f"{reload.before.target_duration} became {reload.after.target_duration}"


@rule("draft 6.2.1")
def part_target_stays(reload: Reload) -> Iterator[str]:
    """PART-TARGET never changes: Apple's players stop when it does."""
    before, after = reload.before.part_target, reload.after.part_target
    if before != after:
        yield f"{before and float(before)} became {after and float(after)}"


@rule("draft 6.2.1")
def server_control_stays(reload: Reload) -> Iterator[str]:
    """EXT-X-SERVER-CONTROL never changes: Apple's players stop when PART-HOLD-BACK does."""
    before, after = reload.before.server_control, reload.after.server_control
    if before is None or after is None:
        if before is not after:
            yield "the tag " + ("came" if before is None else "left")
        return
    for name in type(before).__slots__:
        if getattr(before, name) != getattr(after, name):
            yield f"{name.upper().replace('_', '-')}: {getattr(before, name)} became {getattr(after, name)}"


@rule("draft 6.2.2")
def media_sequence_never_falls(reload: Reload) -> Iterator[str]:
    """EXT-X-MEDIA-SEQUENCE never decreases."""
    if reload.after.first_msn < reload.before.first_msn:
        yield f"{reload.before.first_msn} became {reload.after.first_msn}"


@rule("draft 6.2.1")
def playlist_never_goes_back(reload: Reload) -> Iterator[str]:
    """What was listed at the end is listed still: a cache or a second server with an older playlist breaks this."""
    before, after = reload.before, reload.after
    if _position(after) < _position(before):
        yield f"the newest was {_told(before)}, then {_told(after)}"


def _position(playlist: MediaPlaylist) -> tuple[int, int]:
    return playlist.next_msn, len(playlist.open.parts)


def _told(playlist: MediaPlaylist) -> str:
    msn, part = playlist.last
    return f"segment {msn}" if part is None else f"part {part} of segment {msn}"


@rule("draft 6.2.1")
def segments_stay_as_they_are(reload: Reload) -> Iterator[str]:
    """A listed segment keeps its address and its tags."""
    for segment in reload.before.segments:
        now = reload.after.segment(segment.msn)
        if now is not None and now is not segment:
            for name in _changed(segment, now):
                yield f"segment {segment.msn}: {name}: {_short(segment, name)} became {_short(now, name)}"


def _short(segment: Segment, name: str) -> str:
    value = getattr(segment, name)
    return value.uri if name == "resource" else str(value)


def _changed(before: Segment, after: Segment) -> Iterator[str]:
    for name in ("resource", "duration", "discontinuity", "gap", "map", "key"):
        if getattr(before, name) != getattr(after, name):
            yield name
    if None not in (before.date, after.date) and before.date != after.date:
        yield "date"


@rule("draft 6.2.2")
def discontinuity_numbers_stay(reload: Reload) -> Iterator[str]:
    """EXT-X-DISCONTINUITY-SEQUENCE grows as discontinuities leave, so that each segment keeps its number."""
    for segment in reload.before.segments:
        now = reload.after.segment(segment.msn)
        if now is not None and now.number != segment.number:
            yield f"segment {segment.msn} had discontinuity sequence number {segment.number}, then {now.number}"
            return


@rule("draft 6.2.1")
def parts_stay_as_they_are(reload: Reload) -> Iterator[str]:
    """A listed part keeps its address, its duration and its place."""
    before, after = reload.before, reload.after
    listed = [(segment.msn, segment.parts) for segment in before.segments]
    for msn, parts in (*listed, (before.next_msn, before.open.parts)):
        now = parts_at(after, msn)
        if parts and now and not _kept(parts, now, may_lose=msn < before.next_msn):
            yield f"the parts of segment {msn} were {_uris(parts)}, then {_uris(now)}"


def parts_at(playlist: MediaPlaylist, msn: int) -> tuple[Part, ...]:
    if msn == playlist.next_msn:
        return playlist.open.parts
    segment = playlist.segment(msn)
    return segment.parts if segment else ()


def _kept(before: tuple[Part, ...], after: tuple[Part, ...], *, may_lose: bool) -> bool:
    """Parts leave at the front and come at the end."""
    lost = before.index(after[0]) if may_lose and after[0] in before else 0
    rest = before[lost:]
    return after[: len(rest)] == rest


def _uris(parts: tuple[Part, ...]) -> str:
    return ", ".join(f"{part.resource.uri} ({seconds_text(part.duration)})" for part in parts)


@rule("draft 6.2.6", Severity.WARNING)
def hinted_part_comes(reload: Reload) -> Iterator[str]:
    """The part that comes next is the one that was hinted at."""
    hinted = [hint.resource.uri for hint in reload.before.hints if hint.kind == "PART"]
    following = _following(reload.before, reload.after)
    if hinted and following is not None and following.resource.uri not in hinted:
        yield f"{hinted[0]} was hinted at, {following.resource.uri} came"


@rule("draft B.1", Severity.WARNING)
def next_part_is_hinted(reload: Reload) -> Iterator[str]:
    """A live playlist with parts hints at the next one, unless its newest is a gap."""
    hinted = reload.before.in_gap or any(hint.kind == "PART" for hint in reload.before.hints)
    following = _following(reload.before, reload.after)
    if reload.before.live and reload.before.has_parts and not hinted and following is not None:
        yield f"{following.resource.uri} came without an EXT-X-PRELOAD-HINT:TYPE=PART"


def _following(before: MediaPlaylist, after: MediaPlaylist) -> Part | None:
    """The first part that `after` has and `before` has not; None if unknown, or after a discontinuity."""
    msn, index = before.next_msn, len(before.open.parts)
    parts = parts_at(after, msn)
    if index >= len(parts) and msn < after.next_msn:
        msn, index = msn + 1, 0
        parts = parts_at(after, msn)
        segment = after.segment(msn)
        if segment.discontinuity if segment else after.open.discontinuity:
            return None
    return parts[index] if index < len(parts) else None


@rule("draft 6.2.1")
def end_is_the_end(reload: Reload) -> Iterator[str]:
    """Nothing comes after EXT-X-ENDLIST, and it stays."""
    if reload.before.ended and not reload.after.ended:
        yield "EXT-X-ENDLIST was there, and left"
    if reload.before.ended and reload.after.next_msn > reload.before.next_msn:
        yield f"segment {reload.after.next_msn - 1} came after EXT-X-ENDLIST"


@rule("draft 4.4.3.5")
def playlist_type_is_kept(reload: Reload) -> Iterator[str]:
    """EXT-X-PLAYLIST-TYPE does not change; VOD never changes, EVENT never loses a segment."""
    kind = reload.before.playlist_type
    if kind != reload.after.playlist_type:
        yield f"{kind} became {reload.after.playlist_type}"
    elif kind is not None and reload.after.first_msn > reload.before.first_msn:
        yield f"a playlist of type {kind} lost its first segment"
    elif kind == "VOD" and reload.after.next_msn > reload.before.next_msn:
        yield "a playlist of type VOD grew"


@rule("draft 6.2.2")
def enough_stays_listed(reload: Reload) -> Iterator[str]:
    """No segment is removed if less than three target durations would be left."""
    after = reload.after
    if not after.ended and after.first_msn > reload.before.first_msn and after.seconds < 3 * after.target:
        yield f"{seconds_text(after.seconds)} are listed after a removal; the target duration is {after.target} s"


@rule("Apple 8.11", Severity.NOTE)
def live_window_is_long_enough(reload: Reload) -> Iterator[str]:
    """A live playlist that removes segments lists at least six."""
    after = reload.after
    if after.live and after.first_msn > reload.before.first_msn and 0 < len(after.segments) < LEAST_SEGMENTS:
        yield f"{len(after.segments)} segments are listed after a removal"


RULES = (
    target_duration_stays,
    part_target_stays,
    server_control_stays,
    media_sequence_never_falls,
    playlist_never_goes_back,
    segments_stay_as_they_are,
    discontinuity_numbers_stay,
    parts_stay_as_they_are,
    hinted_part_comes,
    next_part_is_hinted,
    end_is_the_end,
    playlist_type_is_kept,
    enough_stays_listed,
    live_window_is_long_enough,
)
