/** What the server says of a channel: heard when it changes, and asked for again and again. */

const TOLD_MS = 5000; // until the next question where a change is told anyway, and while the show is on
const WAITING_MS = 1500; // where it is not, and nobody is on air: a start is seen within three seconds
const STARTING_MS = 400;
const TIMEOUT_MS = 8000;
const CLOCK_TRUST_MS = 1500; // the Date header counts whole seconds: less than this is not a wrong clock

/** The name in this page's own address, /watch/{channel}. */
export function channelOfPage() {
  return decodeURIComponent(location.pathname.split("/")[2] ?? "");
}

/** A channel's playlist, with the token of this page's own address, /watch/{channel}/{token}, where it has one. */
export function playlistOf(channel) {
  const token = location.pathname.split("/")[3];
  return token ? channel.playlist.replace(/\/index\.m3u8$/, `/${token}/index.m3u8`) : channel.playlist;
}

/**
 * Asks once. Gives {kind: "channel", channel}, {kind: "unknown"} or {kind: "unreachable"}, and with the first
 * `skew`: milliseconds to add to this machine's clock to have the server's.
 */
export async function ask(name) {
  const asked = Date.now();
  try {
    const answer = await fetch(`/api/channels/${encodeURIComponent(name)}`, {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status === 404) {
      return { kind: "unknown" };
    }
    if (!answer.ok) {
      return { kind: "unreachable" };
    }
    return { kind: "channel", channel: await answer.json(), skew: skewOf(answer, asked) };
  } catch {
    return { kind: "unreachable" };
  }
}

function skewOf(answer, asked) {
  const served = Date.parse(answer.headers.get("date") ?? "");
  const skew = served + 500 - (asked + Date.now()) / 2;
  return Math.abs(skew) > CLOCK_TRUST_MS ? skew : 0;
}

/**
 * Asks for ever, listens to the channel's `events`, and tells each answer to `follow`. Returns a function that asks at
 * once.
 */
export function watchChannel(name, events, follow) {
  let timer = 0;
  let asking = false;
  let skew = 0;
  let told = 0;
  const take = (answer) => {
    const state = answer.channel?.state;
    clearTimeout(timer);
    timer = setTimeout(again, events.listening || state === "live" ? TOLD_MS : state === "starting" ? STARTING_MS : WAITING_MS);
    follow(answer);
  };
  const again = async () => {
    if (asking) {
      return;
    }
    asking = true;
    clearTimeout(timer);
    const before = told;
    const answer = await ask(name);
    asking = false;
    skew = answer.skew ?? skew;
    if (told === before) {
      take(answer); // else what was told while the answer came is newer
    }
  };
  events.addEventListener("state", ({ data }) => {
    told += 1;
    take({ kind: "channel", channel: JSON.parse(data), skew });
  });
  events.addEventListener("open", again); // what happened before is not told
  again();
  return again;
}
