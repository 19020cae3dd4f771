/** Draws the connection's health: a minute of each figure, and what to do about it in words. */

import { Figures, KINDS, verdict } from "/static/studio/figures.js";
import { source } from "/static/studio/source.js";

const KEPT = 60; // samples, one a second
const HELD = 5; // seconds for which a trouble stays written: a sentence that flickers is read by nobody

const element = (id) => document.getElementById(id);

export class Health {
  #figures = new Figures();
  #charts = new Map();
  #own;
  #trouble = { text: null, until: 0 };

  constructor() {
    for (const [kind, { name }] of Object.entries(KINDS)) {
      const chart = element("chart").content.firstElementChild.cloneNode(true);
      chart.querySelector(".what").textContent = name;
      chart.dataset.kind = kind;
      element("charts").append(chart);
      this.#charts.set(kind, { chart, values: Array(KEPT).fill(null) });
    }
    this.take(null, null);
  }

  /** One second more: the browser's statistics or null, the server's health or null. */
  take(stats, health, now = performance.now()) {
    const figures = this.#figures.take(stats, health, now);
    for (const [kind, { chart, values }] of this.#charts) {
      values.push(figures?.[kind] ?? null);
      values.shift();
      draw(chart, values, KINDS[kind]);
    }
    element("health-source").textContent = figures ? figures.own ? "This browser" : source(health) : "";
    if (this.#own !== figures?.own) {
      this.#own = figures?.own;
      this.#trouble.until = 0; // another's connection
    }
    this.#say(verdict(figures), now);
  }

  #say({ tone, text }, now) {
    if (tone === "bad") {
      this.#trouble = { text, until: now + 1000 * HELD };
    } else if (now < this.#trouble.until && tone === "good") {
      [tone, text] = ["bad", this.#trouble.text];
    }
    const place = element("verdict");
    place.dataset.tone = tone;
    if (place.textContent !== text) {
      place.textContent = text;
    }
  }
}

function draw(chart, values, { name, unit, digits = 0, top, bad = Infinity }) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(top, ...known) * 1.1;
  const points = values.flatMap((value, at) => (value === null ? [] : [`${at},${(24 - (22 * value) / most).toFixed(2)}`]));
  const last = values.at(-1);
  const text = last === null ? "–" : `${last.toLocaleString([], { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${unit}`;
  chart.querySelector("polyline").setAttribute("points", points.join(" "));
  const [first, end] = [points[0]?.split(",")[0], points.at(-1)?.split(",")[0]];
  chart.querySelector("polygon").setAttribute("points", points.length ? `${first},24 ${points.join(" ")} ${end},24` : "");
  chart.querySelector("output").textContent = text;
  chart.dataset.tone = last !== null && last > bad ? "bad" : "good";
  chart.querySelector("svg").setAttribute("aria-label", `${name} in the last minute: now ${text}${known.length ? `, at most ${Math.round(Math.max(...known))} ${unit}` : ""}`);
}
