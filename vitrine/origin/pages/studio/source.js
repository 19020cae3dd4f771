/** Who publishes on a channel, in words: of the health that the server tells of it. */

const isBrowser = ({ encoder }) => encoder?.startsWith("Mozilla/") ?? false;

/** "RTMP, OBS 31": its protocol and its program. Browsers name themselves at a length that nobody reads. */
export function source(health) {
  return [health.publisher.toUpperCase(), isBrowser(health) ? "a browser" : health.encoder].filter(Boolean).join(", ");
}

/** The beginning of a sentence. */
export function who(health) {
  if (!health?.publisher) {
    return "Somebody else";
  }
  return isBrowser(health) ? "Another studio" : `An encoder (${source(health)})`;
}
