"""Requests for playlists and media, read off the wire (RFC 9112): strict, bounded, and without any I/O.

Only what `/hls/` needs is understood: GET and HEAD without a body. All else is for aiohttp, see `listener.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE = 8190
"""Bytes of the request line: aiohttp's own limit, and nginx's."""

MAX_HEAD = 32 * 1024
"""Bytes of a request line and its header fields together; browsers send under 2 KB."""

LONGEST_HEAD_KEPT = 1024
HEADS_KEPT = 1024
"""Heads that are not read again: viewers with the same browser ask for the same part in the same words."""

OURS = (b"GET /hls/", b"HEAD /hls/")
LONGEST_OURS = max(map(len, OURS))

_HEAD = re.compile(
    rb"(GET|HEAD) (/[!-~]*) HTTP/1\.([01])\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*)\r\n"
)
_FIELD = re.compile(r"([^:]+):([^\r]*)\r\n")
_ALONE = {"host", "content-length", "range"}
"""Fields that contradict themselves when they come twice."""


class RequestError(Exception):
    """A request that is refused before anybody looks at its address; the connection ends with the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is the path with its query, as sent; `headers` by lower-case name; `head` all of it as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    keep_alive: bool = True
    head: bytes = b""


class RequestReader:
    """The bytes of one connection, request by request. `waiting` are how many have not been read."""

    __slots__ = ("_at", "_data", "waiting")

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        self.waiting = 0

    def receive_data(self, data: bytes) -> None:
        # Nearly always one whole request behind nothing: then no byte of it is copied.
        self._data = self._data[self._at :] + data if self.waiting else data
        self._at = 0
        self.waiting += len(data)

    def take_rest(self) -> bytes:
        """All that was not read, for another reader."""
        rest, self._data, self._at, self.waiting = self._data[self._at :], b"", 0, 0
        return rest

    @property
    def ours(self) -> bool | None:
        """Whether what comes next is for `/hls/`; None while that cannot be told."""
        if self._data.startswith(OURS, self._at):
            return True
        begun = self._data[self._at : self._at + LONGEST_OURS]
        return None if any(each.startswith(begun) for each in OURS) else False

    @property
    def has_head(self) -> bool:
        """A whole head is there, or more than one may have: whose request it is, and that it came in time."""
        return self._data.find(b"\r\n\r\n", self._at) >= 0 or self.waiting > MAX_HEAD

    def next_request(self) -> Request | None:
        """The next whole request; None until it is there. Raises RequestError."""
        end = self._data.find(b"\r\n\r\n", self._at) + 4
        size = end - self._at
        if end < 4 or size > MAX_HEAD:
            self._check_size()
            return None
        head = self._data[self._at : end]
        self._at = end
        self.waiting -= size
        return _read_often(head) if size <= LONGEST_HEAD_KEPT else read_request(head)

    def _check_size(self) -> None:
        line = self._data.find(b"\n", self._at, self._at + MAX_LINE + 2)
        if line < 0 and self.waiting > MAX_LINE:
            raise RequestError(414, f"The address is longer than {MAX_LINE} bytes")
        if self.waiting > MAX_HEAD:
            raise RequestError(431, f"The request's head is longer than {MAX_HEAD} bytes")


def read_request(head: bytes) -> Request:
    """Read one head with the empty line at its end. Raises RequestError."""
    if head.find(b"\n") > MAX_LINE:
        raise RequestError(414, f"The address is longer than {MAX_LINE} bytes")
    match = _HEAD.fullmatch(head)
    if match is None:
        raise RequestError(400, "The request is not well-formed HTTP/1.1")
    method, target, minor, fields = match.groups()
    headers: dict[str, str] = {}
    for name, text in _FIELD.findall(fields.decode("latin-1")):
        key, value = name.lower(), text.strip("\t ")
        if key not in headers:
            headers[key] = value
        elif key in _ALONE:
            raise RequestError(400, f"The request has two fields {name}")
        else:
            headers[key] += ", " + value
    if minor == b"1" and "host" not in headers:
        raise RequestError(400, "The request names no Host")
    # A body on GET means nothing, and where two servers disagree on its length a second request hides in it.
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise RequestError(400, "A request for media has no body")
    keep_alive = minor == b"1" and "close" not in headers.get("connection", "").lower()
    return Request(method.decode(), target.decode("ascii"), headers, keep_alive, head)


_read_often = lru_cache(HEADS_KEPT)(read_request)
