/** The table's order and filters, as they stand in the address, and the broadcast's form. */

import { parseJson, type Broadcast, type ConnectionPage, type ConnectionRow, type EventPriority } from "@callboard/client";
import { ROOT } from "../../shell/router";

export const COLUMNS = [
  { id: "client_id", title: "Client" },
  { id: "kind", title: "Socket" },
  { id: "address", title: "Address" },
  { id: "subscriptions", title: "Subscriptions" },
  { id: "age", title: "Age" },
  { id: "messages_received", title: "In" },
  { id: "messages_sent", title: "Out" },
  { id: "queued_bytes", title: "Queue" },
  { id: "lag_seconds", title: "Lag" },
  { id: "dropped", title: "Dropped" },
] as const;

export type ColumnId = (typeof COLUMNS)[number]["id"];

/** Words are ordered from the first letter on, numbers from the greatest down, unless turned round. */
const WORDS: ReadonlySet<ColumnId> = new Set(["client_id", "kind", "address"]);

export interface View {
  text: string;
  kind: string;
  sort: ColumnId;
  /** Whether the order is the other way round than usual. */
  isTurned: boolean;
  /** Whether the sockets of sessions and workflows are listed, too, which get no events. */
  isOfAll: boolean;
}

export function viewOf(search: URLSearchParams): View {
  const sort = (search.get("sort") ?? "").replace(/^-/, "");
  return {
    text: search.get("q") ?? "",
    kind: search.get("kind") ?? "",
    sort: COLUMNS.find(({ id }) => id === sort)?.id ?? "age",
    isTurned: search.get("sort")?.startsWith("-") ?? false,
    isOfAll: search.get("all") === "true",
  };
}

/** The address of the table, or of one connection beside it. */
export function pathOf({ text, kind, sort, isTurned, isOfAll }: View, client: string | null = null): string {
  const query = new URLSearchParams();
  if (text) query.set("q", text);
  if (kind) query.set("kind", kind);
  if (sort !== "age" || isTurned) query.set("sort", `${isTurned ? "-" : ""}${sort}`);
  if (isOfAll) query.set("all", "true");
  const words = query.toString();
  return `${ROOT}/connections${client === null ? "" : `/${encodeURIComponent(client)}`}${words && `?${words}`}`;
}

/** The view after a click on a column's head. */
export function sortedBy(view: View, sort: ColumnId): View {
  return { ...view, sort, isTurned: view.sort === sort && !view.isTurned };
}

export function direction(view: View, id: ColumnId): "ascending" | "descending" | "none" {
  if (view.sort !== id) return "none";
  return WORDS.has(id) !== view.isTurned ? "ascending" : "descending";
}

function value(row: ConnectionRow, id: ColumnId): number | string {
  switch (id) {
    case "client_id":
    case "kind":
      return row[id];
    case "address":
      return row.address ?? "";
    case "subscriptions":
      return row.subscriptions.length;
    case "age":
      // The oldest was opened first.
      return -(row.connected_at ?? Number.POSITIVE_INFINITY);
    default:
      return row[id];
  }
}

/** The rows that fit, in order. */
export function arranged(rows: readonly ConnectionRow[], view: View): ConnectionRow[] {
  const wanted = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (row: ConnectionRow): boolean => {
    if (view.kind && row.kind !== view.kind) return false;
    const text = [row.client_id, row.kind, row.address ?? "", ...row.subscriptions].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  const sign = (WORDS.has(view.sort) ? 1 : -1) * (view.isTurned ? -1 : 1);
  const compare = (one: ConnectionRow, other: ConnectionRow): number => {
    const [a, b] = [value(one, view.sort), value(other, view.sort)];
    const order = typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b), undefined, { numeric: true }) : a - b || 0;
    // Where two are the same, their names keep them from changing places all the time.
    return order * sign || one.client_id.localeCompare(other.client_id);
  };
  return rows.filter(fits).sort(compare);
}

/** What is typed into the form of a broadcast. */
export interface Draft {
  type: string;
  priority: EventPriority;
  data: string;
  /** Empty for everybody. */
  subscription: string;
}

const TYPE = /^(custom|system)(\.[A-Za-z0-9_-]+)+$/;

/** The event that a form means, or what is wrong with each field. */
export function readDraft({ type, priority, data }: Draft): { event: Broadcast } | { faults: Partial<Record<keyof Draft, string>> } {
  const faults: Partial<Record<keyof Draft, string>> = {};
  if (!TYPE.test(type)) faults.type = "A type begins with custom. or system., such as custom.notice.";
  let read: unknown = null;
  try {
    read = parseJson(data.trim() || "{}");
    if (typeof read !== "object" || read === null || Array.isArray(read)) faults.data = "The data is an object, such as {\"text\": \"Hello\"}.";
  } catch (error) {
    faults.data = `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (Object.keys(faults).length > 0) return { faults };
  return { event: { type, priority, data: read as Record<string, unknown> } };
}

/** How many connections a broadcast is for, before their filters. */
export function audience(page: Pick<ConnectionPage, "active" | "subscription_counts">, subscription: string): number {
  return subscription ? (page.subscription_counts[subscription] ?? 0) : page.active;
}
