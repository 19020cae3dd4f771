/** How far a picture keeps from the live edge, and how fast it plays to get there. Numbers only: seconds, but `now` in ms. */

/** So much faster when so many seconds behind, until so few; the first that fits. Each change costs Chromium a little sound. */
const PACES = [
  { rate: 1.1, from: 0.8, to: 0.4 },
  { rate: 1.05, from: 0.1, to: 0.02 },
];

const STEP = 0.5; // further back after a stall
const MOST = 2; // more would help nobody: whoever stalls then lacks bandwidth, not time
const CALM_MS = 20_000; // without a stall for so long: nearer again
const LONGEST_CALM_MS = 320_000; // a network that stalls again and again whenever a viewer is near

/** The rate at which to play what is so far behind, where it plays at `rate` now. */
export function pace(behind, rate) {
  return PACES.find((each) => behind > (rate >= each.rate ? each.to : each.from))?.rate ?? 1;
}

/** What a viewer keeps beyond the distance that the playlist advises: more after a stall, less after a calm. */
export class Reserve {
  seconds = 0;
  #calm = CALM_MS;
  #since = 0;

  stalled(now) {
    this.seconds = Math.min(this.seconds + STEP, MOST);
    this.#since = now;
  }

  /** Each return to the edge must be earned by twice the calm of the one before. */
  look(now) {
    if (this.seconds > 0 && now - this.#since > this.#calm) {
      this.seconds -= STEP;
      this.#since = now;
      this.#calm = Math.min(this.#calm * 2, LONGEST_CALM_MS);
    }
  }
}
