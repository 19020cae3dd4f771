"""The configuration: one TOML file, every value with a default, every mistake named."""

import os
import re
from fractions import Fraction
from pathlib import Path

import msgspec

from vitrine.media.errors import ConfigError
from vitrine.media.grid import check_part_target
from vitrine.packager.part import PRODUCTS
from vitrine.transcode.ladder import DEFAULT_LADDER, Rung, check_ladder

CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Channel names stand in addresses and folder names."""

SECRET_PREFIX = "env:"  # noqa: S105 - the prefix, not a secret

WINDOW_SECONDS = range(12, 24 * 3600 + 1)
"""Apple wants at least six segments; a day is more than any player holds."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server listens, and where it keeps what must last. `rtmps` needs a certificate."""

    http: str = "127.0.0.1:8080"
    rtmp: str = "127.0.0.1:1935"
    rtmps: str = "127.0.0.1:1936"
    data: str = "data"
    api_token: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None


class Hls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of a part, and of the live window."""

    part: float = 0.334
    window: int = 60


class RungTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[ladder]]` table: `height` is the short side in pixels."""

    name: str
    height: int
    kbps: int


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A brand's lasting place. Without a stream key the channel's name opens it, from this machine only.

    `catalogue` and `rundown` are files, beside the configuration unless they say otherwise. `in_band` lets the
    encoder command cues inside its stream.
    """

    title: str | None = None
    stream_key: str | None = None
    catalogue: str | None = None
    rundown: str | None = None
    in_band: bool = False


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    server: Server = Server()
    hls: Hls = Hls()
    ladder: tuple[RungTable, ...] = ()
    channels: dict[str, Channel] = {}

    @property
    def part_target(self) -> Fraction:
        """Seconds, exactly as written."""
        return Fraction(str(self.hls.part))

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The ladder, largest first."""
        if not self.ladder:
            return DEFAULT_LADDER
        rungs = (Rung(table.name, table.height, table.kbps) for table in self.ladder)
        return tuple(sorted(rungs, key=lambda rung: -rung.height))


DEFAULT_CHANNEL = "live"
"""The channel of a server without a configuration file."""


def load_config(path: Path | None) -> Config:
    """Read a configuration file, or give the defaults with one channel. Raises ConfigError."""
    if path is None:
        return Config(channels={DEFAULT_CHANNEL: Channel(title="Live")})
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error}") from error
    return parse_config(text, str(path), path.parent)


def parse_config(text: str, name: str, folder: Path = Path()) -> Config:
    """Check a configuration file's text, put secrets in, and find files from `folder`. `name` stands in errors.

    Raises ConfigError.
    """
    try:
        config = msgspec.toml.decode(text, type=Config)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{name}: {error}") from error
    check_part_target(config.part_target)
    if config.hls.window not in WINDOW_SECONDS:
        raise ConfigError(
            f"{name}: hls.window is {config.hls.window}; take {WINDOW_SECONDS[0]} to {WINDOW_SECONDS[-1]} s"
        )
    if (config.server.certificate is None) != (config.server.certificate_key is None):
        raise ConfigError(f"{name}: server.certificate and server.certificate_key belong together")
    _check_ladder(config, name)
    if not config.channels:
        raise ConfigError(f"{name}: no channel; add a table such as [channels.{DEFAULT_CHANNEL}]")
    channels = {channel: _checked_channel(channel, table, name, folder) for channel, table in config.channels.items()}
    _check_keys(channels, name)
    server = config.server
    if server.api_token is not None:
        server = msgspec.structs.replace(server, api_token=_secret(server.api_token, f"{name}: server.api_token"))
    return msgspec.structs.replace(config, server=server, channels=channels)


def _check_ladder(config: Config, name: str) -> None:
    for rung in config.ladder:
        if not CHANNEL_NAME.fullmatch(rung.name):
            raise ConfigError(f"{name}: the rung name {rung.name!r} cannot stand in an address; take one such as 720p")
        if rung.name == PRODUCTS:
            raise ConfigError(
                f"{name}: the rung name {PRODUCTS!r} is taken by the products' text; take one such as 720p"
            )
    try:
        check_ladder(config.rungs)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error


def _checked_channel(channel: str, table: Channel, name: str, folder: Path) -> Channel:
    if not CHANNEL_NAME.fullmatch(channel):
        raise ConfigError(f"{name}: channel {channel!r}: use small letters, digits, - and _, 64 at most")
    key = table.stream_key
    return msgspec.structs.replace(
        table,
        stream_key=None if key is None else _secret(key, f"{name}: channels.{channel}.stream_key"),
        catalogue=None if table.catalogue is None else str(folder / table.catalogue),
        rundown=None if table.rundown is None else str(folder / table.rundown),
    )


def _secret(value: str, name: str) -> str:
    """A secret written out, or taken from the environment where it is written `env:NAME`."""
    if not value.startswith(SECRET_PREFIX):
        secret = value
    else:
        variable = value.removeprefix(SECRET_PREFIX)
        secret = os.environ.get(variable, "")
        if not secret:
            raise ConfigError(f"{name}: the environment variable {variable} is not set")
    if not secret:
        raise ConfigError(f"{name} is empty")
    return secret


def _check_keys(channels: dict[str, Channel], name: str) -> None:
    keys = [table.stream_key or channel for channel, table in channels.items()]
    if len(set(keys)) < len(keys):
        raise ConfigError(f"{name}: two channels have the same stream key")


def split_address(address: str, name: str) -> tuple[str, int]:
    """`HOST:PORT` as a pair; an IPv6 host stands in brackets. Raises ConfigError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"{name} is {address!r}; write HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)
