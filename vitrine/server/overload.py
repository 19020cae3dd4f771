"""What a broadcast gives up because the machine does not keep up, for the log and the channel's health."""

import logging

from vitrine.transcode.events import Shed

log = logging.getLogger("vitrine.broadcast")


class Overload:
    """`steps` are in force now, in words; `times` counts every step that was taken."""

    def __init__(self, channel: str) -> None:
        self.steps: tuple[str, ...] = ()
        self.times = 0
        self._channel = channel

    def note(self, event: Shed) -> None:
        """Each change is logged once."""
        given_up = [step for step in event.steps if step not in self.steps]
        taken_back = [step for step in self.steps if step not in event.steps]
        self.steps = event.steps
        self.times += len(given_up)
        for step in given_up:
            log.warning("%s: encoding is %d ms behind: %s", self._channel, round(event.lag * 1000), step)
        for step in taken_back:
            log.info("%s: taken back: %s", self._channel, step)
