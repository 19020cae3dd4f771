from tests.ingest.whip.offers import offer
from vitrine.ingest.whip.answer import OPUS, complete_answer
from vitrine.ingest.whip.offer import PLAIN_H264, read_offer

FROM_PEER = f"""\
v=0\r
o=- 1 1 IN IP4 0.0.0.0\r
s=-\r
t=0 0\r
a=group:BUNDLE 0 1\r
m=audio 5000 UDP/TLS/RTP/SAVPF 111\r
c=IN IP4 10.0.0.5\r
a=recvonly\r
a=mid:0\r
a=rtcp-mux\r
a=rtpmap:111 opus/48000/2\r
a=candidate:1 1 udp 2130706431 10.0.0.5 50000 typ host\r
a=candidate:2 1 udp 2130706431 127.0.0.1 50001 typ host\r
a=end-of-candidates\r
a=fingerprint:sha-256 AA\r
a=fingerprint:sha-512 BB\r
a=setup:active\r
m=video 5000 UDP/TLS/RTP/SAVPF 96\r
c=IN IP4 10.0.0.5\r
a=sendrecv\r
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r
a=mid:1\r
a=rtcp-mux\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 {PLAIN_H264}\r
"""


def test_the_whole_answer() -> None:
    completed = complete_answer(FROM_PEER, read_offer(offer()), "203.0.113.7").split("\r\n")
    assert completed == [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=ice-options:trickle",
        "m=audio 5000 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 10.0.0.5",
        "a=recvonly",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        "a=rtpmap:111 opus/48000/2",
        f"a=fmtp:111 {OPUS}",
        "a=candidate:1p 1 udp 2130706432 203.0.113.7 50000 typ host",
        "a=candidate:1 1 udp 2130706431 10.0.0.5 50000 typ host",
        "a=candidate:2 1 udp 2130706431 127.0.0.1 50001 typ host",
        "a=end-of-candidates",
        "a=fingerprint:sha-256 AA",
        "a=setup:active",
        "m=video 5000 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 10.0.0.5",
        "a=recvonly",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=mid:1",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f;x-google-start-bitrate=2000",
        "",
    ]
