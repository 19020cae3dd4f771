"""What a depacketizer makes of one picture's packets."""

from dataclasses import dataclass

from vitrine.media.track import VideoTrack

MOST_BYTES = 8 << 20
"""Of one picture: what an access unit may have on its way to the transcoder."""

MOST_PACKETS = 1 << 15
"""Of one picture: of 256 bytes, where a sender fills them with 1,200. Each costs memory beside its bytes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, not dated. `begins` is false where its first packet is not the picture's first.

    `track` describes a keyframe; None for other pictures, and while the parameter sets are unknown.
    """

    data: bytes
    keyframe: bool
    begins: bool
    track: VideoTrack | None = None
