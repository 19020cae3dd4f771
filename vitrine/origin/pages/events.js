/** What the server tells of a channel the moment it happens: server-sent events, one connection for all of a page. */

/** After a refusal: a proxy whose server is being started again, or too many pages listen, or no events get through. */
const RETRY_MS = [1000, 2000, 4000, 8000, 20_000];
const NAMES = ["state", "cue", "catalogue", "product"];

/**
 * Events: what the server names, each with its `data`; "open" when it listens, with `again` where something may have been
 * missed; "retry" when it has not got to listen for long, and tries again.
 */
export class ChannelEvents extends EventTarget {
  #address;
  #source = null;
  #retry = 0;
  #refused = 0;
  #missed = false;

  /** Listens at once. `address` stands in addresses: a channel's name, or its rehearsal's. */
  constructor(address) {
    super();
    this.#address = `/api/channels/${encodeURIComponent(address)}/events`;
    this.#listen();
  }

  /** Whether what happens now is told. */
  get listening() {
    return this.#source?.readyState === EventSource.OPEN;
  }

  close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #listen() {
    const source = new EventSource(this.#address);
    for (const name of NAMES) {
      source.addEventListener(name, ({ data }) => this.#tell(name, { data }));
    }
    source.addEventListener("open", () => {
      this.#tell("open", { again: this.#missed });
      this.#missed = false;
      this.#refused = 0;
    });
    source.addEventListener("error", () => {
      this.#missed = true;
      if (source === this.#source && source.readyState === EventSource.CLOSED) {
        const delay = RETRY_MS[Math.min(this.#refused, RETRY_MS.length - 1)];
        this.#refused = Math.min(this.#refused + 1, RETRY_MS.length);
        this.#retry = setTimeout(() => this.#again(), delay * (0.75 + Math.random() / 2)); // the browser itself does not
      }
    });
    this.#source = source;
  }

  #again() {
    if (this.#refused === RETRY_MS.length) {
      this.#tell("retry"); // no event will get through
    }
    this.#listen();
  }

  #tell(name, more = {}) {
    this.dispatchEvent(Object.assign(new Event(name), more));
  }
}
