"""The configuration: one TOML file, every value with a default, every mistake named."""

import ipaddress
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from vitrine.ingest.whip.settings import IceServer
from vitrine.media.errors import ConfigError
from vitrine.media.grid import check_part_target
from vitrine.origin.signing import LEAST_SECRET
from vitrine.packager.part import PRODUCTS
from vitrine.transcode.ladder import DEFAULT_LADDER, Rung, check_ladder

CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Channel names stand in addresses and folder names."""

SECRET_PREFIX = "env:"  # noqa: S105 - the prefix, not a secret

WINDOW_SECONDS = range(12, 24 * 3600 + 1)
"""Apple wants at least six segments; a day is more than any player holds."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server listens, and where it keeps what must last. `https` and `rtmps` need a certificate.

    With `always_admit` no broadcast is refused because the machine has no room for it.
    """

    http: str = "127.0.0.1:8080"
    https: str = "127.0.0.1:8443"
    rtmp: str = "127.0.0.1:1935"
    rtmps: str = "127.0.0.1:1936"
    data: str = "data"
    api_token: str | None = None
    always_admit: bool = False
    certificate: str | None = None
    certificate_key: str | None = None
    log: Literal["text", "json"] = "text"


class Hls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of a part, and of the live window."""

    part: float = 0.334
    window: int = 60


class TurnServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TURN server that publishers are told of."""

    url: str
    username: str
    credential: str


class Whip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Publishers by WebRTC: the UDP ports for their media, and what they are told of the network between."""

    ports: str = "50000-50100"
    public_address: str | None = None
    stun: tuple[str, ...] = ()
    turn: tuple[TurnServer, ...] = ()

    @property
    def port_range(self) -> range:
        """Raises ConfigError."""
        low, dash, high = self.ports.partition("-")
        if not (low.isdecimal() and high.isdecimal() and dash) or not 0 < int(low) <= int(high) < 1 << 16:
            raise ConfigError(f"whip.ports is {self.ports!r}; write FIRST-LAST, such as 50000-50100")
        return range(int(low), int(high) + 1)

    @property
    def ice_servers(self) -> tuple[IceServer, ...]:
        turn = (IceServer(each.url, each.username, each.credential) for each in self.turn)
        return (*map(IceServer, self.stun), *turn)


RECONNECT_SECONDS = range(1801)
"""Half an hour of slate is all that viewers have patience for; who needs longer begins another broadcast."""


class Reconnect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that a broadcast goes on without its publisher: one that was lost, and one that said that it stops."""

    window: int = 60
    after_stop: int = 30


class RungTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[ladder]]` table: `height` is the short side in pixels."""

    name: str
    height: int
    kbps: int


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A brand's lasting place. Without a stream key the channel's name opens it, from this machine only. Who has the
    `backup_key` stands by.

    `catalogue` and `rundown` are files, beside the configuration unless they say otherwise. With a `playback_secret`
    only signed addresses can be watched. `in_band` lets the encoder command cues inside its stream. `slate` is an image
    for the time without a picture.
    """

    title: str | None = None
    stream_key: str | None = None
    backup_key: str | None = None
    catalogue: str | None = None
    rundown: str | None = None
    playback_secret: str | None = None
    in_band: bool = False
    slate: str | None = None


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    server: Server = Server()
    hls: Hls = Hls()
    whip: Whip = Whip()
    reconnect: Reconnect = Reconnect()
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
    for field in ("window", "after_stop"):
        if (seconds := getattr(config.reconnect, field)) not in RECONNECT_SECONDS:
            raise ConfigError(f"{name}: reconnect.{field} is {seconds}; take 0 to {RECONNECT_SECONDS[-1]} s")
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
    return msgspec.structs.replace(config, server=server, channels=channels, whip=_checked_whip(config.whip, name))


ICE_ADDRESS = re.compile(r"(stuns?|turns?):[\w.\[\]:-]+(\?transport=(udp|tcp))?", re.ASCII)
"""RFC 7064 and 7065."""


def _checked_whip(table: Whip, name: str) -> Whip:
    try:
        assert table.port_range
        if table.public_address is not None:
            ipaddress.IPv4Address(table.public_address)
    except ipaddress.AddressValueError:
        raise ConfigError(
            f"{name}: whip.public_address is {table.public_address!r}; write an IPv4 address, such as 203.0.113.7"
        ) from None
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error
    for kind, urls in (("stun", table.stun), ("turn", tuple(each.url for each in table.turn))):
        for url in urls:
            if not url.startswith(kind) or not ICE_ADDRESS.fullmatch(url):
                raise ConfigError(f"{name}: whip.{kind} has {url!r}; write one such as {kind}:{kind}.example.net:3478")
    secret = f"{name}: whip.turn.credential"
    turn = (msgspec.structs.replace(each, credential=_secret(each.credential, secret)) for each in table.turn)
    return msgspec.structs.replace(table, turn=tuple(turn))


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
    key, backup = table.stream_key, table.backup_key
    return msgspec.structs.replace(
        table,
        stream_key=None if key is None else _secret(key, f"{name}: channels.{channel}.stream_key"),
        backup_key=None if backup is None else _secret(backup, f"{name}: channels.{channel}.backup_key"),
        playback_secret=_playback_secret(table.playback_secret, f"{name}: channels.{channel}.playback_secret"),
        catalogue=None if table.catalogue is None else str(folder / table.catalogue),
        rundown=None if table.rundown is None else str(folder / table.rundown),
        slate=None if table.slate is None else str(folder / table.slate),
    )


def _playback_secret(value: str | None, name: str) -> str | None:
    secret = None if value is None else _secret(value, name)
    if secret is not None and len(secret) < LEAST_SECRET:
        raise ConfigError(f"{name} is too short; take {LEAST_SECRET} characters or more")
    return secret


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
    keys += [table.backup_key for table in channels.values() if table.backup_key is not None]
    if len(set(keys)) < len(keys):
        raise ConfigError(f"{name}: two channels have the same stream key, or one has it as its backup key too")


def split_address(address: str, name: str) -> tuple[str, int]:
    """`HOST:PORT` as a pair; an IPv6 host stands in brackets. Raises ConfigError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"{name} is {address!r}; write HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)
