/** Events of the whole server, as they come over the event sockets and over HTTP. */

import type { Priority } from "../wire/wire.js";

/** Something that has happened. */
export interface ServerEvent {
  id: string;
  /** Such as `execution.started`, or `custom.` and more. */
  type: string;
  priority: Priority;
  /** RFC 3339. */
  timestamp: string;
  /** The session that it happened to. */
  execution_id?: string;
  crew_id?: string;
  agent_id?: string;
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  /** Its place among all events that are kept, from 1; none where it is not kept. */
  seq?: number;
}

/** Which events are wanted: one has to fit all that is set. */
export interface EventWants {
  /** Types and families of them, such as `execution.*`; none for all. */
  types: readonly string[];
  /** At least as urgent as this. */
  minPriority?: Priority;
  executionId?: string;
  crewId?: string;
  agentId?: string;
}

/** A place in the log: its epoch, which another log does not share, and a `seq` in it. */
export interface Position {
  epoch: string;
  seq: number;
}

/** A piece of the log. */
export interface EventPage {
  events: ServerEvent[];
  epoch: string;
  /** The oldest that is still kept. */
  first_seq: number;
  last_seq: number;
  /** Where the next piece begins: at `last_seq`, there is none. */
  next: string;
}

/** An event that a user makes. */
export interface NewEvent {
  /** Begins with `custom.`. */
  type: string;
  data?: unknown;
  priority?: Priority;
  execution_id?: string;
  crew_id?: string;
  agent_id?: string;
}

/** A type that a user has declared. */
export interface DeclaredType {
  type: string;
  description?: string;
}

/** From the least to the most urgent. */
export const PRIORITIES: readonly Priority[] = ["low", "normal", "high", "critical"];

/** A position as it stands in a query. */
export function written({ epoch, seq }: Position): string {
  return `${epoch}:${seq}`;
}

/** Reads a position; null where it is none. */
export function readPosition(text: string): Position | null {
  const at = text.lastIndexOf(":");
  const seq = Number(text.slice(at + 1));
  return at > 0 && at + 1 < text.length && Number.isSafeInteger(seq) && seq >= 0 ? { epoch: text.slice(0, at), seq } : null;
}

/** Whether a type is among those that a pattern names. */
export function takes(pattern: string, type: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/** Whether an event is wanted. */
export function fits(event: ServerEvent, { types, minPriority, executionId, crewId, agentId }: EventWants): boolean {
  if (types.length > 0 && !types.some((pattern) => takes(pattern, event.type))) return false;
  if (minPriority && PRIORITIES.indexOf(event.priority) < PRIORITIES.indexOf(minPriority)) return false;
  if (executionId && event.execution_id !== executionId) return false;
  if (crewId && event.crew_id !== crewId) return false;
  return !agentId || event.agent_id === agentId;
}

/** Whether all events are wanted, so that a `seq` that does not come is one that is missing. */
export function wantsAll({ types, minPriority, executionId, crewId, agentId }: EventWants): boolean {
  return (types.length === 0 || types.includes("*")) && (!minPriority || minPriority === "low") && !executionId && !crewId && !agentId;
}
