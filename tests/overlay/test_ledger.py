import json
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.ids import SCRIPTS, entries, ledgers
from vitrine.media.cue import Cue, Showing, Snapshot
from vitrine.media.errors import MalformedError, MisuseError
from vitrine.overlay import ledger as module
from vitrine.overlay.ledger import Entry, EntryAction, Ledger, cue_ids, entry_number
from vitrine.packager.cues import Cues

SHOW = Entry(1, 90, "show", ("WM-4411", "👗"), 1, 1_796_058_003_120_000_000, False, "key-1", "rundown", 4)
HIDE = Entry(2, 85, "hide", (), 2, 7, True)
LINES = [
    (
        SHOW,
        '{"n":1,"frame":90,"action":"show","products":["WM-4411","👗"],"slot":1,"received":1796058003120000000,'
        '"late":false,"key":"key-1","source":"rundown","item":4}',
    ),
    (
        HIDE,
        '{"n":2,"frame":85,"action":"hide","products":[],"slot":2,"received":7,"late":true,"key":null,"source":"api",'
        '"item":null}',
    ),
    (
        Entry(3, 0, "clear", (), None, 0, source="encoder"),
        '{"n":3,"frame":0,"action":"clear","products":[],"slot":null,"received":0,"late":false,"key":null,'
        '"source":"encoder","item":null}',
    ),
    (
        Entry(4, 90, "undo", (), None, 8, undoes=1),
        '{"n":4,"frame":90,"action":"undo","products":[],"slot":null,"received":8,"late":false,"key":null,'
        '"source":"api","item":null,"undoes":1}',
    ),
]


@pytest.mark.parametrize(("entry", "line"), LINES)
def test_entry_and_line(entry: Entry, line: str) -> None:
    assert entry.encode() == line
    assert Entry.decode(line) == entry
    assert Entry.decode(line.encode()) == entry


@pytest.mark.parametrize("product", SCRIPTS)
def test_ids_of_every_script_are_legible_in_the_line(product: str) -> None:
    entry = replace(SHOW, products=(product,))
    line = entry.encode()
    assert json.dumps(product, ensure_ascii=False) in line
    assert Entry.decode(line.encode()) == entry


def changed(**members: object) -> str:
    """The first line with other members; those that are `...` left out."""
    merged = json.loads(LINES[0][1]) | members
    return json.dumps({name: value for name, value in merged.items() if value is not ...})


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("", "no JSON"),
        (LINES[0][1][:-1], "no JSON"),
        (LINES[0][1] + "{}", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"n":' + "9" * 5000 + "}", "no JSON"),
        ("[]", "no JSON object"),
        (LINES[0][1][:-1] + ',"n":1}', "twice"),
        (changed(n=...), "wrong or missing: n"),
        (changed(other=1), "wrong or missing: other"),
        *((changed(n=value), "n is no whole number") for value in (0, -1, True, 1.0, "1", None)),
        *((changed(frame=value), "frame is no whole number") for value in (-1, False, None)),
        *((changed(slot=value), "slot") for value in (0, 4, True, "1")),
        (changed(received=-1), "received is no whole number"),
        (changed(item=-1), "item is no whole number"),
        (changed(action="next"), "action 'next'"),
        (changed(action=["show"]), "action"),
        (changed(source="nobody"), "source 'nobody'"),
        (changed(late=0), "late"),
        (changed(late=None), "late"),
        (changed(key=1), "key"),
        (changed(key="a\nb"), "key"),
        (changed(products="WM-4411"), "list of strings"),
        (changed(products=[1]), "list of strings"),
        (changed(products=[" "]), "no product"),
        (changed(products=["\ud800"]), "no product"),
        (changed(products=["x" * 65]), "64"),
        (changed(products=[]), "shows 0 products"),
        (changed(products=["a", "b"], slot=3), "shows 2 products from slot 3"),
        (changed(products=["a", "b", "c", "d"], slot=None), "shows 4 products"),
    ],
)
def test_lines_that_are_no_entries(line: str | bytes, text: str) -> None:
    with pytest.raises(MalformedError, match=text):
        Entry.decode(line)


@given(entries(7))
def test_what_is_written_is_read_again(entry: Entry) -> None:
    assert Entry.decode(entry.encode().encode()) == entry


@given(st.binary(max_size=200) | st.builds(lambda key, value: changed(**{key: value}), st.text(max_size=6), st.text()))
def test_any_line(line: bytes | str) -> None:
    try:
        entry = Entry.decode(line)
    except MalformedError:
        return
    assert Entry.decode(entry.encode()) == entry


def show(n: int, frame: int, *products: str, slot: int = 1) -> Entry:
    return Entry(n, frame, "show", products, slot, 0)


def take(n: int, frame: int, action: EntryAction, *products: str, slot: int | None = None) -> Entry:
    return Entry(n, frame, action, products, slot, 0)


def ledger_with(*entries: Entry) -> Ledger:
    ledger = Ledger()
    for entry in entries:
        ledger.append(entry)
    return ledger


def test_a_show_from_its_first_cue_to_its_last() -> None:
    ledger: Cues = ledger_with(
        show(1, 10, "A"),
        show(2, 20, "B", "C", slot=2),
        show(3, 30, "D"),
        take(4, 40, "hide", "D", "C"),
        take(5, 50, "hide", slot=2),
        show(6, 60, "A", slot=3),
        take(7, 70, "clear"),
    )
    a, b, c = Showing(1, "A", "c1", 10), Showing(2, "B", "c2", 20), Showing(3, "C", "c2.2", 20)
    assert ledger.snapshot(9) == Snapshot()
    assert ledger.snapshot(10) == ledger.snapshot(19) == Snapshot(1, (a,))
    assert ledger.snapshot(29) == Snapshot(2, (a, b, c))
    assert ledger.snapshot(39) == Snapshot(3, (Showing(1, "D", "c3", 30), b, c))
    assert ledger.snapshot(49) == Snapshot(4, (b,))
    assert ledger.snapshot(59) == Snapshot(5)
    assert ledger.snapshot(10**9) == Snapshot(7)
    assert ledger.changes(0, 1000) == (10, 20, 30, 40, 50, 60, 70)
    assert ledger.changes(20, 40) == (20, 30)
    assert ledger.cues() == (
        Cue("c1", "A", 1, 10, 30),
        Cue("c2", "B", 2, 20, 50),
        Cue("c2.2", "C", 3, 20, 40),
        Cue("c3", "D", 1, 30, 40),
        Cue("c6", "A", 3, 60, 70),
    )
    assert ledger.version == 7


def test_a_late_entry_changes_the_past_and_what_followed() -> None:
    ledger = ledger_with(show(1, 10, "A"), show(2, 50, "B"), take(3, 60, "hide", "A"))
    assert ledger.cues() == (Cue("c1", "A", 1, 10, 50), Cue("c2", "B", 1, 50))
    ledger.append(show(4, 30, "C"))
    assert ledger.cues() == (Cue("c1", "A", 1, 10, 30), Cue("c4", "C", 1, 30, 50), Cue("c2", "B", 1, 50))
    assert [ledger.snapshot(frame).seq for frame in (10, 30, 50, 60)] == [1, 2, 3, 4]
    ledger.append(take(5, 50, "clear"))
    assert ledger.cues() == (Cue("c1", "A", 1, 10, 30), Cue("c4", "C", 1, 30, 50))  # c2 is empty now
    assert [entry.n for entry in ledger.backward(50)] == [5, 2, 4, 1]
    assert [entry.n for entry in ledger.entries] == [1, 2, 3, 4, 5]


def test_where_frames_are_equal_the_later_command_wins() -> None:
    ledger = ledger_with(show(1, 10, "A", slot=2), show(2, 10, "B"), show(3, 10, "C"))
    assert ledger.changes(0, 11) == (10,)
    assert ledger.snapshot(10) == Snapshot(3, (Showing(1, "C", "c3", 10), Showing(2, "A", "c1", 10)))
    assert ledger.cues() == (Cue("c3", "C", 1, 10), Cue("c1", "A", 2, 10))


def test_hiding_by_product_by_slot_or_by_both() -> None:
    shown = [show(1, 0, "A", "B", "A")]
    for entry, left in (
        (take(2, 1, "hide", "A"), [2]),
        (take(2, 1, "hide", slot=1), [2, 3]),
        (take(2, 1, "hide", "A", slot=3), [1, 2]),
        (take(2, 1, "hide", "A", slot=2), [1, 2, 3]),
        (take(2, 1, "hide", "unheard of"), [1, 2, 3]),
        (take(2, 1, "clear"), []),
    ):
        assert [each.slot for each in ledger_with(*shown, entry).snapshot(1).on] == left, entry


def test_showing_again_what_is_there_starts_a_new_cue() -> None:
    ledger = ledger_with(show(1, 10, "A"), show(2, 20, "A"))
    assert ledger.cues() == (Cue("c1", "A", 1, 10, 20), Cue("c2", "A", 1, 20))


def test_entries_come_by_their_numbers() -> None:
    for n in (0, 2):
        with pytest.raises(MisuseError):
            Ledger().append(show(n, 0, "A"))


def test_titles() -> None:
    assert Ledger().title("WM-4411") == "WM-4411"
    assert Ledger({"WM-4411": "Stand mixer"}.__getitem__).title("WM-4411") == "Stand mixer"


def test_ids_of_cues() -> None:
    assert cue_ids(SHOW) == ("c1", "c1.2")
    assert cue_ids(HIDE) == ()
    assert [entry_number(cue) for cue in ("c1", "c41.3")] == [1, 41]


def brute_force(entries: Iterable[Entry], frame: int) -> Snapshot:
    """The definition, word by word."""
    slots: dict[int, Showing] = {}
    counted = 0
    for entry in sorted(entries, key=lambda entry: (entry.frame, entry.n)):
        if entry.frame > frame:
            break
        counted += 1
        if entry.action == "show":
            for index, product in enumerate(entry.products):
                slot = (entry.slot or 1) + index
                slots[slot] = Showing(slot, product, f"c{entry.n}" + f".{index + 1}" * (index > 0), entry.frame)
        for slot in list(slots) if entry.action == "clear" else ():
            del slots[slot]
        for slot, showing in list(slots.items()) if entry.action == "hide" else ():
            if entry.slot in (None, slot) and (not entry.products or showing.product in entry.products):
                del slots[slot]
    return Snapshot(counted, tuple(slots[slot] for slot in sorted(slots)))


def cues_of(snapshots: list[Snapshot]) -> list[Cue]:
    """Every cue, from the snapshot of every frame."""
    found: dict[str, Cue] = {}
    for frame, snapshot in enumerate(snapshots):
        for showing in snapshot.on:
            cue = found.setdefault(showing.cue, Cue(showing.cue, showing.product, showing.slot, frame))
            found[showing.cue] = replace(cue, end=frame + 1)
    last = len(snapshots)
    cues = [replace(cue, end=None) if cue.end == last else cue for cue in found.values()]
    return sorted(cues, key=lambda cue: (cue.start, cue.slot))


@given(ledgers())
def test_agrees_with_brute_force_after_every_entry(entries: list[Entry]) -> None:
    ledger = Ledger()
    for count, entry in enumerate(entries, 1):
        ledger.append(entry)
        expected = [brute_force(entries[:count], frame) for frame in range(40)]
        assert [ledger.snapshot(frame) for frame in range(40)] == expected
        assert list(ledger.cues()) == cues_of(expected)
        changes = [frame for frame in range(40) if expected[frame] != ([Snapshot(), *expected][frame])]
        assert list(ledger.changes(0, 40)) == changes
        assert list(ledger.changes(5, 20)) == [frame for frame in changes if 5 <= frame < 20]
        assert ledger.version == count


def test_thousands_of_entries_are_each_folded_once_as_long_as_they_come_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folds = []
    original = module.fold

    def counting(on: tuple[Showing, ...], entry: Entry) -> tuple[Showing, ...]:
        folds.append(entry.n)
        return original(on, entry)

    monkeypatch.setattr(module, "fold", counting)
    ledger, dice = Ledger(), random.Random(1)
    for n in range(1, 20_001):
        ledger.append(show(n, 6 * n, dice.choice("ABCDEF"), slot=dice.randint(1, 3)))
    assert len(folds) == 20_000
    ledger.append(show(20_001, 6 * 19_990, "late"))
    assert len(folds) == 20_011  # itself and those after it
    assert ledger.snapshot(10**6).seq == 20_001
    assert len(ledger.cues()) == 20_001


def undo(n: int, entry: Entry) -> Entry:
    return Entry(n, entry.frame, "undo", (), None, 0, undoes=entry.n)


def test_after_an_undo_all_is_as_if_the_entry_had_never_been() -> None:
    ledger = Ledger()
    mistake = show(2, 50, "B")
    for entry in (show(1, 10, "A"), mistake, show(3, 70, "C", slot=2)):
        ledger.append(entry)
    ledger.append(undo(4, mistake))
    assert [showing.product for showing in ledger.snapshot(60).on] == ["A"]
    assert ledger.snapshot(60).on == ledger.snapshot(49).on  # the same cue, on show since its own frame
    assert list(ledger.cues()) == [Cue("c1", "A", 1, 10), Cue("c3", "C", 2, 70)]
    assert ledger.is_undone(2)
    assert [entry.n for entry in ledger.backward(100)] == [3, 4, 1]


def test_an_undo_makes_seq_grow_as_it_changes_what_may_have_been_stamped() -> None:
    ledger = Ledger()
    ledger.append(show(1, 10, "A"))
    before = ledger.snapshot(10).seq
    ledger.append(undo(2, ledger.entries[0]))
    assert ledger.snapshot(10) == Snapshot(before + 1)


def test_an_undo_finds_its_entry_among_others_of_the_same_frame() -> None:
    ledger = Ledger()
    for n, product in enumerate("ABC", 1):
        ledger.append(show(n, 10, product, slot=n))
    ledger.append(undo(4, ledger.entries[1]))
    assert [showing.product for showing in ledger.snapshot(10).on] == ["A", "C"]


def test_an_undo_is_of_the_frame_of_what_it_undoes() -> None:
    ledger = Ledger()
    ledger.append(show(1, 10, "A"))
    with pytest.raises(MisuseError, match="not of that of entry 1"):
        ledger.append(Entry(2, 11, "undo", (), None, 0, undoes=1))


@given(ledgers(), st.randoms())
def test_undone_entries_leave_what_the_others_make(entries: list[Entry], dice: random.Random) -> None:
    ledger = Ledger()
    for entry in entries:
        ledger.append(entry)
    undone = [entry for entry in entries if dice.random() < 0.4]
    for entry in undone:
        ledger.append(undo(len(ledger.entries) + 1, entry))
    kept = [entry for entry in entries if entry not in undone]
    expected = [brute_force(kept, frame) for frame in range(40)]
    assert [ledger.snapshot(frame).on for frame in range(40)] == [snapshot.on for snapshot in expected]
    assert list(ledger.cues()) == cues_of(expected)


@pytest.mark.parametrize("undoes", [0, 4, 5, None, "1"])
def test_an_undo_names_an_entry_before_it(undoes: object) -> None:
    line = json.dumps(json.loads(LINES[3][1]) | {"undoes": undoes})
    with pytest.raises(MalformedError):
        Entry.decode(line)
