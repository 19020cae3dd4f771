from pathlib import Path

import pytest
from PIL import Image

from vitrine.media.errors import ConfigError
from vitrine.server import slate
from vitrine.server.slate import load_slate
from vitrine.transcode.ladder import Slate


def test_without_an_image_there_is_the_title() -> None:
    assert load_slate("Sunday", None) == Slate("Sunday")


def test_the_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "slate.png"
    Image.new("RGB", (64, 36)).save(path)
    assert load_slate("Sunday", path) == Slate("Sunday", path.read_bytes())


def test_what_cannot_be_shown_is_said_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slate.png"
    with pytest.raises(ConfigError, match=r"slate\.png cannot be read"):
        load_slate("", path)
    path.write_bytes(b"no image")
    with pytest.raises(ConfigError, match=r"slate\.png is no image; take a PNG"):
        load_slate("", path)
    Image.new("RGB", (64, 36)).save(path)
    monkeypatch.setattr(slate, "MOST_PIXELS", 1000)
    with pytest.raises(ConfigError, match=r"is 64x36"):
        load_slate("", path)
    monkeypatch.setattr(slate, "MOST_BYTES", 10)
    with pytest.raises(ConfigError, match=r"make it smaller"):
        load_slate("", path)
    path.write_bytes(path.read_bytes()[:-20])
