"""How answers are delivered: types, compression, caching, and what browsers and caches need (draft-22 appendix B)."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from vitrine.check.finding import Severity, rule
from vitrine.check.seen import Exchange, Kind

PLAYLIST_TYPES = {"application/vnd.apple.mpegurl", "audio/mpegurl"}
"""Section 4; in lower case."""

MEDIA_TYPES = {
    ".mp4": {"video/mp4", "audio/mp4"}, ".m4s": {"video/iso.segment", "video/mp4", "audio/mp4"},
    ".m4v": {"video/mp4", "video/iso.segment"}, ".m4a": {"audio/mp4", "video/iso.segment"},
    ".cmfv": {"video/mp4", "video/iso.segment"}, ".cmfa": {"audio/mp4", "video/iso.segment"},
    ".ts": {"video/mp2t"}, ".vtt": {"text/vtt"}, ".webvtt": {"text/vtt"}, ".aac": {"audio/aac", "audio/x-aac"},
}  # fmt: skip

PLAYLISTS = (Kind.MULTIVARIANT, Kind.PLAYLIST, Kind.BLOCKED)
WORTH_COMPRESSING = 1000
"""Bytes; servers leave shorter texts as they are, and a packet holds them."""


def _media_type(exchange: Exchange) -> str:
    return exchange.response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _cache_control(exchange: Exchange) -> dict[str, str]:
    words = re.split(r"\s*,\s*", exchange.response.headers.get("cache-control", "").strip().lower())
    return {name: value.strip('"') for name, _, value in (word.partition("=") for word in words) if name}


def _lifetime(exchange: Exchange) -> int | None:
    """Seconds for which a shared cache may keep it; None where nothing is said."""
    words = _cache_control(exchange)
    if words.keys() & {"no-store", "no-cache", "private"}:
        return 0
    text = words.get("s-maxage", words.get("max-age", ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None


def _name(exchange: Exchange) -> str:
    return urlsplit(exchange.response.url).path.rpartition("/")[2]


def _told(exchange: Exchange) -> str:
    return exchange.response.headers.get("cache-control", "") or "nothing"


@rule("draft 4")
def playlist_can_be_told_from_others(exchange: Exchange) -> Iterator[str]:
    """A playlist is known by its media type or by an address that ends in .m3u8 or .m3u."""
    ending = _name(exchange).lower().endswith((".m3u8", ".m3u"))
    if exchange.gave(*PLAYLISTS) and not ending and _media_type(exchange) not in PLAYLIST_TYPES:
        yield f"{_name(exchange)} came as {_media_type(exchange) or 'nothing'}"


@rule("draft 4", Severity.WARNING)
def playlist_has_its_type(exchange: Exchange) -> Iterator[str]:
    """A playlist's media type is application/vnd.apple.mpegurl or audio/mpegurl."""
    if exchange.gave(*PLAYLISTS) and _media_type(exchange) not in PLAYLIST_TYPES:
        yield f"{_name(exchange)} came as {_media_type(exchange) or 'nothing'}"


@rule("Apple 1", Severity.NOTE)
def media_have_their_type(exchange: Exchange) -> Iterator[str]:
    """Initialisation sections are video/mp4, segments and parts video/iso.segment or video/mp4, text is text/vtt."""
    name = _name(exchange).lower()
    expected = next((types for ending, types in MEDIA_TYPES.items() if name.endswith(ending)), None)
    if exchange.gave(Kind.INIT, Kind.MEDIA) and expected and _media_type(exchange) not in expected:
        yield f"{name} came as {_media_type(exchange) or 'nothing'}"


@rule("draft 6.2.1; Apple 10.1", Severity.WARNING)
def playlists_are_compressed(exchange: Exchange) -> Iterator[str]:
    """A playlist comes as gzip to a client that takes gzip."""
    plain = not exchange.response.headers.get("content-encoding")
    if exchange.gave(*PLAYLISTS) and plain and len(exchange.response.body) >= WORTH_COMPRESSING:
        yield f"{_name(exchange)} came as {len(exchange.response.body)} bytes"


@rule("RFC 9110 12.5.5", Severity.WARNING)
def compressed_answers_vary(exchange: Exchange) -> Iterator[str]:
    """An answer that is compressed for those who take that says Vary: Accept-Encoding, for caches."""
    headers = exchange.response.headers
    if headers.get("content-encoding") and "accept-encoding" not in headers.get("vary", "").lower():
        yield f"{_name(exchange)} is {headers['content-encoding']}; Vary is {headers.get('vary') or 'absent'}"


@rule("RFC 9111 4.1", Severity.WARNING)
def answers_are_the_same_for_everyone(exchange: Exchange) -> Iterator[str]:
    """No cookies, and no Vary but on encoding and origin: each viewer would cost the caches a copy."""
    headers = exchange.response.headers
    if headers.get("set-cookie"):
        yield f"{_name(exchange)} sets a cookie"
    vary = {word.strip().lower() for word in headers.get("vary", "").split(",") if word.strip()}
    if odd := vary - {"accept-encoding", "origin", "access-control-request-method", "access-control-request-headers"}:
        yield f"{_name(exchange)} varies on {', '.join(sorted(odd))}"


@rule("Fetch 3.2", Severity.WARNING)
def browsers_may_read_it(exchange: Exchange) -> Iterator[str]:
    """Access-Control-Allow-Origin lets players on other sites' pages read it."""
    if not exchange.response.headers.get("access-control-allow-origin"):
        yield f"{_name(exchange)} has no Access-Control-Allow-Origin"


@rule("Apple 8.18", Severity.WARNING)
def nothing_is_redirected(exchange: Exchange) -> Iterator[str]:
    """Live playlists and media are not redirected: each reload would cost two round trips."""
    if exchange.kind is not Kind.MULTIVARIANT and exchange.response.redirects:
        yield f"{_name(exchange)} was redirected {exchange.response.redirects} times"


@rule("draft B.1", Severity.WARNING)
def caches_are_told(exchange: Exchange) -> Iterator[str]:
    """Playlists and media say how long they may be kept."""
    headers = exchange.response.headers
    if exchange.response.ok and not headers.get("cache-control") and not headers.get("expires"):
        yield f"{_name(exchange)} has neither Cache-Control nor Expires"


@rule("draft B.1", Severity.WARNING)
def live_playlists_do_not_go_stale(exchange: Exchange) -> Iterator[str]:
    """A live playlist is kept for half a target duration at most, the answer to a blocking reload for six."""
    lifetime = _lifetime(exchange)
    most = {Kind.PLAYLIST: max(1, exchange.target / 2), Kind.BLOCKED: 6 * exchange.target}.get(exchange.kind)
    if exchange.live and exchange.response.ok and most is not None and (lifetime or 0) > most:
        yield f"{_name(exchange)} ({exchange.kind.value}) may be kept {lifetime} s; {most:g} s is the most"


@rule("draft B.1", Severity.NOTE)
def blocking_reloads_can_be_shared(exchange: Exchange) -> Iterator[str]:
    """The answer to a blocking reload may be kept for a while: else every viewer's reaches the origin."""
    if exchange.gave(Kind.BLOCKED) and _lifetime(exchange) == 0:
        yield f"{_name(exchange)} says {_told(exchange)}"


@rule("draft B.1", Severity.WARNING)
def media_can_be_kept(exchange: Exchange) -> Iterator[str]:
    """Initialisation sections, segments and parts may be kept for six target durations or longer."""
    lifetime = _lifetime(exchange)
    if exchange.gave(Kind.INIT, Kind.MEDIA) and lifetime is not None and lifetime < 6 * exchange.target:
        yield f"{_name(exchange)} says {_told(exchange)}; six target durations are {6 * exchange.target} s"


@rule("draft B.1", Severity.WARNING)
def errors_are_soon_forgotten(exchange: Exchange) -> Iterator[str]:
    """An error is kept for a target duration at most, the answer to a blocking reload for four."""
    lifetime, most = _lifetime(exchange), exchange.target * (4 if exchange.kind is Kind.BLOCKED else 1)
    if not exchange.response.ok and (lifetime or 0) > most:
        yield f"status {exchange.response.status} may be kept {lifetime} s; {most} s is the most"


RULES = (
    playlist_can_be_told_from_others,
    playlist_has_its_type,
    media_have_their_type,
    playlists_are_compressed,
    compressed_answers_vary,
    answers_are_the_same_for_everyone,
    browsers_may_read_it,
    nothing_is_redirected,
    caches_are_told,
    live_playlists_do_not_go_stale,
    blocking_reloads_can_be_shared,
    media_can_be_kept,
    errors_are_soon_forgotten,
)
