"""The log: one line an event on standard error, as text or as JSON, and no secret in any of them."""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from aiohttp.http_exceptions import HttpProcessingError

from vitrine.server.config import Channel, Config

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

HIDDEN = "[secret]"

LEAST_HIDDEN = 4
"""Letters of a secret that is looked for: a key such as `a` would blacken half of every line."""

PLAYBACK_TOKEN = re.compile(r"(~\d{1,12}\.)[0-9a-f]{8,64}")
"""A signed address opens a channel until it expires."""


class Redaction:
    """Takes secrets out of what is written. The last defence: nothing here is meant to write one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = sorted({each for each in secrets if len(each) >= LEAST_HIDDEN}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return PLAYBACK_TOKEN.sub(rf"\g<1>{HIDDEN}", text)


def secrets_of(config: Config, token: str) -> list[str]:
    """All secrets that a server knows. A channel's name that is its key is none: it stands in every address."""
    found = [token]
    for channel in config.channels.values():
        found += [each for each in _secrets_in(channel) if each is not None]
    found += [each.credential for each in config.whip.turn]
    return found


def _secrets_in(channel: Channel) -> list[str | None]:
    """The secrets of a channel's table, by the endings of their names."""
    names = (name for name in channel.__struct_fields__ if name.endswith(("_key", "_secret")))
    return [getattr(channel, name) for name in names]


class TextFormatter(logging.Formatter):
    """For people."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__(TEXT)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """For programs: an object a line, with the record's `fields` where it has any."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, Mapping):
            line.update(fields)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(line, ensure_ascii=False, default=str))


def is_ours(record: logging.LogRecord) -> bool:
    """False for a client's request that is none, of which aiohttp writes twenty lines: it was answered 400, and a
    flood of them is not to fill the disk.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def log_to_stderr(style: str = "text", secrets: Iterable[str] = ()) -> None:
    """One line an event; `style` is text or json."""
    redact = Redaction(secrets)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(redact) if style == "json" else TextFormatter(redact))
    handler.addFilter(is_ours)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
