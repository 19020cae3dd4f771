from typing import cast

from vitrine.server.inputs import DISTRUST, SILENT, UNBROKEN, Inputs
from vitrine.server.session import Session


class Fake:
    """A session as far as it is looked at here."""

    def __init__(self, ready: bool = True) -> None:
        self.ready = ready
        self.pictured = self.since = 0.0

    def send(self, begin: float, end: float) -> None:
        self.since, self.pictured = begin, end

    def silent_for(self, now: float) -> float:
        return now - self.pictured

    def unbroken_for(self, now: float) -> float:
        return now - self.since


def fake(ready: bool = True) -> tuple[Fake, Session]:
    made = Fake(ready)
    return made, cast(Session, made)


def test_the_first_is_on_air_and_the_other_stands_by() -> None:
    inputs = Inputs()
    _, backup = fake()
    _, primary = fake()
    inputs.add("backup", backup)
    inputs.add("primary", primary)
    assert (inputs.on_air, inputs.on_air_role) == (backup, "backup")
    assert (inputs.standby, inputs.standby_role) == (primary, "primary")
    assert inputs.remove(backup)
    assert not inputs.remove(backup)
    assert (inputs.on_air, inputs.standby) == (None, primary)


def test_the_same_role_takes_the_place() -> None:
    inputs = Inputs()
    _, first = fake()
    _, second = fake()
    assert inputs.add("primary", first) is None
    assert inputs.add("primary", second) is first
    assert (inputs.on_air, inputs.all) == (second, (second,))
    assert not inputs.remove(first)


def test_a_silent_primary_is_replaced_by_a_backup_that_has_pictures() -> None:
    inputs = Inputs()
    one, primary = fake()
    other, backup = fake()
    inputs.add("primary", primary)
    inputs.add("backup", backup)
    one.send(0, 10)
    other.send(0, 10 + SILENT)
    assert inputs.better(10 + SILENT / 2) is None
    assert inputs.better(10.1 + SILENT) is backup
    other.ready = False
    assert inputs.better(10.1 + SILENT) is None
    other.ready = True
    other.send(0, 10)
    assert inputs.better(10.1 + SILENT) is None, "it is silent too"


def test_the_primary_comes_back_when_it_has_been_well_for_a_while_and_the_backup_never_by_itself() -> None:
    inputs = Inputs()
    one, primary = fake()
    other, backup = fake()
    inputs.add("primary", primary)
    inputs.add("backup", backup)
    one.send(0, 50)
    other.send(0, 50)
    assert inputs.better(50) is None
    inputs.on_air = backup
    one.send(50, 50.1 + UNBROKEN)
    other.send(0, 50.1 + UNBROKEN)
    assert inputs.better(50 + UNBROKEN / 2) is None
    assert inputs.better(50.1 + UNBROKEN) is primary


def both_well() -> tuple[Inputs, Fake, Session, Fake, Session]:
    """A primary on air and a backup, both of which have sent until second 50."""
    inputs = Inputs()
    one, primary = fake()
    other, backup = fake()
    inputs.add("primary", primary)
    inputs.add("backup", backup)
    for each in (one, other):
        each.send(0, 50)
    return inputs, one, primary, other, backup


def test_a_primary_that_cannot_be_decoded_is_replaced_and_comes_back_when_it_connects_anew() -> None:
    inputs, one, primary, other, backup = both_well()
    assert inputs.better(50) is None
    assert inputs.better(50, blind=True) is backup
    inputs.on_air = backup
    assert inputs.better(50) is None, "the primary would be seen for a moment, again and again"
    one.send(0, 60)
    assert inputs.better(60) is primary, "better than nothing, where the backup is silent"
    other.send(0, 60)
    assert inputs.better(60) is None
    again, anew = fake()
    again.send(0, 50)
    assert inputs.add("primary", anew) is primary
    assert inputs.better(50) is anew


def test_nobody_is_replaced_by_one_that_could_not_be_decoded_either() -> None:
    inputs, _, _, _, backup = both_well()
    assert inputs.better(50, blind=True) is backup
    inputs.on_air = backup
    assert inputs.better(50, blind=True) is None


def test_a_primary_that_could_not_be_shown_does_not_come_back_at_once() -> None:
    inputs = Inputs()
    (_, bad), (backup, well) = fake(), fake()
    inputs.add("primary", bad)
    inputs.add("backup", well)
    assert inputs.has_another(0.0)
    inputs.distrust(0.0)
    inputs.remove(bad)
    inputs.on_air = well
    again, primary = fake()
    inputs.add("primary", primary)
    assert not inputs.has_another(1.0)
    for now in (UNBROKEN + 1, DISTRUST - 1, DISTRUST + 1):
        again.send(0.0, now)
        backup.send(0.0, now)
        assert inputs.better(now) is (primary if now > DISTRUST else None)
    backup.send(0.0, 10.0)
    again.send(0.0, 20.0)
    assert inputs.better(20.0) is primary, "better than nothing"
