import pytest

from tests.ingest.whip.rtp.rtp import packet
from vitrine.ingest.whip.rtp.rtcp import SenderReport
from vitrine.ingest.whip.rtp.stream import RtpStream


def test_what_is_reported_of_a_stream() -> None:
    stream = RtpStream(7, 96, 90_000, 1.0)
    for each in (65534, 65535, 1, 2):
        stream.push(packet(each), 0.0)
    block = stream.report_block(0.0)
    assert (block.lost, block.fraction_lost, block.highest) == (1, 256 // 5, 0x10002)
    for each in (3, 4):
        stream.push(packet(each), 0.0)
    assert stream.report_block(0.0).fraction_lost == 0


def test_the_publishers_report_is_named() -> None:
    stream = RtpStream(7, 96, 90_000, 1.0)
    stream.push(packet(1), 0.0)
    assert stream.report_block(1.0).last_report == 0
    stream.receive_report(SenderReport(7, 0x123456789ABCDEF0, 0, 1), 10.0)
    block = stream.report_block(10.5)
    assert (block.last_report, block.delay) == (0x56789ABC, 32768)


def test_jitter() -> None:
    stream = RtpStream(7, 96, 90_000, 1.0)
    for each in range(200):
        late = 0.01 if each % 2 else 0.0
        stream.push(packet(each, timestamp=each * 3000), each / 30 + late)
    assert stream.jitter == pytest.approx(0.01, rel=0.01)


def test_a_jump_of_the_clock_is_no_jitter() -> None:
    stream = RtpStream(7, 96, 90_000, 1.0)
    stream.push(packet(1, timestamp=0), 0.0)
    stream.push(packet(2, timestamp=2**31), 0.03)
    assert stream.jitter == 0


def test_retransmissions_repair_but_are_not_counted_as_packets() -> None:
    stream = RtpStream(7, 96, 90_000, 1.0)
    stream.push(packet(1), 0.0)
    stream.push(packet(3), 0.0)
    stream.nacks.due(0.0)
    assert len(stream.push_again(packet(2), 0.1)) == 2
    assert (stream.packets, stream.nacks.repaired) == (2, 1)
