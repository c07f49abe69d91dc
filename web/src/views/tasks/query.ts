/** The list's filters, as they stand in the address. */

import type { ListOptions, Status } from "@callboard/client";

/** The statuses that each filter counts together; none for all. */
export const FILTERS = [
  { id: "", title: "All", statuses: [] },
  { id: "live", title: "In progress", statuses: ["queued", "running", "waiting_confirmation", "waiting_input", "waiting_retry", "cancelling"] },
  { id: "waiting", title: "Waiting for people", statuses: ["waiting_confirmation", "waiting_input", "waiting_retry"] },
  { id: "completed", title: "Completed", statuses: ["completed"] },
  { id: "failed", title: "Failed", statuses: ["failed"] },
  { id: "cancelled", title: "Cancelled", statuses: ["cancelled"] },
] as const;

const HOUR = 3600;
export const RANGES = [
  { id: "", title: "Any time", seconds: null },
  { id: "1h", title: "Last hour", seconds: HOUR },
  { id: "24h", title: "Last 24 hours", seconds: 24 * HOUR },
  { id: "7d", title: "Last 7 days", seconds: 7 * 24 * HOUR },
  { id: "30d", title: "Last 30 days", seconds: 30 * 24 * HOUR },
] as const;

export interface Filter {
  /** What is searched for. */
  q: string;
  status: string;
  task: string;
  label: string;
  /** One of `RANGES`. */
  range: string;
  /** The order of what is listed: a column, behind `-` from the largest down; empty for the newest first. */
  sort: string;
}

export const NO_FILTER: Filter = { q: "", status: "", task: "", label: "", range: "", sort: "" };

export function filterOf(search: URLSearchParams): Filter {
  const part = (name: keyof Filter): string => search.get(name) ?? "";
  return { q: part("q"), status: part("status"), task: part("task"), label: part("label"), range: part("range"), sort: part("sort") };
}

/** Whether not all sessions are listed. */
export function isNarrow(filter: Filter): boolean {
  return Object.entries(filter).some(([name, value]) => name !== "sort" && value !== "");
}

/** The query of an address with these filters; empty ones are left out. */
export function queryOf(filter: Filter): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  const text = query.toString();
  return text && `?${text}`;
}

/** What to ask the server for. `now` is in seconds since the epoch, by the server's clock. */
export function listOf(filter: Filter, limit: number, now: number): ListOptions {
  const options: ListOptions = { limit, counts: true };
  if (filter.q) options.q = filter.q;
  if (filter.status) options.status = [filter.status as Status];
  if (filter.task) options.task = filter.task;
  const at = filter.label.search(/[=:]/);
  if (at > 0) options.labels = { [filter.label.slice(0, at)]: filter.label.slice(at + 1) };
  const seconds = RANGES.find(({ id }) => id === filter.range)?.seconds;
  if (seconds) options.from = now - seconds;
  return options;
}

/** How many sessions a filter shows, from the counts by status. */
export function countOf(counts: Readonly<Record<string, number>>, statuses: readonly string[]): number {
  const wanted = statuses.length > 0 ? statuses : Object.keys(counts);
  return wanted.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}
