"""Requests to the origin's listener, and the addresses in them."""

from collections.abc import Iterable
from contextlib import suppress

from fuzz.target import Target, cut
from vitrine.ingest.whip.resource import publisher_address
from vitrine.origin.hls import Blocked, Hls
from vitrine.origin.request import MAX_HEAD, MAX_LINE, Request, RequestError, RequestReader

ANSWERS = Hls(lambda _channel: ())


def request_head(data: bytes) -> None:
    """In pieces as in one. No request passes whose end two servers could see in different places."""
    requests, end = _read([data])
    assert _read(cut(data)) == (requests, end)
    for request in requests:
        assert request.method in ("GET", "HEAD")
        assert "transfer-encoding" not in request.headers
        assert request.headers.get("content-length", "0") == "0"
        assert len(request.target) <= MAX_LINE
        assert not set(request.target) & set(" \r\n\0")
        reply = ANSWERS.answer(request)
        assert not isinstance(reply, Blocked)
        assert b"\r\n\r\n" not in reply.head
        publisher_address("127.0.0.1", request.headers)


def _read(pieces: Iterable[bytes]) -> tuple[list[Request], str]:
    reader = RequestReader()
    requests: list[Request] = []
    for piece in pieces:
        reader.receive_data(piece)
        with suppress(RequestError):
            while reader.ours and (request := reader.next_request()) is not None:
                requests.append(request)
            assert reader.waiting <= MAX_HEAD + len(piece) or not reader.ours
            continue
        return requests, "refused"
    return requests, "open"


def _seeds() -> Iterable[bytes]:
    yield b"GET /hls/live/720p/index.m3u8?_HLS_msn=4&_HLS_part=2 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
    yield b'GET /hls/live/720p/4.2.m4s HTTP/1.1\r\nHost: a\r\nRange: bytes=0-99\r\nIf-None-Match: "x"\r\n\r\n' * 2
    yield b"HEAD /hls/~1.0/x HTTP/1.0\r\nConnection: keep-alive\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\r\n"
    yield b"GET /hls/a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


TARGETS = (Target("http_request", request_head, _seeds, 2048),)
