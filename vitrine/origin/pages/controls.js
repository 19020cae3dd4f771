/** Buttons, keys and pointers over the picture. */

import { QualityMenu } from "/static/quality.js";

const REST_MS = 3000; // without a movement, until the controls leave the picture
const BEHIND_SECONDS = 3;
const SEEK_SECONDS = 5;
const VOLUME_STEP = 0.1;

const element = (id) => document.getElementById(id);

export class Controls {
  #player;
  #video;
  #stage = element("stage");
  #quality;
  #rest = 0;

  constructor(player, video) {
    this.#player = player;
    this.#video = video;
    this.#quality = new QualityMenu(player, video);
    this.#bindButtons();
    this.#bindPointer();
    this.#bindVideo();
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#drawSound();
    this.#drawPlay();
  }

  /** Say once that there is sound: browsers start no show by themselves but a muted one. */
  offerSound() {
    element("sound").hidden = !this.#video.muted;
  }

  /** Draw how far behind the studio the picture is. */
  drawDelay() {
    const away = this.#player.behind > BEHIND_SECONDS;
    element("live").hidden = away;
    element("to-live").hidden = !away;
    const latency = this.#player.latency();
    const known = latency !== null && latency > -1 && latency < 3600 && !this.#video.paused;
    const text = known ? `${Math.max(0, latency).toFixed(1)} s` : "";
    element("delay").textContent = text;
    element("behind").textContent = text || "–";
    element("shown").textContent = this.#picture();
  }

  #picture() {
    const quality = this.#player.quality;
    return quality && this.#player.chosen < 0 ? `${quality}, automatic` : quality || "–";
  }

  #bindButtons() {
    element("play").addEventListener("click", () => this.#togglePlay());
    element("mute").addEventListener("click", () => this.#toggleSound());
    element("sound").addEventListener("click", () => this.#toggleSound());
    element("to-live").addEventListener("click", () => this.#player.toLive());
    element("full").addEventListener("click", () => this.#toggleFull());
    element("volume").addEventListener("input", (event) => this.#setVolume(Number(event.target.value)));
    element("start").addEventListener("click", () => {
      element("start").hidden = true;
      this.#player.toLive();
    });
    const picture = element("picture");
    picture.hidden = !document.pictureInPictureEnabled;
    picture.addEventListener("click", () => this.#togglePicture());
    this.#player.addEventListener("blocked", () => (element("start").hidden = false));
  }

  #bindPointer() {
    this.#stage.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.#wake());
    this.#stage.addEventListener("focusin", () => this.#wake());
    this.#video.addEventListener("pointerup", (event) => {
      if (event.pointerType === "mouse") {
        this.#togglePlay();
      } else if (this.#stage.dataset.controls === "hidden") {
        this.#wake();
      } else {
        this.#sleep();
      }
    });
  }

  #bindVideo() {
    const video = this.#video;
    for (const name of ["play", "pause", "playing", "emptied"]) {
      video.addEventListener(name, () => this.#drawPlay());
    }
    video.addEventListener("play", () => (element("start").hidden = true));
    video.addEventListener("volumechange", () => this.#drawSound());
    video.addEventListener("waiting", () => (this.#stage.dataset.waiting = "yes"));
    for (const name of ["playing", "pause", "emptied"]) {
      video.addEventListener(name, () => (this.#stage.dataset.waiting = "no"));
    }
    video.addEventListener("resize", () => {
      this.#stage.style.setProperty("--aspect", video.videoWidth / video.videoHeight || 16 / 9);
    });
    document.addEventListener("fullscreenchange", () => this.#drawFull());
  }

  #wake() {
    this.#stage.dataset.controls = "shown";
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#sleep(), REST_MS);
  }

  #sleep() {
    if (!this.#video.paused && !this.#quality.open) {
      this.#stage.dataset.controls = "hidden";
    }
  }

  #togglePlay() {
    if (this.#video.paused) {
      this.#player.play();
    } else {
      this.#player.pause();
    }
  }

  #toggleSound() {
    this.#setVolume(this.#video.muted ? this.#video.volume || 1 : 0);
  }

  /** Muting keeps the volume, so that sound comes back as loud as it was. */
  #setVolume(volume) {
    const loudness = Math.min(1, Math.max(0, volume));
    this.#video.muted = loudness < 0.01;
    if (!this.#video.muted) {
      this.#video.volume = loudness;
    }
    element("sound").hidden = true;
  }

  #toggleFull() {
    if (document.fullscreenElement) {
      document.exitFullscreen();
    } else if (this.#stage.requestFullscreen) {
      this.#stage.requestFullscreen().catch(() => {}); // refused, as inside a frame: the page stays as it is
    } else {
      this.#video.webkitEnterFullscreen?.(); // an iPhone shows only the video element itself in full
    }
  }

  #togglePicture() {
    if (document.pictureInPictureElement) {
      document.exitPictureInPicture();
    } else {
      this.#video.requestPictureInPicture().catch(() => {}); // refused by the browser: nothing changes
    }
  }

  #onKey(event) {
    const target = event.target;
    const onButton = target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement;
    const typed = event.ctrlKey || event.metaKey || event.altKey || target instanceof HTMLInputElement;
    const scrolls = /^Arrow(Up|Down)$/.test(event.key) && !document.fullscreenElement && !this.#stage.contains(target);
    if (typed || scrolls || (onButton && event.key === " ")) {
      return;
    }
    const act = this.#actions()[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && this.#player.opened) {
      event.preventDefault();
      this.#wake();
      act();
    }
  }

  #actions() {
    const volume = this.#video.muted ? 0 : this.#video.volume;
    return {
      " ": () => this.#togglePlay(),
      k: () => this.#togglePlay(),
      m: () => this.#toggleSound(),
      f: () => this.#toggleFull(),
      p: () => !element("picture").hidden && this.#togglePicture(),
      l: () => this.#player.toLive(),
      ArrowLeft: () => this.#player.seekBy(-SEEK_SECONDS),
      ArrowRight: () => this.#player.seekBy(SEEK_SECONDS),
      ArrowUp: () => this.#setVolume(volume + VOLUME_STEP),
      ArrowDown: () => this.#setVolume(volume - VOLUME_STEP),
    };
  }

  #drawPlay() {
    const { paused } = this.#video;
    label("play", paused ? "Play" : "Pause", paused ? "play" : "pause");
    this.#wake();
    this.drawDelay();
  }

  #drawSound() {
    const { muted, volume } = this.#video;
    label("mute", muted ? "Unmute" : "Mute", muted ? "muted" : "sound");
    const slider = element("volume");
    slider.value = muted ? 0 : volume;
    slider.style.setProperty("--level", `${100 * slider.value}%`);
  }

  #drawFull() {
    const full = document.fullscreenElement !== null;
    label("full", full ? "Leave full screen" : "Full screen", full ? "small" : "full");
  }
}

function label(id, text, icon) {
  const button = element(id);
  button.setAttribute("aria-label", text);
  button.title = text;
  button.querySelector("use").setAttribute("href", `/static/icons.svg#${icon}`);
}
