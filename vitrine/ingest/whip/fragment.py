"""What a publisher adds to its session later: SDP fragments of trickle ICE (RFC 8840 section 9)."""

from dataclasses import dataclass

from vitrine.ingest.whip.sdp import read_sections, split_lines, usable_candidates
from vitrine.media.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Fragment:
    """`ufrag` and `password` name the ICE session that is meant, None where nothing does. `candidates` can be used."""

    ufrag: str | None
    password: str | None
    candidates: tuple[str, ...]


def read_fragment(body: bytes) -> Fragment:
    """Raises MalformedError."""
    description = read_sections(split_lines(body))
    sections = (description.session, *description.media)
    if not any(section.attributes for section in sections):
        raise MalformedError("The fragment says nothing: it has no attribute")
    ufrags = [value for section in sections for value in section.values("ice-ufrag")]
    passwords = [value for section in sections for value in section.values("ice-pwd")]
    if len(set(ufrags)) > 1 or len(set(passwords)) > 1:
        raise MalformedError("The fragment names two ICE sessions; all media share one")
    return Fragment(next(iter(ufrags), None), next(iter(passwords), None), usable_candidates(sections))
