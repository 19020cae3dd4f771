from vitrine.ingest.rtmp.tempo import AT_ONCE, LONGEST_PAUSE, MOST_A_SECOND, Tempo


def test_no_encoder_is_too_fast() -> None:
    tempo = Tempo(0.0)
    for tenth in range(36_000):
        tempo.push(63, tenth / 10)
        assert tempo.pause(tenth / 10) == 0


def test_what_was_held_back_by_the_network_may_come_at_once() -> None:
    tempo = Tempo(0.0)
    tempo.push(10 * 250, 10.0)
    assert tempo.pause(10.0) == 0


def test_a_flood_is_read_at_the_rate_that_is_the_most() -> None:
    tempo, now, read = Tempo(0.0), 0.0, 0
    while now < 60:
        tempo.push(4_000, now)
        read += 4_000
        now += 0.001 + tempo.pause(now)
    assert 0 <= read - 60 * MOST_A_SECOND - AT_ONCE <= 2 * 4_000


def test_a_pause_is_bounded_and_passes() -> None:
    tempo = Tempo(0.0)
    tempo.push(100_000, 0.0)
    assert tempo.pause(0.0) == LONGEST_PAUSE
    assert tempo.pause(94.0) == 1.0
    assert tempo.pause(96.0) == 0
