/** What only the crew may know: the stream key, and the rehearsal's link. And the page's own light. */

import { inWords } from "/static/studio/access.js";

const HIDDEN = "••••••••••••";
const THEME_KEPT_AS = "vitrine-studio-theme";

const element = (id) => document.getElementById(id);

/** Shows how an encoder reaches the channel; the key only for as long as somebody wants to see it. */
export function bindSecrets({ whip, rtmp, key, local }) {
  element("whip-address").textContent = new URL(whip, location.href).href;
  element("rtmp-address").textContent = rtmp ?? "–";
  element("key-note").hidden = !local;
  element("key-show").onclick = ({ currentTarget: button }) => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide" : "Show";
    element("stream-key").textContent = shown ? key : HIDDEN;
  };
  element("key-copy").onclick = ({ currentTarget }) => copy(key, currentTarget);
}

let switching = false; // what the server said before it has taken the switch is older than the switch

/** The switch of the next broadcast. `follow` asks the server how it is now. */
export function bindRehearsal(access, channel, follow) {
  element("rehearsal").onchange = async ({ target }) => {
    const on = target.checked;
    switching = true;
    try {
      await access
        .ask(`/api/channels/${encodeURIComponent(channel)}/rehearsal`, { method: "PUT", body: { on } })
        .finally(() => (switching = false));
      await follow();
    } catch (error) {
      target.checked = !on;
      element("rehearsal-words").textContent = inWords(error);
    }
  };
  element("share-copy").onclick = ({ currentTarget }) => copy(element("share-link").href, currentTarget);
}

export function drawRehearsal({ rehearsal: { on, on_air: onAir, address }, state }) {
  if (switching) {
    return;
  }
  element("rehearsal").checked = on;
  element("share").hidden = !address;
  if (address) {
    element("share-link").href = `/watch/${address}`;
  }
  const runs = state.state === "live" || state.state === "starting";
  const words = onAir
    ? on
      ? "This is a rehearsal: viewers see nothing of it."
      : "This rehearsal goes on until it is stopped. The next broadcast is for everybody."
    : on
      ? runs
        ? "The broadcast on air is for everybody. The next one is a rehearsal."
        : "The next broadcast is a rehearsal, whoever publishes it: viewers see nothing of it."
      : "Viewers see nothing of a rehearsal, whoever publishes it. Its link is for your team.";
  if (element("rehearsal-words").textContent !== words) {
    element("rehearsal-words").textContent = words;
  }
}

async function copy(text, button) {
  const word = button.dataset.word ?? button.textContent;
  button.dataset.word = word;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying is not allowed here";
  }
  setTimeout(() => (button.textContent = word), 1500);
}

function light(theme) {
  document.documentElement.dataset.theme = theme;
  element("theme").setAttribute("aria-pressed", String(theme === "light"));
}

light(localStorage.getItem(THEME_KEPT_AS) === "light" ? "light" : "dark");
element("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  localStorage.setItem(THEME_KEPT_AS, theme);
  light(theme);
});
