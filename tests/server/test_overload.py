import logging

import pytest

from vitrine.server.overload import Overload
from vitrine.transcode.events import Shed


def test_each_change_is_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    overload = Overload("show")
    with caplog.at_level(logging.INFO, "vitrine.broadcast"):
        for steps in ((), ("faster",), ("faster", "480p halved"), ("faster",), ()):
            overload.note(Shed(steps, 0.42))
            overload.note(Shed(steps, 0.42))
            assert overload.steps == steps
    assert overload.times == 2
    assert [record.getMessage() for record in caplog.records] == [
        "show: encoding is 420 ms behind: faster",
        "show: encoding is 420 ms behind: 480p halved",
        "show: taken back: 480p halved",
        "show: taken back: faster",
    ]
