import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from vitrine.media.access_unit import AccessUnit
from vitrine.transcode.events import Failed, Opened, Stats
from vitrine.transcode.ipc import Message, MessageReader, encode
from vitrine.transcode.worker.output import Counters, Output

UNIT = AccessUnit(1, 0, 0, True, b"abc")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    os.close(ends[0])
    os.close(ends[1])


def read(descriptor: int) -> list[Message]:
    reader = MessageReader()
    reader.receive_data(os.read(descriptor, 1 << 16))
    return reader.events_received()


def test_access_units_wait_for_the_output_to_be_known(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1])
    output.deliver([UNIT])
    output.send(Stats())
    assert read(pipe[0]) == [Stats()]
    output.open(Opened(()))
    output.deliver([UNIT, UNIT])
    assert read(pipe[0]) == [Opened(()), UNIT, UNIT, UNIT]


def test_messages_of_many_threads_stay_whole(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1])
    output.open(Opened(()))
    unit = AccessUnit(1, 0, 0, True, bytes(100_000))
    threads = [threading.Thread(target=output.deliver, args=([unit] * 5,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    reader = MessageReader()
    messages: list[Message] = []
    while len(messages) < 21:
        reader.receive_data(os.read(pipe[0], 1 << 16))
        messages += reader.events_received()
    for thread in threads:
        thread.join()
    assert messages == [Opened(())] + [unit] * 20


def test_failing_says_why_and_ends_the_process() -> None:
    code = "from vitrine.transcode.worker.output import Output; Output(1).fail('no more')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, encode(Failed("no more")))


def test_counters_become_stats() -> None:
    counters = Counters(frames_in=5, undecodable_pictures=1, undecodable_sound=2)
    assert counters.stats(1.5, 0.5) == Stats(frames_in=5, undecodable=3, cpu=1.5, lag=0.5)


def test_lag_is_of_pictures_or_of_sound_whatever_waits_for_longer() -> None:
    counters = Counters(sound_done=2.0)
    assert counters.lag(0.0, 100.0) == 0.0
    counters.pictures.note(2.5, 99.5)
    counters.sound.note(2.0, 98.0)
    assert counters.lag(2.4, 100.0) == 0.5
    assert counters.lag(2.5, 100.0) == 0.0
    counters.sound.note(2.1, 98.5)
    assert counters.lag(2.4, 100.0) == 1.5
