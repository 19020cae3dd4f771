import threading
from dataclasses import replace
from fractions import Fraction

import av
import pytest
from av.video.frame import VideoFrame

from tests.transcode.clips import mean_colour, painted, plan
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import RATES
from vitrine.transcode.ladder import EncoderSettings, PlannedRung
from vitrine.transcode.shedding import Orders, steps_for
from vitrine.transcode.worker.encoder import RungEncoder
from vitrine.transcode.worker.rung import Encoding, Frame, RungThread
from vitrine.transcode.worker.scaler import BT709

SIZES = {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480), "360p": (640, 360), "portrait": (608, 1080)}
SMALL = (PlannedRung("120p", 160, 120, 200), PlannedRung("60p", 80, 60, 100), PlannedRung("32p", 48, 32, 100))
SETTINGS = EncoderSettings()


@pytest.mark.parametrize("rate", [RATES[0], RATES[4], RATES[7]], ids=str)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_fast_settings_have_the_same_parameter_sets(size: tuple[int, int], rate: Fraction) -> None:
    """An encoder with other ones could not take over under the same initialisation section."""
    rung, wanted = PlannedRung("x", *size, 2800), plan(rate, settings=SETTINGS)
    usual, fast = (RungEncoder(1, rung, wanted, BT709, fast=fast).track.config for fast in (False, True))
    assert usual == fast


def run(orders_at: dict[int, Orders], count: int = 180, skipped: range = range(0)) -> dict[int, list[AccessUnit]]:
    """The units of each rung for pictures that grow brighter; orders hold from their frame on."""
    wanted = plan(Fraction(30), settings=SETTINGS)
    made: dict[int, list[AccessUnit]] = {1: [], 2: [], 3: []}
    sizes = [(rung.width, rung.height) for rung in SMALL]
    rungs = [
        RungThread(index, Encoding(index, rung, wanted, BT709), wanted, sizes, made[index + 1].extend)
        for index, rung in enumerate(SMALL)
    ]
    rungs[0].following, rungs[1].following = rungs[1], rungs[2]
    threads = [threading.Thread(target=rung.run) for rung in rungs]
    for thread in threads:
        thread.start()
    orders = Orders()
    for number in range(count):
        orders = orders_at.get(number, orders)
        target = orders.following(-1, len(SMALL))
        assert target is not None
        wants = number not in skipped and orders.makes(target, number, wanted.grid)
        picture = painted(*sizes[target], "yuv420p", (20 + number, 128, 128)) if wants else None
        rungs[0].queue.put(Frame(number, picture, orders))
    rungs[0].queue.put(None)
    for thread in threads:
        thread.join()
    assert {rung.done for rung in rungs} == {count}
    for units in made.values():
        assert [unit.pts for unit in units] == [3000 * number for number in range(count)]
    return made


def decode(index: int, units: list[AccessUnit]) -> list[VideoFrame]:
    """With the parameter sets of the very first encoder."""
    context = av.CodecContext.create("h264", "r")
    context.extradata = Encoding(index, SMALL[index], plan(Fraction(30), settings=SETTINGS), BT709).track.config
    frames: list[VideoFrame] = []
    for unit in [*(unit for unit in units if unit.data), None]:
        frames += context.decode(av.Packet(unit.data) if unit else None)
    return frames


def test_an_encoder_takes_over_from_another_where_a_part_starts() -> None:
    made = run({40: Orders(fast=True), 110: Orders()})
    for index, units in enumerate(made.values()):
        assert [number for number, unit in enumerate(units) if unit.keyframe] == [0, 40, 60, 110, 120]
        levels = [mean_colour(frame)[0] for frame in decode(index, units)]
        assert levels == pytest.approx([20 + number for number in range(180)], abs=2)


def test_half_the_frame_rate_and_a_rung_that_is_left_out() -> None:
    last = steps_for([rung.name for rung in SMALL])[-1].orders
    assert last == Orders(fast=True, half=frozenset({2}), gone=frozenset({0, 1}))
    made = run({60: replace(last, gone=frozenset({0})), 120: last})
    assert [bool(unit.data) for unit in made[1]] == [True] * 60 + [False] * 120
    assert [bool(unit.data) for unit in made[2]] == [True] * 120 + [False] * 60
    shown = [number for number, unit in enumerate(made[3]) if unit.data]
    assert shown == [*range(60), *range(60, 180, 2)]
    levels = [mean_colour(frame)[0] for frame in decode(2, made[3])]
    assert levels == pytest.approx([20 + number for number in shown], abs=2)


def test_a_rung_comes_back() -> None:
    made = run({60: Orders(fast=True, gone=frozenset({0})), 120: Orders(fast=True)})
    assert [number for number, unit in enumerate(made[1]) if unit.keyframe] == [0, 120]
    levels = [mean_colour(frame)[0] for frame in decode(0, made[1])]
    assert levels == pytest.approx([20 + number for number in [*range(60), *range(120, 180)]], abs=2)


def test_frames_that_are_left_out_are_delivered_in_their_turn() -> None:
    made = run({0: Orders(fast=True)}, skipped=range(61, 70))
    for units in made.values():
        assert [number for number, unit in enumerate(units) if not unit.data] == list(range(61, 70))
