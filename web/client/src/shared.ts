/** A question that is answered by a link, by whoever has it: no login is needed, and nothing else is there. */

import { json, request, type Transport } from "./http.js";
import type { Answer } from "./types.js";
import type { ListedRequest } from "./wire/wire.js";

/** What the link's token, as the client's `token`, allows. Every call throws `CallboardError`; 410 means that the link is over. */
export interface SharedCalls {
  /** The question. */
  read(signal?: AbortSignal): Promise<ListedRequest>;
  /** Answers it, once: true or false, or the values of a form. A refused answer (422) uses nothing up. */
  answer(answer: Answer): Promise<void>;
}

const PATH = "/shared";

/** The calls over a way to the server. */
export function sharedCalls(transport: Transport): SharedCalls {
  return {
    read: async (signal) => (await json<{ request: ListedRequest }>(transport, PATH, { signal })).request,
    answer: async (answer) => {
      const body = typeof answer === "boolean" ? { value: answer } : { values: answer };
      await request(transport, PATH, { method: "POST", body });
    },
  };
}
