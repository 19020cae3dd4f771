"""What a fault began beside the channel's encoder is ended, whatever comes of the fault."""

from types import SimpleNamespace

import pytest

from soak import faults
from soak.faults import Act, Scene, backed_up, silent_with_backup, taken_over, taken_over_from_hanging


class Encoder:
    """Notes that it was killed; `starts` says whether another can be started."""

    def __init__(self, starts: bool) -> None:
        self.former: Encoder | None = None
        self.killed = False
        self._starts = starts

    def hand_over(self) -> "Encoder":
        self.former = Encoder(False)
        return self.former

    def signal(self, number: int) -> None: ...

    async def start(self, _kind: str) -> None:
        if not self._starts:
            raise OSError("no room for another process")

    async def kill(self) -> None:
        self.killed = True


@pytest.mark.parametrize("act", [taken_over, taken_over_from_hanging, backed_up, silent_with_backup])
async def test_nothing_of_a_fault_that_fails_goes_on(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails() -> None:
        raise TimeoutError

    monkeypatch.setattr(faults, "WATCHED", 0.0)
    channel = SimpleNamespace(encoder=Encoder(False), backup=Encoder(True), kinds=("push",), recovered=fails)
    at_once = SimpleNamespace(uniform=lambda _least, _most: 0.0, choice=lambda kinds: kinds[0])
    scene = Scene(SimpleNamespace(), channel, (), SimpleNamespace(), at_once)  # type: ignore[arg-type]
    with pytest.raises((OSError, TimeoutError)):
        await act(scene)
    assert channel.backup.killed or channel.encoder.former.killed
