"""The arithmetic of the player module, in a real Chromium: attributes, stamps, playlists, and what wins when."""

import json
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.overlay.browser.conftest import OpenStage
from tests.overlay.browser.stage import On, Stage, emsg

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

START = "2026-11-29T17:00:00.000Z"
ZERO = 1_795_971_600_000
RANGE = {"ID": "b7-c1", "CLASS": "org.vitrine.product", "START-DATE": START, "X-PRODUCT": "WM-4411", "X-SLOT": "1"}


@pytest_asyncio.fixture(loop_scope="module")
async def module(open_stage: OpenStage) -> Page:
    """A page with the module's exports as `m`, and short forms."""
    page = await open_stage(Stage([], seconds=2))
    await page.evaluate("""import("/static/vitrine-snapshot.js").then((m) => Object.assign(globalThis, { m,
      known: (reads, forget) => {
        const ranges = new m.Ranges();
        reads.forEach((read) => ranges.read(read));
        forget && ranges.forget(forget);
        return ranges;
      },
      names: (on) => on.map(({ slot, product }) => `${slot}:${product}`).join(" "),
      said: (product, start, end = Infinity, more = {}) =>
        ({ id: product, cue: product, product, slot: 1, start, end, withdrawn: false, ...more }),
    }))""")
    return page


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"product": "WM-4411", "slot": 1, "cue": "c1", "start": ZERO, "end": None, "withdrawn": False}),
        ({"END-DATE": "2026-11-29T17:00:01.500Z"}, {"end": ZERO + 1500}),
        ({"DURATION": "1.501500"}, {"end": ZERO + 1501.5}),
        ({"END-DATE": "2026-11-29T17:00:01.500Z", "DURATION": "1.5004"}, {"end": ZERO + 1500}),
        ({"ID": "b7-c12.3-r2"}, {"id": "b7-c12.3-r2", "cue": "c12.3"}),
        ({"ID": "by hand"}, {"cue": "by hand"}),
        ({"X-WITHDRAWN": "YES"}, {"withdrawn": True}),
        ({"X-PRODUCT": "5%22 100%25 %7B$x} %2522 %41"}, {"product": '5" 100% {$x} %22 %41'}),
        ({"X-PRODUCT": "قهوة ☕ 👩‍🍳"}, {"product": "قهوة ☕ 👩‍🍳"}),
        ({"CLASS": "com.apple.hls.interstitial"}, None),
        ({"CLASS": None}, None),
        ({"ID": ""}, None),
        ({"X-PRODUCT": ""}, None),
        ({"START-DATE": "yesterday"}, None),
        ({"X-SLOT": "0"}, None),
        ({"X-SLOT": "4"}, None),
        ({"X-SLOT": "1.5"}, None),
        ({"X-SLOT": None}, {"slot": 1}),
    ],
)
async def test_a_date_range_by_its_attributes(
    more: dict[str, str | None], expected: dict[str, object] | None, module: Page
) -> None:
    read = await module.evaluate(
        "(given) => { const range = m.rangeOf(given);"
        " return range && { ...range, end: range.end === Infinity ? null : range.end }; }",
        {name: value for name, value in {**RANGE, **more}.items() if value is not None},
    )
    assert read == expected if expected is None else expected.items() <= read.items()


STAMP = {
    "v": 1,
    "seq": 41,
    "on": [{"s": 2, "p": "B", "c": "c41.2", "t0": ZERO}, {"s": 1, "p": "A", "c": "c41", "t0": ZERO}],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(STAMP), [41, "1:A 2:B"]),
        ('{"v":1,"seq":0,"on":[]}', [0, ""]),
        ('{"v":1,"seq":3,"on":[],"deal":{"until":7}}', [3, ""]),
        ('{"v":1,"seq":3,"on":[{"s":9,"p":"A"},{"s":1,"p":7},{"s":3,"p":"C"}]}', [3, "3:C"]),
        ('{"v":2,"seq":3,"on":[]}', None),
        ('{"v":1,"seq":"3","on":[]}', None),
        ('{"v":1,"seq":3}', None),
        ("{", None),
        ("null", None),
        ("", None),
    ],
)
async def test_a_stamp_by_its_text(text: str, expected: list[object] | None, module: Page) -> None:
    evaluate = "(text) => { const stamp = m.stampOf(text); return stamp && [stamp.seq, names(stamp.on)]; }"
    assert await module.evaluate(evaluate, text) == expected


@pytest.mark.parametrize("cut", [0, 1, 5, 40])
async def test_a_stamp_by_its_bytes(cut: int, module: Page) -> None:
    """Whole, and torn anywhere: then it is no stamp, and nothing is thrown."""
    text = json.dumps({"v": 1, "seq": 7, "on": [{"s": 1, "p": "قهوة ☕", "c": "c1", "t0": 0}]}, ensure_ascii=False)
    box = emsg(0, text)
    tag = box[box.index(b"ID3\x04") :]
    foreign = b"TIT2\x00\x00\x00\x04\x00\x00\x03abc" + b"TXXX\x00\x00\x00\x06\x00\x00\x03a\x00b\x00\x00"
    for data in (tag, tag[:10] + foreign + tag[10:]):
        seen = await module.evaluate(
            "(bytes) => { const stamp = m.stampOfId3(Uint8Array.from(bytes)); return stamp && names(stamp.on); }",
            list(data[: len(data) - cut]),
        )
        assert seen == ("1:قهوة ☕" if cut == 0 else None)


async def test_a_cue_holds_from_its_first_frame_to_its_last(module: Page) -> None:
    """Dates in the playlist are up to 2 ms off; frames at 60 a second are 16.7 ms apart."""
    seen = await module.evaluate("""() => {
      const ranges = known([{ ranges: [said("A", 1000, 2000), said("B", 2000)], from: 0, edge: 9000 }]);
      return [983, 998, 1000, 1002, 1983, 1998, 2000, 8999, 12000].map((instant) => names(ranges.at(instant)));
    }""")
    assert seen == ["", "1:A", "1:A", "1:A", "1:A", "1:B", "1:B", "1:B", "1:B"]


@pytest.mark.parametrize(
    ("reads", "instant", "expected"),
    [
        # What was said is said anew: the newest playlist decides, and withdrawn ranges do not count.
        ("[{ranges: [said('A', 0)], from: 0, edge: 9}, {ranges: [said('A', 0, 5000)], from: 0, edge: 9}]", 6000, ""),
        ("[{ranges: [said('A', 0, 9, {withdrawn: true}), said('B', 0)], from: 0, edge: 9}]", 1, "1:B"),
        ("[{ranges: [said('A', 0)], from: 0, edge: 9}, {ranges: [], from: 0, edge: 9}]", 1, ""),
        # Two in one slot, as between an end that is not yet told and the next: the later one.
        ("[{ranges: [said('B', 500), said('A', 0)], from: 0, edge: 9}]", 600, "1:B"),
        ("[{ranges: [said('A', 0), said('B', 0, 9e9, {slot: 3})], from: 0, edge: 9}]", 600, "1:A 3:B"),
        # The window moves on: what has ended and is gone from the list is still known.
        ("[{ranges: [said('A', 0, 900)], from: 0, edge: 5000}, {ranges: [], from: 1000, edge: 6000}]", 500, "1:A"),
        # Another broadcast does not touch it: nothing of the old one is known any more.
        ("[{ranges: [said('A', 0)], from: 0, edge: 5000}, {ranges: [], from: 90000, edge: 95000}]", 500, ""),
        # A delta update tells only what is new.
        ("[{ranges: [said('A', 0, 900), said('B', 0)], from: 0, edge: 5000},"
         " {ranges: [said('B', 0, 900)], removed: ['A'], delta: true, from: 4000, edge: 6000}]", 500, "1:B"),
    ],
)  # fmt: skip
async def test_the_newest_playlist_decides(reads: str, instant: int, expected: str, module: Page) -> None:
    assert await module.evaluate(f"names(known({reads}).at({instant}))") == expected


async def test_memory_is_bounded(module: Page) -> None:
    seen = await module.evaluate("""() => {
      const ranges = new m.Ranges();
      for (let index = 0; index < 12_000; index++) {
        const start = 100 * index;
        ranges.read({ ranges: [said(`P${index}`, start, start + 100)], from: start, edge: start + 9000 });
      }
      const stamps = new m.Stamps();
      for (let seq = 0; seq < 5_000; seq++) {
        stamps.add(seq, { seq, on: [] });
        stamps.add(seq, { seq, on: [] });
      }
      const before = [50, 1_150_050].map((instant) => names(ranges.at(instant)));
      const earliest = [stamps.at(1.5), stamps.at(4999).snapshot.seq];
      ranges.forget(1_160_000);
      stamps.forget(4_990.5);
      return [...before, ...earliest, names(ranges.at(1_150_050)), names(ranges.at(1_160_050)), stamps.at(4_989),
        stamps.at(4_990.9).snapshot.seq];
    }""")
    assert seen == ["", "1:P11500", None, 4999, "", "1:P11600", None, 4990]


@given(
    texts=st.lists(st.text(max_size=60), max_size=30),
    attributes=st.lists(st.dictionaries(st.sampled_from(sorted(RANGE)), st.text(max_size=9)), max_size=30),
    tags=st.lists(st.binary(max_size=60).map(list), max_size=30),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_is_read_throws(
    texts: list[str], attributes: list[dict[str, str]], tags: list[list[int]], module: Page
) -> None:
    read = await module.evaluate(
        """([texts, attributes, tags]) => [
          ...texts.map((text) => m.stampOf(text)), ...attributes.map((each) => m.rangeOf({ ...each })),
          ...tags.map((tag) => m.stampOfId3(Uint8Array.from([73, 68, 51, 4, 0, 0, 0, 0, 0, 0, ...tag]))),
          ...texts.map((text) => m.readPlaylist(`#EXT-X-DATERANGE:${text}`).ranges),
        ].filter(Boolean).length""",
        [texts, attributes, tags],
    )
    assert read >= len(texts)


@pytest.mark.parametrize(
    ("instant", "ranges", "stamp", "expected"),
    [
        # Nothing is known yet.
        ("null", "[]", "null", None),
        ("500", "[]", "null", None),
        ("null", "[{ranges: [said('A', 0)], from: 0, edge: 900}]", "null", None),
        # A playlist without products, and no stamp: nothing is on show, and that is known.
        ("500", "[{ranges: [], from: 0, edge: 900}]", "null", [None, ""]),
        # Date ranges decide, and a stamp that agrees lends its number.
        ("500", "[{ranges: [said('A', 0)], from: 0, edge: 900}]", "at(400, 7, 'B')", [None, "1:A"]),
        ("500", "[{ranges: [said('A', 0)], from: 0, edge: 900}]", "at(400, 7, 'A')", [7, "1:A"]),
        # Stamps where no product was ever listed, where nothing dates the frame, beyond and before the playlist.
        ("500", "[{ranges: [], from: 0, edge: 900}]", "at(400, 7, 'B')", [7, "1:B"]),
        ("null", "[{ranges: [said('A', 0)], from: 0, edge: 900}]", "at(null, 7, 'B')", [7, "1:B"]),
        ("950", "[{ranges: [said('A', 0)], from: 0, edge: 900}]", "at(940, 7, 'B')", [7, "1:B"]),
        ("950", "[{ranges: [said('A', 0)], from: 0, edge: 900}]", "at(400, 7, 'B')", [None, "1:A"]),
        ("500", "[{ranges: [said('A', 700)], from: 700, edge: 900}]", "at(400, 7, 'B')", [7, "1:B"]),
    ],
)
async def test_which_carrier_decides(
    instant: str, ranges: str, stamp: str, expected: list[Any] | None, module: Page
) -> None:
    seen = await module.evaluate(f"""() => {{
      const at = (instant, seq, product) =>
        ({{ instant, snapshot: {{ seq, on: [{{ slot: 1, product, cue: product, since: new Date(0) }}] }} }});
      const snapshot = m.snapshotAt({instant}, known({ranges}), {stamp});
      return snapshot && [snapshot.seq, names(snapshot.on)];
    }}""")
    assert seen == expected


async def test_our_own_playlists_are_read(module: Page) -> None:
    """What our packager writes: open parts count, a window's dates are its segments'."""
    stage = Stage([On('5" x', 30, 60), On("B", 60, slot=2)], seconds=10, window_seconds=12)
    stage.play(7)
    text = stage.playlist(stage.stream.packager.windows["180p"].playlist())
    read = await module.evaluate("(text) => m.readPlaylist(text)", text)
    assert [(each["product"], each["slot"]) for each in read["ranges"]] == [('5" x', 1), ("B", 2)]
    assert read["from"] == pytest.approx(stage.utc_ns(0) / 1e6, abs=1)
    assert read["edge"] == pytest.approx(stage.utc_ns(205) / 1e6, abs=340)
    assert read["join"] == read["from"]  # three segments are listed
    assert (read["target"], read["ended"], read["delta"]) == (2, False, False)
    stage.end()
    text = stage.playlist(stage.stream.packager.windows["180p"].playlist())
    read = await module.evaluate("(text) => m.readPlaylist(text)", text)
    assert read["ended"]
    assert read["join"] == read["from"]
    assert read["edge"] == pytest.approx(stage.utc_ns(int(10 * stage.rate)) / 1e6, abs=2)


async def test_a_player_without_parts_joins_a_hold_back_before_the_last_whole_segment(module: Page) -> None:
    stage = Stage([], window_seconds=12)
    stage.play(17)
    text = stage.stream.packager.windows["180p"].playlist()
    read = await module.evaluate("(text) => m.readPlaylist(text)", text)
    whole = 8 * stage.grid.frames_per_segment
    assert read["join"] == pytest.approx(stage.utc_ns(whole - 3 * stage.grid.frames_per_segment) / 1e6, abs=2)
    read = await module.evaluate("(text) => m.readPlaylist(text)", text.replace("HOLD-BACK=6", "HOLD-BACK=9"))
    assert read["join"] == pytest.approx(stage.utc_ns(whole - 5 * stage.grid.frames_per_segment) / 1e6, abs=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"from": None, "edge": None, "ranges": []}),
        ("#EXTM3U\n#EXTINF:x,\n#EXT-X-DATERANGE:\n#EXT-X-DATERANGE:ID=\n", {"from": None, "ranges": []}),
        (
            '#EXTM3U\r\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="a\tb"\r\n',
            {"removed": ["a", "b"], "delta": True},
        ),
    ],
)  # fmt: skip
async def test_what_is_no_playlist_says_nothing(text: str, expected: dict[str, object], module: Page) -> None:
    read = await module.evaluate("(text) => JSON.parse(JSON.stringify(m.readPlaylist(text)))", text)
    assert expected.items() <= read.items()
