/** Commands: what is on show by the server, what is sent, what it was answered, and the three seconds to undo it. */

import { ChannelEvents } from "/static/events.js";
import { Refused, newName } from "/static/studio/access.js";

const UNDO_MS = 3000;
const TRIES = 5; // over 4.5 seconds: a server that is started again is there by then
const PAUSE_MS = 300; // before the second try, doubled with each
const PASSING = new Set([429, 502, 503, 504]); // those of a proxy whose server is being started again, too

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Events: "change" when `on`, `items` or `next` changed; "undoable" when there is something to undo or no longer;
 * "state" when the channel's state has changed.
 */
export class Desk extends EventTarget {
  /** What is on show at the newest frame: [{s, p, c, t0}]. */
  on = [];
  items = [];
  next = null;
  #access;
  #channel;
  #address;
  #onAir = false;
  #channelEvents;
  #listening = null; // ends what is heard of the former address
  #done = []; // {entry, words, until}
  #timer = 0;
  #asked = 0;

  /** `events` are the channel's. */
  constructor(access, channel, events) {
    super();
    this.#channelEvents = events;
    this.#access = access;
    this.#channel = channel;
  }

  /** Listens to what `address` tells: the channel's name, or its rehearsal's. Only on air is anything on show. */
  follow(address, onAir) {
    const changed = onAir !== this.#onAir;
    this.#onAir = onAir;
    if (address !== this.#address) {
      this.#address = address;
      this.#done = [];
      this.#told();
      this.#listen();
    } else if (changed) {
      this.look();
    }
  }

  /** The command to undo now, null where there is none: {entry, words, left} with what is `left` of its time in ms. */
  get undoable() {
    const now = performance.now();
    this.#done = this.#done.filter(({ until }) => until > now);
    const last = this.#done.at(-1);
    return last ? { ...last, left: last.until - now } : null;
  }

  /** Raises Refused, or TypeError where the server was not reached. `words` say later what can be undone. */
  async send(command, words) {
    const answer = await this.#carry(command);
    if (answer.entry !== null && command.action !== "undo") {
      this.#done.push({ entry: answer.entry, words, until: performance.now() + UNDO_MS });
      this.#told();
    }
    this.look();
    return answer;
  }

  /** Takes the last command back, from its very frame. */
  async undo() {
    const last = this.undoable;
    if (last) {
      this.#done = this.#done.filter(({ entry }) => entry !== last.entry);
      this.#told();
      await this.send({ action: "undo", entry: last.entry }, "");
    }
    return last;
  }

  /** Asks what is on show, and what is planned. */
  async look() {
    const asked = ++this.#asked;
    const at = `/api/channels/${encodeURIComponent(this.#address ?? this.#channel)}`;
    const read = (path) => this.#access.ask(`${at}/${path}`).catch(() => undefined); // not reached: what was known stays
    const [rundown, shown] = await Promise.all([read("rundown"), this.#onAir ? read("snapshot") : null]);
    if (asked === this.#asked) {
      this.on = shown === undefined ? this.on : (shown?.snapshot.on ?? []);
      this.items = rundown?.items ?? this.items;
      this.next = rundown ? rundown.next : this.next;
      this.dispatchEvent(new Event("change"));
    }
  }

  /** The same key goes with each try: it is stamped once. */
  async #carry(command) {
    const headers = { "Idempotency-Key": newName() };
    const address = `/api/channels/${encodeURIComponent(this.#channel)}/cues`;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#access.ask(address, { method: "POST", body: command, headers });
      } catch (error) {
        const again = !(error instanceof Refused) || PASSING.has(error.status);
        if (!again || attempt === TRIES) {
          throw error;
        }
        await pause(error.wait ? 1000 * error.wait : PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  #told() {
    clearTimeout(this.#timer);
    this.dispatchEvent(new Event("undoable"));
    const { left } = this.undoable ?? {};
    if (left) {
      this.#timer = setTimeout(() => this.#told(), left + 10);
    }
  }

  /** Browsers have six connections to a server, all pages together: a rehearsal has its own, the channel's is shared. */
  #listen() {
    this.#listening?.abort();
    const { signal } = (this.#listening = new AbortController());
    const shared = this.#address === this.#channel;
    const events = shared ? this.#channelEvents : new ChannelEvents(this.#address);
    for (const name of ["cue", "catalogue", "open"]) {
      events.addEventListener(name, () => this.look(), { signal });
    }
    events.addEventListener("state", () => this.dispatchEvent(new Event("state")), { signal });
    if (shared) {
      this.look();
    } else {
      signal.addEventListener("abort", () => events.close());
    }
  }
}
