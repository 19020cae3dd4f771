from fractions import Fraction
from pathlib import Path

import pytest

from vitrine.media.errors import ConfigError
from vitrine.server.config import Config, load_config, parse_config, split_address
from vitrine.transcode.ladder import DEFAULT_LADDER

CHANNEL = "[channels.show]\n"


def test_defaults_listen_on_loopback_with_one_channel() -> None:
    config = load_config(None)
    assert config.server.http == "127.0.0.1:8080"
    assert config.server.rtmp == "127.0.0.1:1935"
    assert list(config.channels) == ["live"]
    assert config.rungs == DEFAULT_LADDER


def test_a_whole_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOW_KEY", "s3cret")
    path = tmp_path / "vitrine.toml"
    path.write_text(
        """
        [server]
        http = "0.0.0.0:80"
        [hls]
        part = 0.5
        window = 120
        [[ladder]]
        name = "360p"
        height = 360
        kbps = 800
        [[ladder]]
        name = "720p"
        height = 720
        kbps = 2800
        [channels.show]
        title = "The show"
        stream_key = "env:SHOW_KEY"
        """
    )
    config = load_config(path)
    assert config.part_target == Fraction(1, 2)
    assert [rung.name for rung in config.rungs] == ["720p", "360p"]
    assert config.channels["show"].stream_key == "s3cret"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nhtpp = 'x'\n", "htpp"),
        ("[hls]\nwindow = 'long'\n", "window"),
        ("[hls]\nwindow = 3\n", "hls.window is 3"),
        ("[hls]\npart = 0.2\n", "0.2 s does not fit 23.976"),
        ("not toml", "x.toml"),
        ("[channels.a]\nstream_key = 'k'\n[channels.b]\nbackup_key = 'k'\n", "as its backup key"),
        ("[reconnect]\nwindow = 1801\n" + CHANNEL, "reconnect.window is 1801; take 0 to 1800 s"),
        ("[reconnect]\nafter_stop = -1\n" + CHANNEL, "reconnect.after_stop is -1"),
        ("", "no channel"),
        ("[server]\ncertificate = 'a.pem'\n" + CHANNEL, "belong together"),
        ("[whip]\nports = '50000'\n" + CHANNEL, "write FIRST-LAST"),
        ("[whip]\nports = '50100-50000'\n" + CHANNEL, "whip.ports is '50100-50000'"),
        ("[whip]\npublic_address = 'shop.example'\n" + CHANNEL, "write an IPv4 address"),
        ("[whip]\nstun = ['stun.example.net']\n" + CHANNEL, "'stun.example.net'"),
        ("[whip]\nturn = [{url = 'turn:x', username = 'u'}]\n" + CHANNEL, "credential"),
        ("[whip]\nturn = [{url = 'turn:x', username = 'u', credential = 'env:NONE'}]\n" + CHANNEL, "NONE is not set"),
        ("[channels.'No Spaces']\n", "'No Spaces'"),
        ("[channels.show]\nstream_key = 'env:NOT_SET_ANYWHERE'\n", "NOT_SET_ANYWHERE is not set"),
        ("[channels.show]\nstream_key = ''\n", "stream_key is empty"),
        ("[channels.a]\nstream_key = 'b'\n[channels.b]\n", "same stream key"),
        ("[[ladder]]\nname='audio'\nheight=360\nkbps=800\n" + CHANNEL, "'audio'"),
        ("[[ladder]]\nname='x'\nheight=3\nkbps=800\n" + CHANNEL, "'x'"),
        (
            "[[ladder]]\nname='x'\nheight=360\nkbps=800\n[[ladder]]\nname='x'\nheight=480\nkbps=900\n" + CHANNEL,
            "must differ",
        ),
    ],
)
def test_every_mistake_is_named(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "x.toml")
    assert words in str(caught.value)
    assert "b'" not in str(caught.value)


def test_webrtc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_SECRET", "s3cret")
    whip = parse_config(
        """
        [whip]
        ports = "40000-40009"
        public_address = "203.0.113.7"
        stun = ["stun:stun.example.net:3478"]
        turn = [{url = "turns:turn.example.net?transport=tcp", username = "crew", credential = "env:TURN_SECRET"}]
        [channels.show]
        """,
        "x.toml",
    ).whip
    assert whip.port_range == range(40000, 40010)
    assert whip.public_address == "203.0.113.7"
    assert [server.url for server in whip.ice_servers] == [
        "stun:stun.example.net:3478",
        "turns:turn.example.net?transport=tcp",
    ]
    assert whip.ice_servers[1].credential == "s3cret"
    assert len(Config().whip.port_range) == 101


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        load_config(tmp_path / "none.toml")


def test_addresses() -> None:
    assert split_address("127.0.0.1:1935", "x") == ("127.0.0.1", 1935)
    assert split_address("[::1]:80", "x") == ("::1", 80)
    for wrong in ("1935", ":80", "host:", "host:99999", "host:x"):
        with pytest.raises(ConfigError, match=r"server\.http is"):
            split_address(wrong, "server.http")
