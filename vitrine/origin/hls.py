"""Every address under `/hls/`: which stream, rendition and file it names, and how long caches may keep the answer.

What is here neither waits nor sends: an answer is a Reply, or Blocked where it is not there yet
(draft-pantos-hls-rfc8216bis-22 section 6.2.5), and the shells (`listener.py`, `app.py`) ask again when it is.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import unquote

from vitrine.media.grid import SEGMENT_SECONDS
from vitrine.origin.files import Readers
from vitrine.origin.gzipped import accepts_gzip
from vitrine.origin.reply import Body, FilePiece, Reply, Representation, within
from vitrine.origin.request import Request
from vitrine.origin.signing import PREFIX, time_left
from vitrine.origin.stream import LiveStream, Question
from vitrine.packager.run import FIRST_MSN
from vitrine.packager.store import Stored
from vitrine.packager.window import Answer, Skip

LONGEST_WAIT = 3.0 * SEGMENT_SECONDS
"""Seconds a blocked request is held: SHOULD be answered by 503 after three target durations (section 6.2.5)."""

PLAYLIST_TYPE = "application/vnd.apple.mpegurl; charset=utf-8"
MEDIA_TYPES = {".mp4": "video/mp4", ".m4s": "video/iso.segment", ".vtt": "text/vtt; charset=utf-8"}
"""By the ending of a name: initialisation sections, segments and parts, segments of text."""

# Lifetimes in seconds, appendix B.1 of the draft.
BLOCKED_PLAYLIST_AGE = 6 * SEGMENT_SECONDS
EARLY_PLAYLIST_AGE = 2 * SEGMENT_SECONDS
BLOCKED_ERROR_AGE = 4 * SEGMENT_SECONDS
PLAYLIST_AGE = SEGMENT_SECONDS // 2
MULTIVARIANT_AGE = SEGMENT_SECONDS
ERROR_AGE = SEGMENT_SECONDS
MEDIA_AGE = 3600

EARLY = BLOCKED_PLAYLIST_AGE // SEGMENT_SECONDS
"""Segments at a broadcast's start whose blocked playlists live for EARLY_PLAYLIST_AGE only: a broadcast that is stopped
and begun again at once has the same addresses, and a player that is told of the former one sees nothing for seconds."""

PASSING_AGE = 1
"""Seconds for an error that time mends by itself: asked too early, or nothing came.

The draft's lifetimes would let anybody spoil the addresses of the next parts in every cache, by asking before they
are there. A request may come two segments early and is held, so a refusal of a second is over when a player asks.
"""

NO_MEDIA = "No such media here, or no longer; see the playlist for what there is"

NOT_SIGNED = "This show is for those who were given its address"
EXPIRED = "This address has expired; open the show again where you found it"

ALLOWED = "allowed"
"""`/hls/{channel}/{token}/allowed` tells a cache in front whether a token holds: 204 or 403."""

ALLOWED_AGE = 10
"""Seconds for which a cache in front need not ask again."""

PLAYABLE = Question()

LONGEST_ADDRESS_KEPT = 512
ADDRESSES_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Directives:
    """The delivery directives of a playlist request."""

    msn: int | None = None
    part: int | None = None
    skip: Skip = Skip.NO


@dataclass(frozen=True, slots=True)
class Address:
    """What a target names. No `rendition`: the multivariant playlist; no `name`: a media playlist.

    `token` is a protected channel's.
    """

    channel: str
    rendition: str
    name: str
    directives: Directives
    token: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The answer is not there yet: ask again once the stream has answered the question."""

    stream: LiveStream
    question: Question

    def wait(self, then: Callable[[], None]) -> Callable[[], None]:
        """Have `then` called once; gives what calls it off."""
        waiter = self.stream.wait(self.question, then)
        return lambda: self.stream.forget(self.question, waiter)


def gone() -> Reply:
    """A file that left the disk between its being found and its being read."""
    return _refused(404, NO_MEDIA, ERROR_AGE).reply


class _RefusedError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Hls:
    """Answers over the streams of every channel."""

    def __init__(
        self,
        streams: Callable[[str], Sequence[LiveStream]],
        secret: Callable[[str], str | None] = lambda _channel: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`streams`: what a channel plays, and before it what it played last while that can be fetched.

        `secret`: what signs a protected channel's addresses; None where everybody may watch.
        """
        self._streams = streams
        self._secret = secret
        self._clock = clock
        self.readers = Readers()
        """For the shells, where a reply is a piece of a file."""

    def answer(self, request: Request) -> Reply | Blocked:
        """Answer a GET or HEAD; the same address has the same answer for everyone, whatever else they send."""
        try:
            target = request.target
            address = _read_often(target) if len(target) <= LONGEST_ADDRESS_KEPT else read_address(target)
            secret = self._secret(address.channel)
            if secret is not None:
                return self._signed(secret, address, request)
            return self._answer(address, request)
        except _RefusedError as error:
            return error.reply

    def refusal(self, channel: str, token: str) -> str | None:
        """Why a channel may not be watched with a token, in words; None if it may."""
        secret = self._secret(channel)
        left = None if secret is None else time_left(secret, channel, token, self._clock())
        if secret is None or (left is not None and left > 0):
            return None
        return NOT_SIGNED if left is None else EXPIRED

    def _signed(self, secret: str, address: Address, request: Request) -> Reply | Blocked:
        """No cache may keep an answer for longer than the token that asked for it."""
        left = time_left(secret, address.channel, address.token, self._clock())
        if left is None or left <= 0:
            raise _refused(403, NOT_SIGNED if left is None else EXPIRED, ERROR_AGE)
        answer = self._answer(address, request)
        return answer if isinstance(answer, Blocked) or left > MEDIA_AGE else within(answer, int(left))

    def _answer(self, address: Address, request: Request) -> Reply | Blocked:
        if address.name == ALLOWED and not address.rendition:
            return Reply(204, _caching(ALLOWED_AGE))
        streams = self._streams(address.channel)
        if not streams:
            raise _refused(404, "Nothing is on air here", ERROR_AGE)
        if address.name:
            return _media(_naming(streams, address.name), address, request)
        stream = _following(streams, address)
        return _playlist(stream, address, request, former=stream is not streams[0])


def _following(streams: Sequence[LiveStream], address: Address) -> LiveStream:
    """The stream that a playlist's reader follows: the first. What is too far ahead there a player of the show before
    asks for, when that was ended and another begun within a second: it is to learn of the end.
    """
    asked = address.directives
    if asked.msn is None or _has(streams[0], address):
        return streams[0]
    return next((each for each in streams[1:] if _has(each, address)), streams[0])


def _has(stream: LiveStream, address: Address) -> bool:
    """Whether it has the playlist that is asked for, or will have it soon."""
    window = stream.window(address.rendition)
    asked = address.directives
    return window is not None and window.answer(asked.msn, asked.part) is not Answer.BAD_REQUEST


def _naming(streams: Sequence[LiveStream], name: str) -> LiveStream:
    """The stream that a medium is of; the first if it is of none."""
    for stream in streams:
        if stream.names(name):
            return stream
    return streams[0]


def too_late() -> Reply:
    """What was held for LONGEST_WAIT."""
    return _refused(503, "What was asked for did not come in time; ask again", PASSING_AGE).reply


def read_address(target: str) -> Address:
    """Raises _RefusedError."""
    path, _, query = target.partition("?")
    # Decoded piece by piece: an encoded slash is part of a name, and no file has that name.
    pieces = [unquote(piece) for piece in path.split("/")[2:]]
    token = pieces.pop(1) if len(pieces) > 1 and pieces[1].startswith(PREFIX) else ""
    match pieces:
        case [channel, "allowed"]:
            return Address(channel, "", ALLOWED, Directives(), token)
        case [channel, "index.m3u8"]:
            return Address(channel, "", "", Directives(), token)
        case [channel, rendition, "index.m3u8"]:
            return Address(channel, rendition, "", read_directives(query), token)
        case [channel, rendition, name] if name:
            return Address(channel, rendition, name, Directives(), token)
    raise _refused(404, "No such address; playlists are at /hls/CHANNEL/index.m3u8", ERROR_AGE)


_read_often = lru_cache(ADDRESSES_KEPT)(read_address)


def read_directives(query: str) -> Directives:
    """The directives of a query; anything else in it is ignored, and of two the first counts.

    Raises _RefusedError in words for anything but digits and the draft's skip words.
    """
    values: dict[str, str] = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name.startswith("_HLS_"):
            values.setdefault(name, unquote(value))
    skip = values.get("_HLS_skip", "")
    if skip not in ("", "YES", "v2"):
        raise _refused(400, "_HLS_skip is YES or v2", BLOCKED_ERROR_AGE)
    directives = Directives(_number(values, "_HLS_msn"), _number(values, "_HLS_part"), Skip(skip))
    if directives.part is not None and directives.msn is None:
        raise _refused(400, "_HLS_part came without _HLS_msn", BLOCKED_ERROR_AGE)
    return directives


MOST_DIGITS = 12
"""A media sequence number of twelve digits is two seconds for 60,000 years."""


def _number(values: dict[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise _refused(400, f"{name} is a whole number, not negative", BLOCKED_ERROR_AGE)
    return int(text)


def _refused(status: int, text: str, age: int) -> _RefusedError:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": f"public, max-age={age}" if age else "no-store",
        "Access-Control-Allow-Origin": "*",
    }
    return _RefusedError(Reply(status, headers, (f"{text}\n".encode(),)))


def _playlist(stream: LiveStream, address: Address, request: Request, *, former: bool) -> Reply | Blocked:
    """Of the `former` show a playlist is kept no longer than an error: the address will be the next one's."""
    if not stream.playable:
        if stream.ended:
            raise _refused(404, "The broadcast ended before there was anything to play", ERROR_AGE)
        return _blocked(stream, PLAYABLE)
    packed = accepts_gzip(request.headers.get("accept-encoding", ""))
    if not address.rendition:
        return _newest(stream, ("", Skip.NO), MULTIVARIANT_AGE, packed).answer(request)
    directives = address.directives
    blocking = directives.msn is not None
    window = stream.window(address.rendition)
    if window is None:
        raise _no_rendition(stream, BLOCKED_ERROR_AGE if blocking else ERROR_AGE)
    match window.answer(directives.msn, directives.part):
        case Answer.WAIT:
            return _blocked(stream, Question(address.rendition, directives.msn, directives.part))
        case Answer.BAD_REQUEST:
            raise _refused(400, "That part is too far ahead of the playlist's end", PASSING_AGE)
    age = PLAYLIST_AGE
    if former:
        age = PASSING_AGE
    elif directives.msn is not None:
        age = EARLY_PLAYLIST_AGE if directives.msn < FIRST_MSN + EARLY else BLOCKED_PLAYLIST_AGE
    return _newest(stream, (address.rendition, directives.skip), age, packed).answer(request)


def _blocked(stream: LiveStream, question: Question) -> Reply | Blocked:
    """What is asked for is not there yet; where the server is being stopped, the next one will have it."""
    return too_late() if stream.rests else Blocked(stream, question)


def _no_rendition(stream: LiveStream, age: int) -> _RefusedError:
    return _refused(404, f"No such rendition; there are {', '.join(stream.packager.windows)}", age)


def _newest(stream: LiveStream, kind: tuple[str, Skip], age: int, packed: bool) -> Representation:
    """A playlist as of now. It is written, compressed and hashed once for each version, not for each request."""
    key = (*kind, age, packed)
    made = stream.playlists.get(key)
    if made is not None and made[0] == stream.version:
        return made[2]
    rendition, skip = kind
    window = stream.window(rendition)
    text = stream.packager.multivariant() if window is None else window.playlist(skip)
    if made is not None and made[1] is text:
        representation = made[2]
    else:
        body = stream.gzipped.of(kind, text) if packed else text.encode()
        headers = {**_caching(age), "Content-Type": PLAYLIST_TYPE, "Vary": "Accept-Encoding"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        representation = Representation((body,), blake2b(body, digest_size=16).hexdigest(), headers, ranges=False)
    stream.playlists[key] = stream.version, text, representation
    return representation


def _media(stream: LiveStream, address: Address, request: Request) -> Reply | Blocked:
    """An initialization section, segment or part; the hinted part is held until it is whole.

    A name has the same bytes for ever, but for a segment in which a server was killed: less of it may be left, and that
    is another representation.
    """
    window = stream.window(address.rendition)
    if window is None:
        raise _no_rendition(stream, ERROR_AGE)
    key = (address.rendition, address.name)
    made = stream.media.get(key)
    if made is None:
        found = window.media(address.name)
        if found is Answer.WAIT:
            return _blocked(stream, Question(address.rendition, name=address.name))
        if isinstance(found, Stored):
            body: Body = FilePiece(found.path, 0, found.size)
        elif isinstance(found, tuple):
            body = found
        else:
            may_come = not stream.ended and stream.names(address.name)
            raise _refused(404, NO_MEDIA, 0 if may_come else ERROR_AGE)
        headers = {**_caching(MEDIA_AGE, ", immutable"), "Content-Type": MEDIA_TYPES[address.name[-4:]]}
        size = body.size if isinstance(body, FilePiece) else sum(map(len, body))
        made = Representation(body, f"{address.name}.{size}", headers, ranges=True)
        stream.media[key] = made
    return made.answer(request)


def _caching(age: int, more: str = "") -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={age}{more}", "Access-Control-Allow-Origin": "*"}
