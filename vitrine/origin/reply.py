"""Answers for playlists and media: what there is, in whole or in part, or that it has not changed (RFC 9110).

Nothing here does I/O: `listener.py` and `app.py` send what comes out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

from vitrine.origin.request import Request

MOST_DIGITS = 15
"""Of a position in a file; longer numbers are no positions."""

_RANGE = re.compile(rf"bytes=(\d{{0,{MOST_DIGITS}}})-(\d{{0,{MOST_DIGITS}}})", re.ASCII)


_AGE = re.compile(r"max-age=(\d+)")


@dataclass(frozen=True, slots=True)
class FilePiece:
    """`size` bytes of a file from `start` on."""

    path: str
    start: int
    size: int


Body = tuple[bytes, ...] | FilePiece


@dataclass(frozen=True, eq=False)
class Reply:
    """Status, header fields, and the body: in pieces to send one after another, or to be read from a file.

    HEAD is answered without the body. Two replies are never equal, whatever they say.
    """

    status: int
    headers: Mapping[str, str]
    body: Body = ()

    @cached_property
    def size(self) -> int:
        """Bytes of the body."""
        return self.body.size if isinstance(self.body, FilePiece) else sum(map(len, self.body))

    @cached_property
    def head(self) -> bytes:
        """Status line and fields, to which a sender adds Date and its own; made once however often it is sent."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            lines.append(f"Content-Length: {self.size}")
        return ("\r\n".join(lines) + "\r\n").encode("latin-1")

    @cached_property
    def lasts(self) -> bool:
        """It is whole and never changes."""
        return self.status == HTTPStatus.OK and "immutable" in self.headers.get("Cache-Control", "")


class Representation:
    """A playlist of one version, or a piece of media: the same bytes for ever, under a strong ETag."""

    def __init__(self, body: Body, etag: str, headers: Mapping[str, str], *, ranges: bool) -> None:
        """`etag` is without its quotes; `ranges`: whether a client may ask for a part of it."""
        self._etag = f'"{etag}"'
        self._ranges = ranges
        self.whole = Reply(200, {**headers, "ETag": self._etag, **({"Accept-Ranges": "bytes"} if ranges else {})}, body)

    def answer(self, request: Request) -> Reply:
        """200, 206, 304 or 416."""
        known = request.headers.get("if-none-match")
        if known is not None and names_etag(known, self._etag):
            return Reply(304, _without(self.whole.headers, "Content-Type", "Content-Encoding"))
        wanted = request.headers.get("range") if self._ranges and request.method == "GET" else None
        if wanted is not None and request.headers.get("if-range", self._etag) == self._etag:
            return self._part(wanted)
        return self.whole

    def _part(self, wanted: str) -> Reply:
        """One range. Several at once, and what is no range of bytes, are answered with the whole (section 14.2)."""
        size = self.whole.size
        match = _RANGE.fullmatch(wanted.strip())
        if match is None or wanted.strip() == "bytes=-":
            return self.whole
        first, last = match.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if first and last and int(last) < int(first):
            return self.whole
        if start >= size:
            headers = {**_without(self.whole.headers, "Content-Type", "ETag"), "Content-Range": f"bytes */{size}"}
            return Reply(416, {**headers, "Cache-Control": "no-store"})
        headers = {**self.whole.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
        return Reply(206, headers, _cut(self.whole.body, start, end + 1))


def _cut(body: Body, start: int, end: int) -> Body:
    if isinstance(body, FilePiece):
        return FilePiece(body.path, body.start + start, end - start)
    return (b"".join(body)[start:end],)


def _without(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


def within(reply: Reply, seconds: int) -> Reply:
    """The reply, kept by no cache for longer."""
    caching = reply.headers.get("Cache-Control", "")
    age = _AGE.search(caching)
    if age is None or int(age[1]) <= seconds:
        return reply
    return Reply(reply.status, {**reply.headers, "Cache-Control": f"public, max-age={seconds}"}, reply.body)


def names_etag(known: str, etag: str) -> bool:
    """Whether an If-None-Match names an ETag: any of a list, weak or not, or `*` (section 13.1.2)."""
    return known.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in known.split(","))
