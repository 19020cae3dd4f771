/** What is around the camera on the page: the preview, the choices, the sound meter. */

import { SIDES } from "/static/studio/camera.js";
import { Meter } from "/static/studio/meter.js";

const element = (id) => document.getElementById(id);

export class Filming {
  #camera;
  #publisher;
  #meter = new Meter();

  constructor(camera, publisher) {
    this.#camera = camera;
    this.#publisher = publisher;
    camera.addEventListener("change", () => this.#draw());
    camera.addEventListener("lost", () => this.#open()); // pulled out: another one is better than none
    element("camera-open").addEventListener("click", () => this.#open());
    element("camera-choice").addEventListener("change", ({ target }) => this.#open({ camera: target.value }));
    element("microphone-choice").addEventListener("change", ({ target }) => this.#open({ microphone: target.value }));
    element("picture-choice").addEventListener("change", ({ target }) => this.#open({ side: Number(target.value) }));
    element("sound-choice").addEventListener("change", ({ target }) => this.#open({ sound: target.value }));
    const preview = element("preview");
    preview.addEventListener("resize", () => {
      element("camera-screen").style.setProperty("--aspect", preview.videoWidth / preview.videoHeight || 16 / 9);
    });
  }

  /** Opens the camera at once where the crew has let this page film before; else it waits to be asked. */
  async begin() {
    this.#draw();
    if (this.#camera.impossible) {
      this.#say(this.#camera.impossible);
      element("camera-open").hidden = true;
      return;
    }
    const allowed = await navigator.permissions?.query({ name: "camera" }).catch(() => null); // Firefox does not tell
    if (allowed?.state === "granted") {
      this.#open();
    }
  }

  /** What may be wrong with what is about to go on air, in words. */
  doubts() {
    const { stream } = this.#camera;
    const doubts = [];
    if (!stream?.getAudioTracks().length) {
      doubts.push("There is no microphone: the show has no sound.");
    } else if (this.#meter.silent) {
      doubts.push("Nothing is heard from the microphone.");
    }
    return doubts;
  }

  async #open(change) {
    try {
      await this.#camera.open(change);
      await this.#publisher.use(this.#camera.stream);
    } catch (error) {
      this.#say(error.message);
    }
    this.#draw();
  }

  #say(text) {
    element("camera-words").textContent = text;
    element("heard").textContent = text;
  }

  #draw() {
    const { stream, devices, choice, size } = this.#camera;
    const preview = element("preview");
    if (preview.srcObject !== stream) {
      preview.srcObject = stream;
      this.#meter.follow(stream);
    }
    element("camera-cover").hidden = Boolean(stream);
    element("choices").hidden = !stream;
    element("camera-size").textContent = size;
    const now = (kind) => stream?.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId ?? "";
    const named = (kind) => devices.filter((device) => device.kind === kind).map(({ deviceId, label }, at) => [deviceId, label || `Number ${at + 1}`]);
    fill("camera-choice", named("videoinput"), now("video"));
    fill("microphone-choice", named("audioinput"), now("audio"));
    fill("picture-choice", SIDES.map((side) => [String(side), `${side}p`]), String(choice.side));
    element("sound-choice").value = choice.sound;
  }
}

function fill(id, options, chosen) {
  const place = element(id);
  const drawn = JSON.stringify(options);
  if (place.dataset.drawn !== drawn) {
    place.dataset.drawn = drawn;
    place.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  }
  place.value = chosen;
}
