"""Segments and parts against what their playlist says of them."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from vitrine.check.finding import Severity, rule
from vitrine.check.media.fragment import Fragment, Media
from vitrine.check.media.measured import Measured, breaks
from vitrine.check.playlist.dates import NANOSECONDS
from vitrine.check.playlist.model import Part, Segment
from vitrine.check.seen import MediaSeen, Rendition, seconds_text

ROUNDING = Fraction(2, 1000)
"""Seconds by which a written duration may be off: many servers write milliseconds."""

SHIFT = Fraction(1, 1000)
"""Seconds that a fragment may start off the end of the one before it."""

DATE_DRIFT = Fraction(1, 20)
"""Seconds by which dates and media may drift apart: what a viewer does not see."""

ID3_SCHEMES = ("https://aomedia.org/emsg/ID3", "https://developer.apple.com/streaming/emsg-id3")


def name_of(key: int | tuple[int, int]) -> str:
    return f"segment {key}" if isinstance(key, int) else f"part {key[1]} of segment {key[0]}"


def everything(rendition: Rendition) -> Iterator[tuple[str, MediaSeen]]:
    for msn, seen in rendition.segments.items():
        yield name_of(msn), seen
    for key, seen in rendition.parts.items():
        yield name_of(key), seen


def _measured(rendition: Rendition) -> Iterator[tuple[str, Segment | Part, Measured]]:
    for name, seen in everything(rendition):
        if (measured := rendition.measured(seen)) is not None:
            yield name, seen.listed, measured


@rule("draft 6.2.1")
def listed_media_can_be_had(rendition: Rendition) -> Iterator[str]:
    """What is listed can be fetched, unless it is marked as a gap."""
    for name, seen in everything(rendition):
        if seen.told:
            yield f"{name} ({seen.listed.resource.uri}): {seen.told}"


@rule("draft 3.1.2")
def mp4_has_its_initialisation(rendition: Rendition) -> Iterator[str]:
    """A segment of MP4 has an EXT-X-MAP, whose section has the track of each fragment."""
    for name, seen in everything(rendition):
        if seen.media is None or seen.media.kind != "mp4" or not seen.media.fragments:
            continue
        init = rendition.init(seen)
        if seen.map is None:
            yield f"{name} is MP4, and no EXT-X-MAP applies to it"
        elif init is not None and not all(init.track(each.track) for each in seen.media.fragments):
            yield f"{name} has a track that its initialisation section has not"


@rule("draft 3.2")
def segment_is_its_parts(rendition: Rendition) -> Iterator[str]:
    """A segment's bytes are those of its parts, one after another."""
    for msn, seen in rendition.segments.items():
        if seen.differs:
            yield f"segment {msn}: {seen.differs}"


@rule("draft 4.4.4.1", Severity.WARNING)
def segments_last_what_is_written(rendition: Rendition) -> Iterator[str]:
    """A segment's EXTINF is what its media last, to a frame."""
    for name, listed, measured in _measured(rendition):
        off = abs(listed.duration - measured.duration)
        if isinstance(listed, Segment) and off > max(measured.frame, ROUNDING):
            told = f"its media last {seconds_text(measured.duration)}"
            yield f"{name} has EXTINF {seconds_text(listed.duration)}; {told}"


@rule("Apple 8.1", Severity.WARNING)
def durations_add_up(rendition: Rendition) -> Iterator[str]:
    """Over all segments, the EXTINFs add up to what the media last, to a frame."""
    timeline = rendition.timeline()
    written = sum((segment.duration for segment, _ in timeline), Fraction(0))
    real = sum((measured.duration for _, measured in timeline), Fraction(0))
    frame = max((measured.frame for _, measured in timeline), default=Fraction(0))
    if abs(written - real) > max(frame, ROUNDING):
        yield f"{len(timeline)} EXTINFs add up to {seconds_text(written)}, their media to {seconds_text(real)}"


@rule("draft 4.4.3.1")
def media_fit_the_target_duration(rendition: Rendition) -> Iterator[str]:
    """A segment's media, rounded to the nearest second, last at most EXT-X-TARGETDURATION."""
    target = rendition.playlist.target_duration if rendition.playlist else None
    for name, listed, measured in _measured(rendition):
        if isinstance(listed, Segment) and target and int(measured.duration + Fraction(1, 2)) > target:
            yield f"{name} lasts {seconds_text(measured.duration)}; TARGETDURATION is {target}"


@rule("draft 4.4.4.9")
def parts_last_what_is_written(rendition: Rendition) -> Iterator[str]:
    """A part's DURATION is what its media last."""
    for name, listed, measured in _measured(rendition):
        if isinstance(listed, Part) and abs(listed.duration - measured.duration) > ROUNDING:
            told = f"its media last {seconds_text(measured.duration)}"
            yield f"{name} has DURATION {seconds_text(listed.duration)}; {told}"


@rule("draft 4.4.4.9")
def parts_fit_their_target(rendition: Rendition) -> Iterator[str]:
    """A part's media last at most PART-TARGET."""
    target = rendition.playlist.part_target if rendition.playlist else None
    for name, listed, measured in _measured(rendition):
        if isinstance(listed, Part) and target is not None and measured.duration > target + ROUNDING:
            yield f"{name} lasts {seconds_text(measured.duration)}; PART-TARGET is {seconds_text(target)}"


@rule("draft 4.4.4.9")
def independent_parts_are(rendition: Rendition) -> Iterator[str]:
    """A part with INDEPENDENT=YES has a frame that needs no other."""
    for name, listed, measured in _measured(rendition):
        if isinstance(listed, Part) and listed.independent and not measured.has_sync:
            yield f"{name} says INDEPENDENT=YES, and each of its frames needs others"


@rule("draft 4.4.4.9", Severity.WARNING)
def keyframes_are_told(rendition: Rendition) -> Iterator[str]:
    """A part of pictures that starts with a frame that needs no other says INDEPENDENT=YES: players join there."""
    if rendition.role == "video":
        for name, listed, measured in _measured(rendition):
            if isinstance(listed, Part) and measured.starts_sync and not listed.independent:
                yield f"{name} starts with a keyframe, and does not say INDEPENDENT=YES"


@rule("Apple 7.4; draft 4.3.1", Severity.WARNING)
def segments_start_with_a_keyframe(rendition: Rendition) -> Iterator[str]:
    """Every segment of pictures starts with a frame that needs no other."""
    for name, listed, measured in _measured(rendition):
        if isinstance(listed, Segment) and not measured.starts_sync:
            yield f"{name} starts with a frame that needs others"


def in_order(rendition: Rendition) -> Iterator[tuple[tuple[str, MediaSeen], tuple[str, MediaSeen]]]:
    """Neighbours that were both read, without a discontinuity between them."""
    for before, after in pairwise(sorted(rendition.segments)):
        one, other = rendition.segments[before], rendition.segments[after]
        listed = other.listed
        joined = after == before + 1 and isinstance(listed, Segment) and not listed.discontinuity
        if joined and one.media is not None and other.media is not None:
            yield (name_of(before), one), (name_of(after), other)


def _seconds(rendition: Rendition, seen: MediaSeen, fragment: Fragment, ticks: int) -> Fraction | None:
    init = rendition.init(seen)
    track = init.track(fragment.track) if init else None
    return Fraction(ticks, track.timescale) if track else None


@rule("draft 4.4.4.3; Apple 7.3")
def decode_times_go_on(rendition: Rendition) -> Iterator[str]:
    """Each fragment starts where the one before it ends, unless an EXT-X-DISCONTINUITY says otherwise."""
    nothing = Media("mp4", 0)
    before = {name: one.media for (_, one), (name, _) in in_order(rendition)}
    for name, seen in everything(rendition):
        for one, other in breaks(before.get(name) or nothing, seen.media or nothing):
            step = _seconds(rendition, seen, other, other.decode_time - one.end)
            if step is not None and abs(step) > SHIFT:
                told = f"{'a gap' if step > 0 else 'an overlap'} of {seconds_text(abs(step))}"
                yield f"{name}, track {other.track}: {told} before tfdt {other.decode_time}"


@rule("ISO/IEC 14496-12 8.8.5", Severity.NOTE)
def fragments_are_numbered(rendition: Rendition) -> Iterator[str]:
    """The sequence numbers of fragments grow."""
    for (_, one), (name, other) in in_order(rendition):
        before, after = (each.media.fragments if each.media else () for each in (one, other))
        if before and after and after[0].sequence <= before[-1].sequence:
            yield f"{name} begins with number {after[0].sequence} after {before[-1].sequence}"


@rule("draft 6.2.4", Severity.WARNING)
def dates_go_with_the_media(rendition: Rendition) -> Iterator[str]:
    """The distance between a segment's date and its media time stays the same until a discontinuity."""
    first: tuple[int, int, Fraction] | None = None
    for segment, measured in rendition.timeline():
        if segment.date is None:
            continue
        offset = Fraction(segment.date, NANOSECONDS) - measured.start
        if first is None or first[0] != segment.number:
            first = (segment.number, segment.msn, offset)
        elif abs(offset - first[2]) > DATE_DRIFT:
            told = f"{seconds_text(offset - first[2])} from where segment {first[1]} has it"
            yield f"segment {segment.msn} is dated {told}"


@rule("ID3 in CMAF 2")
def events_lie_in_their_fragment(rendition: Rendition) -> Iterator[str]:
    """An emsg of ID3 has version 1, a moof behind it, and a time within its segment or part."""
    for name, seen in everything(rendition):
        measured = rendition.measured(seen)
        for event in seen.media.events if seen.media else ():
            if event.scheme not in ID3_SCHEMES:
                continue
            if event.version != 1 or event.time is None or not event.timescale:
                yield f"{name}: the emsg {event.name} has version {event.version}"
            elif measured is not None:
                at = Fraction(event.time, event.timescale)
                if not measured.start - SHIFT <= at < measured.end + SHIFT:
                    told = f"{seconds_text(measured.start)} to {seconds_text(measured.end)}"
                    yield f"{name}: an emsg is at {seconds_text(at)}; the media are from {told}"
        if seen.media and seen.media.events_after:
            yield f"{name}: {seen.media.events_after} emsg boxes have no moof behind them"


RULES = (
    listed_media_can_be_had,
    mp4_has_its_initialisation,
    segment_is_its_parts,
    segments_last_what_is_written,
    durations_add_up,
    media_fit_the_target_duration,
    parts_last_what_is_written,
    parts_fit_their_target,
    independent_parts_are,
    keyframes_are_told,
    segments_start_with_a_keyframe,
    decode_times_go_on,
    fragments_are_numbered,
    dates_go_with_the_media,
    events_lie_in_their_fragment,
)
