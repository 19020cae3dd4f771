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


def test_too_old_pictures_are_given_up_until_a_keyframe() -> None:
    backlog = Backlog(live=True)
    backlog.push(b"x", 0.0)
    assert backlog.admits_picture(unit(), MAX_SECONDS)
    assert not backlog.admits_picture(unit(keyframe=True), MAX_SECONDS + 0.04)
    assert not backlog.waits_for_keyframe  # there is no room for one
    backlog.pop()
    assert not backlog.admits_picture(unit(), MAX_SECONDS + 0.08)
    assert backlog.waits_for_keyframe
    assert backlog.admits_picture(unit(keyframe=True), MAX_SECONDS + 0.12)
    assert not backlog.waits_for_keyframe
    assert backlog.admits_picture(unit(), MAX_SECONDS + 0.16)
    assert backlog.lost == 2


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


def test_all_since_a_keyframe_is_taken_where_a_worker_has_to_catch_up() -> None:
    backlog = Backlog(live=True)
    backlog.catch_up(10.0)
    backlog.push(b"keyframe", 0.0)
    assert backlog.admits_picture(unit(), 9.9)
    assert backlog.admits_picture(unit(), 10.0 + CATCHING_UP)
    assert not backlog.admits_picture(unit(), 10.1 + CATCHING_UP)
