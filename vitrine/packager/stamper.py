"""Decides which stamps each video part carries: what is on show, in an emsg box, at the frame where that changes.

A stamp is a whole snapshot, so one alone tells everything, and each segment starts with one for whoever joins there.
What a stamp says is decided once for each frame, when the first rendition closes the part that covers it; every
other video rendition carries the same bytes, whatever has been commanded in between. A command that comes too late
for its frame is stamped on the first frame of the next part; playlists and the replay have it at its own frame.
"""

import json
from collections import deque
from collections.abc import Sequence

from vitrine.media.cue import Showing
from vitrine.media.grid import VIDEO_TIMESCALE
from vitrine.packager.cmaf.emsg import Emsg
from vitrine.packager.cmaf.id3 import UserText
from vitrine.packager.cues import Cues
from vitrine.packager.programme import Programme, milliseconds

DESCRIPTION = "vitrine"
"""Of the TXXX frame: by it players know our stamps from others'."""

FORM = 1
"""The version of a stamp's JSON."""

KEPT_STAMPS = 1024
"""For the renditions that come later: three minutes of 5 changes a second, at most 1.3 MB. Encoders of one ladder
are frames apart; a rendition further behind than this finds its stamps gone, and carries those that are left."""


class Stamper:
    """The stamps of one broadcast. Every video rendition asks for each of its parts, in order."""

    def __init__(self, cues: Cues, programme: Programme, seq: int = -1) -> None:
        """`seq` is the largest that can have been stamped before."""
        self._cues = cues
        self._programme = programme
        self._on: Sequence[Showing] | None = None
        self._seq = seq
        self._decided = 0
        self._stamps: deque[tuple[int, bytes]] = deque(maxlen=KEPT_STAMPS)

    def stamps(self, first: int, end: int) -> tuple[bytes, ...]:
        """The emsg boxes of a part with the frames [first, end), in the order of their time.

        Frames are counted as the part's decode times are. Where pictures are reordered, a picture may be decoded
        with an earlier part than its frame's stamp, but it is never shown before that part has come.
        """
        if end > self._decided:
            self._decide(max(first, self._decided), end)
        found = []
        for frame, stamp in reversed(self._stamps):
            if frame < first:
                break
            if frame < end:
                found.append(stamp)
        return tuple(reversed(found))

    def _decide(self, first: int, end: int) -> None:
        """`first` is looked at too: what was stamped last may have been corrected since."""
        self._decided = end
        for frame in dict.fromkeys((first, *self._cues.changes(first, end))):
            snapshot = self._cues.snapshot(frame)
            if snapshot.on != self._on:
                # Entries that changed nothing are counted in the ledger, and not on the wire.
                self._on, self._seq = snapshot.on, max(snapshot.seq, self._seq + 1)
            elif not self._programme.grid.starts_segment(frame):
                continue
            tag = UserText(DESCRIPTION, self._payload(snapshot.on)).encode()
            stamp = Emsg(VIDEO_TIMESCALE, self._programme.grid.tick(frame), self._seq, tag)
            self._stamps.append((frame, stamp.encode()))

    def _payload(self, on: Sequence[Showing]) -> str:
        """At most 1 KB, for three products with ids of 64 four-byte letters (media/cue.py)."""
        shown = [
            {
                "s": showing.slot,
                "p": showing.product,
                "c": showing.cue,
                "t0": milliseconds(self._programme.frame_utc_ns(showing.since)),
            }
            for showing in on
        ]
        return json.dumps({"v": FORM, "seq": self._seq, "on": shown}, ensure_ascii=False, separators=(",", ":"))
