/** A chart's points as the server tells them, made ready to be drawn. */

import { parseJson } from "@callboard/client";
import { isCut } from "./words";

/** Times in seconds and values, side by side. */
export type Series = [number[], (number | null)[]];

/** Reads `[[seconds, value], …]`; also from the beginning of one that is told cut. Null where it is nothing of the sort. */
export function readSeries(told: unknown): Series | null {
  const list = isCut(told) ? readCut(told.preview) : told;
  if (!Array.isArray(list)) return null;
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const point of list as unknown[]) {
    if (!Array.isArray(point) || typeof point[0] !== "number") continue;
    times.push(point[0]);
    values.push(typeof point[1] === "number" ? point[1] : null);
  }
  return [times, values];
}

function readCut(preview: string): unknown {
  const end = preview.lastIndexOf("]");
  try {
    return parseJson(`${preview.slice(0, end + 1)}]`);
  } catch {
    return [];
  }
}

/** The series in words, for those who do not see the chart. */
export function seriesWords([, values]: Series): string {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return "A chart without points.";
  const [least, most] = known.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [last, last]);
  const short = (value: number): string => String(Number(value.toPrecision(4)));
  return `A chart of ${known.length} points from ${short(least)} to ${short(most)}, the last ${short(last)}.`;
}
