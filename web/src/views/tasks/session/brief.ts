/** An entry of the journal in a few words. */

import { whoIs, writeJson, type JournalEntry } from "@callboard/client";
import { statusWords } from "../../../ui/Status";

export function brief(entry: JournalEntry): string {
  switch (entry.type) {
    case "status":
      return `${statusWords(entry.status)}, attempt ${entry.attempt}`;
    case "stream":
      return entry.content;
    case "progress":
      return `${entry.done} of ${entry.total} ${entry.label}`;
    case "request_confirmation":
      return entry.message;
    case "request_user_input":
      return [entry.message, entry.fields.map(({ name }) => name).join(", ")].filter(Boolean).join(" ");
    case "answer_given":
      return `${whoIs(entry.by)}: ${answerWords(entry.value)}, ${entry.missing} missing`;
    case "answered":
      if (entry.withdrawn) return "Withdrawn";
      return `${entry.timed_out ? "Nobody in time" : whoIs(entry.by)}: ${entry.values ? writeJson(entry.values) : answerWords(entry.value)}`;
    case "task_failed":
      return entry.error;
    case "task_cancelled":
      return entry.reason;
    case "task_completed":
      return writeJson(entry.values);
    case "recovered":
      return entry.cause;
    default:
      return "";
  }
}

/** An answer without a form in words. */
export function answerWords(value: unknown): string {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return value === undefined || value === null ? "no answer" : writeJson(value);
}
