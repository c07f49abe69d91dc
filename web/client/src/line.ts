/**
 * What all connections have in common: a line opens a link, asks after it, notices when it is dead, and comes back after
 * a pause where the close code says that it may.
 */

import { afterClose, hintIn, pauseBefore, reasonFor } from "./close.js";
import { parseJson, writeJson } from "./exact.js";
import type { Transport } from "./http.js";
import { codeOf, openSocket, type Hear, type Link, type SocketConstructor } from "./link.js";
import { DEAD_AFTER_MS, onWaking, OPENS_WITHIN_MS, PING_EVERY_MS, STALE_AFTER_MS, Timers, type Timer } from "./pace.js";
import type { Identity } from "./identity/identity.js";
import type { Connection } from "./types.js";

/** What is needed to connect. */
export interface Environment {
  transport: Transport;
  /** None where there are no WebSockets at all. */
  WebSocket: SocketConstructor | undefined;
  random: () => number;
}

/** Who is on a line. */
export interface OnLine {
  /** Opens a link; a text says why there is none to open. */
  open(hear: Hear): Link | string;
  /** What asks whether the server is there, to be answered by a message of the type `pong`; null where nothing does. */
  ping(): object | null;
  /** The link is open. */
  opened?(): void;
  /** A message has come. */
  message(message: object): void;
  /** The link is gone, and with it whatever was under way. */
  released?(reason: string, wasOpen: boolean): void;
  /** The link was closed; gives whether that was dealt with and the usual is not to be done. */
  closed?(code: number, said: string, wasOpen: boolean): boolean;
  /** Why it was closed, for people, where the usual words do not fit. */
  reason?(code: number): string | undefined;
  /** The line stands otherwise than before. */
  stands?(connection: Connection): void;
  /** Whether silence alone says that something is wrong, as something comes all the time. */
  isChatty?: boolean;
}

/** No, bad or expired credentials. */
export const NOT_AUTHENTICATED = 4501;

/** One connection. It begins with `begin`, so that who is on it is there when something is told first. */
export class Line {
  #user: OnLine;
  #environment: Environment;
  /** How many logins there had been when the link was opened, or when it was last said on it who this is. */
  #logins = 0;
  #unsubscribe: () => void = () => undefined;
  /** Ends the wait for the next login. */
  #left = new AbortController();
  #link: Link | null = null;
  #closed = false;
  #opened = false;
  #tries = 0;
  #timers = new Timers();
  #sleep: () => void = () => undefined;
  /** When the oldest ping was sent that has no answer yet. */
  #askedAt: number | null = null;
  #nextPing: Timer | null = null;
  #heardAt = Number.NEGATIVE_INFINITY;
  #state: Connection = { phase: "connecting", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null };

  constructor(user: OnLine, environment: Environment) {
    this.#user = user;
    this.#environment = environment;
  }

  /** Connects for the first time, and again when the page wakes up. */
  begin(): void {
    this.#sleep = onWaking(this.#wake);
    this.#unsubscribe = this.#identity.subscribe(() => this.#identified());
    this.connect();
  }

  /** How it stands. */
  get state(): Connection {
    return this.#state;
  }

  /** Whether nobody wants it any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Connects at once, where it waits or had stopped. */
  reconnect(): void {
    if (!this.#closed && !this.#link) this.connect();
  }

  /** Leaves for good; nothing is told any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.release("This page has left.");
    this.#sleep();
    this.#unsubscribe();
    this.#left.abort();
  }

  /** Sends something; gives whether it went out. */
  send(message: object): boolean {
    return this.#link?.send(writeJson(message)) ?? false;
  }

  /** Lets go of the link there is, and opens another. */
  connect(): void {
    this.release("The connection was made anew.");
    this.#opened = false;
    this.#logins = this.#identity.logins;
    this.set({ phase: "connecting", until: null });
    const link = this.#user.open({
      open: () => this.#open(),
      message: (text) => this.#receive(text),
      closed: (code, said) => this.#lost(code, said),
    });
    if (typeof link === "string") return this.end("stopped", link, null);
    this.#link = link;
    this.#timers.after(OPENS_WITHIN_MS, () => this.#opened || this.giveUp("The server does not answer."));
  }

  /** Takes something else for the link for now. */
  hold(link: Link): void {
    this.#link = link;
    this.set({ phase: "connecting" });
  }

  /** Lets go of the link, and comes back. */
  giveUp(reason: string): void {
    this.release(reason);
    this.comeBack(1006, reason, null);
  }

  /** Comes back after a pause. */
  comeBack(code: number, reason: string, hint: number | null): void {
    const pause = pauseBefore(this.#tries, code, hint, this.#environment.random());
    this.#tries += 1;
    this.set({ phase: "reconnecting", until: Date.now() + pause, attempt: this.#tries, reason, code, roundTrip: null });
    this.#timers.after(pause, () => this.connect());
  }

  /** Lets go of the link, and does not come back by itself. */
  end(phase: "done" | "stopped", reason: string, code: number | null): void {
    this.release(reason);
    this.set({ phase, until: null, reason, ...(code !== null && { code }) });
  }

  /** Lets go of the link there is, for this reason. */
  release(reason: string): void {
    const wasOpen = this.#opened;
    this.#timers.stop();
    this.#askedAt = null;
    const link = this.#link;
    this.#link = null;
    link?.drop();
    this.#user.released?.(reason, wasOpen);
  }

  /** Stands otherwise from now on, and says so. */
  set(changes: Partial<Connection>): void {
    this.#state = { ...this.#state, ...changes };
    if (!this.#closed) this.#user.stands?.(this.#state);
  }

  #wake = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.#state.phase === "reconnecting") this.reconnect();
    else if (this.#state.phase === "live") this.#ping();
  };

  #open(): void {
    this.#opened = true;
    this.#heardAt = performance.now();
    this.#user.opened?.();
    this.set({ phase: "live", roundTrip: null, reason: "", code: null, attempt: this.#tries });
    this.#ping();
    if (this.#user.isChatty) this.#await();
  }

  #receive(text: string): void {
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      return;
    }
    this.#tries = 0;
    this.#heardAt = performance.now();
    if (this.#state.phase === "stale") this.set({ phase: "live" });
    for (const one of Array.isArray(message) ? message : [message]) {
      if (one === null || typeof one !== "object") continue;
      if ("type" in one && one.type === "pong") this.#answered(one);
      else if ("type" in one && one.type === "reauthenticate") this.#reauthenticate(one);
      else this.#user.message(one);
    }
  }

  #answered({ timestamp }: { timestamp?: unknown }): void {
    this.#askedAt = null;
    const roundTrip = Date.now() - Number(timestamp) * 1000;
    this.set({ phase: "live", ...(Number.isFinite(roundTrip) && { roundTrip: Math.max(0, roundTrip) }) });
  }

  #lost(code: number, said: string): void {
    const wasOpen = this.#opened;
    const reason = this.#user.reason?.(code) ?? reasonFor(code, said);
    this.release(reason);
    if (this.#closed || this.#user.closed?.(code, said, wasOpen)) return;
    if (code === NOT_AUTHENTICATED) return void this.#recover(reason);
    // Most have no end of their own: a close without a complaint means that the server is done with them for now.
    if (afterClose(code) === "stop") this.end("stopped", reason, code);
    else this.comeBack(code, reason, hintIn(said));
  }

  get #identity(): Identity {
    return this.#environment.transport.identity;
  }

  /** The credential that the link was opened with ends: where there is a newer one, the link goes on with that. */
  #reauthenticate({ expires_at: end }: { expires_at?: unknown }): void {
    if (this.#identity.outlasts(typeof end === "number" ? end : null)) this.#link?.authenticate?.();
  }

  /** There may be another credential than before: the link goes on with that, or comes back. */
  #identified(): void {
    const { logins } = this.#identity;
    if (logins === this.#logins) return;
    this.#logins = logins;
    if (this.#link && this.#opened) this.#link.authenticate?.();
    else if (this.#state.phase === "reconnecting") this.reconnect();
  }

  /** The server takes the credential no longer: back once there is another one, or where this one is good after all. */
  async #recover(reason: string): Promise<void> {
    const { hasCredential } = this.#identity.getState();
    this.end("stopped", reason, NOT_AUTHENTICATED);
    const isBetter = await this.#identity.recover(401, this.#logins, { signal: this.#left.signal }).catch(() => false);
    if (this.#closed || this.#link || this.#state.phase !== "stopped") return;
    if (isBetter) this.connect();
    else if (hasCredential && this.#identity.getState().phase === "known") this.comeBack(NOT_AUTHENTICATED, reason, null);
  }

  #ping(): void {
    const ping = this.#user.ping();
    if (!ping || !this.send({ ...ping, timestamp: Date.now() / 1000 })) return;
    // A page that wakes up asks at once, which must not begin a second row of pings.
    if (this.#nextPing) clearTimeout(this.#nextPing);
    this.#nextPing = this.#timers.after(PING_EVERY_MS, () => this.#ping());
    if (this.#askedAt !== null) return;
    this.#askedAt = performance.now();
    if (!this.#user.isChatty) this.#await();
  }

  /** Waits for the answer to a ping. Whatever else comes is a sign of life, too: an answer may stand behind it. */
  #await(): void {
    const since = this.#user.isChatty ? this.#heardAt : this.#askedAt;
    if (since === null) return;
    const silent = performance.now() - Math.max(since, this.#heardAt);
    if (silent >= DEAD_AFTER_MS) return this.giveUp("The server did not answer.");
    if (silent >= STALE_AFTER_MS && this.#state.phase === "live") this.set({ phase: "stale" });
    const next = silent >= STALE_AFTER_MS ? DEAD_AFTER_MS : STALE_AFTER_MS;
    this.#timers.after(Math.max(20, next - silent), () => this.#await());
  }
}

/** The subprotocol, and what begins the one that shows a ticket. */
const PROTOCOL = "callboard";
const TICKET = "callboard.ticket.";

/** Opens a WebSocket of the server, with a ticket where one is needed; a text says why there can be none. */
export function openAt({ transport, WebSocket }: Environment, path: string, query: URLSearchParams, hear: Hear): Link | string {
  if (!WebSocket) return "There are no WebSockets here.";
  const base = transport.base || (typeof location === "undefined" ? "" : location.origin);
  const text = query.toString();
  const url = `${base.replace(/^http/, "ws")}${path}${text && `?${text}`}`;
  const { identity } = transport;
  if (!identity.mayShow) return openSocket(WebSocket, url, [], hear);
  const gone = new AbortController();
  let link: Link | null = null;
  const drop = (): void => {
    gone.abort();
    link?.drop();
  };
  const open = async (): Promise<void> => {
    const ticket = await identity.ticket(path, gone.signal);
    if (!gone.signal.aborted) link = openSocket(WebSocket, url, ticket === null ? [] : [PROTOCOL, TICKET + ticket], hear);
  };
  const authenticate = async (): Promise<void> => {
    const ticket = await identity.ticket(path, gone.signal);
    if (ticket !== null) link?.send(writeJson({ type: "authenticate", ticket }));
  };
  open().catch((error: unknown) => gone.signal.aborted || hear.closed(...codeOf(error)));
  return {
    send: (message) => link?.send(message) ?? false,
    drop,
    // Where there is no ticket to be had, the server says what comes of that.
    authenticate: () => void authenticate().catch(() => undefined),
  };
}
