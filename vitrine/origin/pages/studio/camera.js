/** Camera and microphone: which there are, which was chosen last, and the stream of those. */

const KEPT_AS = "vitrine-camera";
export const SIDES = [1080, 720, 480];
const RATE = 30;

const REASONS = {
  NotAllowedError: "The browser may not use the camera. Allow it beside the address, then try again.",
  NotFoundError: "There is no camera or microphone on this device.",
  NotReadableError: "Another program is using the camera or the microphone. Close it, then try again.",
  OverconstrainedError: "The camera chosen last is not here any more.",
};

/** Event: "change" when the stream or the list of devices changed; "lost" when a device was pulled out. */
export class Camera extends EventTarget {
  stream = null;
  devices = [];
  choice = { camera: "", microphone: "", side: 720, sound: "voice" };

  constructor() {
    super();
    try {
      Object.assign(this.choice, JSON.parse(localStorage.getItem(KEPT_AS) ?? "{}"));
    } catch {
      // kept by another version: the defaults stay
    }
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#list());
  }

  /** Why this page cannot film at all; null where it can. */
  get impossible() {
    return navigator.mediaDevices?.getUserMedia
      ? null
      : "Browsers allow the camera only on https and on the machine itself. Open this page by https, or publish with an encoder.";
  }

  /** Takes a change of choice, and opens what is chosen. Raises an Error in words; then what was open stays. */
  async open(change = {}) {
    const choice = { ...this.choice, ...change };
    const stream = await this.#film(choice);
    this.close();
    this.choice = choice;
    this.stream = stream;
    localStorage.setItem(KEPT_AS, JSON.stringify(choice));
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => this.stream === stream && this.dispatchEvent(new Event("lost")));
    }
    await this.#list();
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
  }

  get size() {
    const { width = 0, height = 0, frameRate = 0 } = this.stream?.getVideoTracks()[0]?.getSettings() ?? {};
    return width ? `${width} × ${height}, ${Math.round(frameRate)} a second` : "";
  }

  async #film(choice) {
    try {
      return await navigator.mediaDevices.getUserMedia(wishes(choice));
    } catch (error) {
      if (error.name === "OverconstrainedError" && (choice.camera || choice.microphone)) {
        return this.#film({ ...choice, camera: "", microphone: "" });
      }
      throw new Error(REASONS[error.name] ?? `The camera does not open: ${error.message}`);
    }
  }

  async #list() {
    this.devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ deviceId }) => deviceId);
    this.dispatchEvent(new Event("change"));
  }
}

function wishes({ camera, microphone, side, sound }) {
  const cleaned = sound === "voice";
  return {
    video: {
      ...(camera ? { deviceId: { exact: camera } } : { facingMode: { ideal: "user" } }),
      width: { ideal: Math.round((side * 16) / 9) },
      height: { ideal: side },
      frameRate: { ideal: RATE, max: RATE },
    },
    audio: {
      ...(microphone ? { deviceId: { exact: microphone } } : {}),
      echoCancellation: cleaned,
      noiseSuppression: cleaned,
      autoGainControl: cleaned,
      channelCount: { ideal: cleaned ? 1 : 2 },
      sampleRate: { ideal: 48_000 },
    },
  };
}
