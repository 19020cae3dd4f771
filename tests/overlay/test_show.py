import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.ids import SCRIPTS
from vitrine.media.cue import Showing, Snapshot
from vitrine.media.errors import MisuseError
from vitrine.media.grid import RATES, Grid
from vitrine.overlay import show as module
from vitrine.overlay.commands import AsSeen, At, Command, CommandError, Newest, Programme, parse_command
from vitrine.overlay.date_time import date_time_text, parse_date_time
from vitrine.overlay.ledger import Entry, Ledger
from vitrine.overlay.rundown import Rundown, parse_rundown
from vitrine.overlay.show import (
    MAX_KEY,
    REMEMBERED,
    Answer,
    KeyReusedError,
    LedgerFullError,
    RundownOverError,
    Show,
    snapshot_json,
)

START = parse_date_time("2026-11-29T17:00:00Z")
SECOND = 1_000_000_000
NEWEST = Newest()
RUNDOWN = parse_rundown('["A","B",{"products":["C","D"],"slot":2},"B","E"]', "show.json")


class Desk:
    """Gives commands to a show, as a server does; `newest` is the newest frame at ingest."""

    def __init__(
        self,
        rundown: Rundown | None = None,
        known: Callable[[str], bool] | None = None,
        rate: Fraction = Fraction(25),
        ledger: Ledger | None = None,
    ) -> None:
        self.ledger = ledger or Ledger()
        self.show = Show(Grid(rate), START, self.ledger, rundown, known)
        self.newest = 0

    def do(
        self, action: str, *products: str, slot: int | None = None, at: At = NEWEST, key: str | None = None
    ) -> Answer:
        return self.give(Command(action, products, slot, at), key)  # type: ignore[arg-type]

    def give(self, command: Command, key: str | None = None) -> Answer:
        made = self.show.prepare(command, newest=self.newest, received=START + 7, key=key)
        return made if isinstance(made, Answer) else self.show.commit(made)

    @property
    def items(self) -> list[int | None]:
        return [entry.item for entry in self.ledger.entries]

    def on(self, frame: int | None = None) -> list[tuple[int, str]]:
        snapshot = self.ledger.snapshot(self.newest if frame is None else frame)
        return [(showing.slot, showing.product) for showing in snapshot.on]


def seen(milliseconds: int) -> AsSeen:
    return AsSeen(START + milliseconds * 1_000_000)


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


def refusal(desk: Desk, command: Command, key: str | None = None) -> tuple[str, str]:
    before = list(desk.ledger.entries)
    with pytest.raises(CommandError) as caught:
        desk.give(command, key)
    assert desk.ledger.entries == before
    return caught.value.field, str(caught.value)


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


def refused(desk: Desk, command: Command, key: str | None = None) -> CommandError:
    with pytest.raises(CommandError) as caught:
        desk.give(command, key)
    return caught.value


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


def test_next_walks_the_rundown_to_its_end() -> None:
    desk = Desk(RUNDOWN)
    assert desk.show.next_item(0) == 0
    shown = []
    for frame in range(10, 60, 10):
        desk.newest = frame
        answer = desk.do("next")
        shown.append([(showing.slot, showing.product) for showing in answer.snapshot.on if showing.since == frame])
    assert shown == [[(1, "A")], [(1, "B")], [(2, "C"), (3, "D")], [(1, "B")], [(1, "E")]]
    assert desk.items == [0, 1, 2, 3, 4]
    assert {entry.source for entry in desk.ledger.entries} == {"rundown"}
    assert desk.show.next_item(100) is None
    error = refused(desk, Command("next"))
    assert isinstance(error, RundownOverError)
    assert (error.field, str(error)) == ("action", "The rundown is over: it has 5 items")


def test_next_counts_also_where_the_same_is_on_show_already() -> None:
    desk = Desk(parse_rundown('["A","A","B"]', "show.json"))
    assert [desk.do("next").entry for _ in range(3)] == [1, 2, 3]
    assert desk.on() == [(1, "B")]


def test_next_goes_on_from_what_was_shown_by_hand() -> None:
    desk = Desk(RUNDOWN)
    desk.do("show", "C", "D", slot=2)
    desk.do("show", "not in it")
    desk.do("hide", "C")
    assert desk.show.next_item(0) == 3
    desk.do("next")
    desk.do("show", "B", slot=3)  # the item that is on: not the earlier one with the same product
    assert desk.items == [2, None, None, 3, 3]
    assert desk.do("next").cues == ("c6",)
    assert desk.on()[0] == (1, "E")


def test_a_correction_of_the_past_leaves_the_rundown_where_it_is() -> None:
    desk = Desk(RUNDOWN)
    for frame in (100, 200, 300):
        desk.newest = frame
        desk.do("next")
    desk.do("show", "A", at=Programme(Fraction(5)))
    assert desk.show.next_item(300) == 3
    desk.do("show", "E", at=Programme(Fraction(60)))  # and what is planned for later does not move it before
    assert desk.show.next_item(300) == 3
    assert desk.show.next_item(1500) is None


def test_next_without_a_rundown_and_with_another_one() -> None:
    desk = Desk()
    assert refusal(desk, Command("next")) == ("action", "This channel has no rundown to take the next item from")
    assert desk.show.next_item(0) is None
    desk.show.rundown = RUNDOWN
    desk.do("next")
    desk.do("next")
    desk.show.rundown = parse_rundown('["A"]', "show.json")
    assert desk.show.next_item(0) is None
    assert isinstance(refused(desk, Command("next")), RundownOverError)
    desk.show.rundown = Rundown(())
    assert desk.do("show", "A").entry == 3


def restarted(desk: Desk) -> Desk:
    """The same show, from what its file holds."""
    ledger = Ledger()
    for entry in desk.ledger.entries:
        ledger.append(Entry.decode(entry.encode()))
    again = Desk(desk.show.rundown, ledger=ledger)
    again.newest = desk.newest
    return again


def test_a_restart_goes_on_where_it_was() -> None:
    desk = Desk(RUNDOWN)
    desk.do("next", key="first")
    desk.do("show", "C", "D", slot=2)
    again = restarted(desk)
    assert again.on() == desk.on()
    assert again.ledger.cues() == desk.ledger.cues()
    assert again.show.next_item(0) == 3
    assert again.do("next", key="first").entry == 1
    assert again.do("next", key="second").entry == 3


def test_a_retry_is_answered_and_not_stamped_again() -> None:
    desk = Desk(RUNDOWN)
    first = desk.do("next", key="k")
    desk.newest = 50
    assert desk.do("next", key="k") == first
    assert desk.do("next", key="l").entry == 2
    assert desk.do("next").entry == 3
    assert len(desk.ledger.entries) == 3


def test_a_retry_of_what_changed_nothing_stamps_nothing_either() -> None:
    desk = Desk()
    desk.do("show", "A")
    unchanged = desk.do("show", "A", key="k")
    desk.do("show", "B")
    assert unchanged.entry is None
    assert desk.do("show", "A", key="k") == unchanged
    assert isinstance(refused(desk, Command("clear"), "k"), KeyReusedError)
    assert desk.on() == [(1, "B")]
    for number in range(REMEMBERED):
        desk.do("show", "B", key=str(number))
    assert desk.do("show", "A", key="k").entry == 3  # forgotten by now


OTHERS = [
    Command("show", ("B",), 2, seen(1000)),
    Command("show", ("A",), 1, seen(1000)),
    Command("show", ("A", "B"), 2, seen(1000)),
    Command("show", ("A",), 2, seen(1040)),
    Command("show", ("A",), 2, Programme(Fraction(2))),
    Command("hide", ("A",), 2, seen(1000)),
    Command("clear", at=seen(1000)),
    Command("next", at=seen(1000)),
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("restart", [False, True])
def test_a_key_is_for_one_command(other: Command, restart: bool) -> None:
    desk = Desk(RUNDOWN)
    desk.newest = 50
    command = Command("show", ("A",), 2, seen(1000))
    first = desk.give(command, "k")
    desk = restarted(desk) if restart else desk
    desk.newest = 99
    error = refused(desk, other, "k")
    assert isinstance(error, KeyReusedError)
    assert error.field == "Idempotency-Key"
    assert desk.give(command, "k") == first
    assert len(desk.ledger.entries) == 1


def test_a_key_of_next_is_not_for_showing_the_same_by_hand() -> None:
    desk = Desk(RUNDOWN)
    desk.do("next", key="k")
    for each in (desk, restarted(desk)):
        assert isinstance(refused(each, Command("show", ("A",)), "k"), KeyReusedError)
        assert each.do("next", key="k").entry == 1


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "a\r\nb", "\udce4"])
def test_keys_that_are_none(key: str) -> None:
    assert refusal(Desk(), Command("clear"), key)[0] == "Idempotency-Key"


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


def test_undo_takes_a_command_back_from_its_own_frame() -> None:
    desk = Desk(RUNDOWN)
    desk.newest = 50
    desk.do("show", "A")
    desk.newest = 100
    mistake = desk.do("next")
    desk.newest = 130
    answer = desk.give(Command("undo", entry=mistake.entry), "key")
    assert (answer.entry, answer.frame, answer.late) == (3, 100, True)
    assert [showing.cue for showing in answer.snapshot.on] == ["c1"]
    assert desk.on() == [(1, "A")]
    assert desk.show.next_item(130) == 1  # the rundown stands where it stood
    assert desk.give(Command("undo", entry=mistake.entry), "key") == answer


@pytest.mark.parametrize(
    ("entry", "text"),
    [(9, "There is no entry 9"), (1, "has been undone already"), (2, "is itself an undo"), (3, "There is no entry 3")],
)
def test_what_cannot_be_undone(entry: int, text: str) -> None:
    desk = Desk()
    desk.do("show", "A")
    desk.give(Command("undo", entry=1))
    with pytest.raises(CommandError, match=text) as caught:
        desk.give(Command("undo", entry=entry))
    assert caught.value.field == "entry"
