/** The tally: whether the channel is on air, for how long, and what is wrong with that, where nobody can miss it. */

import { who } from "/static/studio/source.js";

const WORDS = { off: "Off air", starting: "Starting", live: "On air", lost: "Connection lost", failed: "Interrupted" };

const element = (id) => document.getElementById(id);

export class Tally {
  reached = true;
  #title = "";
  #alarm = "";

  draw(state, publisher) {
    const air = airOf(state, publisher, this.reached);
    const rehearsal = Boolean(state?.rehearsal);
    const word = rehearsal && air === "live" ? "Rehearsal" : WORDS[air];
    document.body.dataset.air = air;
    document.body.dataset.rehearsal = rehearsal ? "yes" : "no";
    document.body.dataset.own = publisher.wanted ? "yes" : "no";
    if (element("air-word").textContent !== word) {
      element("air-word").textContent = word;
      element("heard").textContent = `${word}.`; // said once for each change
    }
    this.#drawClock(air === "live" || air === "lost" ? state?.started : null);
    const title = `${air === "live" ? `● ${word} · ` : air === "lost" ? "⚠ " : ""}${state?.title ?? "Studio"} · Studio`;
    if (title !== this.#title) {
      document.title = this.#title = title;
    }
    this.#say(this.#trouble(air, state, publisher) || this.#alarm);
    element("again").hidden = publisher.state !== "taken";
    if (publisher.wanted) {
      this.#alarm = "";
    }
  }

  /** Something that a button's press led to. */
  alarm(text) {
    this.#alarm = text;
    this.#say(text);
  }

  #trouble(air, state, publisher) {
    if (air === "lost") {
      return navigator.onLine
        ? "The connection is lost. Your camera stays on; you are back on air as soon as the server can be reached."
        : "This device is offline. Your camera stays on; you are back on air with the network.";
    }
    if (publisher.state === "taken") {
      return `${who(state?.health)} went on air in your place. You stay off the air until you take over again.`;
    }
    if (!this.reached) {
      return "The server cannot be reached. It is tried again every second.";
    }
    return air === "failed" ? `The broadcast was interrupted: ${state.reason ?? "the server's log says why"}` : "";
  }

  #say(text) {
    if (element("alarm").textContent !== text) {
      element("alarm").textContent = text;
    }
    element("alarm-bar").hidden = !text;
  }

  #drawClock(started) {
    const clock = element("clock");
    clock.hidden = !started;
    if (started) {
      const passed = Math.max(0, Math.floor((Date.now() - Date.parse(started)) / 1000));
      const two = (number) => String(number).padStart(2, "0");
      clock.textContent = `${Math.floor(passed / 3600)}:${two(Math.floor(passed / 60) % 60)}:${two(passed % 60)}`;
      clock.dateTime = `PT${passed}S`;
    }
  }
}

/** "off", "starting", "live", "lost" or "failed". What this browser knows of its own connection comes first. */
export function airOf(state, publisher, reached) {
  if (publisher.state === "lost" || (publisher.wanted && !reached)) {
    return "lost";
  }
  if (state?.state === "live") {
    return "live";
  }
  if (publisher.wanted || state?.state === "starting") {
    return "starting";
  }
  return state?.state === "failed" ? "failed" : "off";
}
