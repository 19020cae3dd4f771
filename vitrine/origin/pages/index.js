/** The list of shows. */

const AGAIN_MS = 5000;
const WORDS = { idle: "Opening soon", starting: "Starting", live: "Live", ended: "Ended", failed: "Interrupted" };

const note = document.getElementById("note");
const shows = document.getElementById("shows");
const template = document.getElementById("show").content.firstElementChild;

function item(channel) {
  const shown = template.cloneNode(true);
  const link = shown.querySelector("a");
  link.href = `/watch/${encodeURIComponent(channel.channel)}`;
  link.classList.toggle("open", channel.state === "live");
  shown.querySelector(".name").textContent = channel.title || channel.channel;
  shown.querySelector(".brand").textContent = channel.channel;
  const plaque = shown.querySelector(".plaque");
  plaque.textContent = WORDS[channel.state] ?? "";
  plaque.classList.toggle("quiet", channel.state !== "live");
  return shown;
}

function write(text) {
  if (note.textContent !== text) {
    note.textContent = text;
  }
  note.hidden = !text;
}

async function list() {
  const answer = await fetch("/api/channels", { cache: "no-store", signal: AbortSignal.timeout(AGAIN_MS) });
  if (!answer.ok) {
    throw new Error(`HTTP ${answer.status}`);
  }
  const channels = (await answer.json()).channels.filter((channel) => !channel.protected);
  const text = JSON.stringify(channels.map(({ channel, title, state }) => [channel, title, state]));
  if (shows.dataset.drawn !== text) {
    shows.dataset.drawn = text; // redrawn only when it changes, so that the keyboard's focus stays where it is
    shows.replaceChildren(...channels.map(item));
  }
  write(channels.length ? "" : "No show is on or announced. Once a host goes on air, it appears here.");
}

async function again() {
  try {
    await list();
  } catch {
    write("We cannot reach the shows. This page tries again by itself.");
  }
  setTimeout(again, AGAIN_MS);
}

again();
