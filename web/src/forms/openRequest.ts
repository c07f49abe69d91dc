/** A question of a list, as its card takes it. */

import type { FieldError, ListedRequest, OpenRequest } from "@callboard/client";
import { kindOf } from "./words";

export function openRequest(request: ListedRequest, sending: boolean, errors: readonly FieldError[]): OpenRequest {
  return {
    id: request.request_id, kind: kindOf(request), lane: null, message: request.message ?? "", fields: request.type === "request_user_input" ? request.fields : [],
    attempt: request.type === "task_failed" ? request.attempt : 1, deadline: request.expires_at ?? null,
    default: request.type === "task_failed" ? undefined : request.default, context: request.context ?? null, sending, errors,
  };
}
