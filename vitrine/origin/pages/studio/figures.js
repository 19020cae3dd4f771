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
const LATELY_MS = 10_000; // one picture that is lost, or one slow second, is no trouble
const LEAST = 3; // seconds that a mean is of

/**
 * What is said in words, by how it was lately; the first that is true is said. `own`: this browser publishes. `missed` and
 * `damaged` are percent of the pictures.
 */
const TROUBLES = [
  [({ told }) => told, ({ told }) => told],
  [({ loss, own }) => own && loss > 3, "Your upload loses packets: move closer to the router, or choose a smaller picture."],
  [({ loss }) => loss > 3, "The encoder's upload loses packets: give it a cable, or lower its bitrate."],
  [({ limit }) => limit === "bandwidth", "Your upload is too slow for this picture: choose a smaller one, or stop what else uses the line."],
  [({ limit }) => limit === "cpu", "This device cannot keep up with the encoding: close other programs, or choose a smaller picture."],
  [({ lag }) => lag > 1000, "The server cannot keep up with the encoding: viewers fall behind. Send a smaller picture."],
  [({ shed }) => shed > 0, "The server is too busy for full quality: viewers get less of it for now."],
  [({ missed }) => missed > 2, "Viewers see the picture jump: the server has more work than it can do. Send a smaller picture."],
  [({ trip }) => trip > 300, "The way to the server is slow: a cable is better than Wi-Fi."],
  [({ keyframe, own }) => keyframe > 8 && !own, "Keyframes are far apart: set the encoder's keyframe interval to two seconds."],
  [({ damaged }) => damaged > 2, "Pictures arrive damaged: the connection loses data. Use a cable, or send a smaller picture."],
];

/** {tone, text} for who looks at it: tone is "quiet", "good" or "bad". */
export function verdict(figures) {
  if (!figures) {
    return { tone: "quiet", text: "Nothing is being published." };
  }
  const trouble = TROUBLES.find(([is]) => is(figures.lately));
  const text = typeof trouble?.[1] === "function" ? trouble[1](figures.lately) : trouble?.[1];
  return trouble ? { tone: "bad", text } : { tone: "good", text: "All is well." };
}

/** Differences between one second and the next, and how it was over the last ones. */
export class Figures {
  #former = null;
  #recent = []; // {at, figures, counts}, oldest first
  #limit = { by: null, seconds: 0 };

  /** `stats` of this browser's own connection or null, `health` of the server's answer or null; `now` in ms. */
  take(stats, health, now) {
    if (!health?.publisher && !stats) {
      this.#former = null;
      this.#recent = [];
      return null;
    }
    const server = {
      lag: health?.encode_lag_ms ?? null,
      shed: health?.shed?.length ?? 0,
      keyframe: health?.keyframe_ms ? health.keyframe_ms / 1000 : null,
      kbps: health?.ingest_kbps ?? null,
      loss: health?.connection?.loss_percent ?? null,
      trip: health?.connection?.round_trip_ms ?? null,
      limit: null,
      told: health?.troubles?.[0]?.text ?? null,
      own: false,
    };
    const figures = stats ? { ...server, ...this.#own(stats, now) } : server;
    return { ...figures, lately: this.#lately(figures, health, now) };
  }

  #lately(figures, health, now) {
    const { frames_in: taken = 0, units_dropped: missed = 0, decoder_errors: damaged = 0 } = health ?? {};
    const newest = this.#recent.at(-1);
    if (newest && (newest.taken === 0 || taken < newest.taken || missed < newest.missed || figures.own !== newest.figures.own)) {
      this.#recent = []; // nothing was wanted of it before its first picture; or another publisher
    }
    this.#recent.push({ at: now, figures, taken, missed, damaged });
    this.#recent = this.#recent.filter(({ at }) => now - at <= LATELY_MS);
    const first = this.#recent[0];
    const share = (count) => (100 * count) / Math.max(1, taken - first.taken + count);
    return {
      ...figures,
      loss: mean(this.#recent.map((each) => each.figures.loss)),
      trip: mean(this.#recent.map((each) => each.figures.trip)),
      lag: mean(this.#recent.map((each) => each.figures.lag)),
      missed: share(missed - first.missed),
      damaged: share(damaged - first.damaged),
    };
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

/** Of those that are known; null where they are few. */
function mean(values) {
  const known = values.filter((value) => value !== null);
  return known.length >= LEAST ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}
