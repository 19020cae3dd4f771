import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.aac import CHANNELS, SAMPLE_RATES, AudioSpecificConfig, codec_string
from vitrine.media.errors import MalformedError, UnsupportedError

TABLE = [
    (AudioSpecificConfig(2, 48000, 2), "1190"),
    (AudioSpecificConfig(2, 44100, 2), "1210"),
    (AudioSpecificConfig(2, 44100, 1), "1208"),
    (AudioSpecificConfig(2, 48000, 6), "11b0"),
    (AudioSpecificConfig(2, 48000, 8), "11b8"),
    (AudioSpecificConfig(2, 47999, 2), "17805dbf90"),
    (AudioSpecificConfig(42, 48000, 2), "f94640"),
]
"""Facts and the exact bytes (ISO/IEC 14496-3 section 1.6.2.1)."""

DECODED_ONLY = [
    ("1190" + "56e500", AudioSpecificConfig(2, 48000, 2)),
    ("2b118800", AudioSpecificConfig(2, 24000, 2)),
    ("eb098800", AudioSpecificConfig(2, 24000, 1)),
]
"""A backward compatible SBR extension, explicit SBR, explicit PS: the core's facts are kept."""


@pytest.mark.parametrize(("config", "data"), TABLE)
def test_encode(config: AudioSpecificConfig, data: str) -> None:
    assert config.encode().hex() == data


@pytest.mark.parametrize(("data", "config"), [(data, config) for config, data in TABLE] + DECODED_ONLY)
def test_decode(data: str, config: AudioSpecificConfig) -> None:
    assert AudioSpecificConfig.decode(bytes.fromhex(data)) == config
    assert AudioSpecificConfig.decode(bytes.fromhex(data) + b"\x00\x00") == config


@pytest.mark.parametrize(("config", "data"), TABLE)
def test_cut_short(config: AudioSpecificConfig, data: str) -> None:
    whole = bytes.fromhex(data)
    with pytest.raises(MalformedError, match="AAC configuration is cut short"):
        AudioSpecificConfig.decode(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ("", MalformedError, "cut short"),
        ("1690", MalformedError, "unknown sample rate index 13"),
        ("1780000010", MalformedError, "sample rate of 0"),
        ("11c0", UnsupportedError, "channel configuration 8 is not known; send mono, stereo or 5.1"),
        ("2b1194", MalformedError, "extension of an extension"),
    ],
)
def test_refused(data: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        AudioSpecificConfig.decode(bytes.fromhex(data))


def test_codec_string() -> None:
    assert codec_string(bytes.fromhex("1190")) == "mp4a.40.2"


@given(st.binary(max_size=12))
def test_any_bytes(data: bytes) -> None:
    try:
        config = AudioSpecificConfig.decode(data)
    except (MalformedError, UnsupportedError):
        return
    assert AudioSpecificConfig.decode(config.encode()) == config


@given(
    st.one_of(st.integers(1, 4), st.integers(6, 28), st.just(30), st.integers(32, 95)),
    st.one_of(st.sampled_from(SAMPLE_RATES), st.integers(1, 2**24 - 1)),
    st.sampled_from(CHANNELS),
)
def test_round_trip(object_type: int, rate: int, channels: int) -> None:
    config = AudioSpecificConfig(object_type, rate, channels)
    assert AudioSpecificConfig.decode(config.encode()) == config
