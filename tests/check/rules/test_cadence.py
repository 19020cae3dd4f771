from dataclasses import replace

import pytest

from tests.check.breaking import broken
from tests.check.scene import high
from vitrine.check.rules import cadence
from vitrine.check.seen import Answer, Rendition


def answered(*answers: tuple[float, float, bool, int, int], part_target: bool = True) -> Rendition:
    """Asked, done, blocked, the next segment, and how many parts it has."""
    rendition = high()
    rendition.answers.clear()
    for asked, done, blocked, next_msn, parts in answers:
        last = (next_msn, parts - 1) if parts else (next_msn - 1, 1)
        rendition.answers.append(Answer(asked, done, blocked, next_msn, last, ()))
    return rendition


GOOD = [(0.0, 0.1, False, 4, 0), (0.1, 1.0, True, 4, 1), (1.0, 2.0, True, 5, 0), (2.0, 3.0, True, 5, 1)]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (GOOD, {}),
        ([], {}),
        ([GOOD[0], (0.1, 2.2, True, 4, 1)], {"parts-come-in-time": ["no part came for 2.1 s after (3, 1)"]}),
        (
            [(0.0, 0.1, False, 4, 0), (2.0, 2.1, False, 4, 0), (4.2, 4.3, False, 4, 0), (5.0, 5.1, False, 4, 0)],
            {"segments-come-in-time": ["no segment came for 4.1 s after segment 3"]},
        ),
        # Polled slowly: the segment may have been there long before it was asked for.
        ([(0.0, 0.1, False, 4, 0), (6.0, 6.1, False, 5, 0)], {}),
    ],
)
def test_when_news_come(answers: list[tuple[float, float, bool, int, int]], found: dict[str, list[str]]) -> None:
    assert broken(cadence.RULES, answered(*answers)) == found


@pytest.mark.parametrize("in_gap", [True, False])
@pytest.mark.parametrize("after", [(0.1, 2.2, True, 4, 1), (0.1, 5.9, True, 5, 0)], ids=["a part", "a segment"])
def test_a_gap_is_told_as_a_whole(after: tuple[float, float, bool, int, int], in_gap: bool) -> None:
    rendition = answered(GOOD[0], after)
    rendition.answers[0] = replace(rendition.answers[0], in_gap=in_gap)
    assert bool(broken(cadence.RULES, rendition)) != in_gap


def test_a_reload_that_was_held_too_long() -> None:
    found = broken(cadence.RULES, answered((0.0, 0.1, False, 4, 0), (0.1, 5.1, True, 5, 0)))
    assert found["segments-come-in-time"] == ["no segment came for 5 s after segment 3"]
