/** The sound meter: the level in dB below full scale, its peak, and whether it clips. */

const FLOOR = -60;
const CLIPS = -0.2; // dB: two samples from full scale
const LOUD = -9;
const QUIET = -45;
const HELD_MS = 1500;
const SAID_MS = 1000; // a screen reader that asks gets a value of this age at most

const element = (id) => document.getElementById(id);

export class Meter {
  #context = null;
  #source = null;
  #analyser = null;
  #samples = null;
  #peak = { level: FLOOR, at: 0 };
  #clipped = -Infinity;
  #heard = performance.now();
  #said = 0;

  /** Follow the sound of a stream; null for none. */
  follow(stream) {
    this.#source?.disconnect();
    this.#source = null;
    this.#analyser = null;
    const sound = stream?.getAudioTracks()[0];
    if (!sound) {
      this.#draw(FLOOR, performance.now());
      return;
    }
    this.#context ??= new AudioContext();
    this.#context.resume();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([sound]));
    this.#source.connect(this.#analyser);
    this.#heard = performance.now();
    this.#look();
  }

  /** Whether nothing has been heard for three seconds. */
  get silent() {
    return !this.#analyser || performance.now() - this.#heard > 3000;
  }

  #look() {
    const analyser = this.#analyser;
    if (!analyser) {
      return;
    }
    analyser.getFloatTimeDomainData(this.#samples);
    const top = this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.#draw(Math.max(FLOOR, 20 * Math.log10(top || 1e-6)), performance.now());
    requestAnimationFrame(() => analyser === this.#analyser && this.#look());
  }

  #draw(level, now) {
    if (level >= this.#peak.level || now - this.#peak.at > HELD_MS) {
      this.#peak = { level, at: now };
    }
    this.#clipped = level >= CLIPS ? now : this.#clipped;
    this.#heard = level > FLOOR + 5 ? now : this.#heard;
    const share = (value) => (value - FLOOR) / -FLOOR;
    element("meter-bar").style.setProperty("--level", share(level).toFixed(3));
    element("meter-peak").style.setProperty("--level", share(this.#peak.level).toFixed(3));
    if (now - this.#said > SAID_MS || !this.#analyser) {
      this.#said = now;
      this.#say(this.#peak.level, now);
    }
  }

  #say(level, now) {
    const [tone, words] = this.#words(level, now);
    const meter = element("meter");
    meter.dataset.tone = tone;
    meter.setAttribute("aria-valuenow", Math.round(level));
    meter.setAttribute("aria-valuetext", words);
    element("meter-words").textContent = words;
  }

  #words(level, now) {
    if (!this.#analyser) {
      return ["silent", "No microphone"];
    }
    if (now - this.#clipped < HELD_MS) {
      return ["clips", "Too loud: it clips"];
    }
    if (this.silent) {
      return ["silent", "No sound"];
    }
    const text = `${Math.round(level)} dB`;
    return level > LOUD ? ["loud", text] : level < QUIET ? ["quiet", `${text}, quiet`] : ["good", text];
  }
}
