/**
 * What is on show at an instant, from date ranges and stamps: arithmetic only. Instants are milliseconds since 1970.
 * vitrine-products.js feeds it from players.
 */

export const PRODUCT_CLASS = "org.vitrine.product";
export const STAMP_NAME = "vitrine";
const SLOTS = 3;

/**
 * Milliseconds by which a frame may come before the instant at which a cue begins, and still be its first. The
 * playlist's dates are whole milliseconds and its durations whole microseconds, so a frame's date is up to 2 ms off;
 * one frame takes 16.7 ms at 60 a second. What is right at this tolerance is right at half and at twice of it.
 */
export const TOLERANCE_MS = 4;

const USUAL_SLOT = 1; // of a range that names none

const MAX_STAMPS = 4_000; // two hours of segments, each with one
const MAX_RANGES = 10_000; // 5 commands a second for half an hour; more is no show, and memory has an end

/** What a product id holds and an attribute cannot: quotes, the sign that escapes, and what begins a variable. */
const ESCAPED = { 22: '"', 25: "%", "7B": "{" };

/** A date range by its attributes, quotes removed: {id, cue, product, slot, start, end, withdrawn}; null if not ours. */
export function rangeOf(attributes) {
  const { ID: id, "X-PRODUCT": product, "X-SLOT": slot = USUAL_SLOT } = attributes;
  const start = Date.parse(attributes["START-DATE"]);
  if (attributes.CLASS !== PRODUCT_CLASS || !id || !product || Number.isNaN(start) || !isSlot(Number(slot))) {
    return null;
  }
  const said = Date.parse(attributes["END-DATE"]);
  const end = Number.isNaN(said) ? start + 1000 * Number.parseFloat(attributes.DURATION) : said;
  return {
    id,
    cue: /-(c\d+(?:\.\d+)?)(?:-r\d+)?$/.exec(id)?.[1] ?? id, // {broadcast}-{cue}, and -r2 when it was said anew
    product: product.replace(/%(22|25|7B)/g, (_, code) => ESCAPED[code]),
    slot: Number(slot),
    start,
    end: Number.isNaN(end) ? Infinity : end,
    withdrawn: attributes["X-WITHDRAWN"] === "YES",
  };
}

/** A stamp's text as {seq, on: [{slot, product, cue, since}]}; null if it is not one that we understand. */
export function stampOf(text) {
  try {
    const { v, seq, on } = JSON.parse(text);
    if (v !== 1 || !Number.isInteger(seq)) {
      return null;
    }
    const shown = on.filter((each) => isSlot(each.s) && typeof each.p === "string");
    const products = shown.map((each) => ({ slot: each.s, product: each.p, cue: each.c, since: new Date(each.t0) }));
    return { seq, on: products.sort((one, other) => one.slot - other.slot) };
  } catch {
    return null;
  }
}

const isSlot = (slot) => Number.isInteger(slot) && slot >= 1 && slot <= SLOTS;

/** The stamp in an ID3v2.4 tag's bytes: the TXXX frame, UTF-8, of our name (id3v2.4.0-frames 4.2.6); null if none. */
export function stampOfId3(bytes) {
  const size = (at) => bytes.subarray(at, at + 4).reduce((sum, byte) => 128 * sum + byte, 0);
  const text = new TextDecoder();
  for (let at = 10; at + 10 <= bytes.length; at += 10 + size(at + 4)) {
    const end = at + 10 + size(at + 4);
    const [encoding, ...named] = bytes.subarray(at + 10, end);
    if (text.decode(bytes.subarray(at, at + 4)) === "TXXX" && encoding === 3) {
      const [name, value = ""] = text.decode(new Uint8Array(named)).split("\0");
      if (name === STAMP_NAME) {
        return stampOf(value);
      }
    }
  }
  return null;
}

/** Stamps by media time (seconds), as they were met in the media: in any order, and more than once. */
export class Stamps {
  #stamps = [];

  add(time, snapshot) {
    const same = (stamp) => Math.abs(stamp.time - time) < TOLERANCE_MS / 1000 && stamp.snapshot.seq === snapshot.seq;
    if (!this.#stamps.some(same)) {
      this.#stamps.push({ time, snapshot });
      this.#stamps.sort((one, other) => one.time - other.time || one.snapshot.seq - other.snapshot.seq);
      this.#stamps.splice(0, this.#stamps.length - MAX_STAMPS);
    }
  }

  /** The newest at or before a time, {time, snapshot}; of two for one time the one with the higher number. */
  at(time) {
    return this.#stamps.findLast((stamp) => stamp.time <= time + TOLERANCE_MS / 1000) ?? null;
  }

  /** Forgets what lies before a time, but for the newest of that, which still holds there. */
  forget(before) {
    const first = this.#stamps.findLastIndex((stamp) => stamp.time <= before);
    this.#stamps.splice(0, first);
  }
}

/** What the date ranges of the playlists read so far say, from the first instant that is known to the newest. */
export class Ranges {
  from = Infinity;
  edge = -Infinity;
  listed = false; // whether any product was ever listed: if not, the stream may have stamps only
  #ranges = [];

  /**
   * Takes in a playlist that covers `from` to `edge`. For that time it is complete and may correct what was said
   * before; ranges that ended earlier have rightly left it, and are kept for a viewer who is still there. A delta
   * update tells only what is new, and the ids that are `removed`.
   */
  read({ ranges, from, edge, delta = false, removed = [] }) {
    const connected = from <= this.edge && edge >= this.from;
    const told = new Set([...removed, ...ranges.map((range) => range.id)]);
    const kept = this.#ranges.filter((range) => !told.has(range.id) && (delta || (connected && range.end <= from)));
    this.#ranges = [...kept, ...ranges].slice(-MAX_RANGES);
    this.from = connected || delta ? Math.min(this.from, from) : from;
    this.edge = edge;
    this.listed ||= ranges.length > 0;
  }

  /** Forgets what ended before an instant. */
  forget(before) {
    if (this.from < before) {
      this.from = before;
      this.#ranges = this.#ranges.filter((range) => range.end > before);
    }
  }

  /** The products on show at an instant, by slot. */
  at(instant) {
    const time = instant + TOLERANCE_MS;
    const on = [];
    for (const range of this.#ranges) {
      const newer = !on[range.slot] || on[range.slot].start <= range.start;
      if (newer && !range.withdrawn && range.start <= time && time < range.end) {
        on[range.slot] = range;
      }
    }
    return on.flatMap(({ slot, product, cue, start }) => ({ slot, product, cue, since: new Date(start) }));
  }
}

/**
 * The snapshot at an instant (null if no playlist dates the frame) from the date ranges and from the newest stamp at
 * or before it: {instant, snapshot} or null. Null if neither is known.
 *
 * Date ranges decide wherever a playlist covers the instant: they alone are corrected afterwards, reach back to before
 * a viewer came, and hold after every seek. Stamps serve streams and players without date ranges, and frames that
 * are on screen before a playlist names them (a hinted part) or no longer in what is remembered.
 */
export function snapshotAt(instant, ranges, stamp) {
  const dated = instant !== null && ranges.edge > -Infinity;
  const byStamp = stamp !== null && (!dated || !ranges.listed || instant < ranges.from || stamp.instant > ranges.edge);
  if (byStamp || !dated) {
    return stamp?.snapshot ?? null;
  }
  const on = ranges.at(instant);
  return { seq: stamp !== null && isSame(on, stamp.snapshot.on) ? stamp.snapshot.seq : null, on };
}

/** Whether the same cues are on show; by which carrier they are known makes no difference. */
export function isSame(on, other) {
  const names = (all) => JSON.stringify(all.map(({ slot, product, cue }) => [slot, product, cue]));
  return names(on) === names(other);
}

/**
 * A media playlist's text, as Ranges.read takes it in, with `target` (seconds), `ended`, and `join`: the date at which
 * a player starts that knows nothing of parts. Without PROGRAM-DATE-TIME `from`, `edge` and `join` are NaN.
 */
export function readPlaylist(text) {
  const read = { ranges: [], removed: [], from: NaN, edge: NaN, delta: false, ended: false, target: 2 };
  const starts = []; // of whole segments
  let parts = 0; // of the segment that is still open
  let holdBack = NaN;
  for (const line of text.split(/\r?\n/)) {
    const [, tag, value] = /^#(EXT[^:]*):?(.*)$/.exec(line) ?? [];
    if (tag === "EXT-X-PROGRAM-DATE-TIME") {
      read.edge = Date.parse(value);
      read.from = Number.isNaN(read.from) ? read.edge : read.from;
    } else if (tag === "EXTINF") {
      starts.push(read.edge);
      read.edge += 1000 * Number.parseFloat(value);
      parts = 0;
    } else if (tag === "EXT-X-PART") {
      parts += 1000 * Number.parseFloat(attributesOf(value).DURATION);
    } else if (tag === "EXT-X-DATERANGE") {
      read.ranges.push(rangeOf(attributesOf(value)));
    } else if (tag === "EXT-X-SKIP") {
      read.delta = true;
      read.removed = attributesOf(value)["RECENTLY-REMOVED-DATERANGES"]?.split("\t") ?? [];
    } else if (tag === "EXT-X-TARGETDURATION") {
      read.target = Number(value) || read.target;
    } else if (tag === "EXT-X-SERVER-CONTROL") {
      holdBack = Number(attributesOf(value)["HOLD-BACK"]);
    }
    read.ended ||= tag === "EXT-X-ENDLIST";
  }
  const latest = read.edge - 1000 * (holdBack || 3 * read.target);
  read.join = read.ended ? read.from : (starts.findLast((start) => start <= latest + TOLERANCE_MS) ?? read.from);
  read.edge += parts;
  read.ranges = read.ranges.filter(Boolean);
  return read;
}

function attributesOf(list) {
  const pairs = list.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g);
  return Object.fromEntries([...pairs].map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}
