"""What the multivariant playlist promises, against what the media are (draft-22 section 4.4.6)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from vitrine.check.finding import Severity, rule
from vitrine.check.media.init import Track
from vitrine.check.media.measured import leading_track
from vitrine.check.playlist.multivariant import Variant
from vitrine.check.seen import Rendition, Stream

RATE_APART = Fraction(1, 50)
"""Frames a second: 29.97 and 30 differ by 0.03."""

LIVE_PEAK, LIVE_AVERAGE = Fraction(125, 100), Fraction(110, 100)
"""Of what is declared; Apple's HLS Authoring Specification 1.28 and 1.29."""

LEAST_SECONDS = 10
"""Of media, below which an average says nothing."""


@rule("draft 4")
def multivariant_is_well_formed(stream: Stream) -> Iterator[str]:
    """Every tag and attribute is written as the draft says."""
    for fault in stream.multivariant.faults if stream.multivariant else ():
        yield f"line {fault.line}: {fault.says}"


def _variants(stream: Stream) -> Sequence[Variant]:
    return stream.multivariant.variants if stream.multivariant else ()


@rule("draft 4.4.6.2")
def bandwidth_is_there(stream: Stream) -> Iterator[str]:
    """Every EXT-X-STREAM-INF has BANDWIDTH."""
    for variant in _variants(stream):
        if not variant.bandwidth:
            yield f"{variant.uri} has none"


@rule("Apple 9.1, 9.2, 9.14, 9.15", Severity.WARNING)
def variants_are_described(stream: Stream) -> Iterator[str]:
    """A variant says its CODECS and AVERAGE-BANDWIDTH, and one with pictures its RESOLUTION and FRAME-RATE."""
    for variant in _variants(stream):
        rendition = stream.at(stream.url, variant.uri)
        missing = [] if variant.codecs else ["CODECS"]
        missing += [] if variant.average_bandwidth else ["AVERAGE-BANDWIDTH"]
        if rendition is not None and rendition.role == "video":
            missing += [] if variant.resolution else ["RESOLUTION"]
            missing += [] if variant.frame_rate else ["FRAME-RATE"]
        if missing:
            yield f"{variant.uri} lacks {', '.join(missing)}"


@rule("draft 4.4.6.2")
def groups_are_there(stream: Stream) -> Iterator[str]:
    """A group that a variant names has a member."""
    for variant in _variants(stream):
        for kind, name in variant.groups.items():
            if stream.multivariant and not stream.multivariant.group(kind, name):
                yield f'{variant.uri} names {kind}="{name}", and there is no such EXT-X-MEDIA'


@rule("Apple 9.19", Severity.WARNING)
def scores_are_on_all_or_none(stream: Stream) -> Iterator[str]:
    """If one variant has SCORE, all have."""
    without = [variant.uri for variant in _variants(stream) if variant.score is None]
    if without and len(without) < len(_variants(stream)):
        yield f"{', '.join(without)} without"


def _members(stream: Stream, variant: Variant) -> list[Rendition]:
    """The variant's own playlist, and those of its group of sound."""
    own = stream.at(stream.url, variant.uri)
    group = variant.groups.get("AUDIO", "")
    alternatives = stream.multivariant.group("AUDIO", group) if stream.multivariant else []
    sound = [stream.at(stream.url, each.uri) for each in alternatives if each.uri is not None]
    unique = {id(each): each for each in (own, *sound) if each is not None}
    return list(unique.values())


def _tracks(rendition: Rendition) -> list[Track]:
    return [track for init in rendition.inits.values() for track in init.tracks]


def _declared(codec: str, declared: Sequence[str]) -> bool:
    """By the whole name; by the four letters where only these could be read."""
    codec = codec.lower()
    names = [each.lower() for each in declared]
    return codec in names if "." in codec else any(each.partition(".")[0] == codec for each in names)


@rule("draft 6.2.4")
def codecs_are_declared(stream: Stream) -> Iterator[str]:
    """CODECS has every format that is in the media of the variant and its groups."""
    for variant in _variants(stream):
        for rendition in _members(stream, variant) if variant.codecs else ():
            for track in _tracks(rendition):
                if track.codec and not _declared(track.codec, variant.codecs or ()):
                    told = ",".join(variant.codecs or ())
                    yield f'{variant.uri}: {rendition.name} has {track.codec}; CODECS="{told}"'


@rule("Apple 1.10", Severity.WARNING)
def parameter_sets_are_in_the_initialisation(stream: Stream) -> Iterator[str]:
    """Pictures are avc1 or hvc1, not avc3 or hev1."""
    for rendition in stream.renditions:
        for track in _tracks(rendition):
            if track.codec.startswith(("avc3", "hev1")):
                yield f"{rendition.name} has {track.codec}"


@rule("draft 4.4.6.2", Severity.WARNING)
def resolution_is_the_pictures(stream: Stream) -> Iterator[str]:
    """RESOLUTION is the size of the pictures."""
    for variant in _variants(stream):
        rendition = stream.at(stream.url, variant.uri)
        for track in _tracks(rendition) if rendition else ():
            if track.size and variant.resolution and track.size != variant.resolution:
                declared, real = ("{}x{}".format(*size) for size in (variant.resolution, track.size))
                yield f"{variant.uri} declares {declared}; its pictures are {real}"


def frame_rates(rendition: Rendition) -> tuple[Fraction, Fraction] | None:
    """Frames a second over all that was read, and in the segment that has most of them."""
    timeline = rendition.timeline()
    pictures = [leading_track(init) for init in rendition.inits.values()]
    if not timeline or not all(track and track.handler == "vide" for track in pictures):
        return None
    seconds = sum((measured.duration for _, measured in timeline), Fraction(0))
    if not seconds:
        return None
    average = Fraction(sum(measured.samples for _, measured in timeline)) / seconds
    return average, max(measured.samples / measured.duration for _, measured in timeline if measured.duration)


@rule("draft 4.4.6.2", Severity.WARNING)
def frame_rate_is_the_pictures(stream: Stream) -> Iterator[str]:
    """FRAME-RATE is the highest rate of the pictures: a live encoder may leave some out where it has to."""
    for variant in _variants(stream):
        rendition, declared = stream.at(stream.url, variant.uri), variant.frame_rate
        measured = frame_rates(rendition) if rendition else None
        if measured is None or declared is None:
            continue
        average, highest = measured
        if average - declared > RATE_APART or declared - highest > RATE_APART:
            yield f"{variant.uri} declares {float(declared):.3f}; its pictures have {float(average):.3f}"


@rule("draft 4.3.1")
def independent_segments_are(stream: Stream) -> Iterator[str]:
    """With EXT-X-INDEPENDENT-SEGMENTS every segment starts with a frame that needs no other."""
    everywhere = stream.multivariant is not None and stream.multivariant.independent_segments
    for rendition in stream.renditions:
        if everywhere or (rendition.playlist and rendition.playlist.independent_segments):
            for segment, measured in rendition.timeline():
                if not measured.starts_sync:
                    yield f"{rendition.name}: segment {segment.msn} starts with a frame that needs others"


def rates(rendition: Rendition) -> tuple[Fraction, Fraction, Fraction] | None:
    """Peak and average bits a second, and of how many seconds; the peak by section 4.1."""
    runs = [
        (seen.media.size * 8, seen.listed.duration)
        for _, seen in sorted(rendition.segments.items())
        if seen.media is not None and seen.listed.duration > 0
    ]
    seconds = sum((duration for _, duration in runs), Fraction(0))
    if not seconds or rendition.playlist is None:
        return None
    target = Fraction(rendition.playlist.target)
    peaks = []
    for start in range(len(runs)):
        bits, length = 0, Fraction(0)
        for size, duration in runs[start:]:
            bits, length = bits + size, length + duration
            if length > target * Fraction(3, 2):
                break
            if length >= target / 2:
                peaks.append(bits / length)
    average = sum(size for size, _ in runs) / seconds
    return max(peaks, default=average), average, seconds


def _rates_of(stream: Stream, variant: Variant) -> tuple[Fraction, Fraction, Fraction] | None:
    """Of the most costly combination: the variant's own playlist and the most costly sound."""
    own = stream.at(stream.url, variant.uri)
    measured = [(each, rates(each)) for each in _members(stream, variant)]
    mine = next((found for each, found in measured if each is own), None)
    if mine is None:
        return None
    others = [found for each, found in measured if each is not own and found is not None]
    peak, average = (max((found[index] for found in others), default=Fraction(0)) for index in (0, 1))
    return mine[0] + peak, mine[1] + average, mine[2]


def _is_live(stream: Stream) -> bool:
    return any(each.playlist is not None and each.playlist.playlist_type != "VOD" for each in stream.renditions)


@rule("draft 4.4.6.2; Apple 1.27, 1.29", Severity.WARNING)
def bandwidth_covers_the_peak(stream: Stream) -> Iterator[str]:
    """The measured peak is below 125 % of BANDWIDTH in a live stream, and below 110 % in a VOD."""
    most = LIVE_PEAK if _is_live(stream) else LIVE_AVERAGE
    for variant in _variants(stream):
        found = _rates_of(stream, variant)
        if found is not None and variant.bandwidth and found[0] > most * variant.bandwidth:
            yield f"{variant.uri} declares {variant.bandwidth}; its peak is {round(found[0])}"


@rule("Apple 1.26, 1.28", Severity.WARNING)
def average_bandwidth_covers_the_average(stream: Stream) -> Iterator[str]:
    """The measured average is below 110 % of AVERAGE-BANDWIDTH."""
    for variant in _variants(stream):
        found = _rates_of(stream, variant)
        declared = variant.average_bandwidth
        if found is not None and declared and found[2] >= LEAST_SECONDS and found[1] > LIVE_AVERAGE * declared:
            yield f"{variant.uri} declares {declared}; it has {round(found[1])} over {float(found[2]):.0f} s"


RULES = (
    multivariant_is_well_formed,
    bandwidth_is_there,
    variants_are_described,
    groups_are_there,
    scores_are_on_all_or_none,
    codecs_are_declared,
    parameter_sets_are_in_the_initialisation,
    resolution_is_the_pictures,
    frame_rate_is_the_pictures,
    independent_segments_are,
    bandwidth_covers_the_peak,
    average_bandwidth_covers_the_average,
)
