/** How the connection does, from the browser's statistics and the server's health: pure functions and one memory. */

/** What is drawn: name, unit, digits, the top of an empty chart, and from where on it is worth a warning. */
export const KINDS = {
  kbps: { name: "Upload", unit: "kbit/s", top: 1000 },
  loss: { name: "Packets lost", unit: "%", digits: 1, top: 2, bad: 3 },
  trip: { name: "Round trip", unit: "ms", top: 100, bad: 300 },
  keyframe: { name: "Keyframes, apart", unit: "s", digits: 1, top: 4, bad: 8 },
  lag: { name: "Encoder lag", unit: "ms", top: 200, bad: 1000 },
};

const LIMITED = 8; // seconds: browsers begin every session with a low bitrate, and say that the line limits them

/** What is said in words. The first that is true is said. */
const TROUBLES = [
  [({ loss }) => loss > 3, "Your upload drops packets: move closer to the router, or lower the resolution."],
  [({ limit }) => limit === "bandwidth", "Your upload is too slow for this picture: lower the resolution, or stop what else uses the line."],
  [({ limit }) => limit === "cpu", "This device cannot keep up with the encoding: close other programs, or lower the resolution."],
  [({ lag }) => lag > 1000, "The server cannot keep up with the encoding: viewers fall behind. Lower the resolution."],
  [({ shed }) => shed > 0, "The server is too busy for full quality: viewers get less of it for now."],
  [({ trip }) => trip > 300, "The way to the server is slow: a cable is better than Wi-Fi."],
  [({ keyframe, own }) => keyframe > 8 && !own, "Keyframes are far apart: set the encoder's keyframe interval to two seconds."],
  [({ dropped }) => dropped > 0, "Pictures were given up on the way to viewers: the server has more work than it can do."],
  [({ errors }) => errors > 0, "Some pictures arrived damaged: the connection loses data."],
];

/** {tone, text} for who looks at it: tone is "quiet", "good" or "bad". */
export function verdict(figures) {
  if (!figures) {
    return { tone: "quiet", text: "Nothing is being published." };
  }
  const trouble = TROUBLES.find(([is]) => is(figures));
  return trouble ? { tone: "bad", text: trouble[1] } : { tone: "good", text: "All is well." };
}

/** Differences between one second and the next. */
export class Figures {
  #former = null;
  #health = null;
  #limit = { by: null, seconds: 0 };

  /** `stats` of this browser's own connection or null, `health` of the server's answer or null; `now` in ms. */
  take(stats, health, now) {
    const former = this.#health;
    this.#health = health;
    if (!health?.publisher && !stats) {
      this.#former = null;
      return null;
    }
    const since = (name) => Math.max(0, (health?.[name] ?? 0) - (former?.[name] ?? health?.[name] ?? 0));
    const server = {
      lag: health?.encode_lag_ms ?? null,
      dropped: since("units_dropped") + since("frames_dropped"),
      errors: since("decoder_errors"),
      shed: health?.shed?.length ?? 0,
      keyframe: health?.keyframe_ms ? health.keyframe_ms / 1000 : null,
      kbps: health?.ingest_kbps ?? null,
      loss: health?.connection?.loss_percent ?? null,
      trip: health?.connection?.round_trip_ms ?? null,
      limit: null,
      own: false,
    };
    return stats ? { ...server, ...this.#own(stats, now) } : server;
  }

  #own(stats, now) {
    const sent = { at: now, bytes: 0, packets: 0, lost: 0 };
    let trip = null;
    let limit = null;
    stats.forEach((each) => {
      if (each.type === "outbound-rtp") {
        sent.bytes += each.bytesSent ?? 0;
        sent.packets += each.packetsSent ?? 0;
        limit = each.qualityLimitationReason ?? limit;
      } else if (each.type === "remote-inbound-rtp") {
        sent.lost += Math.max(0, each.packetsLost ?? 0);
        trip = Math.max(trip ?? 0, 1000 * (each.roundTripTime ?? 0));
      } else if (each.type === "candidate-pair" && each.nominated && each.currentRoundTripTime !== undefined) {
        trip ??= 1000 * each.currentRoundTripTime;
      }
    });
    this.#limit = { by: limit, seconds: limit === this.#limit.by ? this.#limit.seconds + 1 : 1 };
    limit = limit !== "none" && this.#limit.seconds > LIMITED ? limit : null;
    const former = this.#former?.bytes <= sent.bytes ? this.#former : null; // a new session counts from zero
    this.#former = sent;
    if (!former) {
      return { kbps: null, loss: null, trip, limit, own: true };
    }
    const packets = sent.packets - former.packets;
    const lost = Math.max(0, sent.lost - former.lost);
    return {
      kbps: Math.round((8 * (sent.bytes - former.bytes)) / (now - former.at)),
      loss: packets > 0 ? Math.min(100, (100 * lost) / packets) : 0,
      trip,
      limit,
      own: true,
    };
  }
}
