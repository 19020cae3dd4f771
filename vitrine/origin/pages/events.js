/** What the server tells of a channel the moment it happens: server-sent events, one connection for all of a page. */

const RETRY_MS = 20_000; // after a refusal: too many pages listen, or a proxy lets no events through
const NAMES = ["state", "cue", "catalogue", "product"];

/**
 * Events: what the server names, each with its `data`; "open" when it listens, with `again` where something may have been
 * missed; "retry" when it tries again after it did not get to listen.
 */
export class ChannelEvents extends EventTarget {
  #address;
  #source = null;
  #retry = 0;
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
    });
    source.addEventListener("error", () => {
      this.#missed = true;
      if (source === this.#source && source.readyState === EventSource.CLOSED) {
        this.#retry = setTimeout(() => this.#again(), RETRY_MS * (0.75 + Math.random() / 2)); // the browser itself does not
      }
    });
    this.#source = source;
  }

  #again() {
    this.#tell("retry");
    this.#listen();
  }

  #tell(name, more = {}) {
    this.dispatchEvent(Object.assign(new Event(name), more));
  }
}
