// Publishes the browser's camera by WHIP, and tells how its connection does.
(() => {
  let peer = null;

  window.publish = async ({ path, key, kbps, codec }) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
    peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    for (const track of stream.getTracks()) {
      const transceiver = peer.addTransceiver(track, { direction: "sendonly", streams: [stream] });
      if (track.kind === "video") {
        const wanted = [`video/${codec}`, "video/rtx"];
        const known = RTCRtpSender.getCapabilities("video").codecs;
        transceiver.setCodecPreferences(known.filter(({ mimeType }) => wanted.includes(mimeType)));
        const parameters = transceiver.sender.getParameters();
        parameters.encodings[0].maxBitrate = kbps * 1000;
        await transceiver.sender.setParameters(parameters);
      }
    }
    await peer.setLocalDescription();
    const headers = { "Content-Type": "application/sdp", Authorization: `Bearer ${key}` };
    const answer = await fetch(path, { method: "POST", headers, body: peer.localDescription.sdp });
    const text = await answer.text();
    if (answer.status !== 201) {
      throw new Error(text);
    }
    await peer.setRemoteDescription({ type: "answer", sdp: text });
  };

  // What the browser believes that the network carries, what its encoder is to make of it, and what it sent.
  window.told = async () => {
    const told = {};
    for (const each of (await peer.getStats()).values()) {
      if (each.type === "outbound-rtp" && each.kind === "video") {
        const { bytesSent, retransmittedBytesSent, targetBitrate, keyFramesEncoded, frameWidth, framesSent } = each;
        Object.assign(told, { bytesSent, retransmittedBytesSent, targetBitrate, keyFramesEncoded, frameWidth, framesSent });
      } else if (each.type === "candidate-pair" && each.nominated) {
        told.network = each.availableOutgoingBitrate;
      }
    }
    return told;
  };
})();
