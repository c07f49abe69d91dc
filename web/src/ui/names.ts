/** What a session is called, and where it is: used wherever one is mentioned. */

import type { SessionRow } from "@callboard/client";
import { ROOT } from "../shell/router";
import { isolated } from "./bidi";

/** The title that the server gives, else the kind of task in words. */
export function titleOf({ title, task }: Pick<SessionRow, "title" | "task">): string {
  return isolated(title || kindWords(task));
}

/** `long_running_task` → `Long running task`. */
export function kindWords(task: string): string {
  const words = task.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function sessionPath(id: string): string {
  return `${ROOT}/tasks/${encodeURIComponent(id)}`;
}

/** Where the agents of a session are shown; null for a session that has none. */
export function agentsPath({ task, session_id: id }: Pick<SessionRow, "task" | "session_id">): string | null {
  if (task === "audit") return `${ROOT}/agents/audits/${encodeURIComponent(id)}`;
  return task === "crew" || task === "pipeline" ? `${ROOT}/agents/runs/${encodeURIComponent(id)}` : null;
}
