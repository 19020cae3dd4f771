"""A mistake is taken back from its own frame."""

import pytest

from tests.overlay.desk import RUNDOWN, Desk
from vitrine.overlay.commands import Command, CommandError


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
