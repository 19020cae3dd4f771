from pathlib import Path

import pytest

from vitrine.media.errors import ConfigError
from vitrine.server.commands.cue import kept_token
from vitrine.server.token import FILE_NAME, api_token


def test_what_is_configured_is_not_kept(tmp_path: Path) -> None:
    assert api_token("configured", tmp_path) == "configured"
    assert not list(tmp_path.iterdir())


def test_a_token_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = api_token(None, data)
    assert len(token) >= 32
    assert api_token(None, data) == kept_token(data) == token
    assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == [FILE_NAME]
    assert api_token(None, tmp_path / "other") != token


def test_an_empty_file_is_no_token(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("\n")
    assert len(api_token(None, tmp_path)) >= 32


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(ConfigError, match=r"server\.data"):
        api_token(None, tmp_path / "data")
    with pytest.raises(ConfigError, match="give --token"):
        kept_token(tmp_path / "none")
