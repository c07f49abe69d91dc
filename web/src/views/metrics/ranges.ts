/** How far the charts look back. The choice stands in the address. */

export interface Range {
  id: string;
  title: string;
  seconds: number;
  /** Seconds between two snapshots of the history over such a time. */
  step: number;
  /** Seconds that one bar of a bar chart stands for. */
  bar: number;
}

export const RANGES: readonly [Range, ...Range[]] = [
  { id: "5m", title: "5 min", seconds: 300, step: 5, bar: 15 },
  { id: "15m", title: "15 min", seconds: 900, step: 5, bar: 30 },
  { id: "1h", title: "1 h", seconds: 3600, step: 20, bar: 120 },
];

const USUAL = RANGES[1] ?? RANGES[0];

export function rangeOf(search: URLSearchParams): Range {
  return RANGES.find(({ id }) => id === search.get("range")) ?? USUAL;
}

/** The query of an address with a range; the usual one is left out. */
export function queryOf({ id }: Range): string {
  return id === USUAL.id ? "" : `?range=${id}`;
}
