"""The media process of WHIP: all peers, and the only home of aiortc and aioice, whose private names it uses.

They are why aiortc is pinned to 1.16: `RTCDtlsTransport._handle_rtp_data`, `_handle_rtcp_data`, `_send_rtp`;
`RTCRtpTransceiver._codecs`, `_headerExtensions`; `RTCRtpSender._ssrc`; `RTCIceTransport._connection`; of its
`aioice.Connection` the lists of protocols and candidates with their flags, and the queue; the lists of codecs and
header extensions. Replaced are `RTCRtpReceiver.receive`, which starts a thread that decodes, and of aioice
`gather_candidates`, `data_received`, `recvfrom`, and a protocol's `request` and `datagram_received`.
"""
