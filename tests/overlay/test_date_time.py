from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError
from vitrine.overlay.date_time import date_time_text, parse_date_time

SECOND = 1_000_000_000
NOON = 1_795_953_600 * SECOND


@pytest.mark.parametrize(
    ("text", "utc_ns"),
    [
        ("2026-11-29T12:00:00Z", NOON),
        ("2026-11-29t12:00:00z", NOON),
        ("2026-11-29 12:00:00.120Z", NOON + 120_000_000),
        ("2026-11-29T12:00:00,123456789Z", NOON + 123_456_789),
        ("2026-11-29T14:30:00+02:30", NOON),
        ("2026-11-29T07:00:00.5-0500", NOON + 500_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00+00:01", -60 * SECOND),
        ("9998-12-31T23:59:59.999999999-23:59", 253_370_851_140 * SECOND - 1),
    ],
)
def test_dates(text: str, utc_ns: int) -> None:
    assert parse_date_time(text) == utc_ns
    assert date_time_text(utc_ns).endswith("Z")


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-11-29", "2026-11-29T12:00:00", "2026-11-29T12:00Z", "2026-02-30T12:00:00Z",
        "2026-11-29T24:00:00Z", "2026-11-29T12:00:60Z", "2026-11-29T12:00:00.1234567890Z", "2026-11-29T12:00:00+24:00",
        "2026-11-29T12:00:00+00:60", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2026-11-29T12:00:00Z ",
        "２０２６-11-29T12:00:00Z", "2026-11-29T12:00:00.Z", "2026-11-29T12:00:00 02:00", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(MalformedError, match="is no date") as caught:
        parse_date_time(text)
    assert len(str(caught.value)) < 200


def test_text_is_rounded_to_the_nearest_millisecond() -> None:
    assert date_time_text(NOON + 120_499_999) == "2026-11-29T12:00:00.120Z"
    assert date_time_text(NOON + 999_500_000) == "2026-11-29T12:00:01.000Z"


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"))
def test_any_text(text: str) -> None:
    try:
        utc_ns = parse_date_time(text)
    except MalformedError:
        return
    milliseconds = parse_date_time(date_time_text(utc_ns)) if utc_ns >= 0 else utc_ns
    assert abs(milliseconds - utc_ns) <= 500_000


@given(st.integers(0, 250_000_000_000_000))
def test_agrees_with_the_standard_library(milliseconds: int) -> None:
    date = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
    text = date_time_text(milliseconds * 1_000_000)
    assert datetime.fromisoformat(text) == date
    assert parse_date_time(text) == milliseconds * 1_000_000
