"""Offers as publishers write them, for the tests to change."""

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)

AUDIO = """\
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=rtcp-mux
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=fingerprint:{fingerprint}
a=setup:actpass
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=ssrc:1001 cname:x
"""

VIDEO = """\
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 45
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=rtcp-mux
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=fingerprint:{fingerprint}
a=setup:actpass
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=rtpmap:96 H264/90000
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f
a=rtcp-fb:96 nack
a=rtcp-fb:* nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 VP9/90000
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:45 VP8/90000
a=ssrc-group:FID 2001 2002
a=ssrc:2001 cname:x
a=ssrc:2002 cname:x
a=candidate:1 1 udp 2130706431 192.0.2.7 50007 typ host generation 0
a=candidate:2 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active
a=candidate:3 1 udp 2130706431 6f1c.local 50008 typ host
"""

SESSION = """\
v=0
o=- 5228595038118931041 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic: WMS
"""


def offer(*changes: tuple[str, str], sections: str = AUDIO + VIDEO) -> bytes:
    """An offer of sound and picture, with each `old` text replaced by `new`, which must be there."""
    text = SESSION + sections.format(fingerprint=FINGERPRINT)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.replace("\n", "\r\n").encode()
