/** What the server says of a channel, asked again and again. */

const WAITING_MS = 2500; // until the next question while nobody is on air: a start is seen within three seconds
const LIVE_MS = 5000;
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

/** Asks for ever, and tells each answer to `follow`. Returns a function that asks at once. */
export function watchChannel(name, follow) {
  let timer = 0;
  let asking = false;
  const again = async () => {
    if (asking) {
      return;
    }
    asking = true;
    clearTimeout(timer);
    const answer = await ask(name);
    asking = false;
    timer = setTimeout(again, answer.channel?.state === "live" ? LIVE_MS : WAITING_MS);
    follow(answer);
  };
  again();
  return again;
}
