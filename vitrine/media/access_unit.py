"""The only currency between folders and processes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One encoded picture, or one block of audio, in decode order.

    Times are programme time in ticks of the track's timescale. `data` holds length-prefixed NAL units for
    H.264 and HEVC, the bare frame for every other codec.
    """

    track_id: int
    dts: int
    pts: int
    keyframe: bool
    data: bytes
