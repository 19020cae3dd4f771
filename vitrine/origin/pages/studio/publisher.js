/** Keeps this browser on air: one WHIP session after another, for as long as the host wants to be. */

import { Refused, newName } from "/static/studio/access.js";
import { WhipSession } from "/static/studio/whip.js";

const CONNECT_MS = 10_000;
const RETURN_MS = 3000; // a connection that came back by itself did so within this
const STALLED_MS = 4000; // nothing heard from the server for so long
const RETRY_MS = [300, 1000, 2000, 4000];

/**
 * Events: "state" when `state` changed: "off", "connecting", "on", "lost" (it is being connected again) or "taken" (another
 * publisher has taken over: only the host brings this one back); "refused", with `error`, when the server does not take
 * this publisher.
 */
export class Publisher extends EventTarget {
  state = "off";
  #name = newName(); // the server lets it take over from itself by it, and from nobody else
  #ingest = null;
  #stream = null;
  #side = 720;
  #session = null;
  #wanted = false;
  #takeover = false; // until it is taken for the first time
  #tries = 0;
  #timer = 0;
  #heard = { at: 0, report: 0 };
  #lock = null;

  constructor() {
    super();
    addEventListener("offline", () => this.#lose());
    addEventListener("online", () => this.#wanted && this.state !== "on" && this.#again(0));
    addEventListener("pagehide", () => this.#session?.close({ unloading: true }));
    addEventListener("pageshow", ({ persisted }) => persisted && this.#wanted && this.#again(0));
    document.addEventListener("visibilitychange", () => this.#wanted && this.#stayAwake());
  }

  get wanted() {
    return this.#wanted;
  }

  /** `ingest` is {whip, key}. With `takeover` another publisher has to make way. */
  start(ingest, stream, side, { takeover = false } = {}) {
    this.#ingest = ingest;
    this.#stream = stream;
    this.#side = side;
    this.#wanted = true;
    this.#takeover = takeover;
    this.#tries = 0;
    this.#stayAwake();
    this.#become("connecting");
    this.#connect();
  }

  stop() {
    this.#end("off");
  }

  /** Another camera or microphone, without leaving the air. */
  async use(stream) {
    this.#stream = stream;
    await this.#session?.replace(stream);
  }

  /** The connection's statistics, null without one. Also finds out that nothing is heard any more. */
  async stats() {
    const session = this.#session;
    if (!session || session.state === "closed") {
      return null;
    }
    const stats = await session.stats();
    let report = 0;
    stats.forEach(({ type, timestamp, roundTripTimeMeasurements: count = 0, responsesReceived = 0 }) => {
      report += type === "remote-inbound-rtp" ? count + timestamp : responsesReceived;
    });
    const now = performance.now();
    if (report !== this.#heard.report) {
      this.#heard = { at: now, report };
    } else if (this.state === "on" && now - this.#heard.at > STALLED_MS) {
      this.#lose();
    }
    return stats;
  }

  /** The server was away: whether it knows the session is asked, as the connection itself takes five seconds to tell. */
  async check() {
    const session = this.#session;
    if (this.state === "on" && (await session.isForgotten()) && session === this.#session) {
      this.#become("lost");
      this.#again(0);
    }
  }

  async #connect() {
    clearTimeout(this.#timer);
    this.#leave();
    const session = new WhipSession(this.#ingest.whip, this.#ingest.key);
    this.#session = session;
    session.addEventListener("state", () => session === this.#session && this.#follow(session));
    this.#timer = setTimeout(() => session === this.#session && this.#lose(), CONNECT_MS);
    try {
      await session.open(this.#stream, this.#side, { publisher: this.#name, takeover: this.#takeover });
      if (session === this.#session) {
        this.#takeover = false; // from here on it takes over from itself alone
      }
    } catch (error) {
      if (session === this.#session && this.#wanted) {
        this.#fail(error);
      }
    }
  }

  #follow(session) {
    const { state } = session;
    if (state === "connected") {
      clearTimeout(this.#timer);
      this.#tries = 0;
      this.#heard = { at: performance.now(), report: 0 };
      this.#become("on");
    } else if (state === "disconnected") {
      this.#become("lost");
      this.#again(RETURN_MS);
      session.isForgotten().then((forgotten) => forgotten && session === this.#session && this.#lose());
    } else if (state === "failed" || state === "closed") {
      this.#lose();
    }
  }

  #fail(error) {
    const { status = 500, wait } = error instanceof Refused ? error : {};
    if (status === 409 && this.state === "lost") {
      this.#end("taken"); // two pages that both came back by themselves would take over from each other for ever
    } else if (status < 500 && ![408, 429].includes(status)) {
      this.#end("off");
      this.dispatchEvent(Object.assign(new Event("refused"), { error }));
    } else {
      this.#lose(1000 * (wait ?? 0));
    }
  }

  #end(state) {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#leave();
    this.#lock?.release().catch(() => {});
    this.#lock = null;
    this.#become(state);
  }

  #lose(least = 0) {
    if (this.#wanted) {
      this.#become("lost");
      this.#again(Math.max(least, RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)]));
      this.#tries += 1;
    }
  }

  #again(delay) {
    clearTimeout(this.#timer);
    const spread = delay * (0.85 + Math.random() * 0.3);
    this.#timer = setTimeout(() => {
      if (!navigator.onLine) {
        this.#again(1000);
      } else {
        this.#connect();
      }
    }, spread);
  }

  /** The session that there is ends; that it does is then no loss. */
  #leave() {
    const session = this.#session;
    this.#session = null;
    session?.close();
  }

  #become(state) {
    if (state !== this.state) {
      this.state = state;
      this.dispatchEvent(new Event("state"));
    }
  }

  async #stayAwake() {
    if (document.visibilityState === "visible") {
      this.#lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null; // a low battery refuses it
    }
  }
}
