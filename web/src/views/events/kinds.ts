/** The types of events: their families with a colour and an icon, and an event in a few words. */

import { writeJson, type ServerEvent } from "@callboard/client";
import type { IconName } from "../../ui/Icon";

export interface Group {
  /** The part of a type before its first dot. */
  id: string;
  title: string;
  icon: IconName;
  /** What comes after the dot; none for those that users make up. */
  types: readonly string[];
}

export const GROUPS: readonly Group[] = [
  { id: "execution", title: "Executions", icon: "play", types: ["started", "completed", "failed", "progress"] },
  { id: "task", title: "Tasks of crews", icon: "tasks", types: ["assigned", "completed", "failed", "progress"] },
  { id: "manager", title: "Managers", icon: "compass", types: ["delegation_started", "coordination_update", "decision_made"] },
  { id: "queue", title: "Queue", icon: "queue", types: ["task_added", "task_processed", "task_failed", "cleared"] },
  { id: "request", title: "Questions", icon: "hand", types: ["opened", "closed"] },
  { id: "memory", title: "Memory", icon: "memory", types: ["stored", "retrieved", "updated", "cleared"] },
  { id: "system", title: "System", icon: "server", types: ["startup", "shutdown", "error", "health_check"] },
  { id: "connection", title: "Connections", icon: "plug", types: ["established", "lost", "heartbeat"] },
  { id: "crew", title: "Crews", icon: "people", types: ["created", "updated", "deleted"] },
  { id: "agent", title: "Agents", icon: "person", types: ["created", "updated", "deleted"] },
  { id: "custom", title: "Custom", icon: "spark", types: [] },
];

/** Every pattern that can be proposed: the families first. */
export const PATTERNS: readonly string[] = [...GROUPS.map(({ id }) => `${id}.*`), ...GROUPS.flatMap(({ id, types }) => types.map((type) => `${id}.${type}`))];

const CUSTOM = /^custom(\.[A-Za-z0-9_-]+)+$/;

/** Whether a type is one that users may make up. */
export function isCustom(type: string): boolean {
  return CUSTOM.test(type) && type.length <= 128;
}

/** Whether the server knows a pattern. */
export function isPattern(text: string): boolean {
  return text === "*" || PATTERNS.includes(text) || isCustom(text.replace(/\.\*$/, ""));
}

/** The family of a type; one that this page is too old for counts as made up by users. */
export function groupOf(type: string): Group {
  const id = type.slice(0, Math.max(0, type.indexOf(".")));
  return GROUPS.find((group) => group.id === id) ?? (GROUPS[GROUPS.length - 1] as Group);
}

/** Whether something went wrong. */
export function isBad(type: string): boolean {
  return /\.(.*_)?(failed|error)$/.test(type) || type === "connection.lost";
}

/** The fields that say most, in this order. */
const TELLING = ["error", "reason", "message", "detail", "label", "name", "key", "task", "status", "client_id"];
const LONGEST = 200;

function value(of: unknown): string {
  if (typeof of === "string") return of;
  return of === undefined ? "" : writeJson(of);
}

function parts({ type, data }: ServerEvent): string[] {
  const rest = { ...data };
  const texts: string[] = [];
  if (type.endsWith(".progress") && typeof data.done === "number") {
    texts.push(typeof data.total === "number" && data.total > 0 ? `${data.done} of ${data.total}` : String(data.done));
    delete rest.done;
    delete rest.total;
  }
  for (const key of TELLING) {
    const text = rest[key];
    if (typeof text === "string" && text !== "") texts.push(key === "status" || key === "client_id" || key === "key" ? `${key} ${text}` : text);
    delete rest[key];
  }
  for (const [key, one] of Object.entries(rest)) {
    // A long summary is cut anyway.
    if (texts.length > 5) break;
    if (one !== null && one !== "") texts.push(`${key} ${value(one)}`);
  }
  return texts;
}

const summaries = new WeakMap<ServerEvent, string>();

/** An event in one line. */
export function brief(event: ServerEvent): string {
  const known = summaries.get(event);
  if (known !== undefined) return known;
  const text = parts(event).join(" · ").replace(/\s+/g, " ");
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  summaries.set(event, cut);
  return cut;
}

const texts = new WeakMap<ServerEvent, string>();

/** All that stands in an event, in lower case, for searching in it. */
export function textOf(event: ServerEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = writeJson(event).toLowerCase();
    texts.set(event, text);
  }
  return text;
}
