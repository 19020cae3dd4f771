/** The products of a channel, as the server tells them: fetched, and kept up to date by server-sent events. */

const RETRY_MS = 20_000; // where there are no events: the catalogue itself is asked for so often
const SPREAD_MS = 1000; // a thousand pages that hear of a new catalogue do not ask for it in the same instant
const TIMEOUT_MS = 8000;
const MAX_ASKED = 1000; // ids that the catalogue did not have; more are no longer asked for

/** Event: "update" when any product is other than before. */
export class Catalogue extends EventTarget {
  /** By id, in the catalogue's own order. */
  products = new Map();
  #address;
  #events = null;
  #timer = 0;
  #retry = 0;
  #closed = false;
  #asked = new Set();

  constructor(channel) {
    super();
    this.#address = new URL(`/api/channels/${encodeURIComponent(channel)}/`, location.href);
  }

  /** What relative addresses in a product's record are relative to. */
  get base() {
    return this.#address;
  }

  /** Asks for the catalogue, and listens from then on. */
  async open() {
    await this.#fetch();
    this.#listen();
  }

  /** Ends it: there is no such channel. */
  close() {
    clearTimeout(this.#retry);
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#events?.close();
  }

  /** A product's record; one that is not known is a record with its id only, and worth one question to the server. */
  find(id) {
    const product = this.products.get(id);
    if (!product && !this.#closed && !this.#asked.has(id) && this.#asked.size < MAX_ASKED) {
      this.#asked.add(id);
      this.#later(0);
    }
    return product ?? { id };
  }

  #listen() {
    this.#events?.close();
    if (this.#closed) {
      return;
    }
    const events = new EventSource(new URL("events", this.#address));
    let interrupted = false;
    events.addEventListener("catalogue", () => this.#later(Math.random() * SPREAD_MS));
    events.addEventListener("product", ({ data }) => this.#change(data));
    events.addEventListener("open", () => interrupted && this.#later(Math.random() * SPREAD_MS));
    events.addEventListener("error", () => {
      interrupted = true; // what was told meanwhile is lost: asked for when it is open again
      if (events.readyState === EventSource.CLOSED) {
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.open(), RETRY_MS * (0.75 + Math.random() / 2)); // refused: the browser does not retry
      }
    });
    this.#events = events;
  }

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(), delay);
  }

  async #fetch() {
    try {
      const answer = await fetch(new URL("catalogue", this.#address), {
        cache: "no-cache", // answered 304 while it has not changed
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.ok) {
        const { products } = await answer.json();
        this.products = new Map(products.map((product) => [product.id, product]));
        this.#tell();
      }
    } catch {
      // not reached, or not understood: what was known stays
    }
  }

  #change(data) {
    try {
      const product = JSON.parse(data);
      if (typeof product.id === "string") {
        this.products.set(product.id, product);
        this.#tell();
      }
    } catch {
      // not understood: what was known stays
    }
  }

  #tell() {
    this.dispatchEvent(new Event("update"));
  }
}
