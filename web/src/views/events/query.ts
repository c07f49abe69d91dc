/** The filters of the table, as they stand in the address. */

import { PRIORITIES, type EventWants, type Priority } from "@callboard/client";
import { ROOT } from "../../shell/router";
import { isPattern } from "./kinds";

export interface Filter {
  types: readonly string[];
  /** The least priority; empty for any. */
  priority: string;
  execution: string;
  crew: string;
  agent: string;
  /** What is searched for in what is here. */
  find: string;
}

export const NO_FILTER: Filter = { types: [], priority: "", execution: "", crew: "", agent: "", find: "" };

const SESSION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function filterOf(search: URLSearchParams): Filter {
  const text = (name: string): string => (search.get(name) ?? "").trim();
  return { types: patternsIn(text("type")), priority: text("priority"), execution: text("execution"), crew: text("crew"), agent: text("agent"), find: text("find") };
}

/** The patterns in a text, between commas or spaces. */
export function patternsIn(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((part) => part !== "" && part !== "*"))];
}

/** The address of the table with these filters. */
export function pathOf({ types, ...rest }: Filter): string {
  const query = Object.entries({ type: types.join(","), ...rest }).filter(([, value]) => value !== "");
  // Commas and stars may stand in a query as they are, and are easier to read so.
  const text = query.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%2C", ",")}`).join("&");
  return `${ROOT}/events${text && `?${text}`}`;
}

/** What is wrong with the filters, for people; empty where nothing is. */
export function wrongWith({ types, priority, execution, crew, agent }: Filter): string {
  const unknown = types.filter((type) => !isPattern(type));
  if (unknown.length > 0) return `There are no events of type ${unknown.join(", ")}. A type is such as execution.failed, a family such as execution.*; your own begin with “custom.”.`;
  if (priority && !(PRIORITIES as readonly string[]).includes(priority)) return `There is no priority ${priority}. There are ${PRIORITIES.join(", ")}.`;
  if (execution && !SESSION_ID.test(execution)) return "An execution is named by its whole id. Copy it from the task.";
  if ([crew, agent].some((id) => new TextEncoder().encode(id).length > 128)) return "The id of a crew or an agent has at most 128 bytes.";
  return "";
}

/** What to ask the server for; null where the filters are wrong. */
export function wantsOf(filter: Filter): EventWants | null {
  if (wrongWith(filter)) return null;
  const { types, priority, execution, crew, agent } = filter;
  return {
    types,
    ...(priority && priority !== "low" && { minPriority: priority as Priority }),
    ...(execution && { executionId: execution.toLowerCase() }),
    ...(crew && { crewId: crew }),
    ...(agent && { agentId: agent }),
  };
}

/** Whether anything is left out by the server. */
export function isNarrow({ types, priority, execution, crew, agent }: Filter): boolean {
  return types.length > 0 || [priority, execution, crew, agent].some((text) => text !== "" && text !== "low");
}
