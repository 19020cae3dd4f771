"""What is wrong with what a publisher sends, in words for the crew. Nothing of it ends a broadcast. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from vitrine.origin.status import Trouble

MISSING = 3.0
"""Seconds: longer than networks stutter, shorter than a viewer's patience."""

NO_KEYFRAME = 3.0
"""Seconds of pictures without one to begin from."""

UNREADABLE = 3.0
FROZEN = 5.0
MUTE = 10.0
"""Seconds of silence; shorter pauses are a host's."""


@dataclass(frozen=True, slots=True)
class Signs:
    """Of the publisher on air: seconds since each thing was last there, infinite for what never was.

    `keyframe` counts from the first picture that waits for one, 0 once there was one. `decoded` is since the decoder
    last made a picture. `frozen` and `mute` are how long it has been so. `present` is how long the publisher is there.
    """

    present: float
    picture: float
    sound: float
    keyframe: float
    decoded: float
    frozen: float
    mute: float


def troubles(signs: Signs) -> tuple[Trouble, ...]:
    """The most important first."""
    return tuple(_found(signs))


def _found(signs: Signs) -> Iterator[Trouble]:
    if signs.present < MISSING:
        return
    picture, sound = signs.picture < MISSING, signs.sound < MISSING
    if not picture and not sound:
        yield Trouble(
            "nothing", "The publisher is connected and sends nothing: check its network. Viewers see the slate."
        )
        return
    if picture and signs.keyframe > NO_KEYFRAME:
        yield Trouble("keyframe", "Pictures come, but no keyframe to begin with: set the keyframe interval to 2 s.")
    elif picture and signs.decoded > UNREADABLE:
        yield Trouble("unreadable", "Pictures come, but none can be decoded: restart the encoder, or change its codec.")
    elif picture and signs.frozen > FROZEN:
        yield Trouble("frozen", f"The picture has not changed for {signs.frozen:.0f} s: is the camera frozen?")
    if not picture:
        yield Trouble("picture", "Sound comes, but no picture. Viewers see the slate.")
    if not sound:
        yield Trouble("sound", "The picture comes without sound. Viewers hear silence.")
    elif signs.mute > MUTE:
        yield Trouble("mute", f"The sound has been silent for {signs.mute:.0f} s: is the microphone muted?")
