"""The window of the products' text: whole segments, no parts, no initialisation section."""

from vitrine.packager.playlist.media import LiveState
from vitrine.packager.run import FIRST_MSN
from vitrine.packager.window import SEGMENTS_AHEAD, Answer, Position, Window


class ProductsWindow(Window):
    """Its playlist says what the others' do, segment by segment; a request is held until the segment is whole."""

    has_media = False

    @property
    def position(self) -> Position | None:
        return (self._open_msn - 1, None) if self._open_msn > FIRST_MSN else None

    def answer(self, msn: int | None, part: int | None) -> Answer:
        """WAIT also before the first segment: a player gives up on an empty playlist.

        A part is no matter here. hls.js asks for that of another rendition where a report names none.
        """
        if self.ended:
            return Answer.READY
        if (msn is None and part is not None) or min(msn or 0, part or 0) < 0:
            return Answer.BAD_REQUEST
        wanted = max(msn or 0, FIRST_MSN)
        if wanted < self._open_msn:
            return Answer.READY
        return Answer.BAD_REQUEST if wanted > self._open_msn - 1 + SEGMENTS_AHEAD else Answer.WAIT

    def _state(self) -> LiveState:
        return LiveState(
            part_target=self._part_target,
            segments=list(self._listed),
            first_msn=self._first_msn,
            ended=self.ended,
            discontinuities=self._discontinuities,
        )
