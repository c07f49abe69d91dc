/** A question that is answered by a link, by whoever has it: no login is needed, and nothing else is there. */

import { json, request, type Transport } from "./http.js";
import type { Answer, OpenRequest } from "./types.js";

/** What a link is for. */
export interface SharedQuestion {
  request: OpenRequest;
  /** Under which name the answer is recorded, such as `link:ada`; empty where the server does not say. */
  by: string;
  /** When the link ends, in seconds since the epoch; its question may be over before. */
  expiresAt: number | null;
}

/** What the link's token, as the client's `token`, allows. Every call throws `CallboardError`; 410 means that the link is over. */
export interface SharedCalls {
  /** The question. */
  read(signal?: AbortSignal): Promise<SharedQuestion>;
  /** Answers it, once: true or false, or the values of a form. A refused answer (422) uses nothing up. */
  answer(answer: Answer): Promise<void>;
}

const PATH = "/shared";

/** A question as the journal has it. */
interface Asked {
  request_id: string;
  type: string;
  message?: string;
  error?: string;
  fields?: OpenRequest["fields"];
  attempt?: number;
  expires_at?: number;
  default?: unknown;
  context?: OpenRequest["context"];
}

interface Answered {
  request: Asked;
  by?: string;
  expires_at?: number;
}

/** The calls over a way to the server. */
export function sharedCalls(transport: Transport): SharedCalls {
  return {
    read: async (signal) => {
      const { request: asked, by = "", expires_at = null } = await json<Answered>(transport, PATH, { signal });
      return { request: openRequest(asked), by, expiresAt: expires_at };
    },
    answer: async (answer) => {
      const body = typeof answer === "boolean" ? { value: answer } : { values: answer };
      await request(transport, PATH, { method: "POST", body });
    },
  };
}

function openRequest(asked: Asked): OpenRequest {
  const kind = asked.type === "request_user_input" ? "input" : asked.type === "task_failed" ? "retry" : "confirmation";
  return {
    id: asked.request_id, kind, lane: null, message: asked.message ?? asked.error ?? "", fields: asked.fields ?? [], attempt: asked.attempt ?? 1,
    deadline: asked.expires_at ?? null, default: asked.default, context: asked.context ?? null, answerers: {}, given: [], sending: false, errors: [],
  };
}
