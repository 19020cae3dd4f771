"""What aiortc agrees on with a publisher: all that we can take, and nothing else."""

from collections.abc import Sequence
from typing import Any

from aiortc.codecs import CODECS, HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters

from vitrine.ingest.whip.reception import Format, Reception
from vitrine.ingest.whip.rtp.feedback import EXTENSION
from vitrine.media.track import Codec

H264_PROFILES = ("420034", "42e034", "4d0034", "640034", "640c34")
"""Baseline, constrained baseline, main, high, constrained high, at level 5.2: more than any camera sends."""

CODEC_NAMES = {"opus": Codec.OPUS, "h264": Codec.H264, "vp8": Codec.VP8}

NUMBERED = RTCRtcpFeedback("transport-cc")
FEEDBACK = {"audio": (NUMBERED,), "video": (RTCRtcpFeedback("nack"), RTCRtcpFeedback("nack", "pli"), NUMBERED)}
"""What is sent back. aiortc's own lists have its estimate of the bandwidth, which nobody makes here."""


def prepare() -> None:
    """Change aiortc's lists for all peers of this process: it knows two profiles of H.264, and no such feedback."""
    h264 = [_h264(profile, mode) for profile in H264_PROFILES for mode in ("1", "0")]
    CODECS["video"][:] = [codec for codec in CODECS["video"] if codec.name.lower() != "h264"] + h264
    CODECS["audio"][:] = [codec for codec in CODECS["audio"] if codec.name.lower() == "opus"]
    for kind, feedback in FEEDBACK.items():
        for codec in CODECS[kind]:
            if codec.name.lower() != "rtx":
                codec.rtcpFeedback = list(feedback)
        HEADER_EXTENSIONS[kind][:] = [RTCRtpHeaderExtensionParameters(id=1, uri=EXTENSION)]


def _h264(profile: str, mode: str) -> RTCRtpCodecParameters:
    parameters: dict[str, int | str | None] = {
        "level-asymmetry-allowed": "1",
        "packetization-mode": mode,
        "profile-level-id": profile,
    }
    return RTCRtpCodecParameters("video/H264", 90_000, None, 127, [], parameters)


def reception(transceivers: Sequence[Any], now: float) -> Reception:
    """For what was agreed on with these."""
    codecs = [codec for transceiver in transceivers for codec in transceiver._codecs]
    formats = [
        Format(codec.payloadType, CODEC_NAMES[codec.name.lower()], _texts(codec.parameters))
        for codec in codecs
        if codec.name.lower() in CODEC_NAMES
    ]
    retransmitted = {
        codec.payloadType: int(codec.parameters["apt"])
        for codec in codecs
        if codec.name.lower() == "rtx" and str(codec.parameters.get("apt", "")).isdecimal()
    }
    extensions = (each for transceiver in transceivers for each in transceiver._headerExtensions)
    numbered_by = next((each.id for each in extensions if each.uri == EXTENSION), None)
    return Reception(transceivers[0].sender._ssrc, formats, retransmitted, now, numbered_by)


def _texts(parameters: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in parameters.items()}
