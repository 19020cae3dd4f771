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
    const chosen = this.#player.chosen;
    const name = qualities.find((quality) => quality.index === chosen)?.name;
    this.#box.hidden = qualities.length < 2;
    this.#now.textContent = name ?? "Auto";
    this.#button.setAttribute("aria-label", `Picture quality: ${name ?? "automatic"}`);
    this.#list(qualities);
    for (const item of this.#menu.children) {
      item.setAttribute("aria-checked", String(Number(item.dataset.index) === chosen));
    }
    this.#menu.querySelector("small").textContent = chosen < 0 ? this.#player.quality : "";
  }

  /** Made anew only when the ladder changes: a menu that is open keeps its focus while pictures switch. */
  #list(qualities) {
    const ladder = JSON.stringify(qualities);
    if (this.#menu.dataset.ladder !== ladder) {
      this.#menu.dataset.ladder = ladder;
      this.#menu.replaceChildren(
        this.#item(-1, "Auto", ""),
        ...qualities.map(({ index, name, kbps }) => this.#item(index, name, `${(kbps / 1000).toFixed(1)} Mbit/s`)),
      );
    }
  }

  #item(index, name, note) {
    const item = document.getElementById("quality-item").content.firstElementChild.cloneNode(true);
    item.dataset.index = index;
    item.querySelector("span").textContent = name;
    item.querySelector("small").textContent = note;
    item.addEventListener("click", () => {
      this.#show(false);
      this.#player.choose(index);
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
