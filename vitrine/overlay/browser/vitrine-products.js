/**
 * Which products are on show, for the frame on screen. No dependency but vitrine-snapshot.js beside it.
 *
 *     import { followProducts } from "/static/vitrine-products.js";
 *     const products = followProducts(video, { hls });
 *     products.addEventListener("change", ({ snapshot, date, mediaTime }) => draw(snapshot.on));
 *
 * A Vitrine stream says what is on show twice: by date ranges in its playlists, and by stamps in its media
 * (docs/player.md). Players tell of both when they read them, a quarter of a second late, or never. So nothing
 * here reacts to what a player tells: for every frame that appears, the snapshot of its time is computed, and
 * compared with the one before.
 */

import {
  Ranges,
  STAMP_NAME,
  Stamps,
  TOLERANCE_MS,
  isSame,
  rangeOf,
  readPlaylist,
  snapshotAt,
  stampOf,
  stampOfId3,
} from "./vitrine-snapshot.js";

const MAX_PLAYLIST = 4_000_000; // bytes: a day of segments. What is larger is no playlist
const POLL_SECONDS = { least: 0.5, failed: 4 };

/* Where it is read: one class for each kind of player. `news` is called when what is known has changed. */

/**
 * hls.js: date ranges and dates of the playlist that it follows, and the stamps that it meets. Its text track is read
 * only for what was met before: Chromium empties that track a moment after the first stamps are in it.
 */
class HlsPlayer {
  ranges = new Ranges();
  stamps = new Stamps();
  #hls;
  #details = null;
  #listeners;

  constructor(hls, news) {
    this.#hls = hls;
    this.#listeners = {
      hlsLevelUpdated: (_, { details }) => this.#read(details) || news(),
      hlsFragParsingMetadata: (_, { samples }) => this.#meet(samples) || news(),
      hlsManifestLoading: () => this.#forget() || news({ other: true }),
      hlsDestroying: () => this.#forget() || news({ other: true }),
    };
    for (const [name, listener] of Object.entries(this.#listeners)) {
      hls.on(name, listener);
    }
    const details = hls.latestLevelDetails ?? hls.levels?.[hls.loadLevel]?.details;
    if (details) {
      this.#read(details);
    }
  }

  /** The fragments know their own place on the media timeline, and correct it when they are loaded. */
  instantAt(time) {
    const fragments = this.#details?.fragments ?? [];
    const dated = (fragment) => Boolean(fragment?.programDateTime);
    const fragment = fragments.findLast((each) => dated(each) && each.start <= time) ?? fragments.find(dated);
    return fragment ? fragment.programDateTime + 1000 * (time - fragment.start) : null;
  }

  stampAt(time, video) {
    return this.stamps.at(time) ?? stampInTracks(video, time);
  }

  close() {
    for (const [name, listener] of Object.entries(this.#listeners)) {
      this.#hls.off(name, listener);
    }
  }

  #read(details) {
    this.#details = details;
    const ranges = Object.values(details.dateRanges ?? {}).map(({ attr }) => rangeOf(attr));
    const from = this.instantAt(details.fragments[0]?.start ?? NaN);
    if (from !== null) {
      this.ranges.read({ ranges: ranges.filter(Boolean), from, edge: this.instantAt(details.edge) });
    }
  }

  #meet(samples) {
    for (const { data, pts } of samples) {
      const snapshot = stampOfId3(data);
      if (snapshot) {
        this.stamps.add(pts, snapshot);
      }
    }
  }

  #forget() {
    this.#details = null;
    this.ranges = new Ranges();
    this.stamps = new Stamps();
  }
}

/**
 * Shaka Player: every media playlist that it loads, and its metadata events. It hides date ranges that have ended, so
 * the playlists' text is read; and it reads stamps only with `mediaSource.dispatchAllEmsgBoxes`.
 */
class ShakaPlayer {
  ranges = new Ranges();
  stamps = new Stamps();
  #shaka;
  #listeners;
  #filter;

  constructor(shaka, news) {
    this.#shaka = shaka;
    const add = (event) => this.#add(event) && news();
    this.#listeners = {
      metadataadded: add,
      metadata: add,
      unloading: () => this.#forget() || news({ other: true }),
    };
    for (const [name, listener] of Object.entries(this.#listeners)) {
      shaka.addEventListener(name, listener);
    }
    this.#filter = (_, response) => this.#read(response) && news();
    shaka.getNetworkingEngine().registerResponseFilter(this.#filter);
  }

  instantAt(time) {
    const start = this.#shaka.getPresentationStartTimeAsDate();
    return start ? start.getTime() + 1000 * time : null;
  }

  stampAt(time) {
    return this.stamps.at(time);
  }

  close() {
    for (const [name, listener] of Object.entries(this.#listeners)) {
      this.#shaka.removeEventListener(name, listener);
    }
    this.#shaka.getNetworkingEngine()?.unregisterResponseFilter(this.#filter);
  }

  #add({ startTime: time, payload }) {
    const snapshot = payload?.key === "TXXX" && payload.description === STAMP_NAME ? stampOf(payload.data) : null;
    if (snapshot) {
      this.stamps.add(time, snapshot);
    }
    return snapshot;
  }

  #read({ data }) {
    const text = data?.byteLength < MAX_PLAYLIST ? new TextDecoder().decode(data) : "";
    const read = text.startsWith("#EXTM3U") ? readPlaylist(text) : null;
    if (read?.from) {
      this.ranges.read(read);
    }
    return read;
  }

  #forget() {
    this.ranges = new Ranges();
    this.stamps = new Stamps();
  }
}

/**
 * A browser's own HLS: stamps of its metadata track, and the date ranges of a media playlist that is asked for here,
 * as browsers that tell of date ranges at all tell neither which product is in which slot nor what was withdrawn.
 */
class NativePlayer {
  ranges = new Ranges();
  #video;
  #news;
  #closing = new AbortController();
  #timer = 0;
  #first = null; // the date of time 0, in browsers that do not date their timeline

  constructor(video, playlist, news) {
    this.#video = video;
    this.#news = news;
    video.textTracks.addEventListener("addtrack", openMetadata, { signal: this.#closing.signal });
    [...video.textTracks].forEach((track) => openMetadata({ track }));
    if (playlist) {
      this.#poll(new URL(playlist, location.href));
    }
  }

  instantAt(time) {
    const start = this.#video.getStartDate?.().getTime();
    if (start) {
      return start + 1000 * time;
    }
    return this.#first === null ? null : this.#first + 1000 * time;
  }

  stampAt(time, video) {
    return stampInTracks(video, time);
  }

  close() {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  async #poll(address) {
    let next = POLL_SECONDS.failed;
    let url = address;
    try {
      const answer = await fetch(address, { signal: this.#closing.signal });
      const text = answer.ok ? await answer.text() : "";
      const rendition = /^#EXT-X-STREAM-INF.*\n(?:#.*\n)*([^#\s].*)$/m.exec(text);
      const read = readPlaylist(text);
      if (rendition) {
        url = new URL(rendition[1].trim(), answer.url); // any will do: all list the same date ranges
        next = 0;
      } else if (read.from) {
        this.#first ??= read.join;
        this.ranges.read(read);
        next = read.ended ? Infinity : Math.max(POLL_SECONDS.least, read.target / 2);
        this.#news();
      }
    } catch {
      // not reached this time: asked again
    }
    if (!this.#closing.signal.aborted && next < Infinity) {
      this.#timer = setTimeout(() => this.#poll(url), 1000 * next);
    }
  }
}

const openMetadata = ({ track }) => {
  if (track.kind === "metadata" && track.mode === "disabled") {
    track.mode = "hidden"; // a disabled track has no cues
  }
};

const stampsOfCues = new WeakMap();

/** The newest stamp at or before a time among the cues of the metadata tracks; of two for one time the later told. */
function stampInTracks(video, time) {
  let newest = null;
  for (const { kind, cues } of video.textTracks) {
    for (let index = kind === "metadata" && cues ? cues.length - 1 : -1; index >= 0; index--) {
      const { startTime } = cues[index];
      if (newest && startTime < newest.time) {
        break; // cues are in order of time
      }
      const snapshot = startTime <= time + TOLERANCE_MS / 1000 ? stampOfCue(cues[index]) : null;
      if (snapshot && (!newest || startTime > newest.time || snapshot.seq > newest.snapshot.seq)) {
        newest = { time: startTime, snapshot };
      }
    }
  }
  return newest;
}

function stampOfCue(cue) {
  if (!stampsOfCues.has(cue)) {
    const { key, info, data } = cue.value ?? {};
    stampsOfCues.set(cue, key === "TXXX" && info === STAMP_NAME ? stampOf(data) : null);
  }
  return stampsOfCues.get(cue);
}

/* The frame on screen. */

/**
 * Calls `seen` with the media time of each frame that appears, and with null when there is none any more. Where the
 * browser does not tell of frames, or holds that back in a tab behind others, the playing position has to do.
 * Returns a function that ends it.
 */
function watchFrames(video, seen) {
  const closing = new AbortController();
  const tellsFrames = "requestVideoFrameCallback" in video;
  let callback = 0;
  let tick = 0;
  const onFrame = (_, { mediaTime }) => {
    callback = video.requestVideoFrameCallback(onFrame);
    seen(mediaTime);
  };
  const onTime = () => {
    if (video.readyState >= 2 && !video.seeking && (!tellsFrames || document.hidden)) {
      seen(video.currentTime);
    }
  };
  const onTick = () => {
    onTime();
    tick = video.paused ? 0 : requestAnimationFrame(onTick);
  };
  for (const name of ["timeupdate", "seeked", "loadeddata"]) {
    video.addEventListener(name, onTime, { signal: closing.signal });
  }
  video.addEventListener("emptied", () => seen(null), { signal: closing.signal });
  if (tellsFrames) {
    callback = video.requestVideoFrameCallback(onFrame);
  } else {
    video.addEventListener("playing", () => tick || onTick(), { signal: closing.signal });
  }
  return () => {
    closing.abort();
    cancelAnimationFrame(tick);
    video.cancelVideoFrameCallback?.(callback);
  };
}

/** What is on show changed at the frame on screen: `snapshot`, and the frame's `date` and `mediaTime` (seconds). */
class ChangeEvent extends Event {
  constructor(snapshot, date, mediaTime) {
    super("change");
    Object.assign(this, { snapshot, date, mediaTime });
  }
}

class Products extends EventTarget {
  /** What is on show at the frame on screen: {seq, on: [{slot, product, cue, since}]}; null while nothing is known. */
  snapshot = null;
  /** The programme date-time of the frame on screen; null while unknown. */
  date = null;
  #video;
  #player = null;
  #time = null;
  #told = null;
  #stopFrames;

  constructor(video, players) {
    super();
    this.#video = video;
    this.follow(players);
    this.#stopFrames = watchFrames(video, (time) => this.#look(time));
  }

  /** Follows another player of the same video, or another stream: what was known before is forgotten. */
  follow({ hls, shaka, playlist } = {}) {
    this.#player?.close();
    this.#forget();
    const news = ({ other = false } = {}) => (other ? this.#forget() : this.#look(this.#time));
    if (hls) {
      this.#player = new HlsPlayer(hls, news);
    } else if (shaka) {
      this.#player = new ShakaPlayer(shaka, news);
    } else {
      this.#player = new NativePlayer(this.#video, playlist, news);
    }
    const { readyState, currentTime } = this.#video;
    if (readyState >= 2) {
      queueMicrotask(() => this.#look(currentTime)); // a frame that is there already; who asked can listen by then
    }
  }

  /** Ends it: no further event, no listener left. */
  close() {
    this.#stopFrames();
    this.#player?.close();
    this.#player = null;
    this.#forget();
  }

  #forget() {
    this.snapshot = this.date = this.#time = this.#told = null;
  }

  #look(time) {
    if (!this.#player) {
      return;
    }
    const instant = time === null ? null : this.#player.instantAt(time);
    this.#time = time;
    this.date = instant === null ? null : new Date(instant);
    this.snapshot = time === null ? null : this.#snapshot(time, instant);
    if (this.snapshot && !(this.#told && isSame(this.snapshot.on, this.#told.on))) {
      this.#told = this.snapshot;
      this.dispatchEvent(new ChangeEvent(this.snapshot, this.date, time));
    }
  }

  #snapshot(time, instant) {
    const { ranges, stamps } = this.#player;
    const { seekable } = this.#video;
    if (seekable.length && instant !== null) {
      const earliest = Math.min(time, seekable.start(0));
      ranges.forget(this.#player.instantAt(earliest));
      stamps?.forget(earliest);
    }
    const stamp = this.#player.stampAt(time, this.#video);
    return snapshotAt(instant, ranges, stamp && { ...stamp, instant: this.#player.instantAt(stamp.time) });
  }
}

/**
 * Follows what a video shows. Give the player that plays it: `{ hls }` or `{ shaka }`, best before it loads; or, where
 * the browser plays HLS by itself, `{ playlist }`: the address that the video has, which is then asked here as well.
 */
export function followProducts(video, players = {}) {
  return new Products(video, players);
}
