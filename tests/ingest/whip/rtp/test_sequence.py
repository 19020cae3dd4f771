from vitrine.ingest.whip.rtp.sequence import Unwrapper


def test_numbers_grow_across_the_wrap_and_late_ones_find_their_place() -> None:
    unwrapper = Unwrapper()
    placed = [unwrapper.place(each) for each in (65534, 65535, 1, 0, 65533, 2)]
    assert [each - placed[0] for each in placed] == [0, 1, 3, 2, -1, 4]


def test_what_is_older_than_the_first_is_positive() -> None:
    unwrapper = Unwrapper()
    unwrapper.place(3)
    assert unwrapper.place(65530) > 0
