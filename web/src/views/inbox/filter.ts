/** Which questions are listed, as it stands in the address. */

import type { ListedRequest } from "@callboard/client";
import { ROOT } from "../../shell/router";
import { sourceOf } from "../../forms/words";

export interface Filter {
  task: string;
  workflow: string;
  crew: string;
}

export const NO_FILTER: Filter = { task: "", workflow: "", crew: "" };

export function filterOf(search: URLSearchParams): Filter {
  const part = (name: keyof Filter): string => search.get(name) ?? "";
  return { task: part("task"), workflow: part("workflow"), crew: part("crew") };
}

export function isNarrow(filter: Filter): boolean {
  return Object.values(filter).some((value) => value !== "");
}

/** The address of the inbox with these filters, and with a question open in it. */
export function pathOf(filter: Filter, id: string | null): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== "")).toString();
  return `${ROOT}/inbox${id === null ? "" : `/${encodeURIComponent(id)}`}${query && `?${query}`}`;
}

/** The crew that asks, where a crew does. */
export function crewOf({ labels }: ListedRequest): string {
  return labels?.["crew"] ?? "";
}

export function fits(request: ListedRequest, { task, workflow, crew }: Filter): boolean {
  if (task && request.task !== task) return false;
  if (workflow && sourceOf(request).workflow?.id !== workflow) return false;
  return !crew || crewOf(request) === crew;
}

export interface Choice {
  value: string;
  title: string;
  count: number;
}

/** What questions can be filtered by, with how many there are of each; by name. */
export function choices(requests: readonly ListedRequest[], read: (request: ListedRequest) => { value: string; title: string } | null): Choice[] {
  const found = new Map<string, Choice>();
  for (const request of requests) {
    const one = read(request);
    if (!one) continue;
    const before = found.get(one.value);
    if (before) before.count += 1;
    else found.set(one.value, { ...one, count: 1 });
  }
  return [...found.values()].sort((one, other) => one.title.localeCompare(other.title));
}
