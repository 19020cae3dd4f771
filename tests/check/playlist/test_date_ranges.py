from fractions import Fraction

import pytest

from vitrine.check.playlist.date_ranges import end_of
from vitrine.check.playlist.media import parse_media

START = 'ID="a",START-DATE="1970-01-01T00:00:10Z"'


def read(*tags: str) -> tuple[list[str], Fraction | None]:
    playlist = parse_media("#EXTM3U\n" + "".join(f"#EXT-X-DATERANGE:{tag}\n" for tag in tags))
    found = playlist.date_ranges.get("a")
    return [fault.says for fault in playlist.faults], end_of(found) if found else None


@pytest.mark.parametrize(
    ("tags", "end"),
    [
        ([START], None),
        ([START + ",DURATION=2.5"], Fraction(12_500_000_000)),
        ([START + ',END-DATE="1970-01-01T00:00:11Z"'], Fraction(11_000_000_000)),
        ([START, 'ID="a",DURATION=0'], Fraction(10_000_000_000)),
        ([START + ",PLANNED-DURATION=9"], None),
    ],
)
def test_tags_of_one_id_are_joined(tags: list[str], end: Fraction | None) -> None:
    assert read(*tags) == ([], end)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        (['START-DATE="1970-01-01T00:00:10Z"'], "ID is missing"),
        ([START, 'ID="a",START-DATE="1970-01-01T00:00:11Z"'], "two of its tags say"),
        ([START + ",DURATION=-1"], "negative"),
        ([START + ",PLANNED-DURATION=-1"], "negative"),
        ([START + ',CUE="PRE,SOMETIMES"'], "'SOMETIMES'"),
    ],
)
def test_what_is_wrong_in_itself(tags: list[str], says: str) -> None:
    (note,), _ = read(*tags)
    assert says in note
