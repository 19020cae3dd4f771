import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.rtmp.address import Address
from vitrine.media.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "key", "address", "tc_url"),
    [
        ("rtmp://host/live/k", None, Address(False, "host", 1935, "live", "k"), "rtmp://host:1935/live"),
        ("rtmp://host:99/live", "k", Address(False, "host", 99, "live", "k"), "rtmp://host:99/live"),
        ("rtmp://host/live/", "k", Address(False, "host", 1935, "live", "k"), "rtmp://host:1935/live"),
        ("rtmps://host/a/b/k", None, Address(True, "host", 443, "a/b", "k"), "rtmps://host:443/a/b"),
        ("rtmp://host/live/k?x=y", None, Address(False, "host", 1935, "live", "k?x=y"), "rtmp://host:1935/live"),
        ("rtmp://host/live?x=y", "k", Address(False, "host", 1935, "live?x=y", "k"), "rtmp://host:1935/live?x=y"),
        ("rtmp://[::1]/live", "k", Address(False, "::1", 1935, "live", "k"), "rtmp://[::1]:1935/live"),
    ],
)
def test_decode(url: str, key: str | None, address: Address, tc_url: str) -> None:
    assert Address.decode(url, key) == address
    assert address.tc_url == tc_url


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://host/live/k", None),
        ("rtmp:///live/k", None),
        ("rtmp://host/k", None),
        ("rtmp://host/", "k"),
        ("rtmp://host/live", ""),
        ("rtmp://host:port/live", "k"),
        ("rtmp://host:99999/live", "k"),
        ("rtmp://[::1/live", "k"),
        ("", None),
    ],
)
def test_refused(url: str, key: str | None) -> None:
    with pytest.raises(ConfigError):
        Address.decode(url, key)


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Address.decode("rtmp://host/live", "secret"))


@given(st.text() | st.text().map("rtmp://".__add__), st.text() | st.none())
def test_any_text(url: str, key: str | None) -> None:
    try:
        address = Address.decode(url, key)
    except ConfigError:
        return
    assert address.app
    assert address.key
