/** The menu of pictures: automatic, or one rendition. */

export class QualityMenu {
  #player;
  #box = document.getElementById("quality");
  #button = document.getElementById("quality-button");
  #menu = document.getElementById("quality-menu");
  #now = document.getElementById("quality-now");

  constructor(player, video) {
    this.#player = player;
    this.#button.addEventListener("click", () => this.#show(this.#menu.hidden));
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("focusout", (event) => {
      if (!this.#box.contains(event.relatedTarget)) {
        this.#show(false, false);
      }
    });
    player.addEventListener("quality", () => this.#draw());
    video.addEventListener("resize", () => this.#draw());
  }

  get open() {
    return !this.#menu.hidden;
  }

  #draw() {
    const qualities = this.#player.qualities;
    this.#box.hidden = qualities.length < 2;
    const chosen = this.#player.chosen;
    const name = qualities.find((quality) => quality.index === chosen)?.name;
    this.#now.textContent = name ?? "Auto";
    this.#button.setAttribute("aria-label", `Picture quality: ${name ?? "automatic"}`);
    const focused = [...this.#menu.children].indexOf(document.activeElement);
    this.#menu.replaceChildren(
      this.#item(-1, "Auto", this.#player.quality, chosen),
      ...qualities.map(({ index, name, kbps }) => this.#item(index, name, `${(kbps / 1000).toFixed(1)} Mbit/s`, chosen)),
    );
    this.#menu.children[focused]?.focus();
  }

  #item(index, name, note, chosen) {
    const item = document.getElementById("quality-item").content.firstElementChild.cloneNode(true);
    item.querySelector("span").textContent = name;
    item.querySelector("small").textContent = note;
    item.setAttribute("aria-checked", String(index === chosen));
    item.addEventListener("click", () => {
      this.#player.choose(index);
      this.#show(false);
    });
    return item;
  }

  #show(open, takeFocus = true) {
    if (open === this.open) {
      return;
    }
    if (!open && takeFocus) {
      this.#button.focus();
    }
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) {
      this.#menu.querySelector('[aria-checked="true"]')?.focus();
    }
  }

  #onKey(event) {
    const items = [...this.#menu.children];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) {
      items.at(to % items.length).focus();
    } else if (event.key === "Escape") {
      this.#show(false);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
