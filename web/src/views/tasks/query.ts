/** The list's filters, as they stand in the address. */

import type { ListOptions, Status } from "@callboard/client";

export const FILTERS = [
  { id: "", title: "All" },
  { id: "live", title: "Under way" },
  { id: "waiting", title: "Waiting for you" },
  { id: "completed", title: "Completed" },
  { id: "failed", title: "Failed" },
  { id: "cancelled", title: "Cancelled" },
] as const;

export interface Filter {
  status: string;
  task: string;
  label: string;
}

export function filterOf(search: URLSearchParams): Filter {
  return { status: search.get("status") ?? "", task: search.get("task") ?? "", label: search.get("label") ?? "" };
}

/** The query of an address with these filters; empty ones are left out. */
export function queryOf(filter: Filter): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  const text = query.toString();
  return text && `?${text}`;
}

/** What to ask the server for. */
export function listOf(filter: Filter, limit: number): ListOptions {
  const options: ListOptions = { limit };
  if (filter.status) options.status = [filter.status as Status];
  if (filter.task) options.task = filter.task;
  const at = filter.label.search(/[=:]/);
  if (at > 0) options.labels = { [filter.label.slice(0, at)]: filter.label.slice(at + 1) };
  return options;
}
