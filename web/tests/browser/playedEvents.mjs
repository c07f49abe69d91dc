// A log of events and its sockets, played: for what a real server says seldom, or not so fast.

let made = 0;

/** An event; `seq` is given by the log. */
export function event(type, more = {}) {
  made += 1;
  return { id: `e${made}-${type}`, type, priority: /failed$/.test(type) ? "high" : "normal", timestamp: new Date().toISOString(), data: {}, metadata: {}, ...more };
}

const RANKS = ["low", "normal", "high", "critical"];
const takes = (pattern, type) => pattern === "*" || (pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern);

function fits(one, { types, min_priority: least, execution_id: execution, crew_id: crew }) {
  if (types?.length && !types.some((pattern) => takes(pattern, one.type))) return false;
  if (least && RANKS.indexOf(one.priority) < RANKS.indexOf(least)) return false;
  return (!execution || one.execution_id === execution) && (!crew || one.crew_id === crew);
}

export class PlayedEvents {
  epoch = "aurora";
  events = [];
  first = 1;
  last = 0;
  sockets = new Set();
  /** The query of every socket that was opened. */
  opened = [];
  /** What was sent on them, beside pings. */
  said = [];
  posted = [];
  /** What the next POST is answered with, where it is not taken. */
  refusal = null;

  /** Answers a page's calls. */
  async on(page) {
    await page.routeWebSocket(/\/api\/v1\/websocket\/ws\/custom\?subscriptions=(?!request\.)/, (socket) => this.#accept(socket));
    await page.route("**/api/v1/events?*", (route) => this.#read(route));
    await page.route("**/api/v1/event-types?*", (route) => route.fulfill({ json: { event_types: [{ type: "custom.orders", description: "An order has come in" }], next_cursor: null } }));
    await page.route("**/api/v1/events", (route) => this.#post(route));
  }

  /** Keeps events, and tells them, unless `silent`. */
  keep(events, { silent = false } = {}) {
    for (const one of events) {
      this.last += 1;
      this.events.push({ ...one, seq: this.last });
    }
    const kept = events.length > 0 ? this.events.slice(-events.length) : [];
    if (!silent) this.tell(kept);
    return kept;
  }

  /** Tells events in one frame. */
  tell(events) {
    for (const socket of this.sockets) {
      const wanted = events.filter((one) => fits(one, socket.wants));
      if (wanted.length > 0) socket.send(JSON.stringify(wanted.length === 1 ? wanted[0] : wanted));
    }
  }

  /** Forgets what is older. */
  forget(before) {
    this.first = before;
    this.events = this.events.filter(({ seq }) => seq >= before);
  }

  close(code, reason = "") {
    for (const socket of this.sockets) void socket.route.close({ code, reason });
    this.sockets.clear();
  }

  #accept(route) {
    const query = new URL(route.url()).searchParams;
    this.opened.push(query);
    const socket = { route, wants: { types: query.get("subscriptions").split(",") }, send: (text) => route.send(text) };
    this.sockets.add(socket);
    const tell = (message) => route.send(JSON.stringify(message));
    route.onMessage((text) => {
      const { action, filter, timestamp } = JSON.parse(text);
      if (action === "ping") return tell({ type: "pong", timestamp });
      this.said.push({ action, filter });
      socket.wants = { ...filter, types: socket.wants.types };
      tell({ type: "filter_set", filter });
    });
    const { epoch, first, last } = this;
    tell(event("connection.established", { data: { client_id: "page", subscriptions: socket.wants.types, epoch, last_seq: last } }));
    const [was, seq] = (query.get("since") ?? "").split(":");
    if (!was) return;
    const refuse = (code) => tell({ type: "error", code, message: code, data: { epoch, first_seq: first, last_seq: last } });
    if (was !== epoch) refuse("position_unknown");
    else if (Number(seq) < first - 1) refuse("position_too_old");
    else for (const one of this.events.filter((one) => one.seq > Number(seq) && fits(one, socket.wants))) tell(one);
  }

  #read(route) {
    const query = new URL(route.request().url()).searchParams;
    const [epoch, since = "0"] = (query.get("since") ?? "").split(":");
    if (epoch && epoch !== this.epoch) return route.fulfill({ status: 409, json: { code: "position_unknown", status: 409, title: "Another log" } });
    const wants = { types: query.get("type")?.split(",") ?? [], min_priority: query.get("min_priority"), execution_id: query.get("execution_id"), crew_id: query.get("crew_id") };
    const wanted = this.events.filter((one) => one.seq > Number(since) && fits(one, wants)).slice(0, Number(query.get("limit")));
    if (epoch && Number(since) < this.first - 1) return route.fulfill({ status: 410, json: { code: "position_too_old", status: 410, title: "Too old" } });
    const next = wanted.length < Number(query.get("limit")) ? this.last : wanted.at(-1).seq;
    return route.fulfill({ json: { events: wanted, epoch: this.epoch, first_seq: this.first, last_seq: this.last, next: `${this.epoch}:${next}` } });
  }

  #post(route) {
    if (route.request().method() !== "POST") return route.fallback();
    if (this.refusal) return route.fulfill({ status: this.refusal.status, json: this.refusal });
    const body = route.request().postDataJSON();
    this.posted.push(body);
    const [kept] = this.keep([event(body.type, body)]);
    return route.fulfill({ json: kept });
  }
}

const CREWS = ["red", "blue"];
const AGENTS = ["scout", "writer", "judge"];

/** A colourful row of events, as a busy server makes them. */
export function busy(count, execution) {
  const types = [
    ["queue.task_added", { task: "approval", position: 3 }], ["execution.started", { task: "approval" }],
    ["execution.progress", { done: 3, total: 8, label: "reading the brief" }], ["task.assigned", { name: "Collect sources", expected_output: "a list" }],
    ["manager.decision_made", { message: "The writer goes first" }], ["memory.stored", { key: "sources", bytes: 812 }],
    ["crew.updated", { name: "Newsroom" }], ["agent.created", { name: "judge", role: "critic" }], ["system.health_check", { status: "healthy", sessions: 14 }],
    ["connection.lost", { client_id: "wall-7", reason: "no heartbeat" }], ["custom.orders.paid", { order: 4711, total: 99.5, lines: [{ sku: "lamp", count: 2 }] }],
    ["execution.failed", { status: "failed", error: "Simulated task failure" }], ["system.error", { message: "The store does not take writes: disk full" }],
    ["execution.completed", { status: "completed", duration_ms: 812, values: { approved: true } }],
  ];
  return Array.from({ length: count }, (_, place) => {
    const [type, data] = types[place % types.length];
    const more = { data: { ...data, number: place } };
    if (/^(execution|task|queue|manager)/.test(type)) more.execution_id = execution;
    if (/^(task|manager|crew|agent)/.test(type)) more.crew_id = CREWS[place % CREWS.length];
    if (/^(task|memory|agent)/.test(type)) more.agent_id = AGENTS[place % AGENTS.length];
    if (type === "system.error") more.priority = "critical";
    if (/progress|health|memory/.test(type)) more.priority = "low";
    more.timestamp = new Date(Date.now() - (count - place) * 700).toISOString();
    return event(type, more);
  });
}
