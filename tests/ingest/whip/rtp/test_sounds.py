from tests.ingest.whip.rtp.rtp import ordered
from vitrine.ingest.whip.rtp.opus import CONCEALED
from vitrine.ingest.whip.rtp.sounds import Sounds

PACKET = b"\xf8abc"


def test_packets_pass_as_they_are() -> None:
    sounds = Sounds()
    assert sounds.push(ordered(1, PACKET, timestamp=100)) == [(100, PACKET)]
    assert sounds.push(ordered(2, PACKET, timestamp=5000)) == [(5000, PACKET)]


def test_a_lost_packet_is_made_up() -> None:
    sounds = Sounds()
    sounds.push(ordered(1, PACKET, timestamp=2**32 - 960))
    assert sounds.push(ordered(3, PACKET, timestamp=960, gap=True)) == [(0, b"\xf8"), (960, PACKET)]
    assert sounds.concealed == 1


def test_a_long_loss_is_left_to_silence() -> None:
    sounds = Sounds()
    sounds.push(ordered(1, PACKET, timestamp=0))
    assert len(sounds.push(ordered(60, PACKET, timestamp=960 * 59, gap=True))) == CONCEALED + 1


def test_a_gap_at_the_beginning_or_in_no_time() -> None:
    sounds = Sounds()
    assert len(sounds.push(ordered(1, PACKET, timestamp=5, gap=True))) == 1
    assert len(sounds.push(ordered(3, PACKET, timestamp=5, gap=True))) == 1


def test_what_is_no_packet_is_dropped() -> None:
    assert Sounds().push(ordered(1, b"")) == []
