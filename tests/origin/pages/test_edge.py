"""How far the watch page keeps from the live edge, and how fast it plays to get there."""

from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

RATES = """async (behind) => {
  const { pace } = await import("/static/edge.js");
  let rate = 1;
  return behind.map((seconds) => (rate = pace(seconds, rate)));
}"""

RESERVES = """async (events) => {
  const { Reserve } = await import("/static/edge.js");
  const reserve = new Reserve();
  return events.map(([second, stalled]) => {
    stalled ? reserve.stalled(1000 * second) : reserve.look(1000 * second);
    return reserve.seconds;
  });
}"""

STALL, LOOK = True, False


async def reserves(page: Page, *events: tuple[int, bool]) -> Any:
    """What is kept after each look and each stall, which happen at a second."""
    return await page.evaluate(RESERVES, list(events))


async def test_who_is_behind_plays_faster_until_he_is_not(page: Page) -> None:
    assert await page.evaluate(RATES, [0.05, 0.15, 0.05, 0.01, 0.05]) == [1, 1.05, 1.05, 1, 1]


async def test_who_is_far_behind_plays_faster_still(page: Page) -> None:
    assert await page.evaluate(RATES, [0.9, 0.5, 0.3, 0.9, 0.01]) == [1.1, 1.1, 1.05, 1.1, 1]


async def test_who_is_before_the_edge_does_not_slow_down(page: Page) -> None:
    assert await page.evaluate(RATES, [0, -0.5]) == [1, 1]


async def test_a_stall_is_a_reason_to_keep_further_back_and_a_calm_to_come_back(page: Page) -> None:
    assert await reserves(page, (0, LOOK), (1, STALL), (20, LOOK), (22, LOOK), (100, LOOK)) == [0, 0.5, 0.5, 0, 0]


async def test_each_return_takes_twice_the_calm_of_the_one_before(page: Page) -> None:
    seen = await reserves(page, (0, STALL), (21, LOOK), (30, STALL), (60, LOOK), (71, LOOK))
    assert seen == [0.5, 0, 0.5, 0.5, 0]


async def test_a_stall_begins_the_calm_anew(page: Page) -> None:
    assert await reserves(page, (0, STALL), (15, STALL), (30, LOOK), (36, LOOK)) == [0.5, 1, 1, 0.5]


async def test_there_is_a_most(page: Page) -> None:
    assert (await reserves(page, *((second, STALL) for second in range(10))))[-1] == 2


async def test_a_network_that_stalls_again_and_again_still_gets_its_chance(page: Page) -> None:
    events = [event for stall in range(0, 4000, 400) for event in ((stall, STALL), (stall + 321, LOOK))]
    assert (await reserves(page, *events))[-1] == 0
