"""A stream as if it had been watched: two renditions of pictures and one of sound, with nothing wrong.

Segments last 2 s and have two parts of 1 s, one fragment each. The media begin at 0.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.check.playlists import MULTIVARIANT
from vitrine.check.media.fragment import Event, Fragment, Media
from vitrine.check.media.init import Init, Track
from vitrine.check.playlist.media import parse_media
from vitrine.check.playlist.model import MediaPlaylist, Resource, Segment
from vitrine.check.playlist.multivariant import parse_multivariant
from vitrine.check.seen import MediaSeen, Rendition, Stream

VIDEO = Track(1, "vide", 90_000, "avc1.64001f", (1280, 720))
SOUND = Track(1, "soun", 48_000, "mp4a.40.2")
SCHEME = "https://aomedia.org/emsg/ID3"
MAP = Resource("init.mp4")
SEGMENTS = 4

Others = dict[str, str]


def fragment(at: int, *, track: int = 1, ticks: int = 90_000, samples: int = 30, sequence: int = 1) -> Fragment:
    return Fragment(sequence, track, at, ticks, samples, at, starts_sync=True, has_sync=True, longest=ticks // samples)


def event(at: int, digest: bytes = b"d", number: int = 1) -> Event:
    return Event(SCHEME, 1, 90_000, at, number, digest)


def playlist_text(others: Others) -> str:
    """A live playlist of four segments. `others` are those it reports on, each at its last part."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3",
        "#EXT-X-PART-INF:PART-TARGET=1",
        "#EXT-X-MEDIA-SEQUENCE:0",
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    for msn in range(SEGMENTS):
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:2026-11-29T17:00:0{2 * msn}.000Z")
        lines += [f'#EXT-X-PART:DURATION=1,URI="{msn}.{part}.m4s",INDEPENDENT=YES' for part in range(2)]
        lines += ["#EXTINF:2,", f"{msn}.m4s"]
    lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{SEGMENTS}.0.m4s"')
    lines += [f'#EXT-X-RENDITION-REPORT:URI="{uri}",LAST-MSN=3,LAST-PART=1' for uri in others.values()]
    return "\n".join(lines) + "\n"


def rendition(name: str, role: str, others: Others) -> Rendition:
    track = SOUND if role == "audio" else VIDEO
    found = Rendition(f"{name}/index.m3u8", f"http://a/live/{name}/index.m3u8", role)
    found.inits[MAP] = Init((), (track if name != "low" else replace(track, size=(640, 360)),))
    playlist = parse_media(playlist_text(others))
    rate = track.timescale
    for segment in playlist.segments:
        parts = []
        for index, part in enumerate(segment.parts):
            samples = 48 if role == "audio" else 30
            at = rate * (2 * segment.msn + index)
            sequence = 2 * segment.msn + index
            parts.append(fragment(at, ticks=rate, samples=samples, sequence=sequence))
            found.parts[segment.msn, index] = MediaSeen(part, MAP, Media("mp4", 50_000, (parts[-1],)))
        events = (event(90_000 * 2 * segment.msn),) if role == "video" else ()
        size = 100_000 if name != "audio" else 20_000
        found.segments[segment.msn] = MediaSeen(segment, MAP, Media("mp4", size, tuple(parts), events))
    found.answered(playlist, 10.0, 10.1, blocked=False)
    return found


def stream() -> Stream:
    names = {"high": "video", "low": "video", "audio": "audio"}
    found = Stream("http://a/live/index.m3u8", parse_multivariant(MULTIVARIANT))
    for name, role in names.items():
        others = {each: f"../{each}/index.m3u8" for each in names if each != name}
        found.renditions.append(rendition(name, role, others))
    return found


def high() -> Rendition:
    return stream().renditions[0]


def listed(seen: MediaSeen, **changes: Any) -> None:
    """Change what the playlist says of something."""
    was: Any = seen.listed
    seen.listed = replace(was, **changes)


def redated(seen: MediaSeen, later: int) -> None:
    """A segment's date is later by some nanoseconds."""
    assert isinstance(seen.listed, Segment)
    assert seen.listed.date is not None
    listed(seen, date=seen.listed.date + later)


def media(seen: MediaSeen, change: Callable[[Media], Media]) -> None:
    """Change what was fetched."""
    assert seen.media is not None
    seen.media = change(seen.media)


def fragments(seen: MediaSeen, **changes: Any) -> None:
    """Change every fragment of what was fetched."""
    media(seen, lambda was: replace(was, fragments=tuple(replace(each, **changes) for each in was.fragments)))


def moved(seen: MediaSeen, ticks: int) -> None:
    """The media play later by some ticks."""
    assert seen.media is not None
    seen.media = replace(
        seen.media,
        fragments=tuple(
            replace(each, decode_time=each.decode_time + ticks, first_pts=each.first_pts + ticks)
            for each in seen.media.fragments
        ),
    )


def said(of: Rendition, **changes: Any) -> None:
    """Change the playlist as it is now."""
    assert isinstance(of.playlist, MediaPlaylist)
    of.playlist = replace(of.playlist, **changes)
