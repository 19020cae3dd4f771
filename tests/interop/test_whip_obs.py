"""OBS publishes by WHIP: from its offer and its packets to the channel's playlists. See obs/README.md."""

import asyncio
from fractions import Fraction
from itertools import pairwise

from aiohttp import ClientSession

from tests.interop.conftest import KEY, state_of, until_state
from tests.interop.obs.publisher import SECONDS, obs
from tests.interop.recording import record
from tests.interop.test_ffmpeg_to_hls import check_continuous, check_in_step
from vitrine.server.serve import Running

TAKES = 1.25 * SECONDS
"""Seconds on air: over the seam, where the recording begins again under later stamps."""

LIP_SYNC = Fraction(40, 1000)
"""Seconds, of which Opus takes 6.5 ms: without sender reports the two clocks are laid beside each other by arrival."""


async def test_obs_goes_live_in_step_and_is_not_missed_when_it_stops(server: Running, http: ClientSession) -> None:
    async with obs(http, "/whip/show", KEY) as publisher:
        state = await until_state(http, "live", "ended", "failed")
        assert state["state"] == "live", state
        await asyncio.sleep(TAKES)
        health = (await state_of(http))["health"]
        assert isinstance(health, dict)
        assert health["encoder"] == "OBS-Studio/30.2.2"
        assert health["connection"]["lost"] == 0
        assert publisher.keyframes_asked <= 2 * TAKES
    assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"
    recordings = await record(http)
    assert set(recordings) == {"270p", "180p", "audio"}
    for recording in recordings.values():
        check_continuous(recording)
    check_in_step(recordings["270p"], recordings["audio"], LIP_SYNC)
    numbers = recordings["270p"].numbers()
    assert None not in numbers
    assert sum(later == earlier for earlier, later in pairwise(numbers)) <= 2
