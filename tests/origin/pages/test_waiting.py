"""What lies over a picture that is waited for."""

import pytest

from tests.origin.pages.shopfront import Visit, shop

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

BOXES = """() => ["#stage", ".waiting", "#sound"].map((each) => {
    const { left, top, right, bottom } = document.querySelector(each).getBoundingClientRect();
    return [left, top, right, bottom];
})"""


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (844, 390), (1440, 900)])
async def test_the_sign_of_waiting_and_the_button_for_sound_leave_each_other_alone(
    visit: Visit, size: tuple[int, int]
) -> None:
    page = await visit(shop(), viewport={"width": size[0], "height": size[1]}, has_touch=size[0] < 1000)
    await page.evaluate("document.getElementById('stage').dataset.waiting = 'yes'")
    await page.evaluate("document.getElementById('sound').hidden = false")
    stage, waiting, sound = await page.evaluate(BOXES)
    assert waiting[3] <= sound[1] or waiting[1] >= sound[3] or waiting[2] <= sound[0] or waiting[0] >= sound[2]
    assert stage[0] <= waiting[0] < waiting[2] <= stage[2]
    assert stage[1] <= waiting[1] < waiting[3] <= stage[3]
