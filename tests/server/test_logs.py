"""No secret in any line of the log, whatever wrote it."""

import json
import logging

import pytest
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from vitrine.server.config import Channel, Config, TurnServer, Whip
from vitrine.server.logs import HIDDEN, JsonFormatter, Redaction, TextFormatter, is_ours, secrets_of

CONFIG = Config(
    channels={"show": Channel(stream_key="k3y-of-the-show", playback_secret="a secret of the shop"), "open": Channel()},
    whip=Whip(turn=(TurnServer("turn:t.example.net", "crew", "turn-secret"),)),
)
SECRETS = secrets_of(CONFIG, "the-api-token")


def record(text: str, *arguments: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("vitrine.x", logging.INFO, "file.py", 1, text, arguments, None)
    made.__dict__.update(more)
    return made


@pytest.mark.parametrize("secret", ["k3y-of-the-show", "a secret of the shop", "turn-secret", "the-api-token"])
@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
def test_secrets_never_reach_a_line(formatter: type[TextFormatter] | type[JsonFormatter], secret: str) -> None:
    line = formatter(Redaction(SECRETS)).format(record("tcUrl rtmp://host/live/%s failed", secret))
    assert secret not in line
    assert f"rtmp://host/live/{HIDDEN} failed" in line


def test_nor_by_a_traceback() -> None:
    try:
        raise ValueError("wrong: k3y-of-the-show")
    except ValueError as error:
        line = TextFormatter(Redaction(SECRETS)).format(record("a bug", exc_info=(ValueError, error, None)))
    assert "k3y" not in line
    assert f"wrong: {HIDDEN}" in line


def test_a_signed_address_loses_its_signature() -> None:
    line = TextFormatter(Redaction(())).format(record("GET /hls/show/~1796072400.%s/index.m3u8", "ab" * 32))
    assert line.endswith(f"GET /hls/show/~1796072400.{HIDDEN}/index.m3u8")


def test_a_channels_name_is_no_secret() -> None:
    assert "open" not in SECRETS
    assert Redaction(["a"])("a channel") == "a channel"


def test_json_has_the_fields_beside_the_message() -> None:
    line = json.loads(JsonFormatter(Redaction(SECRETS)).format(record("over", fields={"channel": "show", "bytes": 5})))
    assert line["time"].endswith("+00:00")
    assert (line["level"], line["logger"], line["message"]) == ("info", "vitrine.x", "over")
    assert (line["channel"], line["bytes"]) == ("show", 5)


@pytest.mark.parametrize("error", [BadHttpMessage("no request"), LineTooLong(b"GET /aaa", 8190)])
def test_a_request_that_is_none_has_no_line(error: Exception) -> None:
    assert not is_ours(record("Error handling request from 192.0.2.7", exc_info=(type(error), error, None)))


def test_a_bug_has_one() -> None:
    error = ValueError("of ours")
    assert is_ours(record("Error handling request from 192.0.2.7", exc_info=(ValueError, error, None)))
    assert is_ours(record("the server starts"))
