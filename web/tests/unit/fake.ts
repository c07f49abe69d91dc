/** A server that is played: sockets that do what the test says, and HTTP answers from a table. */

import type { SocketLike } from "../../client/src/link";

export class FakeSocket implements SocketLike {
  static made: FakeSocket[] = [];
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  dropped = false;

  constructor(
    readonly url: string,
    readonly protocols: string[] = [],
  ) {
    FakeSocket.made.push(this);
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  get since(): string | null {
    return new URL(this.url, "ws://x").searchParams.get("since");
  }

  open(): this {
    this.readyState = 1;
    this.onopen?.({} as never);
    return this;
  }

  tell(...messages: object[]): this {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) } as never);
    return this;
  }

  /** The server's whole greeting: a replay of these entries. */
  replay(...entries: { seq: number }[]): this {
    const last_seq = entries.at(-1)?.seq ?? Number(this.since ?? 0);
    return this.tell({ type: "state_replay_start", message: "", count: entries.length, dropped: 0, last_seq }, ...entries, { type: "state_replay_complete", message: "" });
  }

  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason } as never);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.dropped = true;
    this.readyState = 3;
  }
}

export const line = (seq: number) => ({ type: "stream" as const, content: `line ${seq}`, seq, timestamp: seq });
export const ended = (seq: number) => ({ type: "task_completed" as const, values: { ok: true }, seq, timestamp: seq });

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> } | Error;

/** `fetch` with answers by method and path; what was asked is kept. */
export function fakeFetch(answers: Record<string, Answer | (() => Answer)>): { fetch: typeof fetch; asked: { path: string; body: unknown; headers: Record<string, string> }[] } {
  const asked: { path: string; body: unknown; headers: Record<string, string> }[] = [];
  const fake = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const path = `${init.method ?? "GET"} ${String(input).replace(/^https?:\/\/[^/]*/, "")}`;
    asked.push({ path, body: typeof init.body === "string" ? JSON.parse(init.body) : undefined, headers: init.headers as Record<string, string> });
    const found = answers[path];
    const answer = typeof found === "function" ? found() : (found ?? new Error("unreachable"));
    if (answer instanceof Error) throw new TypeError("failed to fetch");
    const { status = 200, body = {}, headers } = answer;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return new Response(status === 204 ? null : text, { status, headers });
  };
  return { fetch: fake as typeof fetch, asked };
}
