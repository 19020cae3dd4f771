from vitrine.media.access_unit import AccessUnit
from vitrine.transcode.backlog import CATCHING_UP, MAX_BYTES, MAX_SECONDS, SOUND_SHARE, Backlog


def unit(keyframe: bool = False) -> AccessUnit:
    return AccessUnit(1, 0, 0, keyframe, b"")


def test_messages_leave_in_order() -> None:
    backlog = Backlog(live=True)
    assert not backlog
    backlog.push(b"a")
    backlog.push(b"b", 1.0)
    assert backlog
    assert [backlog.pop(), backlog.pop()] == [b"a", b"b"]
    assert not backlog


def test_pictures_are_given_up_until_a_keyframe_where_one_has_waited_for_long() -> None:
    backlog = Backlog(live=True)
    backlog.push(b"x", 100.0)
    assert backlog.admits_picture(unit(), 100.0 + MAX_SECONDS)
    assert not backlog.admits_picture(unit(keyframe=True), 100.04 + MAX_SECONDS)
    assert not backlog.waits_for_keyframe  # there is no room for one
    backlog.pop()
    assert not backlog.admits_picture(unit(), 100.08 + MAX_SECONDS)
    assert backlog.waits_for_keyframe
    assert backlog.admits_picture(unit(keyframe=True), 100.12 + MAX_SECONDS)
    assert not backlog.waits_for_keyframe
    assert backlog.admits_picture(unit(), 100.16 + MAX_SECONDS)
    assert backlog.lost == 2


def test_sound_that_waits_is_no_picture() -> None:
    backlog = Backlog(live=True)
    backlog.push(b"sound")
    assert backlog.admits_picture(unit(), 100.0)


def test_too_many_bytes_stop_pictures_first() -> None:
    backlog = Backlog(live=True)
    backlog.push(bytes(MAX_BYTES))
    assert backlog.is_full
    assert not backlog.admits_picture(unit(keyframe=True), 0.0)
    assert backlog.admits_sound()
    backlog.push(bytes(MAX_BYTES * (SOUND_SHARE - 1)))
    assert not backlog.admits_sound()
    assert backlog.lost == 2


def test_offline_gives_nothing_up() -> None:
    backlog = Backlog(live=False)
    backlog.push(bytes(MAX_BYTES * SOUND_SHARE), 0.0)
    assert backlog.admits_picture(unit(), 1000.0)
    assert backlog.admits_sound()
    assert backlog.lost == 0


def test_a_worker_that_has_to_catch_up_gets_the_time_for_it() -> None:
    backlog = Backlog(live=True)
    backlog.catch_up(100.0)
    backlog.push(b"keyframe", 100.0)
    assert backlog.admits_picture(unit(), 100.0 + CATCHING_UP)
    assert not backlog.admits_picture(unit(), 100.1 + CATCHING_UP)
