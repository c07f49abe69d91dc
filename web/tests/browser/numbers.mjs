// What a server tells of itself, played: numbers, and connections of other clients.

/** A snapshot at a moment in seconds, of a server that is busy in a way that can be seen. */
export function snapshotAt(time, started) {
  const age = Math.max(0, time - started);
  const wave = (seconds, from, to) => from + ((Math.sin(time / seconds) + 1) / 2) * (to - from);
  const three = (p50, p95, p99) => ({ p50, p95, p99 });
  const done = Math.floor(age / 3);
  return {
    time,
    sessions: { queued: Math.round(wave(60, 0, 6)), running: Math.round(wave(90, 4, 18)), waiting_confirmation: 3, waiting_input: Math.round(wave(140, 0, 4)), waiting_retry: 1, cancelling: 0 },
    connections: { session: Math.round(wave(200, 20, 60)), workflows: 8, feed: Math.round(wave(120, 5, 14)) },
    rates: { messages_in: wave(30, 4, 20), messages_out: wave(45, 150, 900), bytes_in: wave(30, 700, 2400), bytes_out: wave(45, 40_000, 260_000), sessions_started: wave(50, 0.2, 2.4), sessions_ended: wave(52, 0.2, 2.2), events: wave(40, 4, 30), ticks: wave(70, 90, 120) },
    latency_ms: { start_to_done: three(wave(80, 320, 480), wave(80, 900, 1500), wave(60, 1800, 3200)), commit: three(0.4, wave(40, 1.1, 2), wave(25, 2, 6)), human_wait: three(14_000, 60_000, 130_000), queue_wait: three(2, 30, 90), loop_lag: three(0.1, 0.6, wave(33, 0.8, 3)), tick: three(0.05, 0.2, wave(28, 0.3, 0.9)) },
    kinds: {
      approval: { started: done * 3, completed: done * 3, failed: 0, cancelled: 1 },
      long_running_task: { started: done, completed: Math.floor(done * 0.9), failed: done - Math.floor(done * 0.9), cancelled: 0 },
    },
    workflows: [
      { id: "thermostat", rate: 60.2, tick_p50_us: 48, tick_p99_us: 310, slowest: [{ node: "Script-4", ms: 0.21 }, { node: "Template-2", ms: 0.03 }] },
      { id: "feed-watch", rate: 1, tick_p50_us: 90, tick_p99_us: 820, slowest: [{ node: "HttpRequest-1", ms: 120 }] },
    ],
    drops: Math.floor(age / 400) * 12,
    closes: { done: 812, going_away: 3, heartbeat: 14, too_slow: 2 },
    rss_bytes: wave(300, 60e6, 74e6),
    cpu_seconds: age * 0.34,
    store: { commits_per_second: wave(50, 20, 160), rows_per_commit: wave(70, 1.4, 6), unwritten_rows: 0 },
  };
}

/** Plays the history and the socket of a page's numbers; the history may have a hole. */
export async function playNumbers(page, { hole = null, history = 200, everyMs = 1000, onSocket = () => undefined } = {}) {
  const asked = [];
  const started = Date.now() / 1000 - 3600;
  await page.route("**/api/v1/metrics/history**", (route) => {
    asked.push(route.request().url());
    if (history !== 200) return route.fulfill({ status: history, json: { title: "Not found", detail: "There is nothing at this address.", status: history, code: "not_found" } });
    const now = Date.now() / 1000;
    const snapshots = [];
    for (let time = now - 895; time < now; time += 5) if (!hole || now - time < hole[0] || now - time > hole[1]) snapshots.push(snapshotAt(time, started));
    return route.fulfill({ json: { interval: 5, snapshots } });
  });
  let number = 0;
  await page.routeWebSocket(/\/ws\/metrics/, (socket) => {
    number += 1;
    const tell = (message) => socket.send(JSON.stringify(message));
    const snapshot = () => tell({ type: "system.health_check", priority: "low", timestamp: new Date().toISOString(), data: snapshotAt(Date.now() / 1000, started) });
    tell({ type: "connection.established", data: { client_id: "page", subscriptions: ["metrics"] } });
    snapshot();
    // A page that is closed does not always close its socket: a timer left over must not keep the tests from ending.
    const timer = setInterval(snapshot, everyMs).unref();
    socket.onMessage((text) => {
      const message = JSON.parse(text);
      if (message.action === "ping") tell({ type: "pong", timestamp: message.timestamp });
    });
    socket.onClose(() => clearInterval(timer));
    const close = (code, reason = "") => {
      clearInterval(timer);
      socket.close({ code, reason });
    };
    onSocket({ close, silence: () => clearInterval(timer) }, number);
  });
  return asked;
}

const KINDS = ["global", "custom", "executions", "crews", "metrics"];

/** Connections of a server: which there are, and what is asked of it. */
export class PlayedAdmin {
  constructor({ count = 12 } = {}) {
    this.asked = [];
    this.opened = Date.now() / 1000 - 4000;
    this.rows = Array.from({ length: count }, (_, place) => this.row(place));
  }

  row(place) {
    const isSlow = place === 3;
    return {
      client_id: place === 0 ? "dashboard" : `client-${place}`,
      kind: KINDS[place % KINDS.length],
      address: place % 4 === 0 ? "127.0.0.1" : `10.1.0.${place + 2}`,
      subscriptions: place % 5 === 0 ? ["global"] : place % 5 === 1 ? ["execution.*", "queue", "custom.orders.*"] : ["metrics"],
      filter: place % 5 === 1 ? { types: ["execution.*"], min_priority: "high", execution_id: null } : null,
      connection_id: `c0-${place}`,
      connected_at: new Date((this.opened + place * 137) * 1000).toISOString(),
      silent_seconds: place,
      messages_received: place * 3,
      messages_sent: 40_000 - place * 900,
      bytes_received: place * 120,
      bytes_sent: 9_000_000 - place * 50_000,
      queued_bytes: isSlow ? 524_288 : 0,
      lag_seconds: isSlow ? 5.4 : 0,
      dropped: isSlow ? 318 : 0,
      is_behind: isSlow,
    };
  }

  async play(page) {
    await page.route("**/api/v1/websocket/**", (route) => this.#answer(route));
  }

  #answer(route) {
    const request = route.request();
    const url = new URL(request.url());
    const [, , , , what, id] = url.pathname.split("/");
    const asked = `${request.method()} ${what}${id ? `/${decodeURIComponent(id)}` : ""}`;
    this.asked.push({ asked, body: request.postDataJSON() });
    const success = (data) => route.fulfill({ json: { status: "success", data } });
    if (asked === "GET connections") return success(this.#page(url));
    if (asked.startsWith("GET connections/")) {
      const row = this.rows.find(({ client_id }) => client_id === decodeURIComponent(id));
      if (row) Object.assign(row, { messages_sent: row.messages_sent + 25, bytes_sent: row.bytes_sent + 6000 });
      return row ? success(row) : this.#refuse(route, 404, "unknown_client", "No client has this id.");
    }
    if (asked.startsWith("POST disconnect/")) {
      this.rows = this.rows.filter(({ client_id }) => client_id !== decodeURIComponent(id));
      return success({ client_id: id });
    }
    if (asked.startsWith("POST broadcast")) {
      const { type } = request.postDataJSON();
      if (type === "custom.refused") return this.#refuse(route, 422, "invalid_body", "The body does not fit.", [{ loc: ["body", "data"], msg: "needs a text", type: "missing" }]);
      return success({ event: { type }, delivered_to: id ? 3 : this.rows.length });
    }
    if (asked === "DELETE connections") return success({ removed: 2 });
    return this.#refuse(route, 404, "not_found", "There is nothing at this address.");
  }

  #page(url) {
    const limit = Number(url.searchParams.get("limit") ?? 50);
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const counts = {};
    const others = url.searchParams.get("all") === "true" ? [{ ...this.row(20), client_id: "c0-90", connection_id: "c0-90", kind: "session", subscriptions: [], filter: null }] : [];
    const listed = [...this.rows, ...others];
    for (const { subscriptions } of this.rows) for (const one of subscriptions) counts[one] = (counts[one] ?? 0) + 1;
    return {
      active_connections: this.rows.length,
      subscription_counts: counts,
      average_connection_duration: 1800,
      uptime_statistics: { connections: this.rows.length, average_duration_seconds: 1800, uptime_seconds: 90_000 },
      all_sockets: { events: this.rows.length, session: 31, workflow: 4 },
      connections: listed.slice(from, from + limit),
      next_cursor: from + limit < listed.length ? String(from + limit) : null,
    };
  }

  #refuse(route, status, code, detail, errors) {
    return route.fulfill({ status, contentType: "application/problem+json", json: { type: "about:blank", title: code, status, detail, code, errors } });
  }
}
