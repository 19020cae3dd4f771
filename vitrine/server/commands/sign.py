"""`vitrine sign`: an address of a protected channel for so long."""

import re
import time

from vitrine.media.errors import ConfigError
from vitrine.origin.signing import sign
from vitrine.server.config import Config

UNITS = {"m": 60, "h": 3600, "d": 86400}
_LENGTH = re.compile(r"([0-9]{1,6})([mhd])")


def seconds_of(text: str) -> int:
    """`90m`, `4h` or `7d`. Raises ConfigError."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} is no length of time; write one such as 90m, 4h or 7d")
    return int(match[1]) * UNITS[match[2]]


def signed_addresses(config: Config, channel: str, seconds: int, now: float) -> tuple[str, str]:
    """The paths of the watch page and of the playlist. Raises ConfigError."""
    settings = config.channels.get(channel)
    if settings is None:
        raise ConfigError(f"There is no channel {channel!r}; there are {', '.join(config.channels)}")
    if settings.playback_secret is None:
        raise ConfigError(f"Everybody may watch {channel}: give it channels.{channel}.playback_secret to protect it")
    token = sign(settings.playback_secret, channel, int(now) + seconds)
    return f"/watch/{channel}/{token}", f"/hls/{channel}/{token}/index.m3u8"


def print_addresses(config: Config, channel: str, length: str) -> None:
    for path in signed_addresses(config, channel, seconds_of(length), time.time()):
        print(path)
