"""What the studio's modules make of what they are told: figures and their words, ICE servers, SDP, the tally."""

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

WELL = {
    "publisher": "rtmp",
    "ingest_kbps": 4200,
    "frames_in": 0,
    "units_dropped": 0,
    "decoder_errors": 0,
    "encode_lag_ms": 250,
    "keyframe_ms": 2000,
    "connection": {"loss_percent": 0.0, "round_trip_ms": 40.0},
}
"""The server's health of an encoder elsewhere."""


async def words(
    page: Page, healths: Sequence[dict[str, Any] | None], stats: Sequence[list[dict[str, Any]]] | None = None
) -> str:
    """What is said after so many seconds."""
    return str(
        await page.evaluate(
            """async ([healths, stats]) => {
              const { Figures, verdict } = await import("/static/studio/figures.js");
              const figures = new Figures();
              let said = null;
              healths.forEach((health, second) => {
                said = verdict(figures.take(stats && stats[second], health, 1000 * second));
              });
              return said.text;
            }""",
            [healths, stats],
        )
    )


def seconds(count: int, **each_second: float) -> list[dict[str, Any]]:
    """So many of 30 pictures; the counts named grow by so much in each."""
    return [
        {**WELL, "frames_in": 30 + 30 * second, **{name: step * second for name, step in each_second.items()}}
        for second in range(count)
    ]


async def test_all_is_well_until_something_is_wrong_for_a_while(page: Page) -> None:
    assert await words(page, [None]) == "Nothing is being published."
    assert await words(page, seconds(12)) == "All is well."


async def test_one_picture_given_up_is_no_trouble_and_many_are(page: Page) -> None:
    healths = seconds(12)
    for health in healths[5:]:
        health["units_dropped"] = 1
    assert await words(page, healths) == "All is well."
    for health in healths[5:]:
        health["units_dropped"] = 45  # to the next keyframe
    said = await words(page, healths)
    assert said.startswith("Viewers see the picture jump")
    assert "Send a smaller picture" in said
    later = [{**healths[-1], "frames_in": healths[-1]["frames_in"] + 30 * second} for second in range(1, 12)]
    assert await words(page, healths + later) == "All is well."


async def test_what_an_encoder_sent_before_its_first_keyframe_is_not_missed(page: Page) -> None:
    waiting = [{**WELL, "units_dropped": 30 * second} for second in range(4)]
    running = [{**WELL, "frames_in": 30 * second, "units_dropped": 100} for second in range(1, 6)]
    assert await words(page, waiting + running) == "All is well."


async def test_another_publisher_begins_anew(page: Page) -> None:
    before = seconds(8, units_dropped=20)
    after = [{**WELL, "frames_in": 270 + 30 * second, "units_dropped": 3} for second in range(5)]
    assert (await words(page, before)).startswith("Viewers see the picture jump")
    assert await words(page, before + after) == "All is well."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"connection": {"loss_percent": 8.0, "round_trip_ms": 40.0}}, "The encoder's upload loses packets"),
        ({"connection": {"loss_percent": 0.0, "round_trip_ms": 700.0}}, "The way to the server is slow"),
        ({"encode_lag_ms": 1800}, "The server cannot keep up"),
        ({"keyframe_ms": 10_000}, "Keyframes are far apart"),
    ],
)
async def test_a_trouble_that_lasts_is_said_and_one_bad_second_is_not(
    page: Page, change: dict[str, Any], said: str
) -> None:
    bad = [{**health, **change} for health in seconds(8)]
    assert (await words(page, bad)).startswith(said)
    if "keyframe_ms" not in change:
        assert await words(page, [*seconds(6), bad[6], seconds(8)[7]]) == "All is well."


async def test_damaged_pictures(page: Page) -> None:
    assert (await words(page, seconds(8, decoder_errors=3))).startswith("Pictures arrive damaged")
    healths = seconds(8)
    healths[-1]["decoder_errors"] = 1
    assert await words(page, healths) == "All is well."


def sent(second: int, lost: int = 0, limit: str = "none") -> list[dict[str, Any]]:
    """This browser's statistics: 100 packets a second of 2 Mbit/s."""
    return [
        {
            "type": "outbound-rtp",
            "bytesSent": 250_000 * second,
            "packetsSent": 100 * second,
            "qualityLimitationReason": limit,
        },
        {"type": "remote-inbound-rtp", "packetsLost": lost * second, "roundTripTime": 0.05},
    ]


async def test_this_browsers_own_connection(page: Page) -> None:
    figures = await page.evaluate(
        """async ([stats, health]) => {
          const { Figures } = await import("/static/studio/figures.js");
          const figures = new Figures();
          return stats.map((each, second) => figures.take(each, health, 1000 * second));
        }""",
        [[sent(0), sent(1, lost=2)], WELL],
    )
    assert (figures[0]["kbps"], figures[0]["loss"]) == (None, None)
    assert (figures[1]["kbps"], figures[1]["loss"], figures[1]["trip"], figures[1]["own"]) == (2000, 2, 50, True)


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        ([sent(second) for second in range(14)], "All is well."),
        ([sent(second, lost=9) for second in range(14)], "Your upload loses packets"),
        ([sent(second, limit="bandwidth") for second in range(14)], "Your upload is too slow for this picture"),
        ([sent(second, limit="bandwidth") for second in range(6)], "All is well."),  # every session begins like that
        ([sent(second, limit="cpu") for second in range(14)], "This device cannot keep up"),
        ([*(sent(second + 50) for second in range(6)), *(sent(second) for second in range(6))], "All is well."),
    ],
    ids=["well", "loss", "line", "line at first", "device", "connected again"],
)
async def test_what_is_said_of_this_browsers_own_connection(
    page: Page, stats: list[list[dict[str, Any]]], said: str
) -> None:
    assert (await words(page, seconds(len(stats)), stats)).startswith(said)


@pytest.mark.parametrize(
    ("link", "servers"),
    [
        (None, []),
        ("", []),
        ('<stun:stun.example.net>; rel="ice-server"', [{"urls": "stun:stun.example.net"}]),
        (
            '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="a;b,c"; credential="p>w"; '
            'credential-type="password", <stun:s>;rel=ice-server',
            [
                {"urls": "turn:turn.example.net?transport=udp", "username": "a;b,c", "credential": "p>w"},
                {"urls": "stun:s"},
            ],
        ),
        (
            '<turns:t:443>; credential=c; username=u; rel="ice-server"',
            [{"urls": "turns:t:443", "username": "u", "credential": "c"}],
        ),
        ('<stun:s>; rel="preload"', []),
        ('<https://shop.example/>; rel="ice-server"', []),
    ],
)
async def test_ice_servers_of_a_link_header(page: Page, link: str | None, servers: list[dict[str, str]]) -> None:
    found = await page.evaluate('async (link) => (await import("/static/studio/whip.js")).iceServersOf(link)', link)
    assert found == servers


@pytest.mark.parametrize(
    ("format_line", "expected"),
    [
        (
            "a=fmtp:111 minptime=10;useinbandfec=1",
            "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000",
        ),
        (None, "a=fmtp:111 stereo=1;sprop-stereo=1;maxaveragebitrate=128000"),
        ("a=fmtp:111 minptime=10;stereo=1", "a=fmtp:111 minptime=10;stereo=1"),
    ],
)
async def test_stereo_is_asked_for_once(page: Page, format_line: str | None, expected: str) -> None:
    lines = ["v=0", "a=rtpmap:111 opus/48000/2", *([format_line] if format_line else []), "a=rtpmap:96 H264/90000", ""]
    sdp = await page.evaluate(
        'async (sdp) => (await import("/static/studio/whip.js")).withStereo(sdp)', "\r\n".join(lines)
    )
    assert sdp == "\r\n".join([*lines[:2], expected, *lines[-2:]])


async def test_sdp_without_sound_stays_as_it_is(page: Page) -> None:
    sdp = "v=0\r\na=rtpmap:96 H264/90000\r\n"
    assert await page.evaluate('async (sdp) => (await import("/static/studio/whip.js")).withStereo(sdp)', sdp) == sdp
