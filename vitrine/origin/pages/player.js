/** Plays one playlist at its live edge, and keeps at it: by hls.js, or natively where there is no MediaSource. */

import { Reserve, pace } from "/static/edge.js";
import { remind } from "/static/parts.js";

const RETRY_MS = 1000; // doubled with each attempt
const MAX_RETRY_MS = 10000;
const RECOVERY_MS = 5000; // a second media error within this time is not one that recovering helps
const TOLD_MS = 3000; // a picture that stands still for longer is told of in words
const STUCK_MS = 8000; // longer than any wait for a part that the server has
const SILENT_SECONDS = 10; // a live playlist that stays the same for so long: hls.js would show its end over and over
const LAST_RESORT_MS = 30000;
const AHEAD_SECONDS = 4;
const JUMP_SECONDS = 2; // further behind than this, catching up by playing faster takes a minute: jump instead
const JUMP_PAUSE_MS = 10000; // a viewer with a bad network is better off behind than jumping
const TICK_MS = 500;
const FORBIDDEN = 403; // of the origin: the token in a protected show's address is over
const REFILL_SECONDS = 0.3; // enough for Chromium to go on from, one part of a low-latency playlist

/** How hls.js loads: at the live edge, what has not come in a few seconds is asked for again, and soon. */
const loading = (firstByteMs, retries) => ({
  default: {
    maxTimeToFirstByteMs: firstByteMs,
    maxLoadTimeMs: 20_000,
    timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: retries, retryDelayMs: 500, maxRetryDelayMs: 2000 },
  },
});

const SETTINGS = {
  lowLatencyMode: true, // the distance to the live edge is then the playlist's PART-HOLD-BACK
  enableWorker: false, // our media go through as they are; two workers would first read all of hls.js again, 0.1 s
  maxLiveSyncPlaybackRate: 1, // hls.js changes its pace with every part, and each change costs Chromium some time
  liveSyncOnStallIncrease: 0, // edge.js does it, and comes back
  backBufferLength: 30,
  capLevelToPlayerSize: true,
  abrEwmaDefaultEstimate: 2_500_000, // bits a second before the first measure: enough for 720p
  playlistLoadPolicy: loading(8000, 3), // the server itself holds a request for up to 6 s, and then says 503
  fragLoadPolicy: loading(5000, 5), // parts are there when they are listed
};

/**
 * Events: "attached" when `hls` or, where there is none, the browser itself begins with `playlist`, "moving" when the
 * picture first moves, "drained" when it has reached its end or waits for more, "interrupted" when it stands still or is being opened
 * again, "quality" when the list or the choice changed, "blocked" when the browser wants a gesture first, "unplayable"
 * when this browser cannot play it at all, "forbidden" when the server refuses: it is opened again all the same, unless it is closed now.
 */
export class Player extends EventTarget {
  hls = null;
  broadcast = null;
  moving = false;
  skew = 0;
  #video;
  #playlist = null;
  #attempts = 0;
  #retry = 0;
  #recovered = -Infinity;
  #last = { time: 0, at: 0 };
  #followsLive = true;
  #playing = false; // by the wish of whoever plays and pauses: losing its media pauses a video, and tells nobody
  #silentSince = null;
  #jumped = -Infinity;
  #dry = false;
  #reserve = new Reserve();

  constructor(video) {
    super();
    this.#video = video;
    video.addEventListener("timeupdate", () => this.#onTime());
    video.addEventListener("ended", () => this.#tell("drained"));
    video.addEventListener("play", () => (this.#playing = true));
    video.addEventListener("pause", () => (this.#playing = false));
    video.addEventListener("waiting", () => this.#onWaiting());
    video.addEventListener("error", () => !this.hls && this.#playlist && this.#openAgain());
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** Open a playlist; `broadcast` is remembered so that the page can see a new one. */
  open(playlist, broadcast) {
    this.close();
    this.#playlist = playlist;
    this.broadcast = broadcast;
    this.#followsLive = true;
    this.#reserve = new Reserve();
    this.#attach();
  }

  close() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#detach();
    this.#playlist = null;
    this.broadcast = null;
    this.#attempts = 0;
  }

  /** The server can be reached again: what waits for another attempt does not wait any longer. */
  hurry() {
    if (this.#retry) {
      clearTimeout(this.#retry);
      this.#attach();
    }
  }

  get playlist() {
    return this.#playlist;
  }

  get opened() {
    return this.#playlist !== null;
  }

  /** Pictures to choose from, best first: {index, name, kbps}. Empty where the browser chooses. */
  get qualities() {
    const levels = this.hls?.levels ?? [];
    return levels
      .map((level, index) => ({ index, name: nameOf(level), kbps: Math.round(level.bitrate / 1000) }))
      .sort((one, other) => other.kbps - one.kbps);
  }

  /** Index of the chosen picture, -1 for automatic. */
  get chosen() {
    return this.hls && !this.hls.autoLevelEnabled ? this.hls.loadLevel : -1;
  }

  /** Name of the picture on screen, such as 720p; empty before the first. */
  get quality() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    return width ? nameOf({ width, height }) : "";
  }

  choose(index) {
    if (this.hls) {
      this.hls.loadLevel = index;
      this.#tell("quality");
    }
  }

  /** Seconds between the studio and the screen, by the stream's own dates; null before they are known. */
  latency() {
    const date = this.hls ? this.hls.playingDate : nativeDate(this.#video);
    if (date) {
      return (Date.now() + this.skew - date.getTime()) / 1000;
    }
    return this.hls?.latency || null;
  }

  /** Seconds the picture is further back than it should be; infinite while paused. */
  get behind() {
    if (this.#video.paused) {
      return Infinity;
    }
    const edge = this.#edge();
    return edge === null ? 0 : Math.max(0, edge - this.#video.currentTime);
  }

  toLive() {
    const edge = this.#edge();
    if (edge !== null && edge > this.#video.currentTime) {
      this.#video.currentTime = edge;
    }
    this.#followsLive = true;
    this.play();
  }

  /** Go back or forward, within what the playlist still lists and not past the live edge. */
  seekBy(seconds) {
    const { seekable } = this.#video;
    if (!seekable.length) {
      return;
    }
    const edge = this.#edge() ?? seekable.end(seekable.length - 1);
    const wanted = this.#video.currentTime + seconds;
    if (wanted >= edge) {
      this.toLive();
      return;
    }
    this.#followsLive = false;
    this.#video.currentTime = Math.max(wanted, seekable.start(0));
  }

  async play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name === "NotAllowedError") {
        this.#tell("blocked");
      }
    }
  }

  pause() {
    this.#followsLive = false;
    this.#video.pause();
  }

  #edge() {
    if (this.hls) {
      const position = this.hls.liveSyncPosition;
      return position === null ? null : position - this.#reserve.seconds;
    }
    const { seekable } = this.#video;
    return seekable.length ? seekable.end(seekable.length - 1) - 2 : null; // native players hide their hold-back
  }

  #attach() {
    this.#retry = 0;
    this.#last = { time: this.#video.currentTime, at: performance.now() };
    if (globalThis.Hls?.isSupported()) {
      this.#attachHls();
    } else if (this.#video.canPlayType("application/vnd.apple.mpegurl")) {
      this.#video.src = this.#playlist;
    } else {
      this.#tell("unplayable");
      return;
    }
    this.#tell("attached");
    this.play();
  }

  #attachHls() {
    const { Events } = Hls;
    const hls = new Hls(SETTINGS);
    for (const event of [Events.MANIFEST_PARSED, Events.LEVELS_UPDATED, Events.LEVEL_SWITCHED]) {
      hls.on(event, () => this.#tell("quality"));
    }
    for (const event of [Events.LEVEL_UPDATED, Events.AUDIO_TRACK_UPDATED]) {
      hls.on(event, (_, { details }) => remind(details, this.#video.buffered));
    }
    // Recovering from a media error takes the media away and brings them back, which leaves the picture paused.
    hls.on(Events.MEDIA_ATTACHED, () => this.#playing && this.play());
    hls.on(Events.BUFFER_APPENDED, () => this.#goOn());
    hls.on(Events.ERROR, (_, data) => this.#onError(data));
    hls.loadSource(this.#playlist);
    hls.attachMedia(this.#video);
    this.hls = hls;
  }

  #onWaiting() {
    this.#dry = this.#followsLive && !this.#video.seeking;
    this.#tell("drained");
  }

  /**
   * Each time Chromium runs dry it doubles the sound it wants before it goes on, up to 3 s, which at the live edge is a
   * wait of 3 s (media/filters/audio_renderer_algorithm.cc). A seek makes it forget, even one to where it stands.
   */
  #goOn() {
    const { seeking, readyState, currentTime } = this.#video;
    if (!this.#dry || this.#bufferedAhead() < REFILL_SECONDS) {
      return;
    }
    this.#dry = false;
    if (!seeking && readyState <= HTMLMediaElement.HAVE_CURRENT_DATA) {
      this.#video.currentTime = currentTime;
    }
  }

  #bufferedAhead() {
    const { buffered, currentTime } = this.#video;
    for (let range = 0; range < buffered.length; range++) {
      if (buffered.start(range) <= currentTime && currentTime < buffered.end(range)) {
        return buffered.end(range) - currentTime;
      }
    }
    return 0;
  }

  #detach() {
    this.moving = false;
    this.#dry = false;
    this.#silentSince = null;
    if (this.hls) {
      this.hls.destroy();
      this.hls = null;
    } else if (this.#video.hasAttribute("src")) {
      this.#video.removeAttribute("src");
      this.#video.load();
    }
  }

  #onError(data) {
    if (data.fatal) {
      this.#onFatal(data);
    } else if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR && this.moving) {
      this.#reserve.stalled(performance.now());
    }
  }

  #onFatal(data) {
    if (data.response?.code === FORBIDDEN) {
      this.#tell("forbidden");
      if (!this.opened) {
        return;
      }
    }
    const now = performance.now();
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && now - this.#recovered > RECOVERY_MS) {
      this.#recovered = now;
      this.hls.recoverMediaError();
      return;
    }
    this.#openAgain();
  }

  #openAgain() {
    this.#detach();
    const delay = Math.min(RETRY_MS * 2 ** this.#attempts, MAX_RETRY_MS);
    this.#attempts += 1;
    clearTimeout(this.#retry);
    // Viewers that lost the same server must not all come back in the same instant.
    this.#retry = setTimeout(() => this.#attach(), delay * (0.75 + Math.random() / 2));
    this.#tell("interrupted");
  }

  #onTime() {
    const { currentTime } = this.#video;
    const step = currentTime - this.#last.time;
    this.#last.time = currentTime;
    if (!this.opened || step <= 0 || step > 1) {
      return; // a seek is not a picture that moves
    }
    this.#last.at = performance.now();
    if (!this.moving && !this.#video.paused && this.#video.readyState > 2) {
      this.moving = true;
      this.#attempts = 0;
      this.#tell("moving");
    }
  }

  #tick() {
    const { paused, ended, readyState } = this.#video;
    if (this.#silentSince !== null) {
      this.#awaitNews();
    } else if (!this.opened || (paused && !ended) || document.hidden) {
      this.#last.at = performance.now();
      this.#chase(); // a hidden picture is heard, and would outrun what comes
    } else if (this.#silent() && this.#ahead() < AHEAD_SECONDS) {
      this.#silentSince = performance.now();
      this.moving = false;
      this.#video.pause();
      this.#tell("interrupted");
    } else if (this.#stuck()) {
      this.#openAgain();
    } else if (this.moving && performance.now() - this.#last.at > TOLD_MS) {
      this.moving = false; // until it moves again
      this.#tell("interrupted");
    } else if (this.hls && this.#followsLive && readyState > 2 && this.#mayJump()) {
      this.#jumped = performance.now();
      this.toLive();
    } else {
      this.#chase();
    }
  }

  #chase() {
    this.#reserve.look(performance.now());
    const { behind } = this;
    const rate = this.#followsLive && Number.isFinite(behind) ? pace(behind, this.#video.playbackRate) : 1;
    if (rate !== this.#video.playbackRate) {
      this.#video.playbackRate = rate;
    }
  }

  #mayJump() {
    return this.behind > JUMP_SECONDS && performance.now() - this.#jumped > JUMP_PAUSE_MS;
  }

  #silent() {
    const details = this.hls?.latestLevelDetails;
    return Boolean(details?.live) && details.age > SILENT_SECONDS;
  }

  #awaitNews() {
    if (!this.#silent()) {
      this.#detach(); // another broadcast may have begun, which counts its segments anew
      this.#attach();
    } else if (performance.now() - this.#silentSince > LAST_RESORT_MS) {
      this.#openAgain();
    }
  }

  /** Seconds of the playlist that are still to be seen. */
  #ahead() {
    return (this.hls?.latestLevelDetails?.edge ?? 0) - this.#video.currentTime;
  }

  /**
   * Whether the picture stands still although the server has more of it, or for so long that anything is worth a try.
   * A browser that plays by itself does not say what the server has.
   */
  #stuck() {
    const due = !this.hls || this.#ahead() > AHEAD_SECONDS ? STUCK_MS : LAST_RESORT_MS;
    const open = this.hls !== null || this.#video.hasAttribute("src");
    return open && performance.now() - this.#last.at > due;
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

/** By the short side, as the ladder names its renditions, so that an upright picture is 720p too. */
function nameOf({ width, height }) {
  const side = Math.min(width || Infinity, height || Infinity);
  return Number.isFinite(side) ? `${side}p` : "Audio";
}

function nativeDate(video) {
  const start = video.getStartDate?.();
  return start && !Number.isNaN(start.getTime()) ? new Date(start.getTime() + video.currentTime * 1000) : null;
}
