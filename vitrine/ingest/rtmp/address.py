"""Where to publish to: the address a service gives, taken apart."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from vitrine.media.errors import ConfigError

PORTS = {"rtmp": 1935, "rtmps": 443}
"""By scheme. Services that take RTMPS listen on 443."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server, an application on it, and the key of one stream."""

    secure: bool
    host: str
    port: int
    app: str
    key: str = field(repr=False)

    @classmethod
    def decode(cls, url: str, key: str | None = None) -> "Address":
        """Parse `rtmp://host/app` with the key beside it, or `rtmp://host/app/key`. Raises ConfigError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"The address to publish to cannot be read: {error}.") from error
        if parts.scheme not in PORTS or not parts.hostname:
            raise ConfigError("The address to publish to must look like rtmp://HOST/live or rtmps://HOST/live.")
        app = parts.path.strip("/")
        query = f"?{parts.query}" if parts.query else ""
        if key is None:
            app, _, last = app.rpartition("/")
            key = last + query
        else:
            app += query
        if not app or not key:
            raise ConfigError("The address to publish to needs an application and a stream key: rtmp://HOST/live/KEY.")
        return cls(parts.scheme == "rtmps", parts.hostname, port or PORTS[parts.scheme], app, key)

    @property
    def tc_url(self) -> str:
        """The address as the connect command states it, without the key."""
        scheme = "rtmps" if self.secure else "rtmp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.app}"
