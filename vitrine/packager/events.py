"""What the packager tells: parts and segments as they close."""

from dataclasses import dataclass

from vitrine.packager.part import Part
from vitrine.packager.segment import Segment


@dataclass(frozen=True, slots=True)
class PartClosed:
    """A part can be fetched; its rendition's window already lists it."""

    rendition: str
    part: Part


@dataclass(frozen=True, slots=True)
class SegmentClosed:
    """A segment is whole; its last part was told just before."""

    rendition: str
    segment: Segment


PackagerEvent = PartClosed | SegmentClosed
