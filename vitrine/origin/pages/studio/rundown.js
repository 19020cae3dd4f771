/** What is on show, what comes next, one key for each product, and the search. */

import { inWords } from "/static/studio/access.js";
import { isAsking } from "/static/studio/ask.js";
import { pictureOf } from "/static/price.js";

/** Of the list's items, in order. C, N and U are commands. */
export const KEYS = [..."1234567890abdefghijklmopqrstvwxyz"];
const LISTED = 100; // found products; who sees so many types another letter
const SLOTS = 3;
const KEYS_KEPT_AS = "vitrine-keys";

const element = (id) => document.getElementById(id);
const copyOf = (id) => element(id).content.firstElementChild.cloneNode(true);

/** A key by its place: French keyboards have digits with Shift only, Cyrillic and Greek ones have other letters. */
function placed({ key, code, shiftKey }) {
  const [, row, name] = /^(Digit|Key)(.)$/.exec(shiftKey ? "" : code) ?? [];
  return row === "Digit" || (row && /^[^a-z]$/i.test(key) && /\p{L}/u.test(key)) ? name : "";
}

export class Rundown {
  #desk;
  #catalogue;
  #moment;
  #rows = [];

  /** `moment` gives the `at` of a command: an object, or undefined for this moment. */
  constructor(desk, catalogue, moment) {
    this.#desk = desk;
    this.#catalogue = catalogue;
    this.#moment = moment;
    desk.addEventListener("change", () => this.draw());
    desk.addEventListener("undoable", () => this.#drawUndo());
    catalogue.addEventListener("update", () => this.draw());
    element("next").addEventListener("click", () => this.#next());
    element("clear").addEventListener("click", () => this.#clear());
    element("undo-button").addEventListener("click", () => this.#undo());
    element("search").addEventListener("input", () => this.#drawItems());
    element("keys").checked = localStorage.getItem(KEYS_KEPT_AS) !== "off";
    element("keys").addEventListener("change", ({ target }) => localStorage.setItem(KEYS_KEPT_AS, target.checked ? "on" : "off"));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    for (let slot = 1; slot <= SLOTS; slot++) {
      const place = copyOf("slot");
      place.querySelector(".number").textContent = slot;
      place.querySelector(".hide").addEventListener("click", () => this.#hide(slot));
      element("slots").append(place);
    }
    this.draw();
  }

  /** A product's name as the crew says it. */
  title(id) {
    const product = this.#catalogue.products.get(id);
    return product?.short_title || product?.title || id;
  }

  draw() {
    const { on, items, next } = this.#desk;
    [...element("slots").children].forEach((place, index) => {
      const showing = on.find(({ s }) => s === index + 1);
      place.toggleAttribute("data-on", Boolean(showing));
      place.querySelector(".name").textContent = showing ? this.title(showing.p) : "Empty";
      place.querySelector(".hide").hidden = !showing;
      place.querySelector(".hide").setAttribute("aria-label", showing ? `Hide ${this.title(showing.p)}` : `Slot ${index + 1} is empty`);
      this.#picture(place, showing?.p);
    });
    element("clear").disabled = on.length === 0;
    element("next").disabled = next === null;
    element("next").toggleAttribute("data-planned", items.length > 0);
    element("next-name").textContent = next === null ? (items.length ? "The rundown is over" : "Nothing is planned") : this.#names(items[next]);
    this.#drawItems();
  }

  #names(item) {
    return item.products.map((id) => this.title(id)).join(", ");
  }

  #picture(place, id) {
    const product = id === undefined ? null : this.#catalogue.products.get(id);
    const address = product ? pictureOf(product.image, this.#catalogue.base) : null;
    const image = place.querySelector("img");
    image.hidden = !address;
    if (address && image.src !== address) {
      image.onerror = () => (image.hidden = true);
      image.src = address;
    }
  }

  /** The planned items; or while something is searched, the products that have it in their name, brand or id. */
  #drawItems() {
    const wanted = element("search").value.trim().toLocaleLowerCase();
    const listed = wanted ? this.#found(wanted) : this.#desk.items;
    const list = element("items");
    while (list.children.length > listed.length) {
      list.lastChild.remove();
    }
    while (list.children.length < listed.length) {
      const row = copyOf("item");
      const index = list.children.length;
      row.querySelector("button").addEventListener("click", ({ currentTarget }) => this.#show(index, currentTarget));
      list.append(row);
    }
    this.#rows = listed;
    listed.forEach((item, index) => this.#drawItem(list.children[index], item, wanted ? "" : (KEYS[index] ?? ""), !wanted && index === this.#desk.next));
    const note = wanted && !listed.length ? "No product has that in its name, brand or id." : !wanted && !listed.length ? "This channel has no rundown. Search the catalogue to show a product." : "";
    element("items-note").textContent = note;
    element("items-note").hidden = !note;
  }

  #found(wanted) {
    const has = ({ id, title = "", short_title: short = "", brand = "" }) =>
      `${id} ${title} ${short} ${brand}`.toLocaleLowerCase().includes(wanted);
    const found = [...this.#catalogue.products.values()].filter(has);
    return found.slice(0, LISTED).map(({ id }) => ({ products: [id], slot: null, note: "" }));
  }

  #drawItem(row, item, key, isNext) {
    const button = row.querySelector("button");
    const current = item.products.every((id) => this.#desk.on.some(({ p }) => p === id));
    const slot = item.slot ? `Slot ${item.slot}` : item.products[0];
    row.toggleAttribute("data-on", current);
    row.toggleAttribute("data-next", isNext);
    row.querySelector("kbd").textContent = key.toUpperCase();
    row.querySelector("kbd").hidden = !key;
    row.querySelector(".name").textContent = this.#names(item);
    row.querySelector(".detail").textContent = [item.slot > 1 || !item.slot ? slot : "", item.note].filter(Boolean).join(" · ");
    row.querySelector(".mark").textContent = current ? "On show" : isNext ? "Next" : "";
    button.setAttribute("aria-keyshortcuts", key.toUpperCase());
    if (current) {
      button.setAttribute("aria-current", "true");
    } else {
      button.removeAttribute("aria-current");
    }
    this.#picture(row, item.products[0]);
  }

  #show(index, button) {
    const item = this.#rows[index];
    if (item) {
      const slot = item.slot ?? Number(document.querySelector("input[name=slot]:checked").value);
      this.#send({ action: "show", products: item.products, slot }, `${this.#names(item)} is on show`, button);
    }
  }

  #next() {
    const item = this.#desk.items[this.#desk.next];
    if (item) {
      this.#send({ action: "next" }, `${this.#names(item)} is on show`, element("next"));
    }
  }

  #clear() {
    if (this.#desk.on.length) {
      this.#send({ action: "clear" }, "Everything is hidden", element("clear"));
    }
  }

  #hide(slot) {
    const showing = this.#desk.on.find(({ s }) => s === slot);
    if (showing) {
      this.#send({ action: "hide", slot }, `${this.title(showing.p)} is hidden`, element("slots").children[slot - 1]);
    }
  }

  async #undo() {
    await this.#guard(async () => {
      const last = await this.#desk.undo();
      this.#say(last ? "Undone." : "There is nothing to undo any more.");
    }, element("undo"));
  }

  #send(command, words, button) {
    const at = this.#moment();
    return this.#guard(async () => {
      await this.#desk.send(at ? { ...command, at } : command, words);
      this.#say(`${words}.`);
    }, button);
  }

  /** Does something, and says at its button what went wrong. */
  async #guard(act, button) {
    element("refused").hidden = true;
    button.toggleAttribute("data-busy", true);
    try {
      await act();
    } catch (error) {
      element("refused").textContent = inWords(error);
      element("refused").hidden = false;
      button.toggleAttribute("data-refused", true);
      setTimeout(() => button.toggleAttribute("data-refused", false), 1500);
    } finally {
      button.toggleAttribute("data-busy", false);
    }
  }

  #drawUndo() {
    const undoable = this.#desk.undoable;
    element("undo").hidden = !undoable;
    if (undoable) {
      element("undo-words").textContent = `${undoable.words}.`;
      const fuse = element("undo").querySelector(".fuse");
      fuse.getAnimations().forEach((animation) => animation.cancel());
      fuse.animate([{ scale: "1 1" }, { scale: "0 1" }], { duration: undoable.left });
    }
  }

  #say(text) {
    element("heard").textContent = text;
  }

  #onKey(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isAsking() || element("desk").hidden) {
      return;
    }
    if (target === element("search") && key === "Escape") {
      target.value = "";
      target.blur();
      this.#drawItems();
      return;
    }
    const typed = target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && !["checkbox", "radio"].includes(target.type));
    if (typed || !element("keys").checked) {
      return;
    }
    const act = this.#act(key) ?? this.#act(placed(event));
    if (act) {
      event.preventDefault();
      act();
    }
  }

  #act(key) {
    const actions = this.#actions();
    return Object.hasOwn(actions, key.toLowerCase()) ? actions[key.toLowerCase()] : this.#keyed(key.toLowerCase());
  }

  #actions() {
    return {
      n: () => this.#next(),
      c: () => this.#clear(),
      u: () => this.#undo(),
      "/": () => element("search").focus(),
    };
  }

  /** Keys are the planned items', also while something else is searched. */
  #keyed(key) {
    const index = KEYS.indexOf(key);
    const item = index < 0 ? null : this.#desk.items[index];
    return item && (() => this.#send({ action: "show", products: item.products, slot: item.slot }, `${this.#names(item)} is on show`, element("items").children[index] ?? element("next")));
  }
}
