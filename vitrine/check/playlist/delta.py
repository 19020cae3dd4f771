"""Delta updates: making one whole with the playlist that the client has (draft-22 sections 4.4.5.2 and 6.3.7)."""

from dataclasses import replace

from vitrine.check.playlist.model import MediaPlaylist, Resource, Segment
from vitrine.media.errors import MalformedError


def apply(delta: MediaPlaylist, known: MediaPlaylist) -> MediaPlaylist:
    """The whole playlist that a delta update stands for. One without EXT-X-SKIP is whole already.

    Raises MalformedError where it skips a segment that `known` does not have.
    """
    if delta.skip is None:
        return delta
    skipped = []
    for msn in range(delta.first_msn, delta.first_msn + delta.skip.segments):
        segment = known.segment(msn)
        if segment is None:
            raise MalformedError(f"A delta update skips segment {msn}, which was in no playlist before it")
        skipped.append(replace(segment, parts=()) if segment.parts else segment)
    ranges = dict(delta.date_ranges)
    if delta.skip.removed is not None:
        gone = set(delta.skip.removed)
        ranges = {name: each for name, each in known.date_ranges.items() if name not in gone} | ranges
    inherited = skipped[-1] if skipped else None
    segments = (*skipped, *_inheriting(delta.segments, inherited, delta.discontinuity_sequence or 0))
    opening = delta.open
    if opening.map is None and segments:
        opening = replace(opening, map=segments[-1].map)
    return replace(delta, skip=None, segments=segments, open=opening, date_ranges=ranges)


def _inheriting(segments: tuple[Segment, ...], before: Segment | None, sequence: int) -> list[Segment]:
    """Segments with what the tags that were skipped say of them."""
    if before is None:
        return list(segments)
    found = []
    current_map: Resource | None = before.map
    key = before.key
    for segment in segments:
        current_map, key = segment.map or current_map, segment.key or key
        number = before.number + segment.number - sequence
        found.append(replace(segment, map=current_map, key=key, number=number))
    return found
