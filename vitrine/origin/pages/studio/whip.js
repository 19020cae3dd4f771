/** One publishing session by WHIP (RFC 9725): an offer, its answer, and what becomes of the connection. */

import { refusal } from "/static/studio/access.js";

const TIMEOUT_MS = 10_000;
const GOODBYE_MS = 1500; // media goes on for so long at most while the server is told that it ends
const STEREO = "stereo=1;sprop-stereo=1;maxaveragebitrate=128000";

/** What a server without feedback on loss can decode, best first; repeats of lost packets belong to either. */
const CODECS = ["video/H264", "video/VP8", "video/rtx"];

/** Bits a second. More than the ladder's own rung is of no use to any viewer. */
export const BITRATES = { 1080: 5_000_000, 720: 3_000_000, 480: 1_500_000 };

/**
 * Events: "state" whenever `state` changed: "new", "connecting", "connected", "disconnected" (it may come back by
 * itself), "failed" or "closed".
 */
export class WhipSession extends EventTarget {
  state = "new";
  #address;
  #key;
  #peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  #senders = new Map();
  #resource = null;
  #etag = null;
  #candidates = [];
  #trickles = true;

  constructor(address, key) {
    super();
    this.#address = address;
    this.#key = key;
    this.#peer.addEventListener("connectionstatechange", () => this.#look());
    this.#peer.addEventListener("iceconnectionstatechange", () => this.#look());
    this.#peer.addEventListener("icecandidate", ({ candidate }) => this.#trickle(candidate));
  }

  /**
   * Raises Refused, TypeError, or a TimeoutError. `side` is the picture's short side in pixels, `publisher` the name of
   * who publishes, the same for each of its sessions.
   */
  async open(stream, side, { publisher, takeover = false }) {
    for (const track of stream.getTracks()) {
      await this.#add(track, stream, side);
    }
    const offer = await this.#peer.createOffer();
    const sdp = withStereo(offer.sdp);
    const query = new URLSearchParams({ publisher, ...(takeover ? { takeover: "1" } : {}) });
    const answer = await fetch(`${this.#address}?${query}`, {
      method: "POST",
      body: sdp,
      headers: this.#headers({ "Content-Type": "application/sdp" }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status !== 201) {
      throw await refusal(answer);
    }
    const location = answer.headers.get("location");
    this.#resource = location && new URL(location, answer.url).href;
    this.#etag = answer.headers.get("etag");
    if (this.state === "closed") {
      this.#remove(false); // stopped while the server answered
      return;
    }
    const iceServers = iceServersOf(answer.headers.get("link"));
    if (iceServers.length) {
      this.#peer.setConfiguration({ bundlePolicy: "max-bundle", iceServers }); // before gathering, which starts below
    }
    await this.#peer.setLocalDescription({ type: "offer", sdp });
    await this.#peer.setRemoteDescription({ type: "answer", sdp: withStereo(await answer.text()) });
    this.#transport?.addEventListener("statechange", () => this.#look());
  }

  /** Another camera or microphone in the same session; a kind that was not offered cannot be added to it. */
  async replace(stream) {
    for (const track of stream.getTracks()) {
      await this.#senders.get(track.kind)?.replaceTrack(track);
    }
  }

  stats() {
    return this.#peer.getStats();
  }

  /** Whether the server says that it has no such session any more; false where it says nothing. */
  async isForgotten() {
    const request = { method: "HEAD", cache: "no-store", headers: this.#headers({}), signal: AbortSignal.timeout(TIMEOUT_MS) };
    const answer = this.#resource && (await fetch(this.#resource, request).catch(() => null));
    return answer?.status === 404;
  }

  /** The session is over. `unloading` where the page goes away: the request outlives it. */
  close({ unloading = false } = {}) {
    if (this.state !== "closed") {
      this.#become("closed");
      const gone = this.#remove(unloading);
      if (unloading) {
        this.#peer.close();
      } else {
        // After the request: a server that hears the peer go has no session left to delete.
        Promise.race([gone, new Promise((done) => setTimeout(done, GOODBYE_MS))]).finally(() => this.#peer.close());
      }
    }
  }

  async #add(track, stream, side) {
    const transceiver = this.#peer.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    this.#senders.set(track.kind, transceiver.sender);
    if (track.kind !== "video") {
      return;
    }
    const known = RTCRtpSender.getCapabilities("video").codecs;
    const order = CODECS.flatMap((type) => known.filter(({ mimeType }) => mimeType === type));
    transceiver.setCodecPreferences?.(order);
    track.contentHint = "motion"; // hands and products move; the ladder's grid wants a frame for each of its own
    const parameters = transceiver.sender.getParameters();
    parameters.degradationPreference = "maintain-framerate"; // a softer picture for some seconds, rather than a jerky one
    for (const encoding of parameters.encodings ?? []) {
      Object.assign(encoding, { maxBitrate: BITRATES[side] ?? BITRATES[720], maxFramerate: 30 });
    }
    await transceiver.sender.setParameters(parameters).catch(() => {}); // a browser that limits nothing itself
  }

  /** The one that all media of a bundle go by; none before the answer. */
  get #transport() {
    return this.#peer.getSenders()[0]?.transport;
  }

  #headers(more) {
    return { Authorization: `Bearer ${this.#key}`, ...more };
  }

  #look() {
    const { connectionState, iceConnectionState } = this.#peer;
    if (this.#transport?.state === "closed") {
      this.#become("failed"); // the server said goodbye, which Chromium counts to no state of the connection
    } else {
      // The ICE state tells first that nothing comes back any more.
      this.#become(iceConnectionState === "disconnected" ? "disconnected" : connectionState);
    }
  }

  #become(state) {
    if (state !== this.state && this.state !== "closed") {
      this.state = state;
      this.dispatchEvent(new Event("state"));
    }
  }

  /** Candidates that belong together are sent together; a server that wants none finds us by our own checks. */
  #trickle(candidate) {
    if (candidate?.candidate) {
      this.#candidates.push(candidate);
    }
    if (this.#candidates.length === 1 || !candidate) {
      setTimeout(() => this.#sendCandidates(!candidate), 20);
    }
  }

  async #sendCandidates(last) {
    const candidates = this.#candidates.splice(0);
    if (!this.#trickles || !this.#resource || (!candidates.length && !last)) {
      return;
    }
    const answer = await fetch(this.#resource, {
      method: "PATCH",
      body: fragmentOf(this.#peer.localDescription?.sdp ?? "", candidates, last),
      headers: this.#headers({
        "Content-Type": "application/trickle-ice-sdpfrag",
        ...(this.#etag ? { "If-Match": this.#etag } : {}),
      }),
    }).catch(() => null);
    this.#trickles = Boolean(answer?.ok);
  }

  async #remove(unloading) {
    const resource = this.#resource;
    this.#resource = null;
    if (resource) {
      const request = { method: "DELETE", headers: this.#headers({}), keepalive: unloading };
      await fetch(resource, request).catch(() => {}); // not reached: the session ends by silence
    }
  }
}

/** Opus is sent as mono unless the other side asks for stereo (RFC 7587 section 6.1), and it can always decode it. */
export function withStereo(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (!opus || /stereo=1/.test(sdp)) {
    return sdp;
  }
  const format = new RegExp(`^a=fmtp:${opus} ([^\\r\\n]*)`, "m");
  if (format.test(sdp)) {
    return sdp.replace(format, `a=fmtp:${opus} $1;${STEREO}`);
  }
  return sdp.replace(/^(a=rtpmap:\d+ opus\/48000\/2)(\r?\n)/im, `$1$2a=fmtp:${opus} ${STEREO}$2`);
}

/** The STUN and TURN servers of a Link header (RFC 9725 section 4.6). */
export function iceServersOf(link) {
  const found = [];
  for (const [, urls, rest] of (link ?? "").matchAll(/<((?:stun|turn)s?:[^>]+)>((?:\s*;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^",;]+))*)/g)) {
    const parameters = Object.fromEntries(
      [...rest.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^",;]+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain.trim()]),
    );
    if (parameters.rel === "ice-server") {
      const { username, credential } = parameters;
      found.push(username ? { urls, username, credential } : { urls });
    }
  }
  return found;
}

/** RFC 8840 section 9: candidates of a bundle all stand under its first media section. */
function fragmentOf(sdp, candidates, last) {
  const value = (name) => new RegExp(`^a=${name}:(.*?)\\r?$`, "m").exec(sdp)?.[1] ?? "";
  const media = /^m=(\w+) .*?\r?$/m.exec(sdp)?.[0].trim() ?? "m=audio 9 UDP/TLS/RTP/SAVPF 0";
  const lines = [`a=ice-ufrag:${value("ice-ufrag")}`, `a=ice-pwd:${value("ice-pwd")}`, media, `a=mid:${value("mid")}`];
  lines.push(...candidates.map(({ candidate }) => `a=${candidate}`), ...(last ? ["a=end-of-candidates"] : []));
  return `${lines.join("\r\n")}\r\n`;
}
