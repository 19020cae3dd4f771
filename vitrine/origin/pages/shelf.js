/** The catalogue beside the picture: what is on show as large cards, and everything in the show as a list. */

import { availabilityOf, linkOf, offerAt, pictureOf, saving, spoken, written } from "/static/price.js";

const LISTED = 60; // rows at first; the rest at the press of a button
const LONGEST_WAIT_MS = 2 ** 31 - 1; // of a browser's timer

const element = (id) => document.getElementById(id);
const copyOf = (id) => element(id).content.firstElementChild.cloneNode(true);

export class Shelf {
  #catalogue;
  #video;
  #on = []; // of the snapshot that is drawn
  #ended = false;
  #shown = new Map(); // by id: when it was shown first, to this viewer
  #cards = new Map(); // by slot: {key, element}
  #rows = new Map(); // by id
  #all = false;
  #timer = 0;

  constructor(catalogue, video) {
    this.#catalogue = catalogue;
    this.#video = video;
    catalogue.addEventListener("update", () => {
      this.#draw();
      this.#say(); // a product on show that sells out is worth a word; what has not changed is not said again
    });
    element("more").addEventListener("click", () => this.#showAll());
  }

  /** What the picture on screen shows: `on` of a snapshot. */
  show(on) {
    this.#ended = false;
    this.#on = on;
    for (const { product, since } of on) {
      if (!this.#shown.has(product)) {
        this.#shown.set(product, since);
      }
    }
    this.#draw();
    this.#say();
  }

  /** The show is over: nothing is on show, and what was shown can still be bought. */
  end() {
    if (!this.#ended) {
      this.#ended = true;
      this.#on = [];
      this.#draw();
    }
  }

  #draw() {
    const some = this.#shown.size > 0 || this.#catalogue.products.size > 0;
    document.body.toggleAttribute("data-products", some);
    element("now").hidden = !some || this.#ended;
    element("catalogue").hidden = !some;
    if (some) {
      this.#drawCards();
      this.#drawList();
      this.#drawAgain();
    }
  }

  #drawCards() {
    const focused = [...this.#cards].find(([, { element: card }]) => card.contains(document.activeElement));
    const cards = new Map();
    for (const { slot, product, cue } of this.#on) {
      const key = JSON.stringify([product, cue]);
      const before = this.#cards.get(slot);
      const card = before?.key === key ? before.element : this.#newCard();
      this.#fill(card, this.#catalogue.find(product));
      cards.set(slot, { key, element: card });
    }
    this.#cards = cards;
    const drawn = [...cards].sort(([one], [other]) => one - other).map(([, { element: card }]) => card);
    const place = element("cards");
    if (drawn.length !== place.children.length || drawn.some((card, index) => card !== place.children[index])) {
      place.replaceChildren(...drawn);
    }
    place.dataset.count = drawn.length;
    element("nothing").hidden = drawn.length > 0;
    if (focused && !place.contains(document.activeElement)) {
      // Who was on a card that has gone is not thrown back to the top of the page, nor put on another product's link.
      element("now").focus({ preventScroll: true });
    }
  }

  #newCard() {
    const card = copyOf("card");
    card.querySelector(".shop").addEventListener("click", () => this.#keepPicture());
    return card;
  }

  #drawList() {
    const { products } = this.#catalogue;
    const strangers = [...this.#shown.keys()].filter((id) => !products.has(id)).map((id) => ({ id }));
    const all = [...products.values(), ...strangers];
    const listed = this.#all ? all : all.slice(0, LISTED);
    const rows = new Map(listed.map((product) => [product.id, this.#rows.get(product.id) ?? this.#newRow()]));
    for (const product of listed) {
      this.#fill(rows.get(product.id), product);
      this.#mark(rows.get(product.id), product.id);
    }
    const list = element("list");
    const drawn = [...rows.values()];
    if (drawn.length !== list.children.length || drawn.some((row, index) => row !== list.children[index])) {
      list.replaceChildren(...drawn);
    }
    this.#rows = rows;
    element("more").hidden = listed.length === all.length;
    element("more").textContent = `Show all ${all.length} products`;
  }

  #newRow() {
    const row = copyOf("row");
    row.querySelector(".shop").addEventListener("click", () => this.#keepPicture());
    return row;
  }

  #mark(row, id) {
    const current = this.#on.some(({ product }) => product === id);
    const since = this.#shown.get(id);
    const mark = row.querySelector(".mark");
    row.toggleAttribute("data-current", current);
    write(mark, current ? "On show now" : since ? `Shown at ${timeOf(since)}` : "");
    if (current) {
      row.setAttribute("aria-current", "true");
    } else {
      row.removeAttribute("aria-current");
    }
  }

  #showAll() {
    const first = this.#rows.size;
    this.#all = true;
    this.#drawList();
    element("list").children[first]?.querySelector("a")?.focus();
  }

  /** A card or a row with a product's record. Everything in it is text; addresses are checked. */
  #fill(place, product) {
    const title = product.title || product.id;
    const offer = offerAt(product, Date.now());
    const { text, tone } = availabilityOf(product);
    const part = (name) => place.querySelector(`.${name}`);
    place.dataset.product = product.id;
    place.dataset.tone = tone;
    place.toggleAttribute("data-sale", offer.list !== null);
    write(part("price-now"), offer.price ? written(offer.price) : "");
    write(part("price-list"), offer.list ? written(offer.list) : "");
    write(part("stock"), text);
    const address = linkOf(product.url);
    const link = part("shop");
    if (address) {
      link.href = address;
    } else {
      link.removeAttribute("href");
    }
    this.#drawPicture(part("picture"), product);
    if (place.classList.contains("row")) {
      write(part("name"), product.short_title || title);
      return;
    }
    write(part("name"), title);
    write(part("brand-name"), product.brand ?? "");
    write(part("saving"), saving(offer) ? `Save ${saving(offer)}%` : "");
    write(part("until"), offer.ends ? `Until ${dayOf(offer.ends)}` : "");
    link.hidden = !address;
    link.setAttribute("aria-label", `View in shop: ${title} (new tab)`);
  }

  #drawPicture(place, product) {
    const address = pictureOf(product.image, this.#catalogue.base);
    const image = place.querySelector("img");
    if (!address) {
      image.hidden = true;
      image.removeAttribute("src");
    } else if (image.src !== address) {
      image.hidden = false;
      image.onerror = () => (image.hidden = true);
      image.src = address;
    }
    image.alt = product.image_alt ?? "";
  }

  /** Draw again when the next sale begins or ends. */
  #drawAgain() {
    clearTimeout(this.#timer);
    const now = Date.now();
    const next = Math.min(...[...this.#catalogue.products.values()].map((each) => offerAt(each, now).changes), Infinity);
    if (next - now < LONGEST_WAIT_MS) {
      this.#timer = setTimeout(() => this.#draw(), next - now);
    }
  }

  #say() {
    const sentences = this.#on.map(({ product: id }) => {
      const product = this.#catalogue.find(id);
      const { price } = offerAt(product, Date.now());
      const { text, tone } = availabilityOf(product);
      return [product.short_title || product.title || id, price && spoken(price), tone && text].filter(Boolean).join(", ");
    });
    const sentence = sentences.length ? `Now showing: ${sentences.join("; ")}` : "";
    if (element("now-heard").textContent !== sentence) {
      element("now-heard").textContent = sentence;
    }
  }

  /** The show goes on in a small window, over the shop that opens in a tab of its own. */
  #keepPicture() {
    const video = this.#video;
    if (video.paused || video.readyState < 2 || document.pictureInPictureElement) {
      return;
    }
    if (document.pictureInPictureEnabled && video.requestPictureInPicture) {
      video.requestPictureInPicture().catch(() => {}); // refused by the browser: the show goes on in this tab
    } else {
      video.webkitSetPresentationMode?.("picture-in-picture");
    }
  }
}

function write(place, text) {
  if (place.textContent !== text) {
    place.textContent = text;
  }
  place.hidden = !text;
}

const timeOf = (date) => date.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

function dayOf(date) {
  const today = date.toDateString() === new Date().toDateString();
  return today ? timeOf(date) : date.toLocaleString([], { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
}
