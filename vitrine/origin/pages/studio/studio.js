/** The studio: joins the crew's access, the camera, the publisher, the return picture, the desk and the connection. */

import { Access, Refused, inWords } from "/static/studio/access.js";
import { ask } from "/static/studio/ask.js";
import { Camera } from "/static/studio/camera.js";
import { Desk } from "/static/studio/desk.js";
import { Filming } from "/static/studio/filming.js";
import { Health } from "/static/studio/health.js";
import { Publisher } from "/static/studio/publisher.js";
import { Return } from "/static/studio/return.js";
import { Rundown } from "/static/studio/rundown.js";
import { Tally, airOf } from "/static/studio/tally.js";
import { Catalogue } from "/static/catalogue.js";
import { channelOfPage } from "/static/channel.js";
import { ChannelEvents } from "/static/events.js";
import { who } from "/static/studio/source.js";
import { bindSecrets, bindRehearsal, drawRehearsal } from "/static/studio/secrets.js";

const TICK_MS = 1000;

const element = (id) => document.getElementById(id);
const access = new Access();
const channel = channelOfPage();
const publisher = new Publisher();
const camera = new Camera();
const tally = new Tally();
const events = new ChannelEvents(channel);
const catalogue = new Catalogue(channel, events);
const desk = new Desk(access, channel, events);
const rundown = new Rundown(desk, catalogue, momentOf);
const picture = new Return((id) => rundown.title(id));
const filming = new Filming(camera, publisher);
const health = new Health();

let ingest = null;
let state = null;
let began = false;

/** For tests and the curious. */
globalThis.studio = { publisher, camera, desk, picture };

element("title").textContent = channel;

/** What a command is for: see docs/studio.md. The host acts on what they do, a crew at a monitor on what it sees. */
function momentOf() {
  const choice = element("moment").value;
  const seen = choice === "seen" || (choice === "auto" && publisher.state !== "on") ? picture.seen : null;
  return seen ? { as_seen: seen.toISOString() } : undefined;
}

async function enter() {
  ingest = await access.ask(`/api/channels/${encodeURIComponent(channel)}/ingest`);
  document.body.dataset.access = "given";
  element("gate").hidden = true;
  element("desk").hidden = false;
  bindSecrets(ingest);
  if (!began) {
    began = true;
    catalogue.open();
    bindRehearsal(access, channel, follow);
    filming.begin();
    tick();
  }
}

/** Once a second: what the server says, and how the connection does. */
async function tick() {
  const stats = await publisher.stats().catch(() => null);
  try {
    await follow();
    if (!tally.reached) {
      await publisher.check();
    }
    tally.reached = true;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      leave(error);
      return;
    }
    tally.reached = false;
  }
  const lost = airOf(state, publisher, tally.reached) === "lost";
  health.take(lost ? null : stats, tally.reached ? (state?.health ?? null) : null);
  picture.draw();
  draw();
  setTimeout(tick, TICK_MS);
}

async function follow() {
  const answer = await access.ask(`/api/channels/${encodeURIComponent(channel)}/studio`);
  state = answer.state;
  element("title").textContent = state.title;
  desk.follow(answer.address, state.state === "live");
  picture.follow(state);
  if (publisher.state === "taken" && state.state !== "live") {
    publisher.stop(); // whoever took over is gone too
  }
  drawRehearsal(answer);
  draw();
}

function draw() {
  tally.draw(state, publisher);
  const go = element("go");
  go.textContent = publisher.wanted ? "Stop" : "Go live";
  go.disabled = !publisher.wanted && !camera.stream;
  go.title = go.disabled ? "Open the camera first" : "";
}

function leave(error) {
  began = false;
  access.forget();
  element("desk").hidden = true;
  element("gate").hidden = false;
  element("access-refused").textContent = inWords(error);
  element("access-refused").hidden = false;
  document.body.dataset.access = "asked";
  element("token").focus();
}

async function tryToEnter() {
  try {
    await enter();
  } catch (error) {
    leave(error);
    if (error instanceof Refused && error.status === 404) {
      element("access-refused").textContent = `There is no channel named ${channel} on this server.`;
    }
  }
}

async function goLive() {
  const rehearses = element("rehearsal").checked;
  const yes = await ask({
    title: rehearses ? "Begin the rehearsal?" : `Go live on ${state?.title ?? channel}?`,
    text: rehearses ? "Only people with the rehearsal's link see you." : "Everybody who watches sees and hears you from now on.",
    points: filming.doubts(),
    no: "Not yet",
    yes: rehearses ? "Begin the rehearsal" : "Go live",
  });
  if (yes) {
    publisher.start(ingest, camera.stream, camera.choice.side);
  }
}

async function stop() {
  const yes = await ask({
    title: "Stop the broadcast?",
    text: "It ends for everybody who watches. Going live again begins a new one.",
    no: "Stay on air",
    yes: "Stop",
    danger: true,
  });
  if (yes && publisher.wanted) { // somebody may have taken over while it was asked: theirs goes on
    publisher.stop();
    await endBroadcast();
  }
}

async function takeOver(title) {
  await follow().catch(() => {}); // not reached: what was known of who is on air is said
  const yes = await ask({
    title,
    text: `${who(state?.health)} is on air. Taking over puts your camera in the place of theirs, in the same broadcast.`,
    no: "Leave them on air",
    yes: "Take over",
    danger: true,
  });
  if (yes) {
    publisher.start(ingest, camera.stream, camera.choice.side, { takeover: true });
  }
}

/** A publisher that only goes is waited for, with the slate on air: that the show is over must be said. */
async function endBroadcast() {
  try {
    await access.ask(`/api/channels/${encodeURIComponent(channel)}/broadcast`, { method: "DELETE" });
  } catch (error) {
    if (error.status !== 409) { // over already
      tally.alarm(`Your camera is off, but viewers still see the slate for a while: ${inWords(error)}`);
    }
  }
}

desk.addEventListener("state", () => follow().catch(() => {})); // not reached: the next second tells
publisher.addEventListener("state", draw);
publisher.addEventListener("refused", ({ error }) => {
  if (error.status === 409) {
    takeOver("Somebody is on air here already");
  } else {
    tally.alarm(`The server does not take this camera: ${inWords(error)}`);
  }
});
camera.addEventListener("change", draw);
element("go").addEventListener("click", () => (publisher.wanted ? stop() : goLive()));
element("again").addEventListener("click", () => takeOver("Take over again?"));
element("access").addEventListener("submit", (event) => {
  event.preventDefault();
  access.token = element("token").value;
  element("token").value = "";
  tryToEnter();
});
addEventListener("beforeunload", (event) => publisher.wanted && event.preventDefault());
addEventListener("hashchange", () => location.reload()); // a fresh address with a token, given to a page that is open

if (access.known) {
  tryToEnter();
}
