"""What `vitrine cue` sends for the words of a command line."""

import pytest

from vitrine.media.errors import ConfigError
from vitrine.overlay.commands import parse_command
from vitrine.server.commands.cue import command_of


@pytest.mark.parametrize(
    ("action", "words", "slot", "at", "sent"),
    [
        ("show", ("A", "B"), 2, {}, {"action": "show", "products": ["A", "B"], "slot": 2}),
        ("hide", (), 1, {}, {"action": "hide", "slot": 1}),
        ("next", (), None, {"programme": 2.5}, {"action": "next", "at": {"programme": 2.5}}),
        ("clear", (), None, None, {"action": "clear"}),
        ("undo", ("41",), None, None, {"action": "undo", "entry": 41}),
    ],
)
def test_words_become_a_command_that_the_server_takes(
    action: str, words: tuple[str, ...], slot: int | None, at: dict[str, object] | None, sent: dict[str, object]
) -> None:
    command = command_of(action, words, slot, at)
    assert command == sent
    assert parse_command(command).action == action


@pytest.mark.parametrize("words", [(), ("41", "42"), ("last",), ("-1",), ("4.5",), ("\u0664",)])
def test_undo_wants_one_number(words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="undo takes the number"):
        command_of("undo", words)
