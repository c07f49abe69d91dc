/** The order of the listed sessions, as it stands in the address: by a column, either way round. */

import { hasEnded, isWaiting, type SessionRow } from "@callboard/client";
import { titleOf } from "../../../ui/names";

export const COLUMNS = ["status", "name", "duration", "started"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  column: Column;
  isDown: boolean;
}

/** The newest first, as they come. */
const NEWEST: Order = { column: "started", isDown: true };
/** Where a column begins with its largest. */
const BEGINS_DOWN: ReadonlySet<Column> = new Set(["duration", "started"]);

/** `duration` or `-duration`; what names no column is the newest first. */
export function orderOf(text: string): Order {
  const isDown = text.startsWith("-");
  const column = COLUMNS.find((one) => one === text.slice(isDown ? 1 : 0));
  return column ? { column, isDown } : NEWEST;
}

/** What stands in the address for a click on a column: the same one is turned round. */
export function clicked(text: string, column: Column): string {
  const now = orderOf(text);
  const isDown = now.column === column ? !now.isDown : BEGINS_DOWN.has(column);
  return column === NEWEST.column && isDown === NEWEST.isDown ? "" : `${isDown ? "-" : ""}${column}`;
}

export function direction(text: string, column: Column): "ascending" | "descending" | "none" {
  const now = orderOf(text);
  return now.column !== column ? "none" : now.isDown ? "descending" : "ascending";
}

/** Who needs somebody comes first, what is over last. */
function urgency({ status }: SessionRow): number {
  if (isWaiting(status)) return 0;
  if (!hasEnded(status)) return 1;
  return status === "failed" ? 2 : status === "cancelled" ? 3 : 4;
}

/** In this order; what is alike stays as it came. `now` is by the server's clock, in seconds. */
export function sorted(rows: readonly SessionRow[], text: string, now: number): readonly SessionRow[] {
  if (text === "") return rows;
  const { column, isDown } = orderOf(text);
  const took = (row: SessionRow): number => (row.started_at === null ? -1 : (row.ended_at ?? now) - row.started_at);
  const compare: Record<Column, (one: SessionRow, other: SessionRow) => number> = {
    status: (one, other) => urgency(one) - urgency(other),
    name: (one, other) => titleOf(one).localeCompare(titleOf(other)),
    duration: (one, other) => took(one) - took(other),
    started: (one, other) => one.created_at - other.created_at,
  };
  return [...rows].sort((one, other) => (isDown ? -1 : 1) * compare[column](one, other));
}
