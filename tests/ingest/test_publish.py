import pytest

from vitrine.ingest.publish import PublishRefusedError, Refusal, channel_for_key, is_loopback

KEYS = [("deals", "s3cret"), ("open", None), ("unicode", "clé")]


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::12", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_loopback(address: str, local: bool) -> None:
    assert is_loopback(address) is local


@pytest.mark.parametrize(
    ("key", "address", "channel"),
    [("s3cret", "203.0.113.9", "deals"), ("open", "127.0.0.1", "open"), ("clé", "203.0.113.9", "unicode")],
)
def test_found(key: str, address: str, channel: str) -> None:
    assert channel_for_key(key, address, KEYS) == channel


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("", "127.0.0.1"),
        ("wrong", "127.0.0.1"),
        ("s3cret2", "127.0.0.1"),
        ("deals", "127.0.0.1"),  # the name is no key where one is configured
        ("open", "203.0.113.9"),  # nor is it from elsewhere
        ("\udcff", "127.0.0.1"),
    ],
)
def test_refused(key: str, address: str) -> None:
    with pytest.raises(PublishRefusedError) as caught:
        channel_for_key(key, address, KEYS)
    assert caught.value.refusal is Refusal.WRONG_KEY


def test_the_key_is_not_repeated() -> None:
    with pytest.raises(PublishRefusedError) as caught:
        channel_for_key("s3cret-but-wrong", "127.0.0.1", KEYS)
    assert "s3cret" not in str(caught.value)
