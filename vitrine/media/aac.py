"""AAC facts: the AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1)."""

from dataclasses import dataclass

from vitrine.media.bits import BitReader
from vitrine.media.errors import MalformedError, UnsupportedError

SBR = 5
PS = 29
ESCAPE = 31

SAMPLE_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""By samplingFrequencyIndex, table 1.18."""

RATE_IN_FULL = 15

CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
"""By channelConfiguration, table 1.19; 0 means a program config element in the stream."""


@dataclass(frozen=True, slots=True)
class AudioSpecificConfig:
    """Object type, core sample rate in Hz and channels (0: stated in the stream by a program config element).

    With explicit SBR or PS `sample_rate` is the core's; a decoder may give twice that.
    """

    object_type: int
    sample_rate: int
    channels: int

    @classmethod
    def decode(cls, data: bytes) -> "AudioSpecificConfig":
        """Parse as far as the channel configuration. Raises MalformedError or UnsupportedError."""
        bits = BitReader(data, "AAC configuration")
        object_type = _read_object_type(bits)
        sample_rate = _read_rate(bits)
        channels = bits.bits(4)
        if object_type in (SBR, PS):
            _read_rate(bits)
            object_type = _read_object_type(bits)
            if object_type in (SBR, PS):
                raise MalformedError("AAC configuration has an extension of an extension")
        if channels >= len(CHANNELS):
            raise UnsupportedError(f"AAC channel configuration {channels} is not known; send mono, stereo or 5.1")
        return cls(object_type, sample_rate, CHANNELS[channels])

    def encode(self) -> bytes:
        """Two bytes for every rate in the table and the usual object types, up to six for others."""
        bits, size = _append(0, 0, self.object_type, 5)
        if self.object_type > ESCAPE:
            bits, size = _append(ESCAPE, 5, self.object_type - ESCAPE - 1, 6)
        if self.sample_rate in SAMPLE_RATES:
            bits, size = _append(bits, size, SAMPLE_RATES.index(self.sample_rate), 4)
        else:
            bits, size = _append(bits, size, RATE_IN_FULL << 24 | self.sample_rate, 28)
        bits, size = _append(bits, size, CHANNELS.index(self.channels), 4)
        bits, size = _append(bits, size, 0, 3)  # GASpecificConfig: frames of 1024, no core coder, no extension
        return (bits << (-size % 8)).to_bytes((size + 7) // 8, "big")


def _append(bits: int, size: int, value: int, width: int) -> tuple[int, int]:
    return bits << width | value, size + width


def _read_object_type(bits: BitReader) -> int:
    object_type = bits.bits(5)
    return 32 + bits.bits(6) if object_type == ESCAPE else object_type


def _read_rate(bits: BitReader) -> int:
    index = bits.bits(4)
    if index == RATE_IN_FULL:
        rate = bits.bits(24)
        if not rate:
            raise MalformedError("AAC configuration has a sample rate of 0")
        return rate
    if index >= len(SAMPLE_RATES):
        raise MalformedError(f"AAC configuration has an unknown sample rate index {index}")
    return SAMPLE_RATES[index]


def codec_string(config: bytes) -> str:
    """RFC 6381 name for a CODECS attribute: `mp4a.40.2`."""
    return f"mp4a.40.{AudioSpecificConfig.decode(config).object_type}"
