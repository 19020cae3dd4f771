from tests.ingest.whip.rtp.rtp import IDR, PPS, SLICE, SPS, ordered
from vitrine.ingest.whip.rtp.h264 import H264Depacketizer
from vitrine.ingest.whip.rtp.pictures import ASK_INTERVAL, FIRST_PATIENCE, LONGEST_INTERVAL, Pictures


class Camera:
    """Sends numbered pictures of one packet each, or a keyframe of three."""

    def __init__(self) -> None:
        self.pictures = Pictures(H264Depacketizer(1))
        self.now = 0.0
        self.sequence = 0

    def send(self, *payloads: bytes, gap: bool = False) -> list[bool]:
        """Whether each picture that passes is a keyframe."""
        passed = []
        self.now += 0.04
        for index, payload in enumerate(payloads):
            self.sequence += 1
            marker = index == len(payloads) - 1
            packet = ordered(self.sequence, payload, marker, round(self.now * 90_000), gap and index == 0, self.now)
            passed += [picture.keyframe for _, picture in self.pictures.push(packet, self.now)]
        return passed

    def asks(self, later: float = 0.0) -> bool:
        self.now += later
        return self.pictures.asks_for_keyframe(self.now)


def test_nothing_passes_before_a_keyframe_that_is_described() -> None:
    camera = Camera()
    assert camera.send(SLICE) == []
    assert not camera.asks()
    assert camera.asks(FIRST_PATIENCE)
    assert camera.send(IDR) == []
    assert camera.send(SPS, PPS, IDR) == [True]
    assert camera.send(SLICE) == [False]
    assert not camera.asks(ASK_INTERVAL)


def test_after_a_loss_it_waits_for_a_keyframe_however_long() -> None:
    camera = Camera()
    camera.send(SPS, PPS, IDR)
    assert camera.send(SLICE, gap=True) == []
    for _ in range(250):
        assert camera.send(SLICE) == []
    assert camera.send(SPS, PPS, IDR) == [True]
    assert camera.pictures.damaged == 251


def test_a_keyframe_right_after_a_loss_passes() -> None:
    camera = Camera()
    camera.send(SPS, PPS, IDR)
    assert camera.send(IDR, gap=True) == [True]


def test_a_keyframe_without_its_first_slice_does_not() -> None:
    camera = Camera()
    camera.send(SPS, PPS, IDR)
    assert camera.send(b"\x65\x02" + bytes(9), gap=True) == []


def test_a_broken_picture_is_a_loss() -> None:
    camera = Camera()
    camera.send(SPS, PPS, IDR)
    assert camera.send(b"\x19no") == []
    assert camera.send(SLICE) == []


def test_keyframes_are_asked_for_at_a_bounded_rate() -> None:
    camera = Camera()
    assert not camera.asks()
    assert camera.asks(FIRST_PATIENCE)
    assert not camera.asks(ASK_INTERVAL / 2)
    assert camera.asks(ASK_INTERVAL / 2)
    assert camera.pictures.requested == 2


def test_a_keyframe_is_asked_for_now_and_then_and_on_demand() -> None:
    camera = Camera()
    camera.send(SPS, PPS, IDR)
    assert not camera.asks(1.0)
    camera.pictures.want_keyframe()
    assert camera.asks()
    camera.send(SPS, PPS, IDR)
    assert not camera.asks(LONGEST_INTERVAL - 1)
    assert camera.asks(1.0)
