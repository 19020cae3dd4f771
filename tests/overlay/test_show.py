"""Commands become entries of the ledger, at the frame that was meant."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.desk import RUNDOWN, SECOND, START, Desk, refusal, refused, restarted, seen
from tests.overlay.ids import SCRIPTS
from vitrine.media.cue import Showing, Snapshot
from vitrine.media.errors import MisuseError
from vitrine.media.grid import RATES
from vitrine.overlay import show as module
from vitrine.overlay.commands import At, Command, CommandError, Newest, Programme, parse_command
from vitrine.overlay.date_time import date_time_text
from vitrine.overlay.ledger import Entry
from vitrine.overlay.show import (
    Answer,
    LedgerFullError,
    RundownOverError,
    snapshot_json,
)


def test_a_command_becomes_an_entry_and_an_answer() -> None:
    desk = Desk(known={"WM-4411"}.__contains__)
    desk.newest = 100
    command = Command("show", ("WM-4411",))
    entry = desk.show.prepare(command, newest=100, received=START + 7, key="k", source="encoder")
    assert entry == Entry(1, 100, "show", ("WM-4411",), 1, START + 7, False, "k", "encoder", None)
    assert not desk.ledger.entries  # until it is on disk
    snapshot = Snapshot(1, (Showing(1, "WM-4411", "c1", 100),))
    expected = Answer(1, ("c1",), 100, Fraction(4), START + 4 * SECOND, False, snapshot)
    assert desk.show.commit(entry) == expected
    assert desk.show.answer(entry) == expected
    assert desk.ledger.entries == [entry]


def test_what_could_not_be_written_is_forgotten() -> None:
    desk = Desk()
    entry = desk.show.prepare(Command("show", ("A",)), newest=5, received=0, key="k")
    assert isinstance(entry, Entry)
    assert desk.do("show", "B").entry == 1
    with pytest.raises(MisuseError):
        desk.show.commit(entry)
    with pytest.raises(MisuseError):
        desk.show.commit(desk.ledger.entries[0])
    assert desk.do("show", "A", key="k").entry == 2


def test_several_products_go_into_the_slots_from_the_one_named() -> None:
    desk = Desk()
    assert desk.do("show", "A", "B", "C").cues == ("c1", "c1.2", "c1.3")
    assert desk.do("show", "D", "E", slot=2).cues == ("c2", "c2.2")
    assert desk.on() == [(1, "A"), (2, "D"), (3, "E")]
    assert desk.do("hide", "E").cues == ()
    assert desk.do("hide", slot=1).snapshot.seq == 4
    assert desk.on() == [(2, "D")]
    assert desk.do("clear").snapshot == Snapshot(5)


def test_what_changes_nothing_is_not_recorded_but_answered() -> None:
    desk = Desk()
    desk.newest = 10
    for command in (Command("clear"), Command("hide", ("A",)), Command("hide", slot=2)):
        assert desk.give(command) == Answer(None, (), 10, Fraction(2, 5), START + 2 * SECOND // 5, False, Snapshot())
    desk.do("show", "A", "B")
    desk.newest = 20
    snapshot = desk.ledger.snapshot(20)
    again = desk.do("show", "A", "B")
    assert again == Answer(None, ("c1", "c1.2"), 20, Fraction(4, 5), START + 4 * SECOND // 5, False, snapshot)
    assert desk.do("show", "B", slot=2).cues == ("c1.2",)
    assert desk.do("hide", "A", slot=2).entry is None
    assert len(desk.ledger.entries) == 1
    assert desk.do("show", "B").entry == 2  # in another slot


def test_the_past_decides_whether_a_late_command_changes_something() -> None:
    desk = Desk()
    desk.do("show", "A")
    desk.newest = 100
    desk.do("clear")
    assert desk.do("show", "A", at=seen(2000)).entry is None  # was on show then
    late = desk.do("show", "B", at=seen(2000))
    assert (late.entry, late.frame, late.late) == (3, 50, True)
    assert [(cue.id, cue.start, cue.end) for cue in desk.ledger.cues()] == [("c1", 0, 50), ("c3", 50, 100)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("behind", [0, 300, 3000])
@given(frame=st.integers(0, 100_000))
def test_as_seen_finds_the_frame_on_the_monitor(rate: Fraction, behind: int, frame: int) -> None:
    """A monitor shows a frame under its PROGRAM-DATE-TIME, in whole milliseconds, and some time into the frame."""
    desk = Desk(rate=rate)
    desk.newest = frame + int(behind * rate / 1000)
    date = date_time_text(desk.show.utc_ns(frame))
    answer = desk.give(parse_command({"action": "show", "products": ["A"], "at": {"as_seen": date}}))
    assert answer.frame == frame
    assert answer.late == (frame < desk.newest)
    assert answer.utc_ns == desk.show.utc_ns(frame)
    assert desk.show.at(answer.utc_ns) == frame
    assert answer.programme == frame / rate


def test_times_that_cannot_be() -> None:
    desk = Desk()
    desk.newest = 250
    for at, frame in ((seen(11_000), 275), (seen(-19), 0), (Programme(Fraction(610)), 15_250)):
        assert desk.show.prepare(Command("show", ("A",), at=at), newest=250, received=0).frame == frame
    for at, field, text in (
        (
            seen(-1500),
            "at.as_seen",
            "as_seen is 2026-11-29T16:59:58.500Z, before the broadcast began at 2026-11-29T17:00:00.000Z",
        ),
        (
            seen(11_100),
            "at.as_seen",
            "as_seen is 2026-11-29T17:00:11.100Z, and the newest frame is of 2026-11-29T17:00:10.000Z",
        ),
        (
            Programme(Fraction(3610)),
            "at.programme",
            "programme is 3610.000 s, and the newest frame is at 10.000 s: 600 s ahead is the most",
        ),
        (Programme(Fraction(-3)), "at.programme", "programme is -3.000 s, before the broadcast began at 0 s"),
    ):
        assert refusal(desk, Command("show", ("A",), at=at)) == (field, text)


def test_before_the_first_frame_was_accepted_the_newest_is_the_first() -> None:
    desk = Desk()
    desk.newest = -1
    answer = desk.do("show", "A")
    assert (answer.frame, answer.late) == (0, False)


def test_unknown_products_are_named() -> None:
    desk = Desk(rundown=RUNDOWN, known={"A", "E"}.__contains__)
    assert refusal(desk, Command("show", ("A", "سترة"))) == ("products", "The catalogue has no product 'سترة'")
    assert refusal(desk, Command("hide", ("X",))) == ("products", "The catalogue has no product 'X'")
    desk.do("next")
    field, text = refusal(desk, Command("next"))
    assert field == "products"
    assert text.startswith("Item 2 of the rundown shows 'B', which the catalogue does not have")
    desk.do("show", "E")
    assert isinstance(refused(desk, Command("next")), RundownOverError)


def test_a_product_that_left_the_catalogue_can_be_hidden() -> None:
    catalogue = {"A"}
    desk = Desk(known=catalogue.__contains__)
    desk.do("show", "A")
    catalogue.clear()
    assert desk.do("hide", "A").entry == 2
    assert refusal(desk, Command("hide", ("A",)))[0] == "products"


@pytest.mark.parametrize("product", SCRIPTS)
def test_ids_of_every_script_through_file_and_wire(product: str) -> None:
    desk = Desk(known=SCRIPTS.__contains__)
    answer = desk.do("show", product)
    (entry,) = desk.ledger.entries
    assert Entry.decode(entry.encode().encode()) == entry
    wire = json.dumps(snapshot_json(answer.snapshot, desk.show.utc_ns), ensure_ascii=False)
    assert json.loads(wire.encode())["on"][0]["p"] == product


def test_a_full_ledger_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 2)
    desk = Desk()
    desk.do("show", "A", key="k")
    desk.do("show", "B")
    error = refused(desk, Command("clear"))
    assert isinstance(error, LedgerFullError)
    assert str(error) == "This broadcast has had 2 commands, the most it can keep"
    assert desk.do("show", "A", key="k").entry == 1


def test_the_wire_form() -> None:
    desk = Desk(rate=Fraction(30000, 1001))
    assert snapshot_json(Snapshot(), desk.show.utc_ns) == {"v": 1, "seq": 0, "on": []}
    desk.newest = 94
    desk.do("show", "WM-4411", slot=2)
    assert snapshot_json(desk.ledger.snapshot(94), desk.show.utc_ns) == {
        "v": 1,
        "seq": 1,
        "on": [{"s": 2, "p": "WM-4411", "c": "c1", "t0": START // 10**6 + 3136}],
    }


def test_ten_minutes_of_five_commands_a_second() -> None:
    """None lost, none doubled, order kept, though every tenth is late and every third is sent twice."""
    desk = Desk(rate=Fraction(30))
    for number in range(3000):
        desk.newest = 6 * number + 30
        at: At = seen(200 * number) if number % 10 == 0 else Newest()
        command = Command("show", (f"P{number}",), number % 3 + 1, at)
        answers = [desk.give(command, f"key {number}") for _ in range(1 + (number % 3 == 0))]
        assert {answer.entry for answer in answers} == {number + 1}
    assert [entry.products for entry in desk.ledger.entries] == [(f"P{number}",) for number in range(3000)]
    assert len({cue.id for cue in desk.ledger.cues()}) == len(desk.ledger.cues()) == 3000
    again = restarted(desk)
    assert again.ledger.cues() == desk.ledger.cues()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["show", "hide", "clear", "next"]),
            st.lists(st.sampled_from("ABCDEX"), max_size=2, unique=True).map(tuple),
            st.none() | st.integers(1, 3),
            st.none() | st.integers(-200, 1200),
            st.none() | st.sampled_from("kl"),
        ),
        max_size=20,
    )
)
def test_any_commands(commands: list[tuple[str, tuple[str, ...], int | None, int | None, str | None]]) -> None:
    """Every one is refused in words or answered, and what is answered is so."""
    desk = Desk(RUNDOWN, known="ABCDE".__contains__)
    for number, (action, products, slot, at, key) in enumerate(commands):
        desk.newest = 5 * number
        value = {"action": action, "products": list(products), "slot": slot}
        try:
            command = parse_command(value)
            if at is not None:
                command = replace(command, at=seen(at))
            answer = desk.give(command, key)
        except CommandError as error:
            str(error).encode()
            continue
        assert answer.entry is None or desk.show.answer(desk.ledger.entries[answer.entry - 1]).cues == answer.cues
        if key is None and action == "show":
            slots = dict(desk.on(answer.frame))
            assert [slots[(slot or 1) + index] for index in range(len(products))] == list(products)
        if key is None and action == "hide":
            assert not [each for each in desk.on(answer.frame) if each[1] in products and slot in (None, each[0])]
    assert restarted(desk).ledger.cues() == desk.ledger.cues()
