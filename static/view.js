/**
 * What is on the page of one session, drawn from its state.
 */

import { ago, byId, clock, duration, el, setText, statusWords } from "./dom.js";
import { hasEnded } from "./session.js";
import { Requests } from "./requests.js";
import { Stream } from "./stream.js";

const TOAST_STAYS = 8000;

/** The view of one session at a time; `act` has `answer(request, message)`, `cancel()`, `clear()` and `reconnect()`. */
export class View {
  #requests;
  #stream;
  #notice = 0;
  #outcome = null;
  #past = null;

  constructor(act) {
    this.#requests = new Requests(byId("requests"), act.answer);
    this.#stream = new Stream({ pane: byId("stream"), space: byId("stream-space"), window: byId("stream-window"), more: byId("follow") });
    byId("cancel").addEventListener("click", act.cancel);
    byId("clear").addEventListener("click", act.clear);
    byId("reconnect").addEventListener("click", act.reconnect);
    byId("copy-link").addEventListener("click", () => copyLink());
  }

  /** Makes room for another session, or for none. */
  open(sessionId) {
    this.#requests.clear();
    this.#notice = 0;
    this.#outcome = this.#past = null;
    byId("outcome").hidden = true;
    byId("past").hidden = true;
    byId("empty").hidden = sessionId !== null;
    byId("session").hidden = sessionId === null;
    setText(byId("session-id"), sessionId?.slice(0, 8) ?? "");
    byId("session-id").title = sessionId ?? "";
    setText(byId("session-times"), "");
    if (sessionId === null) document.title = "Callboard";
  }

  /** Draws a session: its state, what is known of it beside, its connection, and whether a cancel is under way. */
  show(state, { task, connection, cancelling }) {
    const live = connection.phase === "live";
    setText(byId("session-title"), task ?? "Session");
    this.#showStatus(state, task, cancelling, connection);
    showReplay(state);
    showTrouble(state, connection);
    showProgress(state);
    this.#requests.show(hasEnded(state) ? [] : state.requests, live);
    this.#showOutcome(state.outcome);
    this.#stream.show(state.lines, state.cleared + 1);
    showStreamHead(state);
    this.#showPast(state.past);
    if (state.notice && state.notice.number > this.#notice) toast(state.notice.text, state.notice.tone);
    this.#notice = state.notice?.number ?? 0;
  }

  /** Draws what changes by itself as time passes; `now` in seconds of the server's clock. */
  tick(state, connection, now) {
    showConnection(connection);
    if (!state) return;
    this.#requests.tick(now);
    if (state.startedAt === null) return;
    const end = state.outcome?.at;
    const took = duration((end ?? now) - state.startedAt);
    const attempt = state.attempt > 1 ? ` · attempt ${state.attempt}` : "";
    setText(byId("session-times"), `· started ${ago(now - state.startedAt)} · ${end ? "took" : "for"} ${took}${attempt}`);
  }

  #showStatus(state, task, cancelling, connection) {
    const unknown = state.status ?? (connection.phase === "stopped" ? "unknown" : "connecting");
    const word = cancelling && !hasEnded(state) ? "cancelling" : unknown;
    const pill = byId("status");
    pill.dataset.status = word;
    setText(pill, statusWords(word));
    const cancel = byId("cancel");
    cancel.hidden = hasEnded(state) || state.status === null;
    cancel.disabled = word === "cancelling";
    setText(cancel, word === "cancelling" ? "Cancelling…" : "Cancel");
    const mark = word.startsWith("waiting") ? "● " : "";
    document.title = `${mark}${task ?? "Session"}: ${statusWords(word)} · Callboard`;
  }

  #showOutcome(outcome) {
    if (outcome === this.#outcome) return;
    this.#outcome = outcome;
    const card = byId("outcome");
    card.hidden = outcome === null;
    if (!outcome) return;
    card.dataset.kind = outcome.kind;
    const title = { completed: "Result", failed: "It failed", cancelled: "It was cancelled" }[outcome.kind];
    setText(byId("outcome-title"), title);
    const body = outcome.kind === "completed" ? result(outcome.values) : [el("p", {}, outcome.text || "No reason was given.")];
    byId("outcome-body").replaceChildren(...body);
  }

  #showPast(past) {
    if (past === this.#past) return;
    this.#past = past;
    byId("past").hidden = past.length === 0;
    byId("past-list").replaceChildren(...past.map(({ at, text, tone }) =>
      el("li", { "data-tone": tone }, el("time", { class: "muted", dateTime: new Date(at * 1000).toISOString() }, clock(at)), el("span", {}, text))));
  }
}

/** Draws the connection's pill. */
export function showConnection(connection) {
  const pill = byId("connection");
  pill.hidden = connection === null;
  byId("reconnect").hidden = !connection || !(connection.phase === "reconnecting" || connection.phase === "stopped");
  if (!connection) return;
  pill.dataset.phase = connection.phase;
  setText(pill, connectionWords(connection));
}

function connectionWords({ phase, until, roundTrip }) {
  switch (phase) {
    case "connecting":
      return "Connecting…";
    case "live":
      return typeof roundTrip === "number" ? `Live · ${Math.max(1, Math.round(roundTrip))} ms` : "Live";
    case "reconnecting":
      return `Reconnecting in ${Math.max(0, Math.ceil((until - Date.now()) / 1000))} s`;
    case "done":
      return "Ended";
    default:
      return "Disconnected";
  }
}

function showReplay(state) {
  const strip = byId("replay");
  const { replay, dropped } = state;
  const busy = replay !== null && replay.count > 0;
  strip.hidden = !busy && dropped === 0;
  if (busy) setText(strip, `Replaying ${replay.count.toLocaleString("en")} messages…`);
  else if (dropped > 0) setText(strip, `${dropped.toLocaleString("en")} earlier messages are not shown.`);
}

function showTrouble(state, connection) {
  const strip = byId("trouble");
  const stopped = connection.phase === "stopped";
  const away = Boolean(connection.reason) && (connection.phase === "reconnecting" || connection.phase === "connecting");
  strip.hidden = !(stopped || away);
  const next = stopped ? "" : " This page reconnects by itself and goes on where it was.";
  if (!strip.hidden) setText(strip, `${connection.reason}${next}`);
}

function showProgress({ progress, outcome }) {
  const box = byId("progress");
  box.hidden = progress === null || outcome?.kind === "completed";
  if (box.hidden) return;
  const bar = byId("progress-bar");
  bar.max = Math.max(1, progress.total);
  bar.value = progress.done;
  const label = progress.label ? ` · ${progress.label}` : "";
  setText(byId("progress-label"), `${progress.done.toLocaleString("en")} of ${progress.total.toLocaleString("en")}${label}`);
}

function showStreamHead({ lines, cleared, outcome }) {
  const count = lines.length;
  setText(byId("stream-count"), count > 0 ? `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}` : "");
  byId("clear").disabled = count === 0;
  byId("stream").hidden = count === 0;
  const empty = byId("stream-empty");
  empty.hidden = count > 0;
  const none = outcome ? "The task wrote nothing." : "Lines appear here as the task writes them.";
  setText(empty, cleared > 0 ? "The stream was cleared. Reload the page to see its lines again." : none);
}

/** A result as a table where it is an object, and as JSON. */
function result(values) {
  const json = JSON.stringify(values, null, 2) ?? "null";
  const isTable = values !== null && typeof values === "object" && !Array.isArray(values) && Object.keys(values).length > 0;
  if (!isTable) return [el("pre", { class: "mono" }, json)];
  const rows = Object.entries(values).map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, cell(value))));
  const raw = el("details", {}, el("summary", {}, "As JSON"), el("pre", { class: "mono" }, json));
  return [el("table", {}, el("tbody", {}, ...rows)), raw];
}

function cell(value) {
  if (typeof value === "string") return value;
  if (value !== null && typeof value === "object") return el("pre", { class: "mono" }, JSON.stringify(value, null, 2));
  return String(value);
}

/** Says something for a while. */
export function toast(text, tone = "plain") {
  const node = el("div", { class: "toast", "data-tone": tone }, el("span", {}, text),
    el("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => node.remove() }, "×"));
  byId("toasts").append(node);
  setTimeout(() => node.remove(), TOAST_STAYS);
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast("The link to this session is copied.");
  } catch {
    toast("The browser does not allow copying here: take the link from the address bar.", "warn");
  }
}
