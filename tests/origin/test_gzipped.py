import gzip

import pytest

from vitrine.origin.gzipped import Gzipped, accepts_gzip


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("", False),
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000, *", False),
        ("identity", False),
        ("*", True),
        ("*;q=0", False),
        (",;,=", False),
    ],
)
def test_who_takes_gzip(header: str, taken: bool) -> None:
    assert accepts_gzip(header) is taken


def test_a_text_is_compressed_once_for_each_version() -> None:
    gzipped = Gzipped()
    first = gzipped.of("720p", "#EXTM3U one")
    assert gzip.decompress(first) == b"#EXTM3U one"
    assert gzipped.of("720p", "#EXTM3U one") is first
    assert gzip.decompress(gzipped.of("360p", "#EXTM3U two")) == b"#EXTM3U two"
    assert gzipped.of("720p", "#EXTM3U one") is first
    assert gzip.decompress(gzipped.of("720p", "#EXTM3U next")) == b"#EXTM3U next"
