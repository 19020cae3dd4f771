/** The return picture: what viewers see, as early as any of them does, and what is on show in it. */

import { Player } from "/static/player.js";
import { followProducts } from "/static/vitrine-products.js";

const element = (id) => document.getElementById(id);

const WORDS = {
  idle: "What viewers see appears here.",
  starting: "The picture is on its way.",
  live: "The picture is on its way.",
  ended: "The broadcast is over.",
  failed: "The broadcast was interrupted.",
};

export class Return {
  #video = element("return");
  #player = new Player(this.#video);
  #products = followProducts(this.#video);
  #titles;

  constructor(titles) {
    this.#titles = titles;
    this.#player.addEventListener("attached", () => {
      this.#products.follow(this.#player.hls ? { hls: this.#player.hls } : { playlist: this.#player.playlist });
    });
    this.#player.addEventListener("moving", () => (element("return-cover").hidden = true));
    this.#player.addEventListener("interrupted", () => (element("return-cover").hidden = false));
    this.#products.addEventListener("change", () => this.draw());
    element("return-sound").addEventListener("click", () => this.#toggleSound());
    this.#video.addEventListener("resize", () => {
      this.#video.parentElement.style.setProperty("--aspect", this.#video.videoWidth / this.#video.videoHeight || 16 / 9);
    });
  }

  get hls() {
    return this.#player.hls;
  }

  set skew(skew) {
    this.#player.skew = skew;
  }

  /** The programme date-time of the frame on screen, null while no picture plays. */
  get seen() {
    return this.#player.moving && !this.#video.paused ? this.#products.date : null;
  }

  get latency() {
    const latency = this.#player.moving ? this.#player.latency() : null;
    return latency !== null && latency > -1 && latency < 3600 ? Math.max(0, latency) : null;
  }

  /** Plays what the channel's state says. */
  follow({ state, playlist, broadcast }) {
    if (state === "live") {
      if (!this.#player.opened || this.#player.broadcast !== broadcast) {
        this.#player.open(playlist, broadcast);
      }
    } else if (this.#player.opened) {
      this.#player.close();
      element("return-cover").hidden = false;
    }
    element("return-cover").firstElementChild.textContent = WORDS[state];
  }

  draw() {
    const on = this.#player.moving ? (this.#products.snapshot?.on ?? []) : null;
    const names = on?.map(({ product }) => this.#titles(product)).join(", ");
    write("in-picture", on === null ? "–" : names || "Nothing");
    const latency = this.latency;
    write("latency", latency === null ? "" : `${latency.toFixed(1)} s behind`);
  }

  #toggleSound() {
    const video = this.#video;
    video.muted = !video.muted;
    const button = element("return-sound");
    button.setAttribute("aria-pressed", String(!video.muted));
    button.querySelector("use").setAttribute("href", `/static/icons.svg#${video.muted ? "muted" : "sound"}`);
    button.lastChild.textContent = video.muted ? "Sound off" : "Sound on: use headphones";
  }
}

function write(id, text) {
  if (element(id).textContent !== text) {
    element(id).textContent = text;
  }
}
