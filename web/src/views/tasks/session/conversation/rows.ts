/**
 * Which entries of the journal the conversation shows, in order, with the sessions that this one has started between them.
 *
 * The journal grows in place and may have a hundred thousand entries: only what is new is looked at.
 */

import { useRef } from "react";
import type { JournalEntry, SessionRow } from "@callboard/client";

/** What of the conversation is shown. */
export type Show = "all" | "output" | "people" | "state";

const ASKS: ReadonlySet<string> = new Set(["request_confirmation", "request_user_input", "answered"]);
const STATES: ReadonlySet<string> = new Set(["status", "task_completed", "task_failed", "task_cancelled", "recovered"]);

/** Whether an entry stands in the conversation. */
export function isShown(entry: JournalEntry, show: Show): boolean {
  const { type } = entry;
  switch (show) {
    case "all":
      return type !== "progress" && type !== "status";
    case "output":
      return type === "stream";
    case "people":
      return ASKS.has(type) || (entry.type === "task_failed" && entry.request_id !== undefined);
    case "state":
      return STATES.has(type);
  }
}

/** A row: the place of an entry from 0 up, or, below 0, that of a child: -1 for the first. */
export type Place = number;

/** The child that a row stands for. */
export function childAt(children: readonly SessionRow[], place: Place): SessionRow | undefined {
  return place < 0 ? children[-place - 1] : undefined;
}

/** What is known of all entries, whether they are shown or not. */
export interface Index {
  /** The number of each entry among the lines of output, from 1; 0 for what is no line. */
  numbers: number[];
  lines: number;
  /** Each question by its id. */
  asked: Map<string, JournalEntry>;
}

/** The index of the first `count` entries. */
export function useIndex(entries: readonly JournalEntry[], count: number): Index {
  const kept = useRef<{ entries: readonly JournalEntry[]; index: Index } | null>(null);
  if (kept.current?.entries !== entries || kept.current.index.numbers.length > count) {
    kept.current = { entries, index: { numbers: [], lines: 0, asked: new Map() } };
  }
  const { index } = kept.current;
  for (let place = index.numbers.length; place < count; place += 1) {
    const entry = entries[place];
    if (entry?.type === "stream") index.lines += 1;
    index.numbers.push(entry?.type === "stream" ? index.lines : 0);
    if (entry && "request_id" in entry && entry.request_id && entry.type !== "answered") index.asked.set(entry.request_id, entry);
  }
  return index;
}

interface Kept {
  entries: readonly JournalEntry[];
  key: string;
  from: number;
  tested: number;
  children: number;
  places: Place[];
}

/** The rows of a piece of the journal; `from` is the first entry of it, `end` the first behind it. */
export function useRows(entries: readonly JournalEntry[], from: number, end: number, show: Show, children: readonly SessionRow[]): readonly Place[] {
  const kept = useRef<Kept | null>(null);
  const shown = show === "all" || show === "state" ? children : [];
  const key = `${show} ${shown.map(({ session_id }) => session_id).join()}`;
  let now = kept.current;
  if (!now || now.entries !== entries || now.key !== key || now.from !== from || now.tested > end) {
    now = { entries, key, from, tested: from, children: 0, places: [] };
    kept.current = now;
  }
  for (; now.tested < end; now.tested += 1) {
    const entry = entries[now.tested];
    if (!entry) continue;
    for (let child = shown[now.children]; child && child.created_at < entry.timestamp; child = shown[now.children]) {
      now.children += 1;
      now.places.push(-now.children);
    }
    if (isShown(entry, show)) now.places.push(now.tested);
  }
  if (now.children === shown.length) return now.places;
  // Those that were started after everything else come last, until an entry is newer than they are.
  const late = shown.slice(now.children).map((_, index) => -((now?.children ?? 0) + index) - 1);
  return [...now.places, ...late];
}

/** The row of the first entry at or after a moment in seconds since the epoch; the last row where there is none. */
export function rowAt(entries: readonly JournalEntry[], places: readonly Place[], at: number): number {
  const found = places.findIndex((place) => place >= 0 && (entries[place]?.timestamp ?? 0) >= at);
  return found < 0 ? places.length - 1 : found;
}
