"""The stamps in segments as a player reads them."""

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vitrine.packager.cmaf.box import read_boxes
from vitrine.packager.cmaf.emsg import Emsg
from vitrine.packager.cmaf.id3 import UserText


@dataclass(frozen=True)
class Stamp:
    """`time` is in seconds of the media."""

    time: Fraction
    snapshot: dict[str, Any]

    @property
    def products(self) -> list[str]:
        return [each["p"] for each in self.snapshot["on"]]


def stamps_of(media: bytes) -> list[Stamp]:
    events = [Emsg.decode(box) for box in read_boxes(media) if box.kind == b"emsg"]
    return [
        Stamp(Fraction(event.presentation_time, event.timescale), json.loads(UserText.decode(event.data).value))
        for event in events
    ]
