/** The places of a growing list's items that pass a test: only what is new is tested. */

import { useRef } from "react";

interface Kept<T> {
  items: readonly T[];
  key: string;
  from: number;
  tested: number;
  places: number[];
}

/** `key` names the test: another key tests everything anew. Gives null where there is no test. */
export function useMatches<T>(items: readonly T[], from: number, count: number, key: string | null, test: (item: T) => boolean): readonly number[] | null {
  const kept = useRef<Kept<T> | null>(null);
  if (key === null) {
    kept.current = null;
    return null;
  }
  let now = kept.current;
  if (!now || now.items !== items || now.key !== key || now.from !== from || now.tested > count) {
    now = { items, key, from, tested: from, places: [] };
    kept.current = now;
  }
  for (; now.tested < count; now.tested += 1) {
    const item = items[now.tested];
    if (item !== undefined && test(item)) now.places.push(now.tested);
  }
  return now.places;
}
