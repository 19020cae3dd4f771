import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.whip.offers import AUDIO, FINGERPRINT, VIDEO, offer
from vitrine.ingest.whip.offer import PLAIN_H264, read_offer
from vitrine.media.errors import MalformedError, UnsupportedError


def test_the_peer_gets_what_can_be_taken_and_nothing_else() -> None:
    read = read_offer(offer())
    lines = read.text.split("\r\n")
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96 97" in lines
    assert f"a=fmtp:96 {PLAIN_H264}" in lines
    assert "VP9" not in read.text
    assert "a=rtcp-fb:96 nack pli" in lines
    assert "a=candidate:1 1 udp 2130706431 192.0.2.7 50007 typ host" in lines
    assert ".local" not in read.text
    assert "tcp" not in read.text.replace("rtcp", "")
    assert read.parameters == {96: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f"}
    assert (read.ufrag, read.password) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")


async def test_aiortc_takes_a_high_profile_that_it_would_refuse() -> None:
    peer = RTCPeerConnection()
    try:
        await peer.setRemoteDescription(RTCSessionDescription(read_offer(offer()).text, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        assert "a=rtpmap:96 H264/90000" in peer.localDescription.sdp
    finally:
        await peer.close()


TRANSPORT = "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n"


def test_transport_may_stand_once_for_the_whole_session() -> None:
    wanted = f"{TRANSPORT}a=fingerprint:{FINGERPRINT}\na=setup:actpass\n"
    read = read_offer(offer((wanted, ""), ("t=0 0\n", f"t=0 0\n{wanted}")))
    assert read.text.count("a=ice-ufrag:EsAw") == 2
    assert read.text.count("a=setup:actpass") == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (offer(sections=""), "no media"),
        (offer(("a=sendonly", "a=recvonly")), "recvonly"),
        (offer(("a=sendonly", "a=inactive")), "inactive"),
        (offer(sections=VIDEO * 3), "3 video tracks"),
        (offer(sections=AUDIO * 2), "2 audio tracks"),
        (offer(("m=audio", "m=application")), "'application'"),
        (offer(("H264/90000", "H265/90000")), "H265, rtx, VP9, VP8; offer H264 or VP8"),
        (offer(("opus/48000/2", "PCMU/8000")), "PCMU; offer Opus"),
        (offer(("a=group:BUNDLE 0 1\n", "")), "a=group:BUNDLE 0 1"),
        (offer(("a=group:BUNDLE 0 1", "a=group:BUNDLE 0")), "a=group:BUNDLE 0 1"),
        (offer((f"a=fingerprint:{FINGERPRINT}\n", "")), "a=fingerprint"),
        (offer(("a=ice-ufrag:EsAw\n", "")), "a=ice-ufrag"),
        (offer(("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n", "")), "a=ice-pwd"),
        (offer(("a=setup:actpass", "a=setup:holdconn")), "holdconn"),
        (offer(("a=rtcp-mux\n", "")), "a=rtcp-mux"),
        (offer(("m=video 9", "m=video 0")), "switched off"),
        (offer(("UDP/TLS/RTP/SAVPF", "RTP/AVP")), "RTP/AVP"),
    ],
)
def test_an_offer_of_another_kind_is_refused_in_words(changed: bytes, words: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_offer(changed)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b'{"sdp": "v=0"}',
        b"v=1\r\n",
        offer(("a=mid:1\n", "")),
        offer(("a=mid:1", "a=mid:0")),
    ],
)
def test_what_is_no_offer_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_offer(body)


def test_groups_of_another_kind_are_passed_over() -> None:
    read = read_offer(offer(("a=group:BUNDLE 0 1\n", "a=group:LS 0 1\na=group:BUNDLE 0 1\n")))
    assert next(line for line in read.text.splitlines() if "group:" in line) == "a=group:BUNDLE 0 1"
    assert "group:LS" not in read.text


def test_a_single_track_needs_no_bundle() -> None:
    read = read_offer(offer(("a=group:BUNDLE 0 1\n", ""), sections=VIDEO))
    assert "a=group" not in read.text


@settings(deadline=None)
@given(st.lists(st.sampled_from(offer().split(b"\r\n")) | st.binary(max_size=20), max_size=60).map(b"\r\n".join))
def test_any_lines_are_read_or_refused(body: bytes) -> None:
    try:
        read = read_offer(body)
    except (MalformedError, UnsupportedError):
        return
    assert read.text.startswith("v=0\r\n")


@settings(deadline=None)
@given(st.integers(0, len(offer())), st.binary(max_size=8))
def test_an_offer_with_a_spot_on_it_is_read_or_refused(at: int, spot: bytes) -> None:
    body = offer()
    try:
        read_offer(body[:at] + spot + body[at + len(spot) :])
    except (MalformedError, UnsupportedError):
        return
