"""Signed addresses: the tokens, and what they open."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st
from playwright._impl._driver import compute_driver_executable

from tests.origin.show import Show, listening
from vitrine.media.errors import ConfigError
from vitrine.origin.hls import Hls
from vitrine.origin.reply import Reply
from vitrine.origin.request import Request
from vitrine.origin.signing import sign, time_left
from vitrine.server.commands.sign import seconds_of, signed_addresses
from vitrine.server.config import parse_config

SECRET = "a secret of the shop"
NOW = 1_796_058_000
DOCS = Path(__file__).resolve().parents[2] / "docs" / "protection.md"


def test_a_token_lets_in_until_it_expires_and_only_to_its_channel() -> None:
    token = sign(SECRET, "show", NOW + 60)
    assert time_left(SECRET, "show", token, NOW) == 60
    assert time_left(SECRET, "show", token, NOW + 61) == -1
    assert time_left(SECRET, "other", token, NOW) is None
    assert time_left(SECRET + "x", "show", token, NOW) is None


@given(st.integers(0, 80), st.characters(codec="ascii"))
def test_no_changed_token_lets_in(index: int, character: str) -> None:
    token = sign(SECRET, "show", NOW)
    index %= len(token)
    changed = token[:index] + character + token[index + 1 :]
    assert changed == token or time_left(SECRET, "show", changed, NOW) is None


@pytest.mark.parametrize(
    "token", ["", "~", "~1.", "~." + "0" * 64, "~-1." + "0" * 64, "~\u0661." + "0" * 64, "x" * 9999]
)
def test_what_is_no_token(token: str) -> None:
    assert time_left(SECRET, "show", token, NOW) is None


async def test_a_protected_channel_opens_to_signed_addresses_only() -> None:
    show = Show()
    show.go_live()
    show.play(80)
    show.secret = SECRET
    good, expired = (sign(SECRET, "show", int(time.time()) + left) for left in (3600 * 4, -5))
    async with listening(show) as (_, port), ClientSession(f"http://127.0.0.1:{port}") as client:
        for name in ("index.m3u8", "720p/index.m3u8", "720p/index.m3u8?_HLS_msn=1", "720p/b1.1.m4s", "allowed"):
            for token, status in ((f"{good}/", 204 if name == "allowed" else 200), (f"{expired}/", 403), ("", 403)):
                async with client.get(f"/hls/show/{token}{name}") as response:
                    assert response.status == status, (token, name)
                    if status == 403:
                        assert response.headers["Cache-Control"] == "public, max-age=2"
        for token, status in ((f"/{good}", 200), (f"/{expired}", 403), ("", 403)):
            async with client.get(f"/watch/show{token}") as response:
                assert response.status == status
        async with client.get(f"/hls/show/{good}/index.m3u8") as response:
            for line in (await response.text()).splitlines():
                assert "://" not in line
                assert not re.search('URI="/', line)


def test_no_cache_keeps_an_answer_longer_than_its_token() -> None:
    show = Show()
    show.go_live()
    show.play(80)
    for left, kept in (
        (4000, "public, max-age=3600, immutable"),
        (1800, "public, max-age=1800"),
        (1, "public, max-age=1"),
    ):
        hls = Hls(show.streams, lambda _channel: SECRET, lambda: NOW)
        target = f"/hls/show/{sign(SECRET, 'show', NOW + left)}/720p/b1.1.m4s"
        reply = hls.answer(Request("GET", target, {}))
        assert isinstance(reply, Reply)
        assert (reply.status, reply.headers["Cache-Control"]) == (200, kept)


def test_without_a_secret_everybody_may_watch() -> None:
    show = Show()
    show.go_live()
    show.play(80)
    for target in ("/hls/show/index.m3u8", f"/hls/show/{sign(SECRET, 'show', 0)}/index.m3u8"):
        reply = Hls(show.streams).answer(Request("GET", target, {}))
        assert isinstance(reply, Reply)
        assert reply.status == 200


def test_the_command_prints_addresses_that_open() -> None:
    config = parse_config(f'[channels.show]\nplayback_secret = "{SECRET}"\n[channels.open]\n', "test")
    page, playlist = signed_addresses(config, "show", seconds_of("4h"), NOW)
    token = sign(SECRET, "show", NOW + 4 * 3600)
    assert (page, playlist) == (f"/watch/show/{token}", f"/hls/show/{token}/index.m3u8")
    with pytest.raises(ConfigError, match="no channel 'none'; there are show, open"):
        signed_addresses(config, "none", 1, NOW)
    with pytest.raises(ConfigError, match="Everybody may watch open"):
        signed_addresses(config, "open", 1, NOW)
    for text in ("", "4", "h", "-1h", "4 h", "1e3h"):
        with pytest.raises(ConfigError, match="90m, 4h or 7d"):
            seconds_of(text)
    with pytest.raises(ConfigError, match="too short"):
        parse_config('[channels.show]\nplayback_secret = "short"\n', "test")


def test_the_recipes_of_the_docs_make_the_same_token() -> None:
    recipes = dict(re.findall(r"```(python|js)\n(.*?)```", DOCS.read_text(), re.DOTALL))
    programs = {"python": (sys.executable, "-c"), "js": (compute_driver_executable()[0], "-e")}
    for language, recipe in recipes.items():
        command = [*map(str, programs[language]), recipe]
        made = subprocess.run(command, capture_output=True, text=True, check=True, env={"SECRET": SECRET})
        token = made.stdout.strip().split("/")[3]
        left = time_left(SECRET, "cyberdeals", token, time.time())
        assert left is not None, language
        assert 4 * 3600 - 10 < left <= 5 * 3600
    assert set(recipes) == set(programs)
