import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.ids import PRODUCTS, SCRIPTS
from vitrine.media.cue import SLOTS, Cue
from vitrine.media.errors import ConfigError, MalformedError
from vitrine.media.grid import RATES, Grid
from vitrine.overlay.clock import Clock
from vitrine.overlay.commands import MAX_PROGRAMME
from vitrine.overlay.rundown import (
    MAX_CHARACTERS,
    MAX_ITEMS,
    MAX_NOTE,
    Rundown,
    RundownItem,
    ledger_of,
    parse_rundown,
)

GRID = Grid(Fraction(25))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("WM-4411", RundownItem(("WM-4411",))),
        ({"product": "WM-4411"}, RundownItem(("WM-4411",))),
        ({"products": ["a", "b"], "slot": 2}, RundownItem(("a", "b"), 2)),
        ({"product": None, "products": ["a"], "slot": None, "at": None, "note": None}, RundownItem(("a",))),
        ({"product": "a", "at": 12.5}, RundownItem(("a",), at=Fraction(25, 2))),
        ({"product": "a", "at": "00:00:12.500"}, RundownItem(("a",), at=Fraction(25, 2))),
        ({"product": "a", "at": "1:02:03", "until": 4000}, RundownItem(("a",), 1, Fraction(3723), Fraction(4000))),
        ({"product": "a", "at": 0, "note": "von links 👈"}, RundownItem(("a",), at=Fraction(0), note="von links 👈")),
    ],
)  # fmt: skip
def test_items(item: object, expected: RundownItem) -> None:
    for value in ([item], {"items": [item]}):
        for text in (json.dumps(value), "\ufeff" + json.dumps(value, ensure_ascii=False, indent=2)):
            assert parse_rundown(text, "show.json") == Rundown((expected,))


def test_a_list_of_ids_of_every_script() -> None:
    rundown = parse_rundown(json.dumps(SCRIPTS), "show.json")
    assert [item.products for item in rundown.items] == [(product,) for product in SCRIPTS]
    assert parse_rundown("[]", "show.json") == parse_rundown('{"items":[]}', "show.json") == Rundown(())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "show.json is no JSON"),
        ("[1,", "show.json is no JSON"),
        ("[" * 100_000, "show.json is no JSON"),
        ("7", "the items are no list"),
        ('{"items":{}}', "the items are no list"),
        ('{"item":[]}', "an object with items and nothing else"),
        ('{"items":[],"title":"x"}', "an object with items and nothing else"),
        ("[" + ",".join(['"a"'] * (MAX_ITEMS + 1)) + "]", f"{MAX_ITEMS} at most"),
        (" " * (MAX_CHARACTERS + 1), f"{MAX_CHARACTERS} at most"),
    ],
)
def test_texts_that_are_no_rundown(text: str, error: str) -> None:
    with pytest.raises(MalformedError, match=error):
        parse_rundown(text, "show.json")


NO_TIMES: list[object] = [
    -1, True, "12.5", "1:2:3", "00:60:00", "00:00:60", "", [], float("nan"), float("inf"), MAX_PROGRAMME + 1,
    "9999:00:00", 10**400,
]  # fmt: skip


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (7, "is no object such as"),
        (None, "is no object such as"),
        ({}, "products: show needs at least one product"),
        ({"products": []}, "products: show needs at least one product"),
        ({"product": 7}, "products: 7 is no product id"),
        ({"product": ""}, "products: A product id is empty"),
        ({"product": "x" * 65}, "products: A product id has 65 characters"),
        ({"product": "a", "products": ["a"]}, "name product or products, not both"),
        ({"products": ["a", "b"], "slot": 3}, "products: 2 products do not fit from slot 3 on"),
        ({"product": "a", "slot": 4}, "slot: 4 is no slot"),
        ({"product": "a", "slot": "1"}, "slot: '1' is no slot"),
        ({"product": "a", "solt": 1}, "'solt' is unknown; do you mean slot?"),
        *(({"product": "a", "at": at}, "at is no time such as 12.5") for at in NO_TIMES),
        ({"product": "a", "at": 1, "until": "x"}, "until is no time such as 12.5"),
        ({"product": "a", "until": 3}, "until is a time after at"),
        ({"product": "a", "at": 3, "until": 3}, "until is a time after at"),
        ({"product": "a", "note": 3}, "note is no text"),
        ({"product": "a", "note": False}, "note is no text"),
        ({"product": "a", "note": "x" * (MAX_NOTE + 1)}, "note is no text"),
    ],
)  # fmt: skip
def test_a_wrong_item_is_named_by_its_number(item: object, error: str) -> None:
    with pytest.raises(MalformedError, match=r"^show\.json: item 2\b") as caught:
        parse_rundown(json.dumps(["fine", item]), "show.json")
    assert error in str(caught.value)


ITEMS = st.builds(
    lambda products, slot, at, length, note: RundownItem(
        tuple(products[: SLOTS + 1 - slot]), slot, at, None if at is None or length is None else at + length, note
    ),
    st.lists(PRODUCTS, min_size=1, max_size=SLOTS, unique=True),
    st.integers(1, SLOTS),
    st.none() | st.fractions(0, 20, max_denominator=1000),
    st.none() | st.fractions(Fraction(1, 1000), 20, max_denominator=1000),
    st.text(max_size=9),
)


def as_json(item: RundownItem) -> dict[str, object]:
    """Times to the nanosecond, as `H:MM:SS`."""

    def time(seconds: Fraction | None) -> str | None:
        if seconds is None:
            return None
        nanoseconds = round(seconds * 10**9)
        return f"0:00:{nanoseconds // 10**9:02}.{nanoseconds % 10**9:09}"

    return {
        "products": list(item.products),
        "slot": item.slot,
        "at": time(item.at),
        "until": time(item.until),
        "note": item.note,
    }


@given(st.lists(ITEMS, max_size=6))
def test_what_is_written_is_read_again(items: list[RundownItem]) -> None:
    rundown = parse_rundown(json.dumps([as_json(item) for item in items]), "show.json")
    for item, read in zip(items, rundown.items, strict=True):
        assert (item.products, item.slot, item.note) == (read.products, read.slot, read.note)
        for time, again in ((item.at, read.at), (item.until, read.until)):
            assert (time is None) == (again is None)
            assert time is None or again is None or abs(time - again) <= Fraction(1, 10**9)


@given(st.text(max_size=60) | st.recursive(st.none() | st.text(max_size=3) | st.floats(), st.lists).map(json.dumps))
def test_any_text(text: str) -> None:
    try:
        rundown = parse_rundown(text, "show.json")
    except MalformedError:
        return
    assert all(item.products for item in rundown.items)


def test_finding_the_item_that_was_shown_by_hand() -> None:
    rundown = parse_rundown(json.dumps(["A", "B", "A", {"products": ["B", "C"]}, "D"]), "show.json")
    for products, cursor, found in (
        (("A",), -1, 0),
        (("A",), 0, 0),
        (("A",), 1, 2),
        (("A",), 3, 0),
        (("B",), 2, 1),  # the same products before some of them
        (("B", "C"), -1, 3),
        (("C",), -1, 3),
        (("D", "A"), 0, 4),
        (("X",), 0, None),
        (("X", "A"), 0, None),
        (("D",), 99, 4),
    ):
        assert rundown.find(products, cursor) == found, (products, cursor)
    assert Rundown(()).find(("A",), -1) is None


def shown(*items: dict[str, object]) -> list[tuple[str, int, int, int | None]]:
    cues = ledger_of(parse_rundown(json.dumps(items), "show.json"), GRID).cues()
    return [(cue.product, cue.slot, cue.start, cue.end) for cue in cues]


def test_a_recorded_show() -> None:
    assert shown(
        {"product": "A", "at": 1, "until": 3},
        {"product": "B", "at": 2, "until": 3, "slot": 2},
        {"product": "not in this recording"},
        {"product": "C", "at": 4},
        {"products": ["D", "E"], "at": "0:00:05.019", "until": 6},
    ) == [("A", 1, 25, 75), ("B", 2, 50, 75), ("C", 1, 100, 125), ("D", 1, 125, 150), ("E", 2, 125, 150)]


def test_an_end_takes_away_only_its_own() -> None:
    """Another product, or the same one again, may have the slot by then."""
    assert shown(
        {"product": "A", "at": 1, "until": 3},
        {"product": "A", "at": 2, "until": 5},
        {"product": "A", "at": 2, "slot": 3},
        {"product": "B", "at": 4, "until": 6},
    ) == [("A", 1, 25, 50), ("A", 1, 50, 100), ("A", 3, 50, None), ("B", 1, 100, 150)]


def test_one_follows_another_without_an_empty_slot_between() -> None:
    rundown = parse_rundown('[{"product":"B","at":2,"until":3},{"product":"A","at":1,"until":2}]', "show.json")
    ledger = ledger_of(rundown, GRID, {"A": "Apron", "B": "Bowl"}.__getitem__)
    assert ledger.cues() == (Cue("c1", "A", 1, 25, 50), Cue("c2", "B", 1, 50, 75))
    assert [entry.action for entry in ledger.entries] == ["show", "show", "hide"]
    assert {(entry.source, entry.late) for entry in ledger.entries} == {("file", False)}
    assert [entry.item for entry in ledger.entries] == [1, 0, 0]
    assert ledger.title("A") == "Apron"


def test_a_rundown_without_times_is_for_a_live_show() -> None:
    assert not ledger_of(Rundown(()), GRID).entries
    with pytest.raises(ConfigError, match='add "at"'):
        ledger_of(parse_rundown('["A","B"]', "show.json"), GRID)


@pytest.mark.parametrize("rate", RATES)
@given(st.lists(ITEMS, max_size=8))
def test_every_item_is_on_show_from_the_frame_nearest_to_its_time(rate: Fraction, items: list[RundownItem]) -> None:
    timed = [item for item in items if item.at is not None]
    if not timed:
        return
    clock = Clock(Grid(rate), 0)
    ledger = ledger_of(Rundown(tuple(timed)), Grid(rate))
    for frame in {clock.nearest(item.at) for item in timed if item.at is not None}:
        on = {showing.slot: showing for showing in ledger.snapshot(frame).on}
        for slot in range(1, SLOTS + 1):
            # the item of this slot that began last, and among those, the last in the list
            holders = [
                (clock.nearest(item.at), index, item)
                for index, item in enumerate(timed)
                if item.at is not None
                and clock.nearest(item.at) <= frame
                and item.slot <= slot < item.slot + len(item.products)
            ]
            if not holders:
                assert slot not in on
                continue
            start, _, item = max(holders, key=lambda holder: holder[:2])
            ended = item.until is not None and clock.nearest(item.until) <= frame
            expected = None if ended else (item.products[slot - item.slot], start)
            assert (on[slot].product, on[slot].since) == expected if slot in on else expected is None
