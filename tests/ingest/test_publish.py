import pytest

from vitrine.ingest.publish import Doorman, PublishRefusedError, Refusal, channel_for_key
from vitrine.media.backoff import FREE_TRIES

KEYS = [("deals", "s3cret"), ("open", None), ("unicode", "clé")]


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


def test_too_many_wrong_keys_and_even_the_right_one_has_to_wait() -> None:
    doorman = Doorman()
    for _ in range(FREE_TRIES):
        with pytest.raises(PublishRefusedError) as wrong:
            doorman.channel_for_key("guess", "203.0.113.9", KEYS, 100.0)
        assert wrong.value.refusal is Refusal.WRONG_KEY
    with pytest.raises(PublishRefusedError, match="try again in 1 s") as early:
        doorman.channel_for_key("s3cret", "203.0.113.9", KEYS, 100.1)
    assert early.value.refusal is Refusal.TOO_OFTEN
    assert early.value.wait == pytest.approx(0.9)
    assert doorman.channel_for_key("s3cret", "203.0.113.10", KEYS, 100.1) == "deals"
    assert doorman.channel_for_key("s3cret", "203.0.113.9", KEYS, 101.1) == "deals"
    assert (doorman.wrong, doorman.backoff.refused) == (FREE_TRIES, 1)
