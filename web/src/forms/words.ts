/** A question in words: what it is about, where it comes from, what happens when its time is over, how it was closed. */

import { whoIs, type Closing, type ListedRequest } from "@callboard/client";
import { ROOT } from "../shell/router";
import { isolated } from "../ui/bidi";
import { kindWords, sessionPath } from "../ui/names";

export interface Place {
  title: string;
  to: string;
}

export interface Source {
  workflow: (Place & { id: string }) | null;
  /** What leads there, for people: a node, a parent, an agent. */
  places: readonly (Place & { what: string })[];
}

/** Where a question comes from. */
export function sourceOf({ context, labels }: Pick<ListedRequest, "context" | "labels">): Source {
  const source = context?.source;
  if (source && "node_id" in source) {
    const { workflow_id: id, workflow_name, node_id, node_title } = source;
    if (!id) return { workflow: null, places: [] };
    const to = `${ROOT}/workflows/${encodeURIComponent(id)}`;
    const title = workflow_name || id;
    return { workflow: { id, title, to }, places: [{ what: "Workflow", title, to }, { what: "Node", title: node_title || node_id, to: `${to}?node=${encodeURIComponent(node_id)}` }] };
  }
  if (source && "agent_id" in source) return { workflow: null, places: [{ what: "Agent", title: source.agent_id, to: "" }] };
  const parent = source && "session_id" in source ? source.session_id : labels?.["parent"];
  return { workflow: null, places: parent ? [{ what: "Started by", title: parent.slice(0, 8), to: sessionPath(parent) }] : [] };
}

/** What a question is about, in a few words: its own title, else where it is asked, else the session's. */
export function titleOf(request: ListedRequest): string {
  const { context, title, task } = request;
  if (context?.title) return isolated(context.title);
  const source = context?.source;
  if (source && "node_id" in source) return [source.workflow_name ?? "", source.node_title || source.node_id].filter(Boolean).map(isolated).join(" → ");
  return isolated(title || kindWords(task));
}

/** What is asked, in one line. */
export function askedWords(request: ListedRequest): string {
  if (request.type === "request_confirmation") return request.message;
  if (request.type === "task_failed") return `Attempt ${request.attempt} failed: ${isolated(request.message)}`;
  return request.message || request.fields.map(({ name, description }) => description || name).join(", ");
}

export function kindOf(request: ListedRequest): "confirmation" | "input" | "retry" {
  return request.type === "request_confirmation" ? "confirmation" : request.type === "request_user_input" ? "input" : "retry";
}

/** How a question was closed, and by whom. */
export function closingWords({ reason, by, value }: Closing, request: Pick<ListedRequest, "type">): string {
  if (reason === "withdrawn") return "Withdrawn: the task no longer asks.";
  const [yes, no] = request.type === "task_failed" ? ["Retry", "Give up"] : ["Yes", "No"];
  const said = value === null ? "" : `: ${value ? yes : no}`;
  if (reason === "timed_out") return `Nobody answered in time${said}.`;
  return `Answered elsewhere${by && by !== "websocket" && by !== "http" ? ` by ${whoIs(by)}` : ""}${said}.`;
}

/** Whom a question is put to, in words. */
export function peopleWords(assignees: readonly string[], allowOwn: boolean): string {
  const named = assignees.map((name) => (name.startsWith("group:") ? `the group ${name.slice("group:".length)}` : name));
  const others = allowOwn ? ["the owner", ...named] : named;
  const last = others.at(-1);
  if (last === undefined) return "Whoever started this may not answer.";
  const all = others.length === 1 ? last : `${others.slice(0, -1).join(", ")} and ${last}`;
  return `Can be answered by ${all}${allowOwn ? "" : ", not by whoever started this"}.`;
}
