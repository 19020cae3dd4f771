"""What the origin needs of a channel's desk: where its cues are commanded and its products are known."""

from collections.abc import Mapping
from typing import Protocol

from vitrine.media.errors import RefusedError
from vitrine.origin.events import Events
from vitrine.overlay.commands import Command
from vitrine.overlay.rundown import Rundown
from vitrine.overlay.show import Answer, Show


class NotOnAirError(RefusedError):
    """There is no broadcast to command."""


class RestingError(RefusedError):
    """The broadcast rests while the server is started again; the command is to be sent again."""


class TooManyCommandsError(RefusedError):
    """Commands come faster than a channel takes them; `wait` seconds later is early enough."""

    def __init__(self, text: str, wait: float) -> None:
        super().__init__(text)
        self.wait = wait


class NotStoredError(RefusedError):
    """The ledger could not be written, so nothing was stamped."""


class UnknownProductError(RefusedError):
    """The catalogue has no such product."""


class Desk(Protocol):
    """One channel's. Provided by the server (server/desk.py)."""

    events: Events

    @property
    def broadcast(self) -> str | None:
        """The id of the broadcast that `show` is of."""

    @property
    def show(self) -> Show | None:
        """What is on show in the broadcast on air, or in the last one while it can be watched."""

    @property
    def newest(self) -> int:
        """The newest frame accepted at ingest; the last one of a broadcast that is over."""

    @property
    def rundown(self) -> Rundown | None: ...

    async def command(self, command: Command, key: str | None) -> Answer:
        """Stamp a command. Raises CommandError and the errors above."""

    def catalogue(self) -> Mapping[str, object]:
        """`rev` and `products`, ready for JSON; without those that are not revealed yet."""

    def change(self, product: str, changes: object) -> Mapping[str, object]:
        """Change what the shop says of a product, until its file changes. Raises OfferError, UnknownProductError."""

    async def image(self, name: str) -> tuple[bytes, str] | None:
        """An image that lies beside the catalogue, with its type."""
