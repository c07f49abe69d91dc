/**
 * Wires the page: the address names the session, the connection feeds its state, the view draws it.
 */

import * as api from "./api.js";
import { byId, setText } from "./dom.js";
import { cleared, disconnected, hasEnded, initial, reduce, sent } from "./session.js";
import { Connection } from "./socket.js";
import { showRecent, Start } from "./start.js";
import { showConnection, toast, View } from "./view.js";

const RECENT_EVERY = 10_000;
const TICK = 500;

const page = {
  /** The session on the page, or null: `{id, state, connection, link, task, described, cancelling}`. */
  open: null,
  recent: [],
  recentDue: 0,
};

const view = new View({ answer, cancel, clear, reconnect: () => page.open?.connection.now() });
const start = new Start(begin);

function sessionInAddress() {
  return /^#\/s\/([\w-]+)$/.exec(location.hash)?.[1] ?? null;
}

function openFromAddress() {
  const id = sessionInAddress();
  if (page.open?.id === id) return;
  page.open?.connection.close();
  page.open = null;
  view.open(id);
  showConnection(null);
  if (id) open(id);
  showRecent(page.recent, id);
}

function open(id) {
  const known = page.recent.find((session) => session.session_id === id);
  const session = { id, state: initial(id), link: { phase: "connecting" }, task: known?.task ?? null, described: false, cancelling: false };
  page.open = session;
  session.connection = new Connection({
    url: () => api.socketUrl(id, session.state.seq),
    messages: (batch) => receive(session, batch),
    state: (link) => {
      session.link = link;
      if (link.phase === "reconnecting" || link.phase === "stopped") session.state = disconnected(session.state);
      draw(session);
    },
  });
  draw(session);
}

async function describe(session) {
  if (session.described) return;
  session.described = true;
  try {
    session.task = (await api.session(session.id)).task;
    draw(session);
  } catch {
    // Its name is all that is missing.
  }
}

function receive(session, batch) {
  const before = session.state.status;
  session.state = reduce(session.state, batch);
  if (session.state.broken !== null) {
    session.state = session.state.broken === "lost" ? initial(session.id) : Object.freeze({ ...session.state, broken: null });
    session.connection.again();
  } else if (hasEnded(session.state) && session.state.replay === null) session.connection.finish();
  draw(session);
  // Not before the server knows the session, as its connection has shown then.
  if (!session.task && session.state.seq > 0) describe(session);
  if (session.state.status !== before) refreshSoon();
}

function draw(session) {
  if (page.open !== session) return;
  view.show(session.state, { task: session.task, connection: session.link, cancelling: session.cancelling });
  tick();
}

function tick() {
  view.tick(page.open?.state ?? null, page.open?.link ?? null, Date.now() / 1000 + api.clockSkew);
}

function answer(request, message) {
  const session = page.open;
  if (!session?.connection.send(message)) return;
  session.state = sent(session.state, request.id);
  draw(session);
}

async function cancel() {
  const session = page.open;
  session.cancelling = true;
  draw(session);
  try {
    await api.cancel(session.id);
  } catch (error) {
    session.cancelling = false;
    toast(`It could not be cancelled. ${error.message}`, "bad");
  }
  draw(session);
}

function clear() {
  page.open.state = cleared(page.open.state);
  draw(page.open);
}

async function begin(request) {
  const started = await api.start(request);
  page.recent = [{ session_id: started.session_id, task: started.task, status: started.status, created_at: Date.now() / 1000 + api.clockSkew }, ...page.recent];
  location.hash = `#/s/${started.session_id}`;
  byId("main").focus({ preventScroll: true });
  scrollTo(0, 0);
}

function refreshSoon() {
  page.recentDue = Math.min(page.recentDue, Date.now() + 300);
}

async function refreshRecent() {
  page.recentDue = Date.now() + RECENT_EVERY;
  try {
    page.recent = await api.sessions();
    showRecent(page.recent, page.open?.id ?? null);
    setText(byId("recent-note"), "Sessions appear here once one is started.");
  } catch (error) {
    setText(byId("recent-note"), error.message);
    byId("recent-note").hidden = false;
  }
}

function everySoOften() {
  tick();
  if (!document.hidden && Date.now() >= page.recentDue) refreshRecent();
}

addEventListener("hashchange", openFromAddress);
addEventListener("online", () => page.open?.connection.now());
setInterval(everySoOften, TICK);
everySoOften();
openFromAddress();
start.load();
api.about().then((about) => setText(byId("version"), about.version ? `v${about.version}` : ""), () => {});
