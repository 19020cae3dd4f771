"""A channel's catalogue and rundown: read from their files, read again when these change, with live changes on top."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from vitrine.media.errors import ConfigError, MalformedError, RefusedError
from vitrine.origin.desk import UnknownProductError
from vitrine.origin.events import Events
from vitrine.overlay.catalogue.catalogue import (
    Catalogue,
    is_revealed,
    next_reveal,
    public_products,
    report,
    revision,
)
from vitrine.overlay.catalogue.offer import OfferError, with_offer
from vitrine.overlay.catalogue.product import product_json
from vitrine.overlay.catalogue.read import read_catalogue
from vitrine.overlay.rundown import Rundown, parse_rundown

log = logging.getLogger("vitrine.shop")

LOOK_AGAIN = 2.0
"""Seconds between looks at the files: what a shop changes is on the pages before anybody asks where it stays."""

IMAGE_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
"""What browsers show, by ending; no SVG, which can hold scripts."""

MAX_IMAGE_BYTES = 8 << 20
"""A card shows a few hundred pixels; a photograph as it left the camera may lie there all the same."""

REPORTED = 5
"""Refused rows named in the log; `vitrine catalogue FILE` names them all."""

Stamp = tuple[int, int]
"""A file's time of change in ns, and its size."""


class Shop:
    """What a channel sells, and in which order it means to show it."""

    def __init__(self, channel: str, catalogue: Path | None, rundown: Path | None) -> None:
        """Reads both files. Raises ConfigError for one that cannot be read at all."""
        self.rundown: Rundown | None = None
        self.listeners: list[Events] = []
        self._channel = channel
        self._images = f"/api/channels/{channel}/images/"
        self._catalogue: Catalogue | None = None
        self._catalogue_path = catalogue
        self._rundown_path = rundown
        self._stamps: dict[Path, Stamp | None] = {}
        self._seen: dict[Path, Stamp] = {}
        self._public: tuple[Catalogue, int | None, Mapping[str, object]] | None = None
        if catalogue is not None:
            self._stamps[catalogue] = _stamp(catalogue)
            self._take_catalogue(read_catalogue_file(catalogue))
        if rundown is not None:
            self._stamps[rundown] = _stamp(rundown)
            self.rundown = read_rundown_file(rundown)

    def tell(self, event: str, data: object) -> None:
        """Tell the pages of everything that sells this."""
        for events in self.listeners:
            events.tell(event, data)

    def known(self, product: str) -> bool:
        """Whether the product may be shown: any may where there is no catalogue."""
        return self._catalogue is None or product in self._catalogue.products

    def revealed(self, product: str) -> bool:
        """Whether viewers may know of the product."""
        found = self._catalogue.products.get(product) if self._catalogue else None
        return found is not None and is_revealed(found, time.time_ns())

    def title(self, product: str) -> str:
        return product if self._catalogue is None else self._catalogue.title(product)

    def public(self) -> Mapping[str, object]:
        """`rev` and `products` for pages: those that are revealed by now. Made once: every viewer asks for it."""
        if self._catalogue is None:
            return {"rev": revision([]), "products": []}
        now = time.time_ns()
        if self._public is not None:
            catalogue, until, public = self._public
            if catalogue is self._catalogue and (until is None or now < until):
                return public
        shown = public_products(self._catalogue, now, self._images)
        public = {"rev": revision(shown), "products": shown}
        self._public = self._catalogue, next_reveal(self._catalogue, now), public
        return public

    def change(self, product: str, changes: object) -> Mapping[str, object]:
        """Take a live change, until the file changes: the product now. Raises UnknownProductError, OfferError."""
        found = self._catalogue.products.get(product) if self._catalogue else None
        if self._catalogue is None or found is None:
            raise UnknownProductError(f"The catalogue has no product {product!r}")
        if not isinstance(changes, dict):
            raise OfferError("", 'A change is a JSON object such as {"availability": "out_of_stock"}')
        changed = with_offer(found, changes)
        self._catalogue = self._catalogue.replaced(changed)
        return product_json(changed, self._images)

    async def image(self, name: str) -> tuple[bytes, str] | None:
        """An image beside the catalogue: only what a revealed product names, so that no name leads anywhere else."""
        kind = IMAGE_TYPES.get(Path(name).suffix.lower())
        if kind is None or self._catalogue is None or self._catalogue_path is None:
            return None
        now = time.time_ns()
        if not any(each.image == name and is_revealed(each, now) for each in self._catalogue.products.values()):
            return None
        try:
            return await asyncio.to_thread(_read_bounded, self._catalogue_path.with_name(name), MAX_IMAGE_BYTES), kind
        except (OSError, RefusedError) as error:
            log.warning("%s: the image %s cannot be served: %s", self._channel, name, error)
            return None

    async def watch(self, tell: Callable[[], None]) -> None:
        """Look for changed files and for products whose time has come, for ever; `tell` after each."""
        reveal = self._next_reveal()
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            changed = await self._look_again()
            if changed or (reveal is not None and time.time_ns() >= reveal):
                tell()
                reveal = self._next_reveal()

    def _next_reveal(self) -> int | None:
        return None if self._catalogue is None else next_reveal(self._catalogue, time.time_ns())

    async def _look_again(self) -> bool:
        changed = False
        for path, former in tuple(self._stamps.items()):
            stamp = await asyncio.to_thread(_stamp, path)
            if stamp is None or stamp == former:
                continue
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp  # half a table reads as a shorter one: whoever writes it may not be done
                continue
            self._stamps[path] = stamp
            try:
                if path == self._catalogue_path:
                    self._take_catalogue(await asyncio.to_thread(read_catalogue_file, path))
                else:
                    self.rundown = await asyncio.to_thread(read_rundown_file, path)
                log.info("%s: read %s anew", self._channel, path)
                changed = True
            except ConfigError as error:
                log.error("%s: %s; what was read before stays", self._channel, error)
        return changed

    def _take_catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        if catalogue.refused:
            lines = "; ".join(report(catalogue, REPORTED).splitlines())
            log.warning("%s: the catalogue %s: %s", self._channel, self._catalogue_path, lines)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read_bounded(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise RefusedError(f"it is larger than {most >> 20} MiB")
    return data


MAX_FILE_BYTES = 64 << 20
"""Of a catalogue or a rundown; a feed of 200,000 products has about this much."""


def read_catalogue_file(path: Path) -> Catalogue:
    """A catalogue in any of its forms. Raises ConfigError."""
    try:
        return read_catalogue(_read_bounded(path, MAX_FILE_BYTES), path.name)
    except (OSError, MalformedError, RefusedError) as error:
        raise ConfigError(f"The catalogue {path} cannot be read: {error}") from error


def read_rundown_file(path: Path) -> Rundown:
    """Raises ConfigError."""
    try:
        return parse_rundown(_read_bounded(path, MAX_FILE_BYTES).decode("utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError, RefusedError, MalformedError) as error:
        raise ConfigError(f"The rundown {path} cannot be read: {error}") from error
