"""The pages that viewers open, as files to serve: what exists, its type, its ETag and its headers.

Nothing is made here: every file lies beside this module, or is the player module of overlay/browser/, and is read
once. hls.js lies in vendor/, put there when the package is built (browser/build_hook.py); without it the watch page
says so.
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from vitrine.overlay import browser

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".LICENSE": "text/plain; charset=utf-8",
}
"""By the end of a file's name. What is not listed is not served."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' https:",  # products' pictures lie with the shop, and with whoever serves its pictures
        "connect-src 'self'",
        "media-src 'self' blob: data:",  # hls.js feeds the video element from an object address, and makes a text track
        "worker-src 'self' blob:",  # and starts its demuxer from one
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
"""CSP Level 3. Neither page nor script has inline code or styles, and nothing but pictures comes from another host.

A picture by http: is not shown, not even on loopback: a page behind TLS would not show it either.
"""

PLAYING = "autoplay=(self), fullscreen=(self), picture-in-picture=(self)"

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": f"{PLAYING}, camera=(), geolocation=(), microphone=()",
        "Vary": "Accept-Encoding",
        "Cache-Control": "no-cache",  # asked again every time, answered 304 by the ETag: an update is seen at once
    }
)
"""For every answer with a page or a static file."""

FOR_CREWS: Mapping[str, str] = MappingProxyType(
    {
        "Permissions-Policy": f"{PLAYING}, camera=(self), geolocation=(), microphone=(self), screen-wake-lock=(self)",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace("frame-ancestors 'self'", "frame-ancestors 'none'"),
        "Referrer-Policy": "no-referrer",  # a rehearsal's address is a secret
    }
)
"""Instead, for the studio: it films, and nobody may put it under a page of their own."""

FOR_EVERYONE: Mapping[str, str] = MappingProxyType(
    {
        "Access-Control-Allow-Origin": "*",  # a module is fetched by CORS
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
)
"""Besides, for the player module: anyone's page may import it from here."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file to serve: its bytes, its Content-Type, and its strong ETag with the quotes (RFC 9110, 8.8.3).

    `packed` are the bytes as gzip, of hls.js a third. `headers` are HEADERS, and what it needs besides.
    """

    body: bytes
    packed: bytes
    content_type: str
    etag: str
    headers: Mapping[str, str]


def page(name: str) -> Asset:
    """The page `index` (for /), `watch` (for /watch/{channel}) or `studio` (for /studio/{channel}).

    Raises KeyError for a name we do not have.
    """
    return _pages()[name]


def static_file(name: str) -> Asset | None:
    """The file for /static/{name}, such as `watch.css` or `vendor/hls.min.js`; None where there is none.

    Names are looked up, never joined to a path, so that no name leads outside.
    """
    return _static_files().get(name)


@cache
def _pages() -> Mapping[str, Asset]:
    return {name.removesuffix(".html"): asset for name, asset in _assets() if name.endswith(".html")}


@cache
def _static_files() -> Mapping[str, Asset]:
    return {name: asset for name, asset in _assets() if not name.endswith(".html")}


def _assets() -> Iterator[tuple[str, Asset]]:
    here = files(__name__)
    for prefix in ("", "studio/", "vendor/"):
        folder = here / prefix if prefix else here
        if folder.is_dir():
            yield from ((prefix + file.name, _read(file)) for file in folder.iterdir() if _content_type(file.name))
    for name, body in browser.modules().items():
        yield name, _asset(name, body, {**HEADERS, **FOR_EVERYONE})


def _content_type(name: str) -> str | None:
    _, dot, ending = name.rpartition(".")
    return CONTENT_TYPES.get(dot + ending)


def _read(file: Traversable) -> Asset:
    headers = {**HEADERS, **FOR_CREWS} if file.name == "studio.html" else HEADERS
    return _asset(file.name, file.read_bytes(), headers)


def _asset(name: str, body: bytes, headers: Mapping[str, str]) -> Asset:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Asset(body, gzip.compress(body, mtime=0), _content_type(name) or "", etag, headers)
