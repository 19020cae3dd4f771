import contextlib

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.whip.rtp import rtcp
from vitrine.ingest.whip.rtp.rtcp import Goodbye, ReportBlock, SenderReport
from vitrine.media.errors import MalformedError

REPORT = bytes.fromhex("80c80006 00000007 0000000180000000 0000abcd 00000003 00000010".replace(" ", ""))
BYE = bytes.fromhex("82cb0002 00000007 00000008".replace(" ", ""))
DESCRIPTION = bytes.fromhex("81ca0002 00000007 01000000".replace(" ", ""))


def test_a_compound_packet() -> None:
    assert list(rtcp.decode(REPORT + DESCRIPTION + BYE)) == [SenderReport(7, 0x180000000, 0xABCD, 3), Goodbye((7, 8))]
    assert SenderReport(7, 0x180000000, 0, 0).middle == 0x00018000


@pytest.mark.parametrize("data", [REPORT[:3], REPORT[:12], b"\x00" + REPORT[1:], bytes.fromhex("80c80001 00000007")])
def test_what_is_no_report(data: bytes) -> None:
    with pytest.raises(MalformedError):
        list(rtcp.decode(data))


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        list(rtcp.decode(data))


def test_rtcp_is_told_from_rtp() -> None:
    assert rtcp.is_rtcp(REPORT)
    assert not rtcp.is_rtcp(b"\x80\xe0")
    assert not rtcp.is_rtcp(b"")


def test_a_receiver_report_as_another_reads_it() -> None:
    block = ReportBlock(7, 12, 345, 67890, 11, 22, 33)
    (report,) = RtcpPacket.parse(rtcp.encode_receiver_report(1, [block]))
    assert isinstance(report, RtcpRrPacket)
    (seen,) = report.reports
    assert (seen.ssrc, seen.fraction_lost, seen.packets_lost, seen.highest_sequence) == (7, 12, 345, 67890)
    assert (seen.jitter, seen.lsr, seen.dlsr) == (11, 22, 33)


def test_requests_as_another_reads_them() -> None:
    (asked,) = RtcpPacket.parse(rtcp.encode_nack(1, 7, [10, 11, 26, 27, 65535, 65536, 65537]))
    assert isinstance(asked, RtcpRtpfbPacket)
    assert (asked.media_ssrc, asked.lost) == (7, [10, 11, 26, 27, 65535, 65536, 65537])
    (wanted,) = RtcpPacket.parse(rtcp.encode_picture_loss(1, 7))
    assert isinstance(wanted, RtcpPsfbPacket)
    assert (wanted.fmt, wanted.media_ssrc) == (1, 7)


def test_a_request_fits_one_packet() -> None:
    assert len(rtcp.encode_nack(1, 7, range(0, 60_000, 20))) <= 1_100
