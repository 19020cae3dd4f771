/** The API token, and requests that carry it. It lives in this tab's session only. */

const TIMEOUT_MS = 8000;
const KEPT_AS = "vitrine-token";

/** The server said no, in words: `status`, `field` where one is wrong, `wait` in seconds where it is a matter of time. */
export class Refused extends Error {
  constructor(status, detail, { field = null, wait = null, body = null } = {}) {
    super(detail);
    Object.assign(this, { status, field, wait, body });
  }
}

/** Takes the token out of the address before anything else happens: it is in no history, screenshot or shared link. */
export function tokenOfAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
    sessionStorage.setItem(KEPT_AS, found);
  }
  return sessionStorage.getItem(KEPT_AS);
}

/** Nobody else has it. Not crypto.randomUUID: that is not there on plain http, where crews without a camera may work. */
export const newName = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Access {
  #token = tokenOfAddress();

  get known() {
    return Boolean(this.#token);
  }

  set token(token) {
    this.#token = token.trim();
    sessionStorage.setItem(KEPT_AS, this.#token);
  }

  forget() {
    this.#token = null;
    sessionStorage.removeItem(KEPT_AS);
  }

  /** JSON of an address of the API, null where the answer is empty. Raises Refused; TypeError or a TimeoutError where the server was not reached. */
  async ask(address, { method = "GET", body = undefined, headers = {} } = {}) {
    const answer = await fetch(address, {
      method,
      cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json", ...headers },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) {
      throw await refusal(answer);
    }
    return answer.status === 204 ? null : answer.json();
  }
}

/** What a refusing answer says: problem details (RFC 9457), or its status where it has none. */
export async function refusal(answer) {
  const wait = Number(answer.headers.get("retry-after")) || null;
  let body = null;
  try {
    body = await answer.json();
  } catch {
    // no problem details: a proxy's own page
  }
  const detail = body?.detail ?? `The server answered with status ${answer.status}`;
  return new Refused(answer.status, detail, { field: body?.field ?? null, wait, body });
}

/** Any failure in a sentence for who pressed the button. */
export function inWords(error) {
  if (error instanceof Refused) {
    return `${error.message}${/[.!?]$/.test(error.message) ? "" : "."}`;
  }
  return navigator.onLine ? "The server cannot be reached; it is tried again." : "This device is offline.";
}
