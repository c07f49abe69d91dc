/** The two ways to hear a session: a WebSocket, or server-sent events where none can be opened. */

import { EventSourceParserStream } from "eventsource-parser/stream";

import { CallboardError, request, type Transport } from "./http.js";

/** What a link tells. `closed` comes once, and nothing after it. */
export interface Hear {
  open(): void;
  message(text: string): void;
  closed(code: number, reason: string): void;
}

/** An open way to a session. */
export interface Link {
  /** Sends a text; says whether it could. */
  send(text: string): boolean;
  /** Lets go of it; nothing is told any more. */
  drop(): void;
  /** Says again who this is; not where each call says it. */
  authenticate?(): void;
}

/** The part of the browser's WebSocket that is used; others may be handed in. */
export interface SocketLike {
  readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export type SocketConstructor = new (url: string, protocols?: string[]) => SocketLike;

const OPEN = 1;

/** Opens a WebSocket that offers these subprotocols. */
export function openSocket(Socket: SocketConstructor, url: string, protocols: string[], hear: Hear): Link {
  let socket: SocketLike;
  try {
    socket = new Socket(url, protocols);
  } catch {
    // A policy of the page or of the browser may forbid it: the same as a socket that does not open.
    const timer = setTimeout(() => hear.closed(1006, ""), 0);
    return { send: () => false, drop: () => clearTimeout(timer) };
  }
  socket.onopen = () => hear.open();
  socket.onmessage = (event: { data: unknown }) => hear.message(String(event.data));
  socket.onclose = (event: { code?: number; reason?: string }) => hear.closed(event.code ?? 1006, event.reason ?? "");
  // Every error is followed by a close, which says more.
  socket.onerror = () => undefined;
  return {
    send(text) {
      if (socket.readyState !== OPEN) return false;
      socket.send(text);
      return true;
    },
    drop() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    },
  };
}

/** The close code that says the same as an HTTP status. */
export function codeOf(error: unknown): [number, string] {
  if (!(error instanceof CallboardError)) return [1006, ""];
  if (error.status === 401) return [4501, ""];
  if (error.status === 403) return [4503, ""];
  if (error.status === 404) return [4504, ""];
  if (error.status === 429 || error.status === 503) return [1013, error.retryAfter === null ? "" : `retry in ${error.retryAfter} s`];
  return [1006, ""];
}

/** Follows a session's event stream. */
export function openEvents(transport: Transport, sessionId: string, since: number, hear: Hear): Link {
  const gone = new AbortController();
  const path = `/sessions/${encodeURIComponent(sessionId)}`;
  const follow = async (): Promise<[number, string]> => {
    const { signal } = gone;
    const about = await request(transport, path, { signal, isFinal: true });
    const { last_seq } = (await about.json()) as { last_seq: number };
    const response = await request(transport, `${path}/events?since=${since}`, { signal, headers: { Accept: "text/event-stream" }, isFinal: true });
    hear.open();
    // What a WebSocket says round a replay is said here, so that a reader needs to know only one of them.
    const count = Math.max(0, last_seq - since);
    hear.message(JSON.stringify({ type: "state_replay_start", message: `Replaying ${count} state messages`, count, dropped: 0, last_seq }));
    let open = true;
    const complete = (): void => {
      if (open) hear.message('{"type":"state_replay_complete","message":"State replay finished"}');
      open = false;
    };
    if (count === 0) complete();
    if (response.status === 204 || !response.body) return [1000, ""];
    const text = response.body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>);
    const reader = text.pipeThrough(new EventSourceParserStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return [1006, ""];
      hear.message(value.data);
      if (open && seqOf(value.data) >= last_seq) complete();
    }
  };
  follow().then(
    ([code, reason]) => gone.signal.aborted || hear.closed(code, reason),
    (error: unknown) => gone.signal.aborted || hear.closed(...codeOf(error)),
  );
  return { send: () => false, drop: () => gone.abort() };
}

function seqOf(data: string): number {
  try {
    return Number((JSON.parse(data) as { seq?: number }).seq ?? 0);
  } catch {
    return 0;
  }
}
