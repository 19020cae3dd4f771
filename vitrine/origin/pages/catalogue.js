/** The products of a channel, as the server tells them: fetched, and kept up to date by server-sent events. */

const SPREAD_MS = 1000; // a thousand pages that hear of a new catalogue do not ask for it in the same instant
const TIMEOUT_MS = 8000;
const MAX_ASKED = 1000; // ids that the catalogue did not have; more are no longer asked for

/** Event: "update" when any product is other than before. */
export class Catalogue extends EventTarget {
  /** By id, in the catalogue's own order. */
  products = new Map();
  #address;
  #timer = 0;
  #closed = false;
  #asked = new Set();

  /** Follows what the channel's `events` tell of it. */
  constructor(channel, events) {
    super();
    this.#address = new URL(`/api/channels/${encodeURIComponent(channel)}/`, location.href);
    events.addEventListener("catalogue", () => this.#later(Math.random() * SPREAD_MS));
    events.addEventListener("product", ({ data }) => this.#change(data));
    events.addEventListener("open", ({ again }) => again && this.#later(Math.random() * SPREAD_MS));
    events.addEventListener("retry", () => this.#later(0));
  }

  /** What relative addresses in a product's record are relative to. */
  get base() {
    return this.#address;
  }

  open() {
    return this.#fetch();
  }

  /** Ends it: there is no such channel. */
  close() {
    clearTimeout(this.#timer);
    this.#closed = true;
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

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = this.#closed ? 0 : setTimeout(() => this.#fetch(), delay);
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
