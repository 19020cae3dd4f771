"""When a segment or part plays, by its own samples."""

from dataclasses import dataclass
from fractions import Fraction

from vitrine.check.media.fragment import Fragment, Media
from vitrine.check.media.init import Init, Track


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds on the media's clock, of the track that sets the pace: the picture where there is one.

    `start` is that of the earliest frame shown, `frame` the longest frame.
    """

    start: Fraction
    duration: Fraction
    frame: Fraction
    samples: int
    starts_sync: bool
    has_sync: bool

    @property
    def end(self) -> Fraction:
        return self.start + self.duration


def leading_track(init: Init) -> Track | None:
    """The picture's, else the first."""
    pictures = [track for track in init.tracks if track.handler == "vide"]
    return next(iter((*pictures, *init.tracks)), None)


def measure(media: Media, init: Init | None) -> Measured | None:
    """None for what has no samples of a known track."""
    track = leading_track(init) if init else None
    fragments = [each for each in media.fragments if track and each.track == track.id and each.samples]
    if track is None or not fragments:
        return None

    def seconds(ticks: int) -> Fraction:
        return Fraction(ticks, track.timescale)

    return Measured(
        start=seconds(min(each.first_pts for each in fragments)),
        duration=seconds(sum(each.duration for each in fragments)),
        frame=seconds(max(each.longest for each in fragments)),
        samples=sum(each.samples for each in fragments),
        starts_sync=fragments[0].starts_sync,
        has_sync=any(each.has_sync for each in fragments),
    )


def breaks(earlier: Media, later: Media) -> list[tuple[Fragment, Fragment]]:
    """Where a track's decode times do not go on where they were: within `later`, and between the two."""
    found = []
    ends = {each.track: each for each in earlier.fragments}
    for fragment in later.fragments:
        before = ends.get(fragment.track)
        if before is not None and before.end != fragment.decode_time:
            found.append((before, fragment))
        ends[fragment.track] = fragment
    return found
