"""What `vitrine check` reads of anyone's stream: playlists and media."""

from collections.abc import Iterator
from contextlib import suppress

from fuzz.target import Target
from tests.check.playlists import LATER, LIVE, MULTIVARIANT
from tests.ingest.rtmp.wire import ASC, AVC_CONFIG
from vitrine.check.media.fragment import read_media
from vitrine.check.media.init import Init, read_init
from vitrine.check.media.measured import measure
from vitrine.check.playlist.dates import dates_of, span_of
from vitrine.check.playlist.delta import apply
from vitrine.check.playlist.media import parse_media
from vitrine.check.playlist.multivariant import is_multivariant, parse_multivariant
from vitrine.media.errors import MalformedError
from vitrine.media.track import AudioTrack, Codec, Rendition, VideoTrack
from vitrine.packager.cmaf.emsg import Emsg
from vitrine.packager.cmaf.fragment import Fragment, Sample
from vitrine.packager.cmaf.init import init_segment

KNOWN = parse_media(LIVE)


def media_playlist(data: bytes) -> None:
    """Faults are noted, and only what is no playlist at all is an error; a delta fits or does not, in words."""
    text = data.decode("utf-8", "replace")
    with suppress(MalformedError):
        playlist = parse_media(text)
        _look(playlist)
        if playlist.skip is not None:
            _look(apply(playlist, KNOWN))


def _look(playlist: object) -> None:
    assert isinstance(playlist, type(KNOWN))
    dates_of(playlist.segments)
    span_of(playlist)
    assert playlist.seconds >= 0
    _ = playlist.last, playlist.next_msn, playlist.target, playlist.live, playlist.recent(3)


def multivariant_playlist(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    is_multivariant(text)
    with suppress(MalformedError):
        parse_multivariant(text, {"token": "x"})


def mp4(data: bytes) -> None:
    """Initialisation sections and media, also a medium by the first part's initialisation section."""
    init: Init | None = INIT
    with suppress(MalformedError):
        init = read_init(data)
    with suppress(MalformedError):
        measure(read_media(data, init), init)


VIDEO = Rendition("720p", VideoTrack(1, Codec.H264, 90_000, AVC_CONFIG, 160, 120), 1, 1)
SOUND = Rendition("audio", AudioTrack(2, Codec.AAC, 48_000, ASC, 48_000, 1), 1, 1)
INIT = read_init(init_segment(VIDEO.track))


def _mp4_seeds() -> Iterator[bytes]:
    media = Fragment(3, 180_000, (Sample(b"key", 3000, 0, True), Sample(b"p", 3000, 0, False)))
    yield init_segment(VIDEO.track)
    yield init_segment(SOUND.track)
    yield media.encode([Emsg(90_000, 181_000, 5, b"ID3").encode()])
    yield init_segment(VIDEO.track) + media.encode()


def _playlists() -> Iterator[bytes]:
    yield LIVE.encode()
    yield LATER.encode()
    delta = LIVE.replace("#EXT-X-DISCONTINUITY-SEQUENCE:0\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n")
    yield delta.encode()


TARGETS = (
    Target("hls_media_playlist", media_playlist, _playlists),
    Target("hls_multivariant", multivariant_playlist, lambda: [MULTIVARIANT.encode()]),
    Target("hls_media", mp4, _mp4_seeds),
)
