import pytest

from vitrine.ingest.rtmp.stream_name import split_name
from vitrine.media.errors import RefusedError


@pytest.mark.parametrize(
    ("app", "tc_url", "name", "found"),
    [
        # FFmpeg, and OBS with a key in its settings
        ("live", "rtmp://host:1935/live", "key", ("live", "key")),
        ("live", "rtmp://host:1935/live", "key?a=b", ("live", "key")),
        ("live?a=b", "rtmp://host/live?a=b", "key", ("live", "key")),
        ("live/", "rtmp://host/live/", "key", ("live", "key")),
        ("live/extra", "rtmp://host/live/extra", "key", ("live/extra", "key")),
        ("live", "rtmp://host/live", "a/b", ("live", "a/b")),
        # the whole path in app: OBS without a key
        ("live/key", "rtmp://host/live/key", "", ("live", "key")),
        ("live/key?a=b", "rtmp://host/live/key?a=b", "", ("live", "key")),
        ("live/key", "rtmp://host/live/key", "?a=b", ("live", "key")),
        ("live/extra/key", "rtmp://host/live/extra/key", "", ("live/extra", "key")),
        # one component: the key alone
        ("key", "rtmp://host/key", "", ("live", "key")),
        # no app, or quotes around the address, as Neko has them
        ("", "rtmp://host/live", "key", ("live", "key")),
        ("", "'rtmp://host/live/key", "", ("live", "key")),
        ("", "", "key", ("live", "key")),
    ],
)
def test_split(app: str, tc_url: str, name: str, found: tuple[str, str]) -> None:
    assert split_name(app, tc_url, name) == found


@pytest.mark.parametrize(("app", "tc_url"), [("live", ""), ("live?key=x", ""), ("", "rtmp://host"), ("", "")])
def test_a_missing_key(app: str, tc_url: str) -> None:
    with pytest.raises(RefusedError, match="stream key is missing"):
        split_name(app, tc_url, "?x")


def test_another_application() -> None:
    for app, name in (("vod", "secret"), ("vod/secret", "")):
        with pytest.raises(RefusedError, match="rtmp://HOST/live") as caught:
            split_name(app, "", name)
        assert "secret" not in str(caught.value)
