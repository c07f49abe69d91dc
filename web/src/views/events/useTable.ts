/** The live table: the store that all visits share, the rows that a search leaves, and what is chosen. */

import { useDeferredValue, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Client, EventStore, EventTable, EventWants, Row } from "@callboard/client";
import { textOf } from "./kinds";

export const BOUNDS = [1_000, 10_000, 50_000, 100_000] as const;
const USUAL_BOUND = 10_000;
const BOUND_KEY = "callboard-events-rows";

/** One table for each client: what came is still there when the reader comes back to it. */
const stores = new WeakMap<Client, EventStore>();

function keptBound(): number {
  const kept = Number(localStorage.getItem(BOUND_KEY));
  return BOUNDS.find((bound) => bound === kept) ?? USUAL_BOUND;
}

export function useEventStore(client: Client, wants: EventWants | null): { store: EventStore; table: EventTable } {
  let store = stores.get(client);
  if (!store) {
    store = client.eventTable(keptBound());
    stores.set(client, store);
  }
  const key = JSON.stringify(wants);
  useEffect(() => {
    if (wants) store.want(wants);
    // What is wanted is named by its words.
  }, [store, key]);
  useEffect(() => store.open(), [store]);
  return { store, table: useSyncExternalStore(store.subscribe, store.getState) };
}

export function useBound(store: EventStore): [number, (rows: number) => void] {
  const [bound, setBound] = useState(keptBound);
  return [
    bound,
    (rows) => {
      localStorage.setItem(BOUND_KEY, String(rows));
      setBound(rows);
      store.bound(rows);
    },
  ];
}

/** What is shown of a table, by place from 0. */
export interface Shown {
  count: number;
  /** The number of the first row that is shown, counted among those that were ever shown: it grows as rows go. */
  top: number;
  at: (place: number) => Row | undefined;
  placeOf: (key: string) => number;
}

/** The numbers of the rows that have a text; only new rows are looked at. */
export class Finder {
  places: number[] = [];
  /** How many of those found have gone at the beginning since, less those that were put there. */
  top = 0;
  #text = "";
  #from = 0;
  #to = 0;
  #renumbered = -1;

  look({ rows, count, base, renumbered }: Pick<EventTable, "rows" | "count" | "base" | "renumbered">, text: string): void {
    if (text !== this.#text || renumbered !== this.#renumbered || base > this.#to) {
      this.places = [];
      this.top = 0;
      this.#text = text;
      this.#renumbered = renumbered;
      this.#from = this.#to = base;
    }
    const has = (number: number): boolean => {
      const row = rows[number - base];
      return row?.kind === "event" && textOf(row.event).includes(text);
    };
    if (base < this.#from) {
      const before: number[] = [];
      for (let number = base; number < this.#from; number += 1) if (has(number)) before.push(number);
      this.places = [...before, ...this.places];
      this.top -= before.length;
    } else if (base > this.#from) {
      const gone = this.places.findIndex((number) => number >= base);
      const dropped = gone < 0 ? this.places.length : gone;
      if (dropped > 0) this.places = this.places.slice(dropped);
      this.top += dropped;
    }
    this.#from = base;
    for (; this.#to < base + count; this.#to += 1) if (has(this.#to)) this.places.push(this.#to);
  }
}

/** The rows that have a text; all where it is empty. */
export function useShown(table: EventTable, find: string): Shown & { isLate: boolean } {
  const finder = useRef<Finder | null>(null);
  const wanted = useDeferredValue(find.trim().toLowerCase());
  const { rows, count, base } = table;
  if (wanted === "") {
    finder.current = null;
    return { count, top: base, at: (place) => rows[place], placeOf: (key) => lastWith(rows, count, key), isLate: wanted !== find.trim().toLowerCase() };
  }
  finder.current ??= new Finder();
  finder.current.look(table, wanted);
  const { places, top } = finder.current;
  const at = (place: number): Row | undefined => rows[(places[place] ?? -1) - base];
  return {
    count: places.length, top, at, isLate: wanted !== find.trim().toLowerCase(),
    placeOf: (key) => places.findIndex((number) => rows[number - base]?.key === key),
  };
}

function lastWith(rows: readonly Row[], count: number, key: string): number {
  for (let place = count - 1; place >= 0; place -= 1) if (rows[place]?.key === key) return place;
  return -1;
}
