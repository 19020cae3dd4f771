from pathlib import Path

import pytest

from vitrine.server.rehearsal import FILE_NAME, Switch


def test_it_is_off_at_first_and_opens_to_nothing(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "show")
    assert not switch.on
    assert not switch.opens("")
    assert not switch.opens("None")


def test_the_secret_opens_also_after_the_server_has_come_back(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "show")
    switch.turn(True, False)
    again = Switch(tmp_path / "show")
    assert again.on
    assert switch.secret is not None
    assert again.opens(switch.secret)
    assert not again.opens(switch.secret + "x")
    assert not again.opens("ü")
    assert (tmp_path / "show" / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_off_stays_off(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "show")
    switch.turn(True, False)
    switch.turn(False, False)
    switch.turn(False, False)
    assert not switch.on
    assert not Switch(tmp_path / "show").on


def test_each_rehearsal_has_a_secret_of_its_own_but_one_on_air_keeps_its_links(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "show")
    secrets = []
    for on_air in (False, False, True):
        switch.turn(True, on_air)
        secrets.append(switch.secret)
        switch.turn(False, on_air)
    assert secrets[0] != secrets[1] == secrets[2]


def test_what_cannot_be_kept_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "show").write_text("no folder")
    switch = Switch(tmp_path / "show")
    with pytest.raises(OSError, match="exists"):
        switch.turn(True, False)
    assert not switch.on
    assert switch.secret is None
