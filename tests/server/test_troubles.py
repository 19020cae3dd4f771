from dataclasses import replace
from math import inf

import pytest

from vitrine.server.troubles import Signs, troubles

WELL = Signs(present=60, picture=0.01, sound=0.01, keyframe=0, decoded=0.5, frozen=0, mute=0)


@pytest.mark.parametrize(
    ("signs", "kinds"),
    [
        (WELL, []),
        (replace(WELL, picture=inf, sound=inf), ["nothing"]),
        (replace(WELL, picture=4, sound=5), ["nothing"]),
        (replace(WELL, picture=4), ["picture"]),
        (replace(WELL, sound=inf), ["sound"]),
        (replace(WELL, keyframe=4), ["keyframe"]),
        (replace(WELL, decoded=4), ["unreadable"]),
        (replace(WELL, frozen=6), ["frozen"]),
        (replace(WELL, mute=11), ["mute"]),
        (replace(WELL, frozen=60, mute=60), ["frozen", "mute"]),
        (replace(WELL, picture=inf, mute=60), ["picture", "mute"]),
        (replace(WELL, present=1, picture=inf, sound=inf), []),
        (replace(WELL, frozen=2, mute=2, picture=0.9), []),
    ],
)
def test_what_is_wrong_is_named(signs: Signs, kinds: list[str]) -> None:
    found = troubles(signs)
    assert [trouble.kind for trouble in found] == kinds
    assert all(trouble.text.endswith((".", "?")) for trouble in found)
