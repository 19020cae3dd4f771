from vitrine.media.cue import Snapshot
from vitrine.packager.cues import Cues, NoCues


def test_no_cues_is_cues_with_nothing_on_show() -> None:
    cues: Cues = NoCues()
    assert cues.snapshot(7) == Snapshot(0, ())
    assert not cues.changes(0, 100)
    assert not cues.cues()
    assert cues.title("WM-4411") == "WM-4411"
