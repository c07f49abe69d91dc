/** The calls over HTTP. */

import type { Clock } from "./clock.js";
import { parseJson, writeJson } from "./exact.js";
import type { Identity } from "./identity/identity.js";
import type { Fault, Problem, Winner } from "./wire/wire.js";

/** Why a call was not done: what the server refuses, or that it could not be reached (`status` 0). */
export class CallboardError extends Error {
  override readonly name = "CallboardError";
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The stable word, such as `unknown_session`; `unreachable` where there was no answer. */
  readonly code: string;
  /** Everything that is wrong with the request, place by place. */
  readonly faults: readonly Fault[];
  /** The answer that was first, with `already_answered`. */
  readonly winner: Winner | null;
  /** The question that is open now, with `already_answered` where the answer only repeats the one before. */
  readonly openRequestId: string | null;
  /** Seconds after which to try again, where the server says so. */
  readonly retryAfter: number | null;
  /** The whole answer, with what only this kind of refusal tells. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(text: string, told: Partial<Problem> & { retryAfter?: number | null } = {}) {
    super(text);
    this.status = told.status ?? 0;
    this.code = told.code ?? "unreachable";
    this.faults = told.errors ?? [];
    this.winner = told.winner ?? null;
    this.openRequestId = told.open_request_id ?? null;
    this.retryAfter = told.retryAfter ?? null;
    this.problem = told;
  }
}

/** Where the server is, and with what it is asked. */
export interface Transport {
  /** Without a slash at its end. */
  base: string;
  fetch: typeof fetch;
  headers: Record<string, string>;
  /** Learns from every answer how much later the server's clock is than this one's. */
  clock: Clock;
  /** What shows who asks. */
  identity: Identity;
}

export interface Call {
  method?: string;
  /** JSON, or a form with files. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Whether a refusal stands, also where another credential would help: for the calls by which one is got. */
  isFinal?: boolean;
  /** Whether to show no credential. */
  showsNothing?: boolean;
}

/** Asks for a path, gives the answer as it comes. Throws `CallboardError`. */
export async function request(transport: Transport, path: string, call: Call = {}): Promise<Response> {
  const { identity } = transport;
  const { logins } = identity;
  const response = await send(transport, path, call);
  if (response.ok) return response;
  const mayRecover = !call.isFinal && (response.status === 401 || response.status === 403);
  if (!mayRecover || !(await identity.recover(response.status, logins, call))) throw await refusal(response);
  const again = await send(transport, path, call);
  if (!again.ok) throw await refusal(again);
  return again;
}

async function send(transport: Transport, path: string, call: Call): Promise<Response> {
  const method = call.method ?? "GET";
  const shown = call.showsNothing ? {} : await transport.identity.headers(method);
  const headers: Record<string, string> = { Accept: "application/json", ...transport.headers, ...shown, ...call.headers };
  const init: RequestInit = { method, headers };
  if (call.body instanceof FormData) {
    // Its content type has a boundary that only the platform knows.
    init.body = call.body;
  } else if (call.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = writeJson(call.body);
  }
  if (call.signal) init.signal = call.signal;
  const sent = Date.now();
  let response: Response;
  try {
    response = await transport.fetch(transport.base + path, init);
  } catch (error) {
    if (call.signal?.aborted) throw error;
    throw new CallboardError("The server cannot be reached. Check that it runs, then try again.");
  }
  transport.clock.hear(Date.parse(response.headers.get("Date") ?? ""), sent, Date.now());
  return response;
}

/** Asks for a path, gives the JSON of the answer. Throws `CallboardError`. */
export async function json<T>(transport: Transport, path: string, call?: Call): Promise<T> {
  const response = await request(transport, path, call);
  try {
    return parseJson(await response.text()) as T;
  } catch {
    throw new CallboardError("The server's answer broke off or is not JSON. Try again.", { status: response.status, code: "bad_answer" });
  }
}

async function refusal(response: Response): Promise<CallboardError> {
  const told = (await response.text().then(parseJson).catch(() => ({}))) as Partial<Problem>;
  const text = told.detail || told.title || `The server answered ${response.status}.`;
  const after = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new CallboardError(text, { ...told, status: response.status, code: told.code ?? "unknown", retryAfter: Number.isFinite(after) ? after : null });
}
