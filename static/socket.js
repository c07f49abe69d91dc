/**
 * The connection to one session: comes back by itself, from where it was, when the close code says that it may.
 */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
const PING_EVERY = 10_000;
const PONG_WITHIN = 10_000;
const HIDDEN_FLUSH = 1000;

/** Close codes of the server, for people. */
const REASONS = {
  1001: "The server is going down.",
  1006: "The connection broke.",
  1009: "The message was too big.",
  1013: "The server has too many connections.",
  4408: "The server heard nothing from this page.",
  4410: "This page did not read fast enough.",
  4429: "This page sent too many messages.",
  4501: "Credentials are missing, wrong or expired.",
  4503: "This session is somebody else's, or this page's origin is not allowed.",
  4504: "The server knows no session with this id.",
  4509: "An operator closed the connection.",
};

/** Codes below 4000 after which coming back makes sense. */
const COME_BACK = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

/** What to do after a close: `done`, `reconnect` or `stop`. */
export function afterClose(code) {
  if (code === 1000) return "done";
  if (code >= 4000) return code < 4500 ? "reconnect" : "stop";
  return COME_BACK.has(code) ? "reconnect" : "stop";
}

/** Milliseconds to wait before the given try (from 0): doubling, with a random half, so that clients spread. */
export function pauseBefore(attempt, code = 1006, random = Math.random()) {
  const full = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt, 10));
  // These two say that the server is hard pressed.
  const least = code === 1013 || code === 4429 ? 3000 : 0;
  return Math.max(least, full / 2) + random * (full / 2);
}

/** The words for a close. */
export function reasonFor(code, said) {
  return REASONS[code] ?? (said ? `The server closed the connection: ${said}.` : `The connection was closed (${code}).`);
}

/**
 * One session's connection. `hear.url()` says where to connect, each time anew; `hear.messages(batch)` gets what came
 * since the last animation frame; `hear.state(state)` gets `{phase, until, attempt, reason, roundTrip}`, where `phase`
 * is `connecting`, `live`, `reconnecting`, `done` or `stopped`.
 */
export class Connection {
  #hear;
  #socket = null;
  #inbox = [];
  #flushing = false;
  #tries = 0;
  #retry = 0;
  #pinger = 0;
  #pingSent = 0;
  #reason = "";
  #closed = false;

  constructor(hear) {
    this.#hear = hear;
    this.#connect();
  }

  /** Sends a message; says whether it could. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Connects at once, where it waits or had stopped. */
  now() {
    if (!this.#closed && (!this.#socket || this.#socket.readyState > WebSocket.OPEN)) this.#connect();
  }

  /** Drops the connection and comes back: what is here does not join on to what the server sends. */
  again() {
    this.#drop(4000);
    if (!this.#closed) this.#comeBack(1006, "Messages are missing.");
  }

  /** Leaves for good; nothing is heard any more. */
  close() {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#drop(1000);
  }

  /** Says that there is nothing more to hear: the session has ended. */
  finish() {
    this.close();
    this.#hear.state({ phase: "done", reason: "" });
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#hear.state({ phase: "connecting", reason: this.#reason });
    const socket = new WebSocket(this.#hear.url());
    this.#socket = socket;
    socket.onopen = () => {
      this.#reason = "";
      this.#hear.state({ phase: "live", roundTrip: null });
      this.#pinger = setInterval(() => this.#ping(), PING_EVERY);
      this.#ping();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#ended(event);
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    this.#tries = 0;
    if (message.type === "pong") {
      this.#pingSent = 0;
      this.#hear.state({ phase: "live", roundTrip: Math.max(0, performance.now() - Number(message.timestamp)) });
      return;
    }
    this.#inbox.push(message);
    if (this.#flushing) return;
    this.#flushing = true;
    // A hidden page gets no animation frames.
    if (document.hidden) setTimeout(() => this.#flush(), HIDDEN_FLUSH);
    else requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    this.#flushing = false;
    const batch = this.#inbox;
    this.#inbox = [];
    if (batch.length > 0 && !this.#closed) this.#hear.messages(batch);
  }

  #ping() {
    if (this.#pingSent && performance.now() - this.#pingSent > PONG_WITHIN) {
      this.#drop(4000);
      this.#comeBack(1006, "The server does not answer.");
      return;
    }
    this.#pingSent ||= performance.now();
    this.send({ type: "ping", timestamp: performance.now() });
  }

  #ended(event) {
    clearInterval(this.#pinger);
    this.#pingSent = 0;
    this.#socket = null;
    this.#flush();
    if (this.#closed) return;
    const reason = reasonFor(event.code, event.reason);
    const next = afterClose(event.code);
    if (next === "reconnect") this.#comeBack(event.code, reason);
    else this.#hear.state({ phase: next === "done" ? "done" : "stopped", reason: next === "done" ? "" : reason });
  }

  #comeBack(code, reason) {
    const pause = pauseBefore(this.#tries, code);
    this.#tries += 1;
    this.#reason = reason;
    this.#hear.state({ phase: "reconnecting", until: Date.now() + pause, attempt: this.#tries, reason });
    this.#retry = setTimeout(() => this.#connect(), pause);
  }

  /** Lets go of the socket without hearing of its close. */
  #drop(code) {
    clearInterval(this.#pinger);
    this.#pingSent = 0;
    const socket = this.#socket;
    this.#socket = null;
    this.#inbox = [];
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }
}
