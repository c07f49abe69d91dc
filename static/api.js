/**
 * The calls that this page makes over HTTP.
 */

/** What the server refuses, or why it could not be reached; `faults` are `{loc, msg}`. */
export class Refused extends Error {
  constructor(text, { status = 0, code = "", faults = [] } = {}) {
    super(text);
    this.status = status;
    this.code = code;
    this.faults = faults;
  }
}

/** How much later the server's clock is than this one's, in seconds; learned from answers, to about a second. */
export let clockSkew = 0;

async function call(path, { method = "GET", body, accept = "application/json" } = {}) {
  const headers = { Accept: accept };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused("The server cannot be reached. Check that it runs, then try again.");
  }
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isFinite(date)) clockSkew = (date + 500 - Date.now()) / 1000;
  const data = await response.json().catch(() => null);
  if (response.ok) return data;
  const again = response.headers.get("Retry-After");
  const text = data?.detail || data?.title || `The server answered ${response.status}.`;
  throw new Refused(again ? `${text} Try again in ${again} s.` : text, {
    status: response.status,
    code: data?.code,
    faults: data?.errors ?? [],
  });
}

/** The task kinds: `{name, description, config_schema, …}`. */
export async function tasks() {
  const data = await call("/tasks");
  return Array.isArray(data) ? data : data.tasks;
}

/** The newest sessions. */
export async function sessions(limit = 12) {
  return (await call(`/sessions?limit=${limit}`)).sessions;
}

/** Everything about one session. */
export function session(id) {
  return call(`/sessions/${encodeURIComponent(id)}`);
}

/** The server's name and version. */
export function about() {
  return call("/");
}

/** Starts a session; gives `{session_id, task, status}`. */
export function start(request) {
  return call("/start-task", { method: "POST", body: request });
}

/** Cancels a session; gives `{session_id, status}`. */
export function cancel(id) {
  return call(`/cancel-task/${encodeURIComponent(id)}`, { method: "POST" });
}

/** Where a session's WebSocket is; everything after `since` comes first. */
export function socketUrl(id, since) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/ws/${encodeURIComponent(id)}?since=${since}`;
}
