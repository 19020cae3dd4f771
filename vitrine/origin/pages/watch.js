/** The watch page: joins what the server says of the channel, the player, and what is written around it. */

import { Catalogue } from "/static/catalogue.js";
import { channelOfPage, playlistOf, watchChannel } from "/static/channel.js";
import { Controls } from "/static/controls.js";
import { ChannelEvents } from "/static/events.js";
import { lightPavement } from "/static/pavement.js";
import { Player } from "/static/player.js";
import { Shelf } from "/static/shelf.js";
import { followProducts } from "/static/vitrine-products.js";

const DELAY_MS = 500;

/** By state: the plaque beside the window, the notice on the shutter, and what follows below it. */
const NOTICES = {
  loading: ["One moment", "One moment", "Looking into the window…"],
  idle: ["Opening soon", "Opening soon", "The host is not on air yet. The show starts here by itself."],
  starting: ["Starting", "The lights are on", "The show is about to start."],
  live: ["Live", "The lights are on", "The picture is on its way."],
  ended: ["Ended", "That was the show", "Thank you for watching. The next one starts here by itself."],
  failed: ["Interrupted", "We will be right back", "The show has been interrupted. It comes back here by itself."],
  interrupted: ["Interrupted", "One moment", "The picture was lost. It comes back by itself."],
  offline: ["No connection", "No connection", "We cannot reach the show. It comes back here by itself."],
  unknown: ["Not found", "There is no show here", "This address belongs to no channel. It may have been mistyped."],
  expired: ["Closed", "This link is no longer valid", "Open the show again where you found it."],
  unplayable: ["Not playable", "This browser cannot play the show", "Please try a current Safari, Chrome, Firefox or Edge."],
  blocked: ["Live", "The show is on", "Start the picture when you are ready."],
};

/** The states in which no picture is on its way: nothing is on show any more. */
const OVER = new Set(["idle", "ended", "failed", "unknown", "expired", "unplayable"]);

const element = (id) => document.getElementById(id);
const name = channelOfPage();
const video = element("video");
const player = new Player(video);
const controls = new Controls(player, video);
const products = followProducts(video);
const events = new ChannelEvents(name);
const catalogue = new Catalogue(name, events);
const shelf = new Shelf(catalogue, video);

/** For tests, benchmarks and the curious. */
globalThis.vitrine = {
  video,
  products,
  get hls() {
    return player.hls;
  },
  latency: () => player.latency(),
};

element("title").textContent = name || "Vitrine";

let drained = false;
let reached = true;
let known = false;
let channelNow = null;
let expired = null; // the broadcast that this page's address may not see any more
let heard = "";

function show(state, reason = null) {
  const [plaque, title, text] = NOTICES[state];
  document.body.dataset.state = state;
  document.body.dataset.picture = player.moving ? "on" : "off";
  element("shutter").inert = player.moving;
  element("notice-title").textContent = title;
  element("notice-text").textContent = text;
  element("notice-reason").textContent = reason ?? "";
  element("notice-reason").hidden = !reason;
  element("notice-link").hidden = state !== "unknown";
  element("state").textContent = plaque;
  element("state").classList.toggle("quiet", state !== "live");
  element("facts").hidden = state !== "live";
  if (OVER.has(state)) {
    shelf.end();
  }
  const sentence = state === "live" && player.moving ? "The show is live." : `${title}. ${text}`;
  if (sentence !== heard) {
    heard = sentence;
    element("heard").textContent = sentence; // written only when it changes: a screen reader says each writing aloud
  }
}

function describe(channel) {
  const title = channel.title || channel.channel;
  const brand = channel.title ? channel.channel : "";
  element("brand").textContent = channel.rehearsal ? `${brand} Rehearsal: only people with this link see it.`.trim() : brand;
  element("title").textContent = title;
  document.title = `${channel.state === "live" ? "Live: " : ""}${title} · Vitrine`;
  const started = channel.started ? new Date(channel.started) : null;
  element("since").textContent = started?.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" }) ?? "–";
  if (navigator.mediaSession) {
    navigator.mediaSession.metadata = new MediaMetadata({ title, artist: channel.channel });
  }
}

function follow(answer) {
  const standing = !player.moving || drained;
  if (answer.kind === "channel") {
    player.skew = answer.skew;
    followChannel(answer.channel);
    if (!reached) {
      player.hurry();
    }
    reached = known = true;
    return;
  }
  reached = false;
  if (answer.kind === "unreachable" && standing) {
    show("offline");
  } else if (answer.kind === "unknown" && standing) { // a picture that moves is believed first
    player.close();
    show("unknown");
    if (!known) {
      catalogue.close();
      events.close();
    }
  }
}

function followChannel(channel) {
  describe(channel);
  channelNow = channel;
  if (channel.state === "live") {
    if (channel.broadcast === expired) {
      show("expired");
      return;
    }
    if (!player.opened || player.broadcast !== channel.broadcast) {
      drained = false;
      player.close();
      show("live");
      player.open(playlistOf(channel), channel.broadcast);
    } else if (document.body.dataset.state === "offline") {
      show("live");
    }
  } else if (!player.moving || drained) {
    player.close(); // only now: what was already on its way has been seen to its end
    show(channel.state, channel.state === "failed" ? channel.reason : null); // how a show came to its end is the crew's
  }
}

const askNow = watchChannel(name, events, follow);
addEventListener("online", askNow);
catalogue.open();

products.addEventListener("change", ({ snapshot }) => shelf.show(snapshot.on));
player.addEventListener("attached", () => {
  products.follow(player.hls ? { hls: player.hls } : { playlist: player.playlist });
});

player.addEventListener("moving", () => {
  drained = false;
  show("live");
  controls.offerSound();
});
player.addEventListener("drained", () => {
  drained = true;
  askNow();
});
player.addEventListener("interrupted", () => {
  show("interrupted");
  askNow();
});
player.addEventListener("blocked", () => show("blocked"));
player.addEventListener("forbidden", () => {
  if (channelNow?.protected) {
    expired = player.broadcast;
    player.close();
    show("expired");
  }
});
player.addEventListener("unplayable", () => show("unplayable"));
video.addEventListener("playing", () => (drained = false));

setInterval(() => controls.drawDelay(), DELAY_MS);
if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
  lightPavement(video, element("pavement"));
}
