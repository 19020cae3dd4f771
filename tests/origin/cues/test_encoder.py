"""Cues that the encoder sends in the stream."""

import asyncio
from fractions import Fraction
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.origin.desk import (
    GRID,
    START,
    Studio,
)
from vitrine.overlay.commands import Command
from vitrine.server import desk as desk_module
from vitrine.server.desk import Desk
from vitrine.server.shop import Shop


async def test_the_encoder_commands_for_its_own_frame(client: ClientSession, studio: Studio) -> None:
    with studio.desk.events.listening() as messages:
        studio.desk.receive_data("onTextData", [{"text": "product:LT-2070"}], Fraction(2))
        studio.desk.receive_data("onTextData", [{"text": "a caption"}], Fraction(2))
        async with asyncio.timeout(10):
            assert b"LT-2070" in await anext(messages)
    (entry,) = studio.entries
    assert (entry.frame, entry.source, entry.products) == (50, "encoder", ("LT-2070",))


async def test_an_encoders_mistakes_are_told_in_the_log_a_few_times(
    client: ClientSession, studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(desk_module.COMPLAINTS + 5):
        studio.desk.receive_data("onTextData", [{"product": "x" * 2048}], Fraction(2))
    assert studio.desk.in_band_refused == desk_module.COMPLAINTS + 5
    assert caplog.text.count("a command of the encoder was refused") == desk_module.COMPLAINTS
    assert studio.entries == []


async def test_an_encoder_that_is_not_allowed_is_not_heard(studio: Studio, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk("other", Shop("other", None, None), tmp_path, tasks)
        desk.open("b9", GRID, START, lambda: 100)
        desk.receive_data("onTextData", [{"text": "product:A"}], Fraction(2))
        assert await desk.command(Command("show", ("B",)), None)
        desk.close("b9")
    assert desk.show is not None
    assert [entry.source for entry in desk.show.ledger.entries] == ["api"]
