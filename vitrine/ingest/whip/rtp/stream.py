"""One RTP stream of a publisher: what it lost, in order, and how it does."""

from vitrine.ingest.whip.rtp.nack import Nacks
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.ingest.whip.rtp.reorder import Ordered, Reorder
from vitrine.ingest.whip.rtp.rtcp import ReportBlock, SenderReport
from vitrine.ingest.whip.rtp.sequence import Unwrapper


class RtpStream:
    """`packets` counts those that came as they were sent; retransmissions on a stream of their own are not in it."""

    def __init__(self, ssrc: int, payload_type: int, clock_rate: int, longest_wait: float) -> None:
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.packets = 0
        self.heard = 0.0
        self.nacks = Nacks(longest_wait)
        self.reorder = Reorder(self.nacks)
        self._clock_rate = clock_rate
        self._unwrapper = Unwrapper()
        self._first = 0
        self._expected_before = self._received_before = 0
        self._jitter = 0.0
        self._transit: tuple[int, float] | None = None  # the newest stamp and its arrival
        self._report: SenderReport | None = None
        self._reported_at = 0.0

    @property
    def jitter(self) -> float:
        """Seconds (RFC 3550 section 6.4.1)."""
        return self._jitter / self._clock_rate

    def push(self, packet: RtpPacket, now: float) -> list[Ordered]:
        """A packet as it was sent."""
        self.packets += 1
        self.heard = now
        highest = self._unwrapper.highest
        number = self._unwrapper.place(packet.sequence)
        if highest is None:
            self._first = number
        if highest is None or number > highest:
            self._measure_jitter(packet.timestamp, now)
        return self.reorder.push(packet, now)

    def push_again(self, packet: RtpPacket, now: float) -> list[Ordered]:
        """A packet out of a retransmission."""
        return self.reorder.push(packet, now)

    def receive_report(self, report: SenderReport, now: float) -> None:
        self._report, self._reported_at = report, now

    def report_block(self, now: float) -> ReportBlock:
        """For the next receiver report (RFC 3550 section 6.4.1, appendix A.3)."""
        highest = self._unwrapper.highest or 0
        expected = highest - self._first + 1
        interval = expected - self._expected_before
        lost = interval - (self.packets - self._received_before)
        self._expected_before, self._received_before = expected, self.packets
        fraction = min(255, (lost << 8) // interval) if interval > 0 and lost > 0 else 0
        report = self._report
        delay = 0 if report is None else min(0xFFFFFFFF, round((now - self._reported_at) * 65536))
        return ReportBlock(
            self.ssrc,
            fraction,
            expected - self.packets,
            (highest - 0x10000) & 0xFFFFFFFF,
            min(0xFFFFFFFF, round(self._jitter)),
            0 if report is None else report.middle,
            delay,
        )

    def _measure_jitter(self, stamp: int, now: float) -> None:
        if self._transit is not None and stamp != self._transit[0]:
            before, arrived = self._transit
            ticks = ((stamp - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            difference = abs((now - arrived) * self._clock_rate - ticks)
            if difference < self._clock_rate:  # more is a jump of the clock, not jitter
                self._jitter += (difference - self._jitter) / 16
        if self._transit is None or stamp != self._transit[0]:
            self._transit = stamp, now
