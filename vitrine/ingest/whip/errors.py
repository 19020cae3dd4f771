"""Why no peer can be had now, though nothing is wrong with the offer."""

from vitrine.media.errors import RefusedError


class PoolFullError(RefusedError):
    """As many peers as the settings allow are connected."""


class PeersUnavailableError(RefusedError):
    """The media process is not there; it is being started again."""
